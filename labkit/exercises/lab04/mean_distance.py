"""Exercise 4.3: how far does a head look?"""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab04.made_maps import looks_at, random_maps, shape_of, written
from labkit.exercises.lab04.mean_distance_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import attention

BY_HAND = torch.tensor(
    [
        [
            [[1 / 2, 1 / 4, 1 / 4], [1 / 4, 1 / 4, 1 / 2], [1 / 8, 3 / 4, 1 / 8]],
            [[0.2, 0.1, 0.7], [0.6, 0.2, 0.2], [0.5, 0.2, 0.3]],
        ]
    ]
)


def mean_distance(maps):
    """labkit.attention.mean_distance."""
    return attention.mean_distance(maps)


def _far():
    """20 tokens: one head looks at the other end of the text, the other at the token 12 places away."""
    ends = [19 - i for i in range(20)]
    twelve = [i + 12 if i < 8 else i - 12 if i > 11 else i for i in range(20)]
    return torch.cat([looks_at(*ends), looks_at(*twelve)], dim=1)


def _distance_cases(seed):
    several = [
        Case((BY_HAND,), written(BY_HAND)),
        _case(random_maps(1, 2, 3, 5)),
        _case(random_maps(2, 3, 5, 4)),
        _case(_far(), ": head 0 looks at the other end of the text, head 1 mostly at the token 12 away"),
        _case(random_maps(10 * seed + 3, 3, 2, 8)),
    ]
    simple = [
        _case(looks_at(0, 1, 2, 3, 4), ": each token looks at itself"),
        _case(looks_at(1, 2, 3, 4, 3), ": each token looks at the next, the last one at the one before"),
        _case(looks_at(2, 3, 4, 1, 2), ": each token looks at one that is 2 away"),
        _case(torch.ones(2, 3, 1, 1), ": a text of one token"),
    ]
    causal = random_maps(10 * seed + 4, 2, 3, 6, causal=True)
    one_way = [
        _case(causal, ", causal: no token looks to the right"),
        _case(causal.flip(-2, -1), ", turned round: no token looks to the left"),
    ]
    return several + simple + one_way


def _case(maps, note=""):
    return Case((maps,), f"{shape_of(maps)}{note}")


def _is_simple(case):
    return bool(((case.args[0] == 0) | (case.args[0] == 1)).all()) and case.args[0].shape[-1] < 20


def _is_one_way(case):
    maps = case.args[0]
    return not _is_simple(case) and bool((maps.triu(1) == 0).all() or (maps.tril(-1) == 0).all())


def _is_mixed(case):
    return not _is_simple(case) and not _is_one_way(case)


MEAN_DISTANCE = Exercise(
    name="mean_distance",
    title="How far does a head look?",
    minutes=8,
    reference=mean_distance,
    cases=_distance_cases,
    form=forms.tensor(torch.float32),
    properties=(
        matches_reference("the distance weighted by attention, the mean over queries", 2, _is_mixed),
        matches_reference("0 for a head that looks at itself, 1 for one at the neighbour", 1, _is_simple),
        matches_reference("left and right count alike", 1, _is_one_way),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
