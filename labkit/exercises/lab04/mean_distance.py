"""Exercise 4.3: how far does a head look?"""

import torch

from labkit import attention
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab04.made_maps import random_maps, shape_of
from labkit.exercises.properties import inputs_unchanged, matches_reference


def mean_distance(maps):
    """labkit.attention.mean_distance."""
    return attention.mean_distance(maps)


def _distance_cases(seed):
    sizes = ((1, 2, 3), (2, 3, 5), (3, 2, 8))
    made = [random_maps(10 * seed + k, *size) for k, size in enumerate(sizes)]
    made.append(random_maps(10 * seed + 5, 2, 2, 6, causal=True))
    return [Case((maps,), shape_of(maps)) for maps in made]


def _offsets(maps):
    """j - i for each query i and key j.  (T, T)"""
    positions = torch.arange(maps.shape[-1])
    return positions - positions[:, None]


def _one_head(trial, maps):
    outcome = trial.call(maps)
    if outcome.error:
        return f"{outcome.said}", 0.0
    return "", float(torch.as_tensor(outcome.value).flatten()[0])


def _knows_simple_heads(trial):
    for shift, expected, name in (
        (0, 0.0, "itself"),
        (1, 1.0, "the next token"),
        (2, 2.0, "the next but one"),
    ):
        maps = torch.zeros(1, 1, 7, 7)
        for i in range(7):
            maps[0, 0, i, i + shift if i + shift < 7 else i - shift] = 1.0
        error, value = _one_head(trial, maps)
        if error or not abs(value - expected) < 1e-3:
            return (
                error or f"For a head that looks at {name}\nexpected: {expected:.4f}\ngot:      {value:.4f}"
            )
    return ""


def _left_and_right_count_alike(trial):
    maps = random_maps(3, 1, 1, 6, causal=True)
    before, there = _one_head(trial, maps)
    after, mirrored = _one_head(trial, maps.flip(-2, -1))
    if before or after:
        return before or after
    if there <= 0 or not abs(there - mirrored) < 1e-3:
        return (
            "A head that looks back and its mirror image, which looks ahead, look equally far.\n"
            f"looking back:  {there:.4f}\nlooking ahead: {mirrored:.4f}"
        )
    return ""


MEAN_DISTANCE = Exercise(
    name="mean_distance",
    title="How far does a head look?",
    minutes=8,
    reference=mean_distance,
    cases=_distance_cases,
    properties=(
        matches_reference("the distance weighted by attention, the mean over queries", 2),
        Property("0 for a head that looks at itself, 1 for one at the neighbour", 1, _knows_simple_heads),
        Property("left and right count alike", 1, _left_and_right_count_alike),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "left cancels right",
            lambda maps: (maps * _offsets(maps)).sum(dim=-1).mean(dim=-1),
            (
                "A token on the left cancels one on the right in your sum.",
                "j - i is negative on one side; a distance never is.",
                "(j - i).abs().",
            ),
        ),
        Misconception(
            "absolute value after the sum",
            lambda maps: (maps * _offsets(maps)).sum(dim=-1).abs().mean(dim=-1),
            (
                "You take the absolute value after summing over the keys.",
                "Then a token that looks two to the left and two to the right looks nowhere.",
                "First the distance of each pair, then weight and sum.",
            ),
        ),
        Misconception(
            "squared distance",
            lambda maps: (maps * _offsets(maps) ** 2).sum(dim=-1).mean(dim=-1),
            (
                "You square the distances.",
                "Squares let one far look outweigh many near ones, and their unit is tokens squared.",
                "abs() instead of ** 2.",
            ),
        ),
        Misconception(
            "not weighted",
            lambda maps: _offsets(maps).abs().float().mean().expand(maps.shape[:2]).clone(),
            (
                "Your number is the same for all heads.",
                "It is the mean distance of all pairs; attention says which pairs count.",
                "Multiply the distances with the maps before you sum.",
            ),
        ),
        Misconception(
            "only the strongest token",
            lambda maps: (maps.argmax(dim=-1) - torch.arange(maps.shape[-1])).abs().float().mean(dim=-1),
            (
                "You measure the distance to the token with the largest weight.",
                "A head that spreads its attention looks further than its favourite.",
                "Weight every distance with its share and sum over the keys.",
            ),
        ),
        Misconception(
            "summed over the queries",
            lambda maps: (maps * _offsets(maps).abs()).sum(dim=(-2, -1)),
            (
                "Your numbers grow with the length of the text.",
                "Each query has its distance; the head's number is their mean.",
                "sum over the keys (dim=-1), then mean over the queries.",
            ),
        ),
        Misconception(
            "averaged over both axes",
            lambda maps: (maps * _offsets(maps).abs()).mean(dim=(-2, -1)),
            (
                "Your numbers are too small, by a factor of T.",
                "The weights of a row sum to 1 already: their weighted sum is the mean over the keys.",
                "sum over dim=-1 first, then mean.",
            ),
        ),
        Misconception(
            "the neighbour is 2 away",
            lambda maps: (maps * (_offsets(maps).abs() + 1)).sum(dim=-1).mean(dim=-1),
            (
                "Your distances are 1 too large.",
                "A token is 0 away from itself and 1 from its neighbour.",
                "|i - j| with both counted from the same end.",
            ),
        ),
    ),
)
