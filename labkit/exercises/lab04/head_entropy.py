"""Exercise 4.2: how widely does a head look?"""

import math

import torch

from labkit import attention
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab04.made_maps import random_maps, shape_of
from labkit.exercises.properties import inputs_unchanged, matches_reference


def head_entropy(maps):
    """labkit.attention.head_entropy."""
    return attention.head_entropy(maps)


def _entropy_cases(seed):
    made = [
        (random_maps(10 * seed + k, *sizes), "") for k, sizes in enumerate(((1, 2, 3), (2, 3, 5), (3, 2, 7)))
    ]
    made += [
        (random_maps(10 * seed + 5 + k, *sizes, causal=True), ", causal: zeros above the diagonal")
        for k, sizes in enumerate(((1, 2, 3), (2, 3, 6)))
    ]
    return [Case((maps,), f"{shape_of(maps)}{note}") for maps, note in made]


def _is_causal(case):
    return bool((case.args[0].triu(1) == 0).all())


def _numbers(output, case):
    """NaN is equal to nothing, itself included: say in words that it is there."""
    values = torch.as_tensor(output)
    return {"NaN in the result": bool(values.isnan().any()), "entropy": values.nan_to_num(nan=-1.0)}


def _knows_the_ends(trial):
    one = torch.eye(4).roll(1, dims=1)[None, None]  # every token looks at one other
    all_alike = torch.full((1, 1, 4, 4), 0.25)
    for maps, expected, name in (
        (one, 0.0, "a head that looks at one token"),
        (all_alike, math.log(4), "a head that looks at 4 tokens alike"),
    ):
        outcome = trial.call(maps)
        if outcome.error:
            return f"{outcome.said}"
        value = float(torch.as_tensor(outcome.value).flatten()[0])
        if not abs(value - expected) < 1e-3:
            return f"For {name}\nexpected: {expected:.4f}\ngot:      {value:.4f}"
    return ""


def _terms(maps):
    return torch.special.entr(maps)  # -p log p, 0 for p = 0


HEAD_ENTROPY = Exercise(
    name="head_entropy",
    title="How widely does a head look?",
    minutes=10,
    reference=head_entropy,
    cases=_entropy_cases,
    observe=_numbers,
    properties=(
        matches_reference(
            "the mean over queries of each row's entropy", 2, lambda case: not _is_causal(case)
        ),
        matches_reference("a map with zeros in it gives numbers too", 1, _is_causal),
        Property("0 for one token, log T for all alike", 1, _knows_the_ends),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "0 log 0 is NaN",
            lambda maps: -(maps * maps.log()).sum(dim=-1).mean(dim=-1),
            (
                "Where a weight is 0, your result is NaN.",
                "log 0 is minus infinity, and 0 times infinity is not a number. The limit of p log p is 0.",
                "torch.special.xlogy(p, p) knows that limit; or give log a smallest value: "
                "p.clamp(min=1e-12).",
            ),
        ),
        Misconception(
            "bits",
            lambda maps: _terms(maps).sum(dim=-1).mean(dim=-1) / math.log(2),
            (
                "Your entropies are in bits.",
                "The course measures in nats, as PyTorch's losses do: a factor of 0.693 between them.",
                "The natural logarithm: torch.log.",
            ),
        ),
        Misconception(
            "the sign is forgotten",
            lambda maps: -_terms(maps).sum(dim=-1).mean(dim=-1),
            (
                "Your entropies are negative.",
                "The logarithm of a share is negative or 0; the minus in front of the sum makes it positive.",
                "-(p log p).",
            ),
        ),
        Misconception(
            "summed over the queries",
            lambda maps: _terms(maps).sum(dim=(-2, -1)),
            (
                "Your numbers grow with the length of the text.",
                "Each row has an entropy; the head's number is their mean.",
                "sum over the keys (dim=-1), then mean over the queries.",
            ),
        ),
        Misconception(
            "averaged over both axes",
            lambda maps: _terms(maps).mean(dim=(-2, -1)),
            (
                "Your numbers are too small, by a factor of T.",
                "Entropy is the sum of -p log p over a row; only the rows are averaged.",
                "sum over dim=-1 first, then mean.",
            ),
        ),
        Misconception(
            "entropy of the average row",
            lambda maps: _terms(maps.mean(dim=-2)).sum(dim=-1),
            (
                "You average the rows first, and take the entropy of the result.",
                "A head that looks at the token before is sure in every row, but its average row is flat.",
                "First the entropy of each row, then the mean.",
            ),
        ),
        Misconception(
            "heads averaged",
            lambda maps: _terms(maps).sum(dim=-1).mean(dim=(-2, -1)),
            (
                "You have one number for each layer.",
                "The heads of a layer differ: that is what there is to see.",
                "Average over the queries alone; the result is (L, H).",
            ),
        ),
        Misconception(
            "as a share of the largest possible",
            lambda maps: _terms(maps).sum(dim=-1).mean(dim=-1) / math.log(maps.shape[-1]),
            (
                "You divide by log T.",
                "That can be useful, but asked for is the entropy itself, in nats.",
                "Leave out the last division.",
            ),
        ),
    ),
)
