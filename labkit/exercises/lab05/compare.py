"""Exercise 5.6: is A better than B? A paired test."""

import math

import numpy as np

from labkit import comparison
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged, matches_reference


def compare(correct_a, correct_b):
    """labkit.comparison.compare."""
    return comparison.compare(correct_a, correct_b)


def _compare_cases(seed):
    """Two classifiers that agree on most items; the last pair agrees on all."""
    cases = []
    for k, (both, only_a, only_b, neither) in enumerate(
        [(9, 5, 1, 3), (200, 30, 14, 56), (60, 11, 16, 25), (7, 0, 0, 5)]
    ):
        rng = np.random.default_rng(100 * seed + k)
        if seed != 1 and only_a:
            both, neither = both + int(rng.integers(0, 4)), neither + int(rng.integers(0, 4))
        a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
        b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
        order = rng.permutation(len(a))
        split = f"both right {both}, only A {only_a}, only B {only_b}, neither {neither}"
        cases.append(Case((a[order], b[order]), f"compare on {len(a)} items: {split}"))
    return cases


def _counts(a, b):
    return int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())


def _two_sided(k, n):
    """P of a split at least as uneven as k of n, if both sides are equally likely."""
    extreme = max(k, n - k)
    tail = sum(math.comb(n, j) for j in range(extreme, n + 1)) / 2**n
    return min(1.0, 2 * tail)


def _normal_p(z):
    return math.erfc(abs(z) / math.sqrt(2))


def _tester(p_value=None, difference=lambda a, b: float(a.mean() - b.mean())):
    """compare with single choices made wrongly."""
    p_value = p_value or (lambda a, b: compare(a, b)[1])

    def wrong(correct_a, correct_b):
        return difference(correct_a, correct_b), p_value(correct_a, correct_b)

    return wrong


def _unpaired(a, b):
    pooled = (a.mean() + b.mean()) / 2
    error = math.sqrt(2 * pooled * (1 - pooled) / len(a))
    return _normal_p((a.mean() - b.mean()) / error)


def _one_sided(a, b):
    only_a, only_b = _counts(a, b)
    n = only_a + only_b
    return sum(math.comb(n, j) for j in range(max(only_a, only_b), n + 1)) / 2**n


def _exactly(a, b):
    only_a, only_b = _counts(a, b)
    return math.comb(only_a + only_b, only_a) / 2 ** (only_a + only_b)


def _all_right(a, b):
    return _two_sided(int(a.sum()), int(a.sum() + b.sum()))


def _of_all_items(a, b):
    return _two_sided(_counts(a, b)[0], len(a))


def _approximate(a, b):
    only_a, only_b = _counts(a, b)
    return _normal_p((only_a - only_b) / math.sqrt(only_a + only_b)) if only_a + only_b else 1.0


def _a_is_better(a, b):
    only_a, only_b = _counts(a, b)
    n = only_a + only_b
    return sum(math.comb(n, j) for j in range(only_a, n + 1)) / 2**n


def _chi_square(a, b):
    only_a, only_b = _counts(a, b)
    if only_a + only_b == 0:
        return 1.0
    return _normal_p((abs(only_a - only_b) - 1) / math.sqrt(only_a + only_b))


def _t_test(a, b):
    from scipy.stats import ttest_rel

    return float(ttest_rel(a, b).pvalue) if (a != b).any() else 1.0


def _agreement(a, b):
    return _two_sided(int((a == b).sum()), len(a))


def _pair(output, case):
    difference, p = output
    return [float(difference), float(p)]


def _difference(expected, seen):
    if not isinstance(seen, list):
        return f"expected: (difference, p)\ngot:      {seen}"
    return "" if abs(expected[0] - seen[0]) < 1e-6 else expected_got(expected[0], seen[0])


def _p_value(expected, seen):
    if not isinstance(seen, list):
        return f"expected: (difference, p)\ngot:      {seen}"
    return (
        ""
        if abs(expected[1] - seen[1]) < 1e-6
        else expected_got(f"p = {expected[1]:.4f}", f"p = {seen[1]:.4f}")
    )


def _disagree(case):
    return not np.array_equal(*case.args)


COMPARE = Exercise(
    name="compare",
    title="Better, or lucky?",
    minutes=10,
    reference=compare,
    cases=_compare_cases,
    observe=_pair,
    properties=(
        Property("the difference of the two accuracies", 1, each_case(_difference)),
        Property("the p value of the paired test", 2, each_case(_p_value, where=_disagree)),
        matches_reference(
            "no difference where they never disagree", 1, where=lambda case: not _disagree(case)
        ),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "not paired",
            _tester(_unpaired),
            (
                "Your test treats the two as if each had a test set of its own.",
                "Both were given the same reviews, and most reviews are right (or wrong) for both. "
                "That says nothing "
                "about the difference and only adds noise.",
                "Count the reviews on which exactly one of them is right.",
            ),
        ),
        Misconception(
            "one side only",
            _tester(_one_sided),
            (
                "Your p value is half as large as it should be.",
                "Before looking, either of the two could have won: both tails count.",
                'binomtest has alternative="two-sided" by default; a sum over one tail has to be doubled.',
            ),
        ),
        Misconception(
            "exactly this split",
            _tester(_exactly),
            (
                "Your p is the probability of exactly this split.",
                "A p value asks for a split this uneven or worse: with many reviews every single "
                "split is rare.",
                "Add up the tails, or let binomtest do it.",
            ),
        ),
        Misconception(
            "all right answers counted",
            _tester(_all_right),
            (
                "You compare the numbers of right answers of the two.",
                "Reviews that both get right count on both sides there and drown the difference.",
                "Leave out the reviews on which they agree.",
            ),
        ),
        Misconception(
            "out of all reviews",
            _tester(_of_all_items),
            (
                "You count A's wins against all reviews.",
                "Where the two agree there is no coin to toss: only the disagreements can fall either way.",
                "n is the number of reviews on which exactly one of them is right.",
            ),
        ),
        Misconception(
            "the normal approximation",
            _tester(_approximate),
            (
                "Your p is near, but it is the approximation of the exact test.",
                "With a handful of disagreements the bell curve is a poor copy of the coin tosses.",
                "scipy.stats.binomtest(k, n).pvalue is exact.",
            ),
        ),
        Misconception(
            "agreement tested",
            _tester(_agreement),
            (
                "Your test asks whether the two agree more often than chance.",
                "Two good classifiers agree on nearly everything; the question is who wins where they don't.",
                "k: only A right. n: only A right plus only B right.",
            ),
        ),
        Misconception(
            "B minus A",
            _tester(difference=lambda a, b: float(b.mean() - a.mean())),
            (
                "Your difference has the wrong sign.",
                "Positive should mean that A is better.",
                "Accuracy of A minus accuracy of B.",
            ),
        ),
        Misconception(
            "a number of reviews instead of a share",
            _tester(difference=lambda a, b: float(a.sum() - b.sum())),
            (
                "Your difference counts reviews.",
                "Accuracies are shares, so their difference is one too.",
                "Divide by the number of reviews.",
            ),
        ),
        Misconception(
            "only whether A is better",
            _tester(_a_is_better),
            (
                "Your p asks only whether A is better.",
                "Before the test nobody knew which of the two would win; a split as uneven to the other side "
                "would have been told as a find, too.",
                'Both sides count: binomtest does so unless you ask for "greater".',
            ),
        ),
        Misconception(
            "McNemar's test by chi-square",
            _tester(_chi_square),
            (
                "Your p comes from the chi-square approximation.",
                "It is McNemar's test as it was done by hand, good for many disagreements. With six it is "
                "off.",
                "binomtest counts exactly, for any number.",
            ),
        ),
        Misconception(
            "a t test",
            _tester(_t_test),
            (
                "Your p comes from a paired t test.",
                "It takes the differences for draws from a bell curve; they are −1, 0 or 1, and mostly 0.",
                "Look only at the reviews on which exactly one of the two is right, and toss a coin for "
                "each.",
            ),
        ),
    ),
)
