"""Exercise 4.2: how widely does a head look?"""

import torch

from labkit.exercises import forms
from labkit.exercises.differences import difference
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab04.head_entropy_mistakes import MISTAKES
from labkit.exercises.lab04.made_maps import looks_at, random_maps, shape_of, written
from labkit.exercises.properties import compares, inputs_unchanged
from labkit.exercises.values import same
from labkit.measures import attention

NOT_A_NUMBER = -1e9
TOLERANCE = 1e-3  # a small number added within the logarithm is all right

BY_HAND = torch.tensor([[[[1 / 2, 1 / 2], [1 / 4, 3 / 4]], [[0.1, 0.9], [0.8, 0.2]]]])
CAUSAL = torch.tensor(
    [
        [
            [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 4, 1 / 4, 1 / 2]],
            [[1, 0, 0], [1 / 8, 7 / 8, 0], [0, 1, 0]],
        ]
    ]
)


def head_entropy(maps):
    """labkit.attention.head_entropy."""
    return attention.head_entropy(maps)


def _one_zero():
    """A zero in one row of one head, and none elsewhere."""
    maps = random_maps(4, 3, 2, 4)
    maps[1, 0, 2] = torch.tensor([0.5, 0.0, 0.3, 0.2])
    return maps


def _entropy_cases(seed):
    cases = [
        Case((BY_HAND,), written(BY_HAND)),
        _case(random_maps(1, 2, 3, 5)),
        _case(random_maps(2, 5, 4, 3)),
        _case(random_maps(10 * seed + 3, 3, 2, 7)),
        Case((CAUSAL,), f"{written(CAUSAL)}\ncausal: zeros above the diagonal"),
        _case(_one_zero(), ", with one 0 in it: layer 1, head 0, row 2"),
        _case(random_maps(10 * seed + 6, 2, 3, 6, causal=True), ", causal: zeros above the diagonal"),
    ]
    alike = torch.full((1, 1, 4, 4), 1 / 4)
    ends = [
        (looks_at(1, 2, 3, 0), "each of 4 tokens looks at one other"),
        (alike, "each of 4 tokens looks at all 4 alike"),
        (
            torch.cat([looks_at(2, 2, 2, 2), alike], dim=1),
            "head 0: all look at token 2; head 1: at all alike",
        ),
        (torch.ones(2, 1, 1, 1), "a text of one token"),
    ]
    return cases + [_case(maps, f"\n{note}") for maps, note in ends]


def _case(maps, note=""):
    return Case((maps,), f"{shape_of(maps)}{note}")


def _is_an_end(case):
    maps = case.args[0]
    return bool(((maps == 0) | (maps == 1) | (maps == 1 / maps.shape[-1])).all())


def _has_zeros(case):
    return bool((case.args[0] == 0).any()) and not _is_an_end(case)


def _has_none(case):
    return not _has_zeros(case) and not _is_an_end(case)


def _comparable(output, case):
    """NaN is equal to nothing, itself included: a number stands for it."""
    return torch.where(output.isnan(), NOT_A_NUMBER, output)


def _differ(expected, seen):
    if same(expected, seen, TOLERANCE):
        return ""
    return difference(expected, torch.where(seen == NOT_A_NUMBER, torch.nan, seen))


HEAD_ENTROPY = Exercise(
    name="head_entropy",
    title="How widely does a head look?",
    minutes=10,
    reference=head_entropy,
    cases=_entropy_cases,
    form=forms.tensor(torch.float32),
    observe=_comparable,
    properties=(
        compares("the mean over queries of each row's entropy", 2, _differ, _has_none),
        compares("a map with zeros in it gives numbers too", 1, _differ, _has_zeros),
        compares("0 for one token, log T for all alike", 1, _differ, _is_an_end),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
