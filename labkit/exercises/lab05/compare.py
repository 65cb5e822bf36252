"""Exercise 5.6: is A better than B? A paired test."""

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab05.compare_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.measures import comparison


def compare(correct_a, correct_b):
    """labkit.comparison.compare."""
    return comparison.compare(correct_a, correct_b)


def _compare_cases(seed):
    """Pairs that agree on most reviews: (both right, only A, only B, neither)."""
    tiny = ([1, 0, 1, 1, 0, 1, 1], [0, 1, 0, 0, 0, 1, 0])
    shown = "compare({}, {})".format(*tiny)
    cases = [Case(tuple(np.array(side, dtype=float) for side in tiny), shown)]
    for number, split in enumerate(
        (
            (5, 4, 4, 2),  # even: p is 1
            (7, 0, 0, 5),  # they never disagree
            (20, 3, 14, 9),
            (0, 6, 0, 3),  # B is never right
            (10, 0, 7, 4),
            (0, 1, 0, 0),  # one review
            (180, 30, 14, 56),
        )
    ):
        cases.append(_case(np.random.default_rng([56, number]), *split))
    rng = np.random.default_rng(seed)
    for low, high in ((9, 14), (2, 6)):
        ends = (20, 40), (low, high), (5, 9), (5, 15)
        cases.append(_case(rng, *(int(rng.integers(*pair)) for pair in ends)))
    return cases


def _case(rng, both, only_a, only_b, neither):
    a = np.repeat([1.0, 1.0, 0.0, 0.0], [both, only_a, only_b, neither])
    b = np.repeat([1.0, 0.0, 1.0, 0.0], [both, only_a, only_b, neither])
    order = rng.permutation(len(a))
    reviews = f"{len(a)} review{'s' if len(a) > 1 else ''}"
    split = f"both right {both}, only A {only_a}, only B {only_b}, neither {neither}"
    return Case((a[order], b[order]), f"compare on {reviews}: {split}")


def _named(output, case):
    difference, p = ("not a number" if np.isnan(value) else value for value in output)
    return {"difference": difference, "p": p}


def _said(value):
    return value if isinstance(value, str) else f"{value:.4g}"


def _apart(key):
    def test(expected, seen):
        if not isinstance(seen[key], str) and np.isclose(expected[key], seen[key], rtol=1e-4, atol=1e-6):
            return ""
        wanted, got = (f"{key} = {_said(side[key])}" for side in (expected, seen))
        return expected_got(wanted, got).replace("'", "")

    return test


def _disagree(case):
    return not np.array_equal(*case.args)


COMPARE = Exercise(
    name="compare",
    title="Better, or lucky?",
    minutes=10,
    reference=compare,
    cases=_compare_cases,
    form=forms.tuple_of(forms.number, forms.number),
    observe=_named,
    properties=(
        compares(
            "the difference of the two accuracies",
            1,
            _apart("difference"),
            project=lambda seen: seen["difference"],
        ),
        compares(
            "the p value of the paired test",
            2,
            _apart("p"),
            where=_disagree,
            project=lambda seen: seen["p"],
        ),
        compares(
            "no difference where they never disagree",
            1,
            lambda expected, seen: _apart("difference")(expected, seen) or _apart("p")(expected, seen),
            where=lambda case: not _disagree(case),
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
