"""Exercise 5.6: the wrong comparisons that students write."""

import math

import numpy as np

from labkit.exercises.exercise import Misconception, variant


def _wins(a, b):
    """(k, n): A's wins, and the reviews on which exactly one of the two is right."""
    k, lost = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    return k, k + lost


def _binomial(**options):
    def p_of(k, n):
        from scipy.stats import binomtest

        return binomtest(k, n, **options).pvalue

    return p_of


def _tail(k, n):
    """P(at most k of n)."""
    return sum(math.comb(n, j) for j in range(k + 1)) / 2**n


def _smaller_tail(k, n):
    return _tail(min(k, n - k), n)


def _this_split(k, n):
    return math.comb(n, k) / 2**n


def _more_uneven(k, n):
    return min(1.0, 2 * (_smaller_tail(k, n) - _this_split(k, n)))


def _normal(z):
    return math.erfc(abs(z) / math.sqrt(2))


_exact = _binomial()


def tester(
    count=_wins,
    p_of=_exact,
    test=None,
    difference=lambda a, b: a.mean() - b.mean(),
    never=1.0,
    guarded=False,
    result=lambda difference, p: (difference, p),
    unit=lambda difference, p: (difference, p),
):
    """compare with single choices made wrongly."""

    def wrong(correct_a, correct_b):
        a, b = correct_a, correct_b
        if test:
            p = test(a, b)
        else:
            k, n = count(a, b)
            tosses = _wins(a, b)[1] if guarded else n
            p = p_of(k, n) if tosses or never is None else never
        return result(*unit(float(difference(a, b)), p))

    return wrong


def _quietly(test):
    def p(a, b):
        import warnings

        import scipy.stats

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return float(test(scipy.stats, a, b))

    return p


def _pooled(stats, a, b):
    share = (a.mean() + b.mean()) / 2
    return _normal((a.mean() - b.mean()) / np.sqrt(2 * share * (1 - share) / len(a)))


def _apart(stats, a, b):
    error = np.sqrt((a.mean() * (1 - a.mean()) + b.mean() * (1 - b.mean())) / len(a))
    return _normal((a.mean() - b.mean()) / error)


def _table(a, b):
    return [[int(a.sum()), int((1 - a).sum())], [int(b.sum()), int((1 - b).sum())]]


_UNPAIRED = (
    _apart,
    lambda stats, a, b: stats.ttest_ind(a, b).pvalue,
    lambda stats, a, b: stats.ttest_ind(a, b, equal_var=False).pvalue,
    lambda stats, a, b: stats.fisher_exact(_table(a, b))[1],
    lambda stats, a, b: stats.chi2_contingency(_table(a, b))[1],
    lambda stats, a, b: stats.chi2_contingency(_table(a, b), correction=False)[1],
    lambda stats, a, b: stats.mannwhitneyu(a, b).pvalue,
)


def _unfair(share):
    """A's wins as tosses of a coin; share: (a, b) -> its probability."""
    return lambda a, b: _binomial(p=float(share(a, b)))(*_wins(a, b))


def _one_if_none(test):
    return lambda a, b: test(a, b) if (a != b).any() else 1.0


def _t(a, b):
    return _quietly(lambda stats, a, b: stats.ttest_rel(a, b).pvalue)(a, b)


def _wilcoxon(a, b):
    return _quietly(lambda stats, a, b: stats.wilcoxon(a, b).pvalue)(a, b)


def _chi(corrected):
    def p(a, b):
        k, n = _wins(a, b)
        return _normal((abs(2 * k - n) - corrected) / math.sqrt(n)) if n else 1.0

    return p


def _at_least_one(a, b):
    return int(a.sum()), int(np.maximum(a, b).sum())


def _shared(a, b):
    k, n = _wins(a, b)
    return k + (len(a) - n) // 2, len(a)


def _both_and_neither(a, b):
    return int(((a == 1) & (b == 1)).sum()), int((a == b).sum())


def _of_disagreements(a, b):
    k, n = _wins(a, b)
    return (2 * k - n) / n if n else 0.0


def _share_of_wins(a, b):
    k, n = _wins(a, b)
    return k / n if n else 0.0


def _relative(a, b):
    with np.errstate(all="ignore"):
        return a.mean() / b.mean() - 1


def _only_if_better(a, b):
    k, n = _wins(a, b)
    return _exact(k, n) if 2 * k > n else 1.0


def _with_zero_division(a, b):
    k, n = _wins(a, b)
    return _exact(round(k / n * n), n)


def _whole_result(k, n):
    from scipy.stats import binomtest

    return binomtest(k, n)


_NEVER = (
    "Where the two never disagree, your p is not 1.",
    "Then nothing speaks for a difference: as uneven a split as 0 to 0, or more, is certain.",
    "Treat n == 0 first, and return 1.0 for p.",
)
_POSITIVE = "Accuracy of A minus accuracy of B: positive means that A is better."

MISTAKES = (
    Misconception(
        "not paired",
        tester(test=_quietly(_pooled)),
        (
            "Your test treats the two as if each had a test set of its own.",
            "Both were given the same reviews, and most reviews are right (or wrong) for both. "
            "That says nothing about the difference and only adds noise.",
            "Count the reviews on which exactly one of them is right.",
        ),
        spellings=tuple(
            tester(test=one_if_none(_quietly(test)))
            for test in (_pooled, *_UNPAIRED)
            for one_if_none in (lambda test: test, _one_if_none)
        ),
        build=tester,
        choices={"test": _quietly(_pooled)},
    ),
    Misconception(
        "A against a coin",
        tester(count=lambda a, b: (int(a.sum()), len(a))),
        (
            "You test A alone, and B plays no part in it.",
            "That A is better than guessing does not say that it is better than B.",
            "Count the reviews on which exactly one of them is right; k: those that A wins.",
        ),
        build=tester,
        choices={"count": lambda a, b: (int(a.sum()), len(a))},
    ),
    Misconception(
        "B's accuracy for the coin",
        tester(
            test=_quietly(lambda stats, a, b: stats.binomtest(int(a.sum()), len(a), float(b.mean())).pvalue)
        ),
        (
            "You take B's accuracy for a known number, and test A's right answers against it.",
            "B's accuracy is as much luck as A's, and most of that luck is the same for both.",
            "Count the reviews on which exactly one of them is right: each is a toss of a fair coin.",
        ),
    ),
    Misconception(
        "a coin that is not fair",
        tester(test=_one_if_none(_unfair(lambda a, b: b.mean()))),
        (
            "Your coin is not fair: its probability is not 1/2.",
            "If the two are equally good, each wins half of the reviews on which they disagree, however accurate they are.",
            "binomtest(k, n), or binomtest(k, n, p=0.5).pvalue",
        ),
        spellings=tuple(
            tester(test=_one_if_none(_unfair(share)))
            for share in (
                lambda a, b: a.mean(),
                lambda a, b: (a.mean() + b.mean()) / 2,
                lambda a, b: 1 - b.mean(),
                lambda a, b: 1 - a.mean(),
                lambda a, b: 0.05,
                lambda a, b: (a != b).mean(),
            )
        ),
    ),
    variant(
        tester,
        "out of all reviews",
        (
            "You count A's wins against all reviews.",
            "Where the two agree there is no coin to toss: only the disagreements can fall either way.",
            "n is the number of reviews on which exactly one of them is right.",
        ),
        count=lambda a, b: (_wins(a, b)[0], len(a)),
    ),
    variant(
        tester,
        "all right answers counted",
        (
            "You compare the numbers of right answers of the two.",
            "Reviews that both get right count on both sides there and drown the difference.",
            "Leave out the reviews on which they agree.",
        ),
        count=lambda a, b: (int(a.sum()), int(a.sum() + b.sum())),
    ),
    Misconception(
        "at least one right",
        tester(count=_at_least_one),
        (
            "You count the reviews on which at least one of the two is right.",
            "Those that both get right are no win for either.",
            "*Exactly* one: (a == 1) != (b == 1).",
        ),
        spellings=(tester(count=lambda a, b: (_wins(a, b)[0], int(np.maximum(a, b).sum()))),),
        build=tester,
        choices={"count": _at_least_one},
    ),
    variant(
        tester,
        "agreement tested",
        (
            "Your test asks whether the two agree more often than chance.",
            "Two good classifiers agree on nearly everything; the question is who wins where they don't.",
            "k: only A right. n: only A right plus only B right.",
        ),
        count=lambda a, b: (int((a == b).sum()), len(a)),
    ),
    variant(
        tester,
        "both right against both wrong",
        (
            "You look at the reviews on which the two agree.",
            "Those say nothing about which is better.",
            "Look only at the reviews on which exactly one of the two is right.",
        ),
        count=_both_and_neither,
    ),
    variant(
        tester,
        "wins and losses cancelled",
        (
            "Only one side's lead over the other reaches your test: A's wins and B's wins have cancelled, as they do where the pairs are lost.",
            "9 to 1 and 8 to 0 are both 8 ahead, and not the same evidence: wins and losses both count.",
            "Compare review by review, each in its place (nothing sorted, nothing subtracted): n is A's wins plus B's wins.",
        ),
        count=lambda a, b: _wins(np.sort(a), np.sort(b)),
    ),
    variant(
        tester,
        "ties shared",
        (
            "You give each side half of the reviews on which the two agree.",
            "Then n is N, and the test sees less than there is.",
            "Leave out the reviews on which they agree.",
        ),
        count=_shared,
    ),
    Misconception(
        "n and k exchanged",
        tester(count=lambda a, b: _wins(a, b)[::-1], guarded=True),
        (
            "binomtest gets more wins than tosses, or n and k have changed places.",
            "It is called as binomtest(k, n): k wins in n tosses.",
            "k: only A right. n: only A right plus only B right.",
        ),
        build=tester,
        choices={"count": lambda a, b: _wins(a, b)[::-1], "guarded": True},
    ),
    variant(
        tester,
        "wins against losses",
        (
            "You give binomtest the wins and the losses.",
            "It wants k wins in n tosses, and the tosses are the wins and the losses together.",
            "binomtest(only_a, only_a + only_b)",
        ),
        count=lambda a, b: (_wins(a, b)[0], _wins(a, b)[1] - _wins(a, b)[0]),
        guarded=True,
    ),
    Misconception(
        "numbers that are no int",
        tester(count=lambda a, b: (float(_wins(a, b)[0]), float(_wins(a, b)[1]))),
        (
            "Something gets a thing of the wrong type: k and n must be of type int, and what binomtest gives back is a result, whose .pvalue is a number.",
            "Sums of floats are floats, even where they are whole: 3.0. "
            "And a result holds several numbers: float(...), min(...) and round(...) can't take it.",
            "binomtest(int(k), int(n)).pvalue",
        ),
        spellings=(
            tester(count=lambda a, b: (float(_wins(a, b)[0]), _wins(a, b)[1])),
            tester(count=lambda a, b: (_wins(a, b)[0], float(_wins(a, b)[1]))),
            tester(count=lambda a, b: (float(_wins(a, b)[0]), float(_wins(a, b)[1])), never=None),
        ),
    ),
    Misconception(
        "masks of floats",
        lambda correct_a, correct_b: (correct_a & ~correct_b).sum(),
        (
            "Your & (or | ^ ~) gets floats, not comparisons. "
            "If == stands beside it, brackets are missing: & comes before ==.",
            "Without brackets, a == 1 & b == 0 begins with 1 & b; and & wants masks of True and False.",
            "(correct_a == 1) & (correct_b == 0)",
        ),
        spellings=(
            lambda correct_a, correct_b: (correct_a & correct_b).sum(),
            lambda correct_a, correct_b: (correct_a ^ correct_b).sum(),
            lambda correct_a, correct_b: (correct_a == 1 & correct_b == 0).sum(),
        ),
    ),
    Misconception(
        "one side only",
        tester(p_of=_smaller_tail),
        (
            "Your p counts one side only: mostly it is half as large as it should be.",
            "Before looking, either of the two could have won: both tails count.",
            'binomtest has alternative="two-sided" by default; a sum over one tail has to be doubled.',
        ),
        build=tester,
        choices={"p_of": _smaller_tail},
    ),
    variant(
        tester,
        "only whether A is better",
        (
            "Your p asks only whether A is better.",
            "Before the test nobody knew which of the two would win; a split as uneven to the other side would have been told as a find, too.",
            'Both sides count: binomtest does so unless you ask for "greater".',
        ),
        p_of=_binomial(alternative="greater"),
    ),
    variant(
        tester,
        "only whether B is better",
        (
            "Your p asks only whether A is worse.",
            "Before the test nobody knew which of the two would win: both sides count.",
            'binomtest counts both unless you ask for "less" (or sum up one tail).',
        ),
        p_of=_binomial(alternative="less"),
    ),
    Misconception(
        "no evidence against A",
        tester(test=_only_if_better),
        (
            "Where A is not ahead, your p is 1.",
            "Losing by far is evidence too: the test is for both sides.",
            "The same test for every split.",
        ),
    ),
    variant(
        tester,
        "exactly this split",
        (
            "Your p is the probability of exactly this split.",
            "A p value asks for a split this uneven or worse: with many reviews every single split is rare.",
            "Add up the tails, or let binomtest do it.",
        ),
        p_of=_this_split,
    ),
    variant(
        tester,
        "twice this split",
        (
            "Your p is twice the probability of exactly this split.",
            "A p value asks for a split this uneven or worse: all more uneven ones belong to it.",
            "Add up the tails, or let binomtest do it.",
        ),
        p_of=lambda k, n: min(1.0, 2 * _this_split(k, n)),
    ),
    variant(
        tester,
        "this split left out",
        (
            "Your p leaves this split itself out.",
            "As uneven as this one *or more*: the split that you saw belongs to it.",
            "binom.sf(k - 1, n, 0.5), which begins at k; or binomtest.",
        ),
        p_of=_more_uneven,
    ),
    variant(
        tester,
        "this split by half",
        (
            "Your p counts this split itself by half (the *mid-p* of some books).",
            "As uneven as this one *or more*: the split that you saw belongs to it as a whole.",
            "binomtest(k, n).pvalue",
        ),
        p_of=lambda k, n: min(1.0, 2 * _smaller_tail(k, n) - _this_split(k, n)),
    ),
    variant(
        tester,
        "more than 1",
        (
            "Your p is above 1 where the split is even.",
            "Doubling one tail counts the split in the middle twice, and no probability is above 1.",
            "min(1.0, ...), or binomtest.",
        ),
        p_of=lambda k, n: 2 * _smaller_tail(k, n),
    ),
    Misconception(
        "the larger tail doubled",
        tester(p_of=lambda k, n: min(1.0, 2 * _tail(k, n))),
        (
            "You double the tail below k, whichever side is the smaller.",
            "Where A wins more than half, that tail is the larger one, and twice that is above 1.",
            "Double the smaller of the two tails, or let binomtest do it.",
        ),
        spellings=(
            tester(p_of=lambda k, n: 2 * _tail(k, n)),
            tester(p_of=lambda k, n: 2 * _tail(n - k, n)),
            tester(p_of=lambda k, n: 2 * _tail(max(k, n - k), n)),
        ),
    ),
    Misconception(
        "the normal approximation",
        tester(test=_chi(0)),
        (
            "Your p is near, but it is the approximation of the exact test.",
            "With a handful of disagreements the bell curve is a poor copy of the coin tosses.",
            "scipy.stats.binomtest(k, n).pvalue is exact.",
        ),
        spellings=(tester(test=lambda a, b: _chi(0)(a, b) if (a != b).any() else float("nan")),),
        build=tester,
        choices={"test": _chi(0)},
    ),
    Misconception(
        "McNemar's test by chi-square",
        tester(test=_chi(1)),
        (
            "Your p comes from the chi-square approximation.",
            "It is McNemar's test as it was done by hand, good for many disagreements. With six it is off.",
            "binomtest counts exactly, for any number.",
        ),
        spellings=(tester(test=lambda a, b: _chi(1)(a, b) if (a != b).any() else float("nan")),),
        build=tester,
        choices={"test": _chi(1)},
    ),
    Misconception(
        "a t test",
        tester(test=_one_if_none(_t)),
        (
            "Your p comes from a paired t test.",
            "It takes the differences for draws from a bell curve; they are −1, 0 or 1, and mostly 0.",
            "Look only at the reviews on which exactly one of the two is right, and toss a coin for each.",
        ),
        spellings=(tester(test=_t),),
        build=tester,
        choices={"test": _one_if_none(_t)},
    ),
    Misconception(
        "Wilcoxon's test",
        tester(test=_one_if_none(_wilcoxon)),
        (
            "Your p comes from Wilcoxon's test.",
            "It ranks differences of different size; here they are all as large, and it falls back on an approximation.",
            "scipy.stats.binomtest(k, n).pvalue is exact.",
        ),
        spellings=(tester(test=_wilcoxon),),
    ),
    variant(
        tester,
        "B minus A",
        ("Your difference has the wrong sign.", "Positive should mean that A is better.", _POSITIVE),
        difference=lambda a, b: b.mean() - a.mean(),
    ),
    variant(
        tester,
        "no sign",
        (
            "Your difference has no sign.",
            "One should see which of the two is better: it is below 0 where B is.",
            _POSITIVE,
        ),
        difference=lambda a, b: abs(a.mean() - b.mean()),
    ),
    variant(
        tester,
        "a number of reviews instead of a share",
        (
            "Your difference counts reviews.",
            "Accuracies are shares, so their difference is one too.",
            "Divide by the number of reviews.",
        ),
        difference=lambda a, b: a.sum() - b.sum(),
    ),
    variant(
        tester,
        "points",
        (
            "Your difference is in points, a hundred times too large.",
            "The next cells expect shares, and print them as points.",
            "Leave out the 100.",
        ),
        difference=lambda a, b: 100 * (a.mean() - b.mean()),
    ),
    variant(
        tester,
        "a relative difference",
        (
            "You divide by B's accuracy.",
            "From 78% to 92% is 14 points, and 17% relative: slides like the second, a comparison needs the first.",
            _POSITIVE,
        ),
        difference=_relative,
    ),
    variant(
        tester,
        "the difference among the disagreements",
        (
            "Your difference is that on the reviews on which the two disagree.",
            "Only the p value looks at those alone; the accuracies are over all reviews.",
            "correct_a.mean() - correct_b.mean()",
        ),
        difference=_of_disagreements,
    ),
    Misconception(
        "the share of wins",
        tester(difference=_share_of_wins),
        (
            "Your first number is A's share of the wins.",
            "The difference of the two accuracies is asked, over all reviews.",
            "correct_a.mean() - correct_b.mean()",
        ),
        spellings=tuple(
            tester(difference=lambda a, b, never=never: _share_of_wins(a, b) if (a != b).any() else never)
            for never in (0.5, 1.0)
        ),
        build=tester,
        choices={"difference": _share_of_wins},
    ),
    variant(
        tester,
        "divided by 480",
        (
            "You divide by 480, however many reviews there are.",
            "480 is this notebook's test set.",
            "Divide by len(correct_a), or take means.",
        ),
        difference=lambda a, b: (a.sum() - b.sum()) / 480,
    ),
    Misconception(
        "one accuracy alone",
        tester(difference=lambda a, b: a.mean()),
        (
            "Your first number is the accuracy of one of the two.",
            "How far they are apart is asked.",
            "correct_a.mean() - correct_b.mean()",
        ),
        spellings=(tester(difference=lambda a, b: b.mean()),),
        build=tester,
        choices={"difference": lambda a, b: a.mean()},
    ),
    Misconception(
        "the share of disagreements",
        tester(difference=lambda a, b: np.abs(a - b).mean()),
        (
            "Your first number is the share of reviews on which the two disagree.",
            "A's wins and B's wins should cancel: the difference of the accuracies is asked.",
            "correct_a.mean() - correct_b.mean()",
        ),
        spellings=(tester(difference=lambda a, b: (a == b).mean()),),
    ),
    Misconception(
        "p = 0 for no disagreement",
        tester(never=0.0),
        _NEVER,
        spellings=(tester(never=float("nan")), tester(never=0.5), tester(never=float("inf"))),
        build=tester,
        choices={"never": 0.0},
    ),
    Misconception(
        "binomtest without a toss",
        tester(never=None),
        (
            "Where the two never disagree, you ask binomtest about 0 tosses.",
            "It wants at least one. With none, p is 1.",
            "Treat n == 0 first.",
        ),
        build=tester,
        choices={"never": None},
    ),
    Misconception(
        "divided by no disagreements",
        tester(test=_with_zero_division),
        (
            "Where the two never disagree, you divide by 0.",
            "There is no coin to toss then, and p is 1.",
            "Treat n == 0 first.",
        ),
    ),
    variant(
        tester,
        "p first",
        (
            "Your two numbers have changed places.",
            "The next cell unpacks (difference, p).",
            "return difference, p",
        ),
        result=lambda difference, p: (p, difference),
    ),
    Misconception(
        "one thing instead of two",
        tester(result=lambda difference, p: p),
        (
            "You do not return two numbers.",
            "The next cell unpacks (difference, p).",
            "return difference, p",
        ),
        spellings=(
            tester(result=lambda difference, p: difference),
            tester(result=lambda difference, p: (difference, p, p < 0.05)),
        ),
    ),
    Misconception(
        "the result and not its p",
        tester(p_of=_whole_result),
        (
            "Your second result is all that binomtest has found, not the p value.",
            "Its result holds several numbers; the p value is called .pvalue.",
            "binomtest(k, n).pvalue",
        ),
    ),
    variant(
        tester,
        "the statistic",
        (
            "Your p is A's share of the wins.",
            "binomtest's .statistic is k / n; how probable such a split is stands in .pvalue.",
            "binomtest(k, n).pvalue",
        ),
        p_of=lambda k, n: k / n,
    ),
    Misconception(
        "1 minus p",
        tester(p_of=lambda k, n: 1 - _exact(k, n)),
        (
            "Your p is 1 minus the p value.",
            "A small p says that luck alone would hardly do it. (And 1 − p is not how sure one may be.)",
            "binomtest(k, n).pvalue",
        ),
        spellings=(tester(unit=lambda difference, p: (difference, 1 - p)),),
        build=tester,
        choices={"p_of": lambda k, n: 1 - _exact(k, n)},
    ),
    Misconception(
        "a verdict",
        tester(unit=lambda difference, p: (difference, p < 0.05)),
        (
            "You return whether p is below 0.05, not p.",
            "Where to draw the line is for the reader to say.",
            "binomtest(k, n).pvalue, without a comparison.",
        ),
        spellings=(
            tester(unit=lambda difference, p: (difference, p > 0.05)),
            tester(unit=lambda difference, p: (difference, p <= 0.05)),
        ),
    ),
    Misconception(
        "rounded",
        tester(unit=lambda difference, p: (round(difference, 3), round(p, 3))),
        (
            "Your numbers are rounded.",
            "A small p becomes 0, which no p is.",
            "Round where you print.",
        ),
        spellings=tuple(
            tester(unit=lambda difference, p, one=one, two=two: (round(difference, one), round(p, two)))
            for one, two in ((2, 2), (9, 2), (9, 3), (2, 9), (3, 9), (1, 9), (2, 3))
        ),
    ),
    variant(
        tester,
        "p in percent",
        (
            "Your p is in percent, a hundred times too large.",
            "A probability is from 0 to 1.",
            "Leave out the 100.",
        ),
        unit=lambda difference, p: (difference, 100 * p),
    ),
)
