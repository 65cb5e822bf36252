"""Exercise 4.1: read the attention weights off a model."""

import functools
import random

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab04.attention_maps_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.exercises.small_models import small_bert, small_gpt
from labkit.measures import attention

LONG = "When the old King came back to the Town by the River, nobody knew Him any more: he had been away for so many years, and the houses, the streets, even the people were not what they had been before he left."
TEXTS = (
    "The river bank was flooding.",
    "She opened the door and went out.",
    "It was a very good film, and I laughed.",
    "Once upon a time there was a king.",
    "He asked Anna, but she said no!",
)
BUILT = {
    "small-bert": "another BERT, 3 layers of 2 heads, with dropout",
    "small-gpt": "another GPT, 2 layers of 3 heads, with dropout, loaded with attentions=True",
}


def attention_maps(model, text):
    """labkit.attention.attention_maps."""
    return attention.attention_maps(model, text)


@functools.cache
def _models():
    from labkit.models.loading import load

    bert, gpt = load("bert-mini"), load("gpt-mini")
    common = dict(longest=128, dropout=0.5, spread=0.6)  # attention far from even
    other_bert = small_bert(bert.tokenizer, layers=3, width=8, heads=2, **common)
    other_gpt = small_gpt(gpt.tokenizer, layers=2, width=12, heads=3, **common)
    other_gpt.network.set_attn_implementation("eager")  # as attentions=True loads it
    return {"bert": bert, "gpt": gpt, "small-bert": other_bert, "small-gpt": other_gpt}


def _map_cases(seed):
    drawn = random.Random(seed).sample(TEXTS, 2)
    plan = (
        ("bert", "The cat sat."),
        ("gpt", "The cat sat on the mat, and Tom laughed."),
        ("gpt", "Yes"),
        ("small-bert", "The cat sat on the mat, and Tom laughed."),
        ("small-gpt", "The cat sat."),
        ("bert", LONG),
        ("bert", drawn[0]),
        ("gpt", drawn[1]),
    )
    return [_case(name, text) for name, text in plan]


def _case(name, text):
    shown = f'attention_maps({name}, "{text}")'
    if name in BUILT:
        shown = shown.replace(name, "model", 1) + f"\nmodel: {BUILT[name]}"
    if text == "Yes":
        shown += ", a text of one token"
    return Case((_models()[name], text), shown)


def _shape_differs(expected, seen):
    shapes = [tuple(each.shape) for each in (expected, seen)]
    return "" if shapes[0] == shapes[1] else expected_got(*(f"shape {shape}" for shape in shapes))


def _values_differ(expected, seen):
    message = _shape_differs(expected, seen)
    if message or torch.allclose(expected, seen, atol=1e-4):
        return message
    where = (expected - seen).abs().nan_to_num(nan=1.0).amax(dim=(-2, -1)).flatten().argmax().item()
    layer, head = divmod(where, expected.shape[1])
    rows = expected_got(expected[layer, head, 0], seen[layer, head, 0])
    return f"layer {layer}, head {head}, row 0\n{rows}"


RANDOM = (
    "Two calls with the same text give different weights: the network runs in training mode, where dropout sets numbers to 0 by chance. "
    "Ask it in the mode that it comes in, without .train()."
)
NO_SHARES = "Rows of your maps don't sum to 1: something is done to the weights after the network has given them, or columns are missing that belong to the row."


def _right_weights(trial):
    """The weights of each case; and where they are random, that they are."""
    fault = compares("", 0, _values_differ).holds(trial)
    if not fault or fault.case is None:
        return fault
    case, outcome = trial.cases[fault.case], trial.outcomes[fault.case]
    again = trial.call(*case.args)
    if outcome.error or again.error or outcome.value.shape != again.value.shape:
        return fault
    if not torch.allclose(outcome.value, again.value, atol=1e-3):
        return Fault(fault.message, fault.case, RANDOM)
    sums = outcome.value.sum(dim=-1)
    if outcome.value.shape == trial.expected[fault.case].shape and ((sums - 1).abs() > 1e-3).any():
        return Fault(fault.message, fault.case, fault.advice or NO_SHARES)
    return fault


EAGER_STAYS = (
    "After your call the model has another kind of attention than before. "
    "`with labkit.attention.eager(model) as network:` puts back what was there, at the end of the block."
)
CONFIG_STAYS = (
    "You change the model's config and leave it so. "
    "Say what you want in the call instead: network(**batch, output_attentions=True)."
)
MODE_STAYS = (
    "The model comes in the mode that is right for reading it (evaluation: no dropout). "
    "Leave out .train() and .eval()."
)


def _left_as_it_was(trial):
    """The guard has put it back, and says what it was."""
    for place, (case, outcome) in enumerate(zip(trial.cases, trial.outcomes, strict=True)):
        if outcome.error:
            return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
        if outcome.changed:
            said, _, advice = outcome.changed.partition("\n")
            known = {"attn_implementation": EAGER_STAYS, "config": CONFIG_STAYS, " mode (": MODE_STAYS}
            advice = next((known[word] for word in known if word in said), advice)
            return Fault(f"For {case.shown}\n{said}", place, advice)
    return ""


ATTENTION_MAPS = Exercise(
    name="attention_maps",
    title="All the weights",
    minutes=10,
    reference=attention_maps,
    cases=_map_cases,
    form=forms.tensor(torch.float32),
    properties=(
        compares("one map for each layer and head: (L, H, T, T)", 2, _shape_differs),
        Property("the right weights in the right place", 2, _right_weights),
        Property("the model is left as it was", 1, _left_as_it_was, guard=True),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
