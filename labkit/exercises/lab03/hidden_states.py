"""Exercise 3.1: every layer's vector of every token, the same in a batch as alone."""

import random
from dataclasses import replace

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.hidden_mistakes import MISTAKES
from labkit.exercises.lab03.small_models import described, model_named
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import same
from labkit.measures import features


def hidden_states(model, texts):
    """labkit.features.hidden_states."""
    return features.hidden_states(model, texts)


TEXTS = (
    "Yes.",
    "The river bank was flooding.",
    "I left the cinema after half an hour, and nobody stopped me.",
    "No cat sat on the mat.",
    "It had snowed all night \u2603 on the mountain.",
    "She went to sleep.",
)
# A single piece; texts not in the order of their lengths, one of them twice; id 0 as a real piece, in both.
FIXED = (
    ("gpt-mini", ("Yes",)),
    ("small-bert", (TEXTS[1],)),
    ("bert-mini", (TEXTS[3], "Yes.", TEXTS[2], "Yes.")),
    ("gpt-mini", ("One.<|endoftext|>Two", TEXTS[4])),
    ("small-gpt", (TEXTS[5], "Go", " I left the Cinema")),
    ("small-bert", ("The [PAD] piece means nothing", TEXTS[1])),
)


def _cases(seed):
    rng = random.Random(seed)
    drawn = [(name, tuple(rng.sample(TEXTS, num))) for name, num in (("bert-mini", 3), ("gpt-mini", 2))]
    return [_case(model_named(name), list(texts)) for name, texts in (*FIXED, *drawn)]


def _case(model, texts):
    shown = ", ".join(map(repr, texts))
    return Case((model, texts), f"hidden_states({described(model)}, [{shown}])")


def _observed(output, case):
    """What counts: the shape, the mask, and the vectors of real tokens; padding is nobody's business."""
    hidden, mask = output
    real = features.encode_batch(*case.args)["attention_mask"]
    if hidden.ndim == 4 and hidden.shape[1:3] == real.shape:
        hidden = hidden.clone()
        hidden[:, real == 0] = 0.0
    said = "NaN: a number divided 0/0" if hidden.isnan().any() else hidden
    return {"shape": tuple(hidden.shape), "attention_mask": mask, "hidden": said}


def _part(key):
    return lambda observed: observed[key]


def _alone(case):
    return len(case.args[1]) == 1


NOT_TWICE = (
    "Called twice with the same texts, your function gives two results: there is chance in it. "
    "In train mode (.train()) a network drops numbers at random; what labkit.load returns is in eval mode, so leave it there."
)


def _vectors(name, points, where):
    """A Property: the reference's vectors; and where they differ from call to call, that is said."""
    prop = matches_reference(name, points, where, _part("hidden"))

    def holds(trial):
        fault = prop.holds(trial)
        if fault and fault.case is not None and not trial.outcomes[fault.case].error:
            case = trial.cases[fault.case]
            again = trial.call(*case.args)
            if not again.error and not same(trial.observed[fault.case], _observed(again.value, case)):
                return replace(fault, advice=NOT_TWICE)
        return fault

    return replace(prop, holds=holds)


HIDDEN_STATES = Exercise(
    name="hidden_states",
    title="A stack of vectors for each token",
    minutes=12,
    reference=hidden_states,
    cases=_cases,
    form=forms.tuple_of(forms.tensor(torch.float32), forms.tensor(torch.int64)),
    observe=_observed,
    properties=(
        matches_reference("every layer and the embeddings: (L + 1, B, T, D)", 1, project=_part("shape")),
        matches_reference(
            "attention_mask is 1 at the real tokens, 0 at the padding", 1, project=_part("attention_mask")
        ),
        _vectors("the network's vectors at the real tokens", 2, _alone),
        _vectors("a text has the same vectors in a batch as alone", 2, lambda case: not _alone(case)),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
