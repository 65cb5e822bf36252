"""Exercise 3.1: every layer's vector of every token, the same in a batch as alone."""

import functools
import random

import torch

from labkit import features
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.exercises.values import same


def hidden_states(model, texts):
    """labkit.features.hidden_states."""
    return features.hidden_states(model, texts)


@functools.cache
def model_named(name):
    """A bundled model, loaded once for all checks."""
    from labkit.models import load

    return load(name)


TEXTS = (
    "Yes.",
    "The river bank was flooding.",
    "I left the cinema after half an hour, and nobody stopped me.",
    "No cat sat on the mat.",
    "It had snowed all night \u2603 on the mountain.",
    "She went to sleep.",
)


def _cases(seed):
    rng = random.Random(seed)
    cases = []
    for name, num in (("bert-mini", 1), ("bert-mini", 2), ("gpt-mini", 3), ("bert-mini", 4), ("gpt-mini", 2)):
        texts = list(TEXTS[1 : 1 + num]) if seed == 1 else rng.sample(TEXTS, num)
        cases.append(Case((model_named(name), texts), f"hidden_states({name}, {texts})"))
    return cases


def _states_of(model, batch, with_mask=True):
    inputs = batch if with_mask else {"input_ids": batch["input_ids"]}
    with torch.inference_mode():
        return model.network(**inputs, output_hidden_states=True)


def _extractor(result, with_mask=True, some=lambda texts: texts):
    """hidden_states with single choices made wrongly. result: (output, attention_mask) -> the answer."""

    def wrong(model, texts):
        batch = features.encode_batch(model, some(texts))
        output = _states_of(model, batch, with_mask)
        return result(output, batch["attention_mask"])

    return wrong


def _stacked(output, mask):
    return torch.stack(output.hidden_states), mask


def _observed(output, case):
    """What counts: the shape, the mask, and the vectors of real tokens; padding is nobody's business."""
    hidden, mask = output
    if isinstance(hidden, list | tuple):  # a tuple of layers is as good as a stack of them
        hidden = torch.stack(list(hidden))
    hidden, mask = torch.as_tensor(hidden).detach().clone(), torch.as_tensor(mask)
    shape = tuple(hidden.shape)
    if hidden.ndim == 4 and hidden.shape[1:3] == mask.shape:
        hidden[:, mask == 0] = 0.0
    return {"shape": shape, "attention_mask": mask, "hidden": hidden}


def _differs(key):
    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: a pair (hidden, attention_mask)\ngot:      {seen}"
        return "" if same(expected[key], seen[key]) else expected_got(expected[key], seen[key])

    return each_case(test)


def _alone_as_together(trial):
    """Each text of a batch, once more on its own."""
    for case, seen in zip(trial.cases, trial.observed, strict=True):
        model, texts = case.args
        if len(texts) < 2:
            continue
        if not isinstance(seen, dict) or seen["hidden"].ndim != 4:
            return f"For {case.shown}\nexpected: a pair (hidden, attention_mask), hidden of 4 axes"
        for number, text in enumerate(texts):
            outcome = trial.call(model, [text])
            if outcome.error:
                return f"For hidden_states({model.name}, {[text]})\n{outcome.said}"
            alone = _observed(outcome.value, case)["hidden"]  # (L + 1, 1, T, D)
            together = seen["hidden"][:, number, : alone.shape[2]]
            if not same(alone[:, 0], together):
                farthest = float((alone[:, 0] - together).abs().max())
                return (
                    f"For {case.shown}\nthe vectors of {text!r} differ by up to {farthest:.2g} "
                    "from those of the same text alone"
                )
    return ""


HIDDEN_STATES = Exercise(
    name="hidden_states",
    title="A stack of vectors for each token",
    minutes=12,
    reference=hidden_states,
    cases=_cases,
    observe=_observed,
    properties=(
        Property("every layer and the embeddings: (L + 1, B, T, D)", 1, _differs("shape")),
        Property("attention_mask is 1 at the real tokens, 0 at the padding", 1, _differs("attention_mask")),
        Property("the network's vectors at the real tokens", 2, _differs("hidden")),
        Property("a text has the same vectors in a batch as alone", 2, _alone_as_together),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the attention_mask is not handed to the network",
            _extractor(_stacked, with_mask=False),
            (
                "In a batch, your vectors of a short text depend on the other texts.",
                "The short text was padded, and without its mask the network reads the padding as words. "
                "(The decoder gets away with it here: the padding stands to the right, where it never "
                "looks.)",
                "What does the batch hold besides input_ids? The network wants both: "
                "model.network(**batch, ...)",
            ),
        ),
        Misconception(
            "only the last layer",
            _extractor(lambda output, mask: (output.hidden_states[-1], mask)),
            (
                "You return one layer only, the last.",
                "Each layer holds something else; this lab will compare them all.",
                "hidden_states is a tuple with an entry for each layer: stack them all.",
            ),
        ),
        Misconception(
            "the embeddings are left out",
            _extractor(lambda output, mask: (torch.stack(output.hidden_states[1:]), mask)),
            (
                "One layer is missing: you have as many as the network has blocks.",
                "Layer 0 is the embeddings, what goes into the first block. They know the word and its "
                "place, and nothing of its neighbours: a baseline that we need.",
                "Do you cut the tuple of hidden_states? Keep its first entry.",
            ),
        ),
        Misconception(
            "the texts come first",
            _extractor(lambda output, mask: (torch.stack(output.hidden_states, dim=1), mask)),
            (
                "Your axes are (B, L + 1, T, D).",
                "The order is a convention, but everyone has to keep to it: with the layers in front, "
                "hidden[3] is layer 3 of all texts.",
                "Along which axis do you stack?",
            ),
        ),
        Misconception(
            "the mask says that the padding is real",
            _extractor(lambda output, mask: (torch.stack(output.hidden_states), torch.ones_like(mask))),
            (
                "Your attention_mask is 1 everywhere.",
                "Whoever pools these vectors has to know which are real; the mask is how you tell them.",
                "Return the mask of the batch that went into the network.",
            ),
        ),
        Misconception(
            "logits instead of hidden states",
            _extractor(lambda output, mask: (output.logits, mask)),
            (
                "You return the logits, with as many numbers a token as there are words.",
                "Logits are the answer to a question (which word?). Features are what the network knew "
                "before it answered.",
                "Ask the network for them, output_hidden_states=True, and read .hidden_states of what it "
                "returns.",
            ),
        ),
        Misconception(
            "only the first text",
            _extractor(_stacked, some=lambda texts: texts[:1]),
            (
                "You return the vectors of one text only, the first.",
                "B is the number of texts: the second axis has to be as long as the list.",
                "Does all of texts go into encode_batch?",
            ),
        ),
    ),
)
