"""What is said about the errors that beginners make: of real code that fails, with the line that failed."""

import math
import re
import textwrap
import traceback

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import labkit
from labkit.exercises.errors import ENTRIES, explain, find

# The code, and a part of what is said about it. The names in it are those of `world`.
SNIPPETS = [
    # one True or False of a whole tensor
    ("loss = nn.CrossEntropyLoss(logits[0], labels[0])", "nn.CrossEntropyLoss()(logits, targets)"),
    ("inside = x > 0 and x < 3", "`and`, `or` and `not` want a single True or False"),
    ("outside = not (a > 0)", "`and`, `or` and `not` want a single True or False"),
    ("if x > 0: pass", "Python needs a single True or False here"),
    ("inside = 0 < a < 3", "Python needs a single True or False here"),
    ("while x[x > 100]: pass", "and this is empty"),
    ("inside = x > 0 & x < 3", "They bind more tightly than =="),
    ("inside = a > 0 & a < 3", "They bind more tightly than =="),
    ("hidden = ~x", "& | ~ want masks"),
    ("hidden = 1 - mask", "The opposite of a mask is ~mask"),
    ("hidden = -(a > 0)", "The opposite of a mask is ~mask"),
    ("torch.where(attention_mask, 1.0, 0.0)", "Compare it, (mask == 1), or write mask.bool()"),
    ("x.masked_fill(x, 0.0)", "Compare it, (mask == 1), or write mask.bool()"),
    # one number out of many
    ("(ids == 99).nonzero().item()", "Often nothing was found"),
    ("place = (x[0] > 0).nonzero().item()", ".nonzero() and torch.where give all the places"),
    ("words[torch.tensor([0, 1])]", "[words[i] for i in ids]"),
    ("words[np.array([0, 1])]", "[words[i] for i in ids]"),
    ("x.item()", "One number is wanted here, and this holds several"),
    ("float(a)", "One number is wanted here, and this holds several"),
    ("torch.tensor([x, x])", "becomes one tensor with torch.stack"),
    ("entropy = math.log(x)", "The functions of math take one number"),
    # shapes
    ("scores = q @ k.T", "With more than two axes, .T reverses all of them"),
    ("scores = q @ k", "the last axis of A must be as long as the last but one of B"),
    ("x @ x", "B.transpose(-2, -1) exchanges the last two axes"),
    ("a @ a", "B.transpose(-2, -1) exchanges the last two axes"),
    ("nn.Linear(3, 2)(torch.ones(2, 4))", "the last axis of A must be as long"),
    ("torch.mm(q, k)", "torch.mm multiplies two matrices"),
    ("torch.dot(x, x)", "torch.dot two vectors"),
    ("pooled = q * torch.ones(2, 4)", "an axis of 8 meets one of 4"),
    ("x[0] = torch.ones(2)", "has another shape than the place"),
    ("a[0] = np.ones(2)", "has another shape than the place"),
    ("x.reshape(4)", "room for exactly as many numbers"),
    ("x.T.view(6)", ".reshape can do what .view cannot"),
    ("logits.gather(-1, labels)", "index.unsqueeze(-1) adds one"),
    ("torch.cat(x, x)", "want what they join in a list"),
    ("np.concatenate(a, a)", "want what they join in a list"),
    ("torch.cat([x, x[0]])", "Everything that is joined must have equally many axes"),
    ("np.concatenate([a, a[0]])", "Everything that is joined must have equally many axes"),
    ("torch.stack([x, x[0]])", "stack wants pieces of one shape"),
    ("torch.stack([])", "The list of what is to be joined is empty"),
    ("torch.tril(torch.ones(4))", "torch.ones(n, n) makes one"),
    ("torch.einsum('bij,bkj->bik', x, x)", "In einsum each letter names an axis"),
    ("x.sum(5)", "There is no such axis"),
    ("a.sum(5)", "There is no such axis"),
    ("x.transpose(1, 2)", "There is no such axis"),
    # losses
    ("F.cross_entropy(logits[:, 1:].flatten(0, 1), labels.flatten())", "here are 6 rows and 8 targets"),
    ("F.cross_entropy(logits, labels)", "logits.flatten(0, 1) and targets.flatten()"),
    ("F.cross_entropy(logits.argmax(-1), labels)", "not their argmax"),
    ("F.cross_entropy(logits[0], labels[0] + 200)", "A target is not the number of a class"),
    ("F.cross_entropy(logits[0], labels[0].float())", "put .long() behind them"),
    # indices
    ("logits.softmax(-1)[:, labels]", "A label of −100 marks a position that does not count"),
    ("x[:0][0]", "What you take an entry from is empty"),
    ("x[:, 7]", "There is no entry 7: this axis has 3"),
    ("a[7]", "There is no entry 7: this axis has 2"),
    ("x.topk(9)", "topk was asked for more than there are"),
    ("x[torch.tensor([0.0, 1.0])]", "Square brackets take whole numbers"),
    ("a['cat']", "Square brackets take whole numbers"),
    ("x[mask]", "they must agree from the left"),
    ("a[np.array([True, False, True])]", "they must agree from the left"),
    ("x[[0, 1], [0, 1, 2]]", "belong together in pairs"),
    # dtypes, gradients, memory, devices
    ("logits.gather(-1, labels.unsqueeze(-1).float())", "of dtype int64"),
    ("network(ids.float())", "of dtype int64"),
    ("ids.mean()", "put .float() behind"),
    ("ids.softmax(-1)", "put .float() behind"),
    ("ids /= 2", "put .float() behind"),
    ("x @ x.long().T", "Two tensors of different dtypes meet"),
    ("network.cls.predictions.bias[0] = 0", "Use a copy: x.detach().clone()"),
    ("output.logits.numpy()", "This tensor carries a gradient"),
    ("x.to('gpu')", '"cpu" always works'),
    ("np.zeros((10**8, 10**8))", "more memory than there is"),
    # tensors, arrays and lists
    ("torch.where(a > 1, x, x)", "of the types (numpy.ndarray, Tensor, Tensor)"),
    ("torch.ones(len(words) / 2)", "A shape is wanted here"),
    ("np.zeros(2, 3)", "A shape is wanted here"),
    ("torch.sqrt(3)", "sqrt is for tensors"),
    ("torch.softmax([1.0, 2.0], -1)", "This is a list, and PyTorch wants something else"),
    ("F.cosine_similarity(x, a)", "This is a numpy array, and PyTorch wants something else"),
    ("torch.cat([1, 2])", "This is an int, and PyTorch wants something else"),
    ("x[0] = 'cat'", "This is text, and PyTorch wants something else"),
    ("torch.eye((3, 3))", "The argument n must be of the type int, and this is a tuple"),
    ("a @ x.T", "A numpy array meets a tensor"),
    ("a + x", "A numpy array meets a tensor"),
    ("np.mean(a, dim=0)", "PyTorch says dim= and keepdim="),
    ("a.clone()", "This is from numpy, and has no .clone"),
    ("x.astype(float)", "A tensor has no .astype"),
    ("torch.tensor(['cat', 'dog'])", "Tensors hold numbers, not text"),
    ("torch.tensor([[1, 2], [3]])", "The rows differ in length"),
    ("np.array([[1, 2], [3]])", "The rows differ in length"),
    ("torch.tensor({'a': 1})", "there is a dict among them"),
    # sampling
    ("torch.multinomial(logits[0] - 9, 1)", "multinomial wants probabilities"),
    ("torch.multinomial(torch.zeros(3), 1)", "not all of them 0"),
    ("torch.multinomial(logits, 1)", "multinomial takes one row"),
    ("np.random.choice([1, 2], p=[0.2, 0.2])", "one probability"),
    ("torch.multinomial(torch.ones(2), 3)", "replacement=True"),
    ("np.random.default_rng(0).choice([1, 2], 5, replace=False)", "replacement=True"),
    # networks, tokenizers and what they return
    ("network('the cat')", "A network wants a tensor of ids, not text"),
    ("decoder.generate([1, 2])", "A network wants a tensor of ids, not a list"),
    ("network(ids[0])", "A network wants ids with two axes"),
    ("network(ids[None])", "A network wants ids with two axes"),
    ("decoder(torch.tensor([1, 2]))", "A network wants ids with two axes"),
    ("decoder(np.array([[1, 2]]))", "it got a numpy array"),
    ("network(torch.ones(1, 99).long())", "longer than the network has positions"),
    ("network(batch)", "network(**batch)"),
    ("batch.words", 'batch["input_ids"]'),
    ("network(**ids)", "This is a tensor: hand it over without stars"),
    ("network(ids + 900)", "An id is looked up in a table that does not have it"),
    ("tokenizer([1, 2])", "A tokenizer takes a text or a list of texts"),
    ("tokenizer(['the cat sat', 'a'], return_tensors='pt')", "padding=True"),
    ("gpt.tokenizer(['the cat', 'a'], padding=True)", "tokenizer.pad_token = tokenizer.eos_token"),
    ("tokenizer.convert_tokens_to_ids([3])", "convert_tokens_to_ids take text"),
    ("tokenizer.decode(x[0])", "decode and convert_ids_to_tokens take ids"),
    ("model('the cat')", "the network is model.network"),
    ("output.last_hidden_state", "take output.hidden_states[-1]"),
    ("torch.softmax(output, -1)", "This is all that the network returns, not a tensor"),
    ("output.argmax(-1)", "This is all that the network returns, not a tensor"),
    ("best = x.max(dim=-1).tolist()", "max gives a pair here"),
    ("output.hidden_states[-1]", "output_hidden_states=True"),
    ("torch.stack(output.hidden_states)", "output_hidden_states=True"),
    ("output.attentions[0]", "output_attentions=True"),
    ("network(ids, output_attentions=True).attentions[0]", "labkit.load(name, attentions=True)"),
    ("network.logits", "output = network(**batch), then output.logits"),
    ("LogisticRegression.fit(x, [0, 1])", "LogisticRegression().fit(X, y)"),
    # None, names
    ("def f(): pass\nf() + 1", "Somewhere here a value is None"),
    ("hidden = q\nhidden[0] = None", "Somewhere here a value is None"),
    ("words.sort()[0]", "Somewhere here a value is None"),
    ("def f(): pass\nleft, right = f()", "Somewhere here a value is None"),
    ("def f(): pass\nlen(f())", "Somewhere here a value is None"),
    ("def f(): pass\ntorch.stack([f()])", "Somewhere here a value is None"),
    ("random.random()", "add: import random"),
    ("plt.plot(a)", "add: import matplotlib.pyplot as plt"),
    ("accuracy", "There is no `accuracy` here"),
    ("def f():\n    n += 1\nf()", "`n` is used before it has a value"),
    ("def f():\n    g = lambda: n\n    g()\n    n = 1\nf()", "`n` is used before it has a value"),
    # calls
    ("torch.float(x)", "A dtype is not a function"),
    ("words(0)", "Round brackets call a function, and this is a list"),
    ("x.shape(0)", "Round brackets call a function"),
    ("x.mean / 2", "This is a function that has not been called"),
    ("len[words]", "This is a function that has not been called"),
    ("def mask(): return x > 0\nmask & mask()", "This is a function that has not been called"),
    ("ids.index(4)", "(ids == 4).nonzero()"),
    ("x.softmax()", 'The call leaves out what the function cannot do without: "dim"'),
    ("def f(x): pass\nf()", "The call leaves out what the function cannot do without: 'x'"),
    ("def f(x): pass\nf(y=1)", "The function takes no argument called y="),
    ("def f(x): pass\nf(1, 2)", "more or fewer arguments than the function takes"),
    ("len(1, 2)", "more or fewer arguments than the function takes"),
    # what a thing can do
    ("f'{x:.2f}'", "A format like :.2f is for one number"),
    ("'%d words' % 'many'", "An f-string is simpler"),
    ("(ids == '[MASK]').nonzero()", "Often a tensor was compared with text"),
    ("{'loss': 1}.loss", '["loss"]'),
    ("words.join(' ')", '" ".join(words)'),
    ("words.shape", "This is a list, which has no .shape"),
    ("'cat'.append('s')", "This is text, plain Python, which has no .append"),
    ("tokenizer.tokenise('cat')", "There is no .tokenise in it"),
    ("words[0, 1]", "take one after the other"),
    ("network(ids, output_hidden_states=True).hidden_states[:, 0]", "take one after the other"),
    ("words['cat']", "Only dicts take text in the square brackets"),
    ("'cat'['c']", "Only dicts take text in the square brackets"),
    ("words[len(words) / 2]", "A whole number is wanted here"),
    ("range(len(words) / 2)", "A whole number is wanted here"),
    ("range('3')", "A whole number is wanted here, and this is text"),
    ("zip(words, words)[0]", "list(...) makes a list of it"),
    ("5[0]", "and this is an int"),
    ("for i in len(words): pass", "`for i in range(n)` counts up to n"),
    ("for number in x.sum(): pass", "`for i in range(n)` counts up to n"),
    ("s = 'abc'\ns[0] = 'd'", "Its entries cannot be set"),
    ("{[1]: 2}", "must never change, and this is a list"),
    # arithmetic
    ("'loss: ' + x.sum()", "+ appends text only to text, and here is a tensor"),
    ("words + 2", "+ appends a list only to a list, and here is an int"),
    ("[1, 2] * 0.5", "can only be repeated"),
    ("[1, 2] / 2", "Lists and tuples do not calculate"),
    ("sum(words)", "There is no arithmetic with text"),
    ("x + {1: 2}", "+ does not work between a tensor and a dict"),
    ("float('cat')", "This text is no whole number"),
    ("math.sqrt([1])", "One number is wanted here, and this is a list"),
    ("sum([]) / len([])", "Something is divided by 0"),
    ("math.log(0)", "often it is the log of 0"),
    ("math.exp(1000)", "The result is too large for Python"),
    # too many, too few, none
    ("b, t = q.shape", "more or fewer names"),
    ("for i, w in words: pass", "more or fewer names"),
    ("x[0, 0, 0]", "There are more indices in the square brackets than axes"),
    ("x.sum()[0]", "There are more indices in the square brackets than axes"),
    ("words[5]", "The index is too large"),
    ("max([])", "of nothing was asked for"),
    ("x[:0].argmax()", "of nothing was asked for"),
    ("words.index('dog')", "What you look for is not in it"),
    ("{1: 2}[torch.tensor(1)]", ".item() makes a plain number of it"),
    ("{'a': 1}['b']", "There is no such key"),
    ("def f(n): return f(n)\nf(3)", "The function calls itself without end"),
    # numpy and scikit-learn
    ("a + np.ones(2)", "Two arrays do not fit together"),
    ("np.quantile([1, 2], 97.5)", "It must lie between 0 and 1"),
    ("np.percentile([1, 2], 500)", "It must lie between 0 and 100"),
    ("LogisticRegression().fit([1, 2, 3], [0, 1, 0])", "scikit-learn wants a table"),
    ("LogisticRegression().fit(q.numpy(), [0, 1])", "pool or choose one first"),
    ("LogisticRegression().fit([[1], [2]], [0, 0])", "All examples have the same label"),
    ("LogisticRegression().fit([[1], [2]], [0, 1, 1])", "There must be one label for each row"),
    ("LogisticRegression().fit([[1], [2]], [0, math.nan])", "There is a NaN or an infinity"),
    ("LogisticRegression().fit([[1], [math.inf]], [0, 1])", "There is a NaN or an infinity"),
    ("LogisticRegression().fit(x, [0, 1]).predict(x[:, :2])", "The rows have another length"),
    ("LogisticRegression().predict(x)", "It has learnt nothing yet"),
    ("LogisticRegression().fit([[1], [2]], [0.5, 1.5])", "Classes are wanted here"),
]

# What other versions of Python, numpy, PyTorch and transformers say.
OTHER_WORDINGS = [
    (UnboundLocalError("local variable 'n' referenced before assignment"), "`n` is used before"),
    (NameError("free variable 'n' referenced before assignment in enclosing scope"), "`n` is used before"),
    (NameError("name 'math' is not defined. Did you forget to import 'math'?"), "add: import math"),
    (NameError("name 'accurracy' is not defined. Did you mean: 'accuracy'?"), "There is no `accurracy` here"),
    (TypeError("string indices must be integers"), "Only dicts take text"),
    (TypeError("argument of type 'int' is not a container or iterable"), "Several things are wanted"),
    (TypeError("cannot use 'list' as a dict key (unhashable type: 'list')"), "must never change"),
    (ValueError("too many values to unpack (expected 2, got 3)"), "more or fewer names"),
    (ValueError("expected a positive input, got 0.0"), "the log of 0"),
    (ValueError("expected a nonnegative input, got -1.0"), "the root of a number below 0"),
    (ValueError("list.index(x): x not in list"), "What you look for is not in it"),
    (ValueError("max() iterable argument is empty"), "of nothing was asked for"),
    (TypeError("only length-1 arrays can be converted to Python scalars"), "One number is wanted here"),
    (TypeError("only size-1 arrays can be converted to Python scalars"), "One number is wanted here"),
    (IndexError("boolean index did not match indexed array along dimension 0"), "agree from the left"),
    (ValueError("The truth value of an empty array is ambiguous."), "and this is empty"),
    (RuntimeError("expected scalar type Long but found Float"), "of dtype int64"),
    (RuntimeError("\"softmax_lastdim_kernel_impl\" not implemented for 'Long'"), "put .float() behind"),
    (RuntimeError("mat1 and mat2 must have the same dtype, but got Float and Double"), "different dtypes"),
    (
        RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype long int"),
        "mask.bool()",
    ),
    (TypeError("TextEncodeInput must be Union[TextInputSequence, ...]"), "A tokenizer takes a text"),
    (AttributeError("'numpy.float32' object has no attribute 'item_'"), "This is from numpy"),
]


@pytest.fixture(scope="module")
def world(tiny_bert, tiny_gpt):
    """Makes the names that a snippet may use, anew for each."""
    from sklearn.linear_model import LogisticRegression

    model, gpt = labkit.load(tiny_bert), labkit.load(tiny_gpt)
    libraries = {"math": math, "np": np, "torch": torch, "F": F, "nn": nn}

    def make():
        torch.manual_seed(0)
        batch = model.tokenizer(["the cat sat", "a dog"], padding=True, return_tensors="pt")
        return libraries | {
            "model": model,
            "network": model.network,
            "tokenizer": model.tokenizer,
            "gpt": gpt,
            "decoder": gpt.network,
            "batch": batch,
            "ids": batch["input_ids"],
            "attention_mask": batch["attention_mask"],
            "output": model.network(**batch),
            "x": torch.arange(6.0).reshape(2, 3),
            "a": np.arange(6.0).reshape(2, 3),
            "words": ["the", "cat"],
            "q": torch.randn(2, 4, 8),
            "k": torch.randn(2, 4, 8),
            "mask": torch.ones(4, 4, dtype=torch.bool).tril(),
            "logits": torch.randn(2, 4, 7),
            "labels": torch.tensor([[1, 2, -100, 3], [0, -100, 4, 5]]),
            "LogisticRegression": LogisticRegression,
        }

    return make


def failure(code, names):
    """The error that code raises, and its innermost line that raised it."""
    try:
        exec(compile(code, "<snippet>", "exec"), names)
    except Exception as error:
        numbers = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "<snippet>"]
        return error, code.splitlines()[numbers[-1] - 1].strip()
    pytest.fail(f"raises nothing: {code}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("code", "said"), SNIPPETS, ids=[code for code, _ in SNIPPETS])
def test_a_real_error_is_explained(code, said, world):
    sentence = explain(*failure(code, world()))
    assert said in sentence
    assert not re.search(r"\{\w+\}|\?\?| \?", sentence), "a placeholder is not filled in"
    assert len(textwrap.wrap(sentence, 100)) <= 3, "brief, or nobody reads it"


@pytest.mark.parametrize(("error", "said"), OTHER_WORDINGS, ids=[str(error) for error, _ in OTHER_WORDINGS])
def test_other_versions_wordings_are_known(error, said):
    assert said in explain(error)


@pytest.mark.filterwarnings("ignore")
def test_every_entry_is_the_first_to_fit_for_a_snippet(world):
    used = set()
    for code, _ in SNIPPETS:
        error, line = failure(code, world())
        used.add(find(f"{type(error).__name__}: {error}"[:5_000], line)[0])
    assert [entry for entry in ENTRIES if entry not in used] == []


@pytest.mark.filterwarnings("ignore")
def test_without_the_students_line_nothing_breaks(world):
    for code, _ in SNIPPETS:
        error, _ = failure(code, world())
        for line in ("", None):
            assert not re.search(r"\{\w+\}", explain(error, line))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the moon is in the wrong place"),
        ValueError("braces {} {0} {a} {import} {"),
        RuntimeError(""),
        ValueError("x" * 10**6),
        ValueError("'" * 10**5),
        AssertionError(),
        KeyboardInterrupt(),
    ],
    ids=["unknown", "braces", "empty", "huge", "quotes", "assert", "interrupt"],
)
def test_what_is_in_no_table_is_not_explained(error):
    assert explain(error) == ""


class SaysNothing(Exception):
    """An exception that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no")


class SaysNone(Exception):
    """An exception whose text is no text."""

    def __str__(self):
        return None


@pytest.mark.parametrize("error", [SaysNothing(), SaysNone()])
def test_an_error_that_cannot_be_shown_is_not_explained(error):
    assert explain(error) == ""


@pytest.mark.parametrize("name", ["{}", "{0}", "{import}", "%s", "x" * 10**5])
def test_a_message_with_braces_or_without_end_is_explained_all_the_same(name):
    assert explain(KeyError(name)).startswith("There is no such key")
    assert explain(TypeError(f"f() missing 1 required positional argument: '{name}'"))
    assert len(explain(AttributeError(f"there has no attribute '{name}'"))) < 300


@pytest.mark.parametrize("key", ["type", "function", "Model", "a"])
def test_a_key_is_not_taken_for_a_type(key):
    assert explain(KeyError(key)).startswith("There is no such key")


def test_layers_of_a_network_are_not_taken_for_its_output():
    assert "Square brackets" in explain(TypeError("'BertSelfOutput' object is not subscriptable"))
