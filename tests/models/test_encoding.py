"""What is no text, for every public function that takes one: one plain message, or the right result."""

import logging
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from labkit.measures import ablation, attention, baselines, cloze, explaining, features, influence
from labkit.messages import LabkitError
from labkit.models import encoding, generation
from labkit.models.loading import load, load_next_sentence
from labkit.training import characters

# Of one text: (models, text) -> anything
ONE = {
    "encode": lambda m, text: encoding.encode(m.bert, text),
    "encode_prompt": lambda m, text: encoding.encode_prompt(m.gpt, text),
    "attention_maps": lambda m, text: attention.attention_maps(m.bert, text),
    "attention_maps of a decoder": lambda m, text: attention.attention_maps(m.gpt, text),
    "queries_and_keys": lambda m, text: attention.queries_and_keys(m.gpt, text),
    "tokens": lambda m, text: attention.tokens(m.bert, text),
    "influence_map": lambda m, text: influence.influence_map(m.bert, text),
    "sentence_log_prob": lambda m, text: generation.sentence_log_prob(m.gpt, text),
    "guesses_along": lambda m, text: generation.guesses_along(m.gpt, text),
    "continue_text": lambda m, text: generation.continue_text(m.gpt, text, 2),
    "fill_mask": lambda m, text: cloze.fill_mask(m.bert, text),
    "left_context": lambda m, text: cloze.left_context(m.bert)(text, 2),
    "next_words": lambda m, text: cloze.next_words(m.gpt, text, 2),
    "explain": lambda m, text: explaining.explain(m.bert, text),
    "explain's word": lambda m, text: explaining.explain(m.bert, "the [MASK] sat.", text),
    "token_vector": lambda m, text: features.token_vector(m.bert, text, "cat"),
    "word_pieces": lambda m, text: features.word_pieces(m.gpt, text, "cat"),
    "word_span": lambda m, text: features.word_span(text, "cat"),
    "word_span's word": lambda m, text: features.word_span("the cat", text),
}
# Of a list of texts.
MANY = {
    "encode_batch": lambda m, texts: features.encode_batch(m.bert, texts),
    "hidden_states": lambda m, texts: features.hidden_states(m.gpt, texts),
    "extract": lambda m, texts: features.extract(m.gpt, texts),
    "extract_poolings": lambda m, texts: features.extract_poolings(m.bert, texts),
    "text_losses": lambda m, texts: ablation.text_losses(m.gpt, texts),
    "ablation_map": lambda m, texts: ablation.ablation_map(m.bert, texts),
    "over_texts": lambda m, texts: attention.over_texts(m.bert, texts, lambda maps, names: maps.mean()),
    "pattern_shares": lambda m, texts: attention.pattern_shares(m.gpt, texts),
    "agreement": lambda m, texts: explaining.agreement(m.bert, texts),
    "accuracy_at_rate": lambda m, texts: cloze.accuracy_at_rate(m.bert, texts, 0.5),
    "follows": lambda m, texts: cloze.follows(m.nsp, texts, ["a dog."]),
    "forced_and_free": lambda m, texts: generation.forced_and_free(m.gpt, texts, 2, 2),
    "characters.train": lambda m, texts: characters.train(texts, True, steps=1),
}
NO_TEXT = {
    "half an emoji": ("the \ud83d cat", "half a character.*at 4"),
    "two escapes": ("\ud83d\ude00 cat", "half a character"),
    "nothing": ("", "is empty"),
    "only spaces": (" \t\n\u3000\u2003", "is empty"),
    "None": (None, "must be a string, not None"),
    "NaN": (float("nan"), "must be a string, not NaN.*dropna"),
    "bytes": (b"the cat", r"not bytes.*decode\('utf-8'\)"),
    "a number": (5, "not int"),
    "a list": (["the cat"], "not a list of 1. Give one text"),
    "an array": (np.array(["the cat"]), "not ndarray"),
}


@pytest.fixture(scope="module")
def models(tiny_bert, tiny_gpt):
    return SimpleNamespace(bert=load(tiny_bert), gpt=load(tiny_gpt), nsp=load_next_sentence(tiny_bert))


@pytest.fixture(scope="module")
def bundled():
    return load("bert"), load("gpt")


@pytest.mark.parametrize("kind", NO_TEXT)
@pytest.mark.parametrize("function", ONE)
def test_what_is_no_text(function, kind, models):
    text, message = NO_TEXT[kind]
    if function == "next_words" and kind in ("nothing", "only spaces"):
        assert len(ONE[function](models, text)) == 2  # asks for the first word
        return
    if function == "explain's word" and text is None:
        return  # the most probable one
    with pytest.raises(LabkitError, match=message) as raised:
        ONE[function](models, text)
    str(raised.value).encode()  # can be shown: no half character stands in it as such
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize("kind", NO_TEXT)
@pytest.mark.parametrize("function", MANY)
def test_what_is_no_text_in_a_list(function, kind, models):
    text, message = NO_TEXT[kind]
    if kind in ("a list", "an array"):
        message = "not a list of 1|not ndarray"
    with pytest.raises(LabkitError, match=f"number 1.*({message})"):
        MANY[function](models, ["the cat [MASK] on a mat.", text])


@pytest.mark.parametrize("function", MANY)
@pytest.mark.parametrize(
    ("texts", "message"),
    [("the cat", r"one text: 'the cat'. Write \[text\]"), ([], "There are no texts"), (None, "None"),
     (b"the cat", "bytes"), ({"a": "the cat"}, "dict"), (7, "int"), (float("nan"), "NaN")],
)  # fmt: skip
def test_what_is_no_list_of_texts(function, texts, message, models):
    with pytest.raises(LabkitError, match=message):
        MANY[function](models, texts)


@pytest.mark.parametrize("text", ["\u200b\u200d", "\x00", "\x07\x1b", "\u202e", "\ufeff"])
def test_a_text_that_normalisation_empties(text, models, bundled):
    """An encoder's tokenizer drops what can't be seen; what stays is two special tokens and no text."""
    for function in ("encode", "attention_maps", "tokens", "influence_map"):
        with pytest.raises(LabkitError, match="is empty for .*keeps nothing of|keeps nothing"):
            ONE[function](models, text)
    with pytest.raises(LabkitError, match="number 1 is empty for .*keeps nothing"):
        features.extract(models.bert, ["the cat", text])
    assert generation.sentence_log_prob(bundled[1], text) < 0  # byte-level: tokens like others


@pytest.mark.parametrize(
    "text",
    ["the cat \x00 sat", "שלום עולם cat", "مرحبا cat", "\U0001f469\u200d\U0001f467 cat",
     "the \u200bcat\u200d sat", "Ⅷ ﬁ cat",
     "e\u0301 cat", np.str_("the cat sat"), "cat [SEP] cat", "<|endoftext|> cat",
     "[PAD] cat [CLS] [UNK]", "c" * 90 + " cat"],
)  # fmt: skip
def test_strange_texts_have_right_results(text, bundled):
    for model in bundled:
        maps, names = attention.attention_maps(model, text), attention.tokens(model, text)
        assert maps.shape[-1] == len(names) and all(isinstance(name, str) and name for name in names)
        assert features.extract(model, [text, "a film"]).shape[0] == 2
        together, alone = features.extract(model, [text, "a film"]), features.extract(model, [text])
        assert np.allclose(together[0], alone[0], atol=1e-4)
        assert features.token_vector(model, text, "cat").isfinite().all()
        names, moved = influence.influence_map(model, text)
        assert moved.shape == (len(names),) * 2
    assert len(generation.guesses_along(bundled[1], text)) > 0


def test_special_tokens_that_are_written_out_are_those_tokens(models):
    ids = encoding.encode(models.bert, "the cat [SEP] a dog")[0].tolist()
    assert ids.count(models.bert.tokenizer.sep_token_id) == 2
    assert encoding.encode_prompt(models.gpt, "a<|endoftext|>b")[0].tolist().count(0) == 2
    for text in ("the cat", "[MASK] [MASK]", "the [mask] sat"):
        with pytest.raises(LabkitError, match="exactly one"):
            cloze.fill_mask(models.bert, text)


def test_a_mask_in_the_tokenizers_own_spelling_counts(models):
    models.bert.tokenizer.mask_token = "[SEP]"
    try:
        with pytest.raises(LabkitError, match="2 blanks|3 blanks"):
            cloze.fill_mask(models.bert, "the [MASK] sat. [SEP]")
    finally:
        models.bert.tokenizer.mask_token = "[MASK]"


def test_a_word_of_a_million_letters(models, bundled):
    word = "a" * 1_000_000
    for model in bundled:
        assert features.extract(model, [word]).shape[0] == 1  # cut, or one [UNK]
    for function in ("encode_prompt", "sentence_log_prob", "guesses_along"):
        with pytest.raises(LabkitError, match="takes at most") as raised:
            ONE[function](models, word)
        assert len(str(raised.value)) < 300
    with pytest.raises(LabkitError) as raised:
        features.word_span(word, "cat")
    assert len(str(raised.value)) < 300


def test_words_that_the_tokenizer_drops(models):
    with pytest.raises(LabkitError, match="keeps nothing of '\\\\u200b'"):
        features.token_vector(models.bert, "the \u200b cat", "\u200b")


@pytest.mark.parametrize("fit", [baselines.majority, baselines.tfidf, baselines.lstm])
def test_texts_of_the_baselines(fit):
    good, labels = ["a good film", "a bad film"], [1, 0]
    for bad in (None, float("nan"), b"film", ["film"]):
        with pytest.raises(LabkitError, match="Training text number 1 must be a string"):
            fit([good[0], bad], labels, good)
        with pytest.raises(LabkitError, match="Test text number 0 must be a string"):
            fit(good, labels, [bad])
    with pytest.raises(LabkitError, match="one training text"):
        fit("ab", labels, good)


def test_not_a_model_is_a_plain_message():
    for function in (ONE | MANY).values():
        other = SimpleNamespace(bert=torch.nn.Linear(2, 2), gpt="gpt", nsp=None)
        text = "the cat [MASK]" if function in ONE.values() else ["the cat [MASK]", "a dog"]
        if function in (ONE["word_span"], ONE["word_span's word"], MANY["characters.train"]):
            continue
        with pytest.raises(LabkitError, match="labkit.load"):
            function(other, text)


def test_nothing_is_written_beside_our_own_message(models, capfd):
    """As "Token indices sequence length is longer than ...", before the message that says what to do."""
    logger = logging.getLogger("transformers")
    long, kept = "the cat sat. " * 200, logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for function in ONE.values():
                text = long + "[MASK]" if function in (ONE["fill_mask"], ONE["explain"]) else long
                try:
                    function(models, text)
                except LabkitError:
                    pass
            for function in MANY.values():
                try:
                    function(models, [long, long])
                except LabkitError:
                    pass
    finally:
        logger.setLevel(kept)
    assert capfd.readouterr() == ("", "")
