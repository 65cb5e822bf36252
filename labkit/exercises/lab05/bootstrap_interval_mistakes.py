"""Exercise 5.4: the wrong intervals that students write."""

import numpy as np

from labkit.exercises.exercise import Misconception, variant


def _percentiles(means, correct, ends):
    return np.percentile(means, ends)


def bootstrap(
    seeded=lambda seed: seed,
    samples=lambda num_samples: num_samples,
    size=lambda n, num_samples: (num_samples, n),
    rows=lambda rng, n, size: rng.integers(n, size=size),
    values=lambda correct, picks, rng: correct[picks],
    means=lambda drawn: drawn.mean(axis=1),
    ends=(2.5, 97.5),
    interval=_percentiles,
    middle=lambda correct, means: correct.mean(),
    result=lambda mean, low, high: (mean, low, high),
    unit=lambda mean, low, high: (mean, low, high),
):
    """bootstrap_interval with single choices made wrongly."""

    def wrong(correct, num_samples, seed):
        rng = np.random.default_rng(seeded(seed))
        n, number = len(correct), samples(num_samples)
        drawn = means(values(correct, rows(rng, n, size(n, number)), rng))
        low, high = interval(drawn, correct, ends)
        return result(*unit(middle(correct, drawn), low, high))

    return wrong


def _permuted(rng, n, size):
    return np.stack([rng.permutation(n)[: size[1]] for _ in range(size[0])])


def _one_sample_again_and_again(correct, num_samples, seed):
    picks = np.random.default_rng(seed).integers(len(correct), size=len(correct))
    means = np.full(num_samples, correct[picks].mean())
    return correct.mean(), *np.percentile(means, [2.5, 97.5])


def _one_draw(correct, num_samples, seed):
    picks = np.random.default_rng(seed).integers(len(correct), size=num_samples)
    return correct.mean(), *np.percentile(correct[picks], [2.5, 97.5])


def _one_sample(correct, num_samples, seed):
    picks = np.random.default_rng(seed).integers(len(correct), size=len(correct))
    return correct.mean(), *np.percentile(correct[picks], [2.5, 97.5])


def _around(half):
    """mean - half, mean + half; half: (means, correct) -> a number."""

    def interval(means, correct, ends):
        return correct.mean() - half(means, correct), correct.mean() + half(means, correct)

    return bootstrap(interval=interval)


def _error(correct):
    return np.sqrt(correct.mean() * (1 - correct.mean()) / len(correct))


def _sample_spread(values):
    """The standard deviation that divides by N - 1: NaN for one value."""
    with np.errstate(all="ignore"):
        return np.sqrt(np.square(values - values.mean()).sum() / np.float64(len(values) - 1))


def _t_half(correct):
    from scipy.stats import t

    return t.ppf(0.975, len(correct) - 1) * _sample_spread(correct) / len(correct) ** 0.5


def _wilson(correct, num_samples, seed):
    n, p, z = len(correct), correct.mean(), 1.96
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, centre - half, centre + half


def _jackknife(correct, num_samples, seed):
    means = (correct.sum() - correct) / max(len(correct) - 1, 1)
    return correct.mean(), *np.percentile(means, [2.5, 97.5])


def _mirrored(means, correct, ends):
    low, high = np.percentile(means, ends)
    return 2 * correct.mean() - high, 2 * correct.mean() - low


def _quantiles_of_percents(means, correct, ends):
    return np.quantile(means, ends)


_FROM_A_FORMULA = (
    "Your interval lies as far below the mean as above it: it is mean ± something, not the middle of the means.",
    "For shares near 0 or 1 the means lie lopsided, and a formula's interval runs beyond 0 or 1.",
    "np.percentile(means, [2.5, 97.5]) of the means drawn.",
)
_SEED = (
    "Your draws are the same for every seed.",
    "The same seed should give the same interval, and another seed another one.",
    "np.random.default_rng(seed), with the argument.",
)
_ROWS = (
    "You draw row numbers that there are not.",
    "The rows are 0 to N − 1, and rng.integers(N) stays below N: the end is left out already.",
    "rng.integers(len(correct), size=(num_samples, len(correct)))",
)

MISTAKES = (
    Misconception(
        "drawn without replacement",
        bootstrap(rows=_permuted),
        (
            "Your draws are the same items in another order: all have the same mean.",
            "A new test set would not hold exactly these reviews. "
            "Drawing with replacement plays that: some come twice, some not at all.",
            "rng.integers draws row numbers with replacement; permutation and replace=False don't.",
        ),
        spellings=(bootstrap(rows=lambda rng, n, size: np.tile(np.arange(n), (size[0], 1))),),
    ),
    Misconception(
        "the same sample each time",
        _one_sample_again_and_again,
        (
            "All your samples are the same one, so your interval has no width.",
            "A generator that is made anew from the same seed draws the same numbers again.",
            "Make rng once, before the loop.",
        ),
    ),
    variant(
        bootstrap,
        "one mean of everything",
        (
            "You take one mean of all that was drawn, so your interval has no width.",
            "Each draw is a test set of its own, and has a mean of its own.",
            "correct[picks] has shape (num_samples, N): .mean(axis=1).",
        ),
        means=lambda drawn: drawn.mean(),
    ),
    variant(
        bootstrap,
        "the mean over the samples",
        (
            "You take the mean over the samples, not over the reviews of each sample.",
            "correct[picks] has shape (num_samples, N): a row is one test set drawn.",
            ".mean(axis=1)",
        ),
        means=lambda drawn: drawn.mean(axis=0),
    ),
    variant(
        bootstrap,
        "sums instead of means",
        (
            "Your interval is one of numbers of right answers.",
            "An accuracy is a share: the mean of each sample.",
            ".mean(axis=1) instead of .sum(axis=1)",
        ),
        means=lambda drawn: drawn.sum(axis=1),
    ),
    variant(
        bootstrap,
        "medians instead of means",
        (
            "You take the median of each sample.",
            "The median of 0s and 1s is 0 or 1; the accuracy is the mean.",
            ".mean(axis=1)",
        ),
        means=lambda drawn: np.median(drawn, axis=1),
    ),
    Misconception(
        "percentiles of single values",
        bootstrap(means=lambda drawn: drawn),
        (
            "You take the percentiles of single answers, 0 and 1.",
            "One draw is one new test set, and all that counts of it is its mean.",
            "num_samples draws of N values, a mean of each, then the percentiles.",
        ),
        spellings=(bootstrap(interval=lambda means, correct, ends: np.percentile(correct, ends)),),
        build=bootstrap,
        choices={"means": lambda drawn: drawn},
    ),
    Misconception(
        "one draw only",
        _one_draw,
        (
            "You draw single answers, and take the percentiles of these.",
            "One draw is one new test set of N answers, and all that counts of it is its mean.",
            "size=(num_samples, N): num_samples draws of N values, a mean of each, then the percentiles.",
        ),
        spellings=(_one_sample,),
    ),
    Misconception(
        "row numbers instead of answers",
        bootstrap(values=lambda correct, picks, rng: picks),
        (
            "You take the means of row numbers: the answers themselves are never looked up.",
            "rng.integers draws which rows; what stands there is in correct.",
            "correct[picks].mean(axis=1)",
        ),
        spellings=(bootstrap(values=lambda correct, picks, rng: picks / len(correct)),),
        build=bootstrap,
        choices={"values": lambda correct, picks, rng: picks},
    ),
    Misconception(
        "coins",
        bootstrap(rows=lambda rng, n, size: rng.integers(2, size=size), values=lambda c, picks, rng: picks),
        (
            "You draw 0s and 1s at random, and the answers play no part.",
            "That is the interval of someone who guesses.",
            "Draw row numbers, and look up correct[picks].",
        ),
        spellings=(
            bootstrap(rows=lambda rng, n, size: rng.integers(2, size=size)),
            bootstrap(
                rows=lambda rng, n, size: rng.random(size) < 0.5, values=lambda c, picks, rng: picks * 1.0
            ),
        ),
    ),
    variant(
        bootstrap,
        "the last row never drawn",
        (
            "The last answer is never drawn.",
            "rng.integers(N) gives numbers from 0 to N − 1: the end is left out already.",
            "rng.integers(len(correct), size=...)",
        ),
        rows=lambda rng, n, size: rng.integers(max(n - 1, 1), size=size),
    ),
    variant(
        bootstrap,
        "the first row never drawn",
        (
            "The first answer is never drawn.",
            "Rows are counted from 0, and so does rng.integers(N).",
            "rng.integers(len(correct), size=...)",
        ),
        rows=lambda rng, n, size: rng.integers(min(1, n - 1), n, size=size),
    ),
    Misconception(
        "rows that there are not",
        bootstrap(rows=lambda rng, n, size: rng.integers(1, n + 1, size=size)),
        _ROWS,
        spellings=(
            bootstrap(rows=lambda rng, n, size: rng.integers(n + 1, size=size)),
            bootstrap(rows=lambda rng, n, size: rng.integers(480, size=(size[0], 480))),
            bootstrap(rows=lambda rng, n, size: rng.integers(480, size=size)),
        ),
    ),
    Misconception(
        "three numbers for rng.integers",
        bootstrap(rows=lambda rng, n, size: rng.integers(n, size[0], n)),
        (
            "rng.integers(a, b, c) draws c numbers from a up to b − 1.",
            "A shape stands in brackets of its own, behind size=.",
            "rng.integers(N, size=(num_samples, N))",
        ),
        spellings=(bootstrap(rows=lambda rng, n, size: rng.integers(n, *size)),),
    ),
    variant(
        bootstrap,
        "as many values as samples",
        (
            "Each of your samples holds num_samples answers, not N.",
            "The fewer reviews, the less sure: each draw has to be as large as the test set.",
            "size=(num_samples, len(correct))",
        ),
        size=lambda n, num_samples: (num_samples, num_samples),
    ),
    variant(
        bootstrap,
        "the two sizes exchanged",
        (
            "You draw N samples of num_samples answers each.",
            "Each draw has to be as large as the test set, and there are num_samples draws.",
            "size=(num_samples, len(correct))",
        ),
        size=lambda n, num_samples: (n, num_samples),
    ),
    variant(
        bootstrap,
        "480 in each sample",
        (
            "Each of your samples holds 480 answers, however many there are.",
            "480 is this notebook's test set; correct may be longer or shorter.",
            "size=(num_samples, len(correct))",
        ),
        size=lambda n, num_samples: (num_samples, 480),
    ),
    variant(
        bootstrap,
        "half of the reviews in each sample",
        (
            "Each of your samples holds half as many answers as there are.",
            "A smaller test set is less sure: the interval comes out too wide.",
            "size=(num_samples, len(correct))",
        ),
        size=lambda n, num_samples: (num_samples, max(1, n // 2)),
    ),
    Misconception(
        "always 2,000 samples",
        bootstrap(samples=lambda num_samples: 2000),
        (
            "You draw another number of samples than num_samples.",
            "2,000 is what the next cell asks for; the argument may say another number.",
            "size=(num_samples, len(correct))",
        ),
        spellings=tuple(
            bootstrap(samples=samples)
            for samples in (
                lambda num_samples: 1000,
                lambda num_samples: 10000,
                lambda num_samples: num_samples + 1,
                lambda num_samples: max(num_samples, 2000),
            )
        ),
        build=bootstrap,
        choices={"samples": lambda num_samples: 2000},
    ),
    Misconception(
        "as many samples as reviews",
        bootstrap(size=lambda n, num_samples: (n, n)),
        (
            "You draw N samples, not num_samples.",
            "How many draws there are is an argument of its own; N is how large each of them is.",
            "size=(num_samples, len(correct))",
        ),
    ),
    Misconception(
        "always the same seed",
        bootstrap(seeded=lambda seed: 0),
        _SEED,
        spellings=tuple(bootstrap(seeded=lambda seed, one=one: one) for one in (1, 5, 42, 2000)),
        build=bootstrap,
        choices={"seeded": lambda seed: 0},
    ),
    variant(
        bootstrap,
        "fractions for percentiles",
        (
            "Both ends of your interval are near the smallest of the means.",
            "np.percentile counts from 0 to 100; np.quantile from 0 to 1.",
            "2.5 and 97.5, or quantile with 0.025 and 0.975.",
        ),
        ends=(0.025, 0.975),
    ),
    variant(
        bootstrap,
        "percents for quantiles",
        (
            "np.quantile gets percents.",
            "It counts from 0 to 1; np.percentile counts from 0 to 100.",
            "np.percentile(means, [2.5, 97.5])",
        ),
        interval=_quantiles_of_percents,
    ),
    Misconception(
        "the 5th and the 95th",
        bootstrap(ends=(5, 95)),
        (
            "Your interval holds 90% of the means.",
            "For 95% there may be 2.5% left on each side.",
            "The percentiles 2.5 and 97.5.",
        ),
        build=bootstrap,
        choices={"ends": (5, 95)},
    ),
    Misconception(
        "one standard error",
        bootstrap(ends=(16, 84)),
        (
            "Your interval holds about 68% of the means.",
            "That is one standard error to each side; for 95% there may be 2.5% left on each side.",
            "The percentiles 2.5 and 97.5.",
        ),
        spellings=(bootstrap(ends=(15.87, 84.13)),),
        build=bootstrap,
        choices={"ends": (16, 84)},
    ),
    Misconception(
        "the middle half",
        bootstrap(ends=(25, 75)),
        (
            "Your interval holds half of the means.",
            "For 95% there may be 2.5% left on each side.",
            "The percentiles 2.5 and 97.5. (2.5 is not 25.)",
        ),
    ),
    Misconception(
        "99%",
        bootstrap(ends=(0.5, 99.5)),
        (
            "Your interval holds more than 95% of the means.",
            "For 95% there should be 2.5% left on each side.",
            "The percentiles 2.5 and 97.5.",
        ),
        spellings=(bootstrap(ends=(1, 99)), bootstrap(ends=(0.05, 99.95))),
        build=bootstrap,
        choices={"ends": (0.5, 99.5)},
    ),
    Misconception(
        "all on one side",
        bootstrap(ends=(0, 95)),
        (
            "Your interval leaves out means on one side only.",
            "The *middle* 95%: 2.5% are left on each side.",
            "The percentiles 2.5 and 97.5.",
        ),
        spellings=(
            bootstrap(ends=(5, 100)),
            bootstrap(ends=(2.5, 100)),
            bootstrap(ends=(0, 97.5)),
            bootstrap(ends=(2.5, 95)),
            bootstrap(ends=(5, 97.5)),
        ),
    ),
    variant(
        bootstrap,
        "smallest and largest mean",
        (
            "Your interval holds all the means.",
            "Its ends are the two luckiest draws; with more draws it would grow without end.",
            "Leave 2.5% out on each side.",
        ),
        ends=(0, 100),
    ),
    Misconception(
        "the spread of the values, not of the means",
        _around(lambda means, correct: 1.96 * correct.std()),
        (
            "Your interval is far too wide: it says how much single answers differ.",
            "What is asked is how much the mean of N reviews would move.",
            "The percentiles are taken of the means, one a draw.",
        ),
        spellings=tuple(
            _around(lambda means, correct, times=times, less=less: times * correct.std(ddof=less))
            for times, less in ((1, 0), (2, 0))
        ),
    ),
    Misconception(
        "a formula instead of percentiles",
        _around(lambda means, correct: 1.96 * _error(correct)),
        _FROM_A_FORMULA,
        spellings=tuple(
            _around(half)
            for half in (
                lambda means, correct: 1.96 * means.std(),
                lambda means, correct: 2 * means.std(),
                lambda means, correct: means.std(),
                lambda means, correct: 1.645 * means.std(),
                lambda means, correct: 2 * _error(correct),
                lambda means, correct: _error(correct),
                lambda means, correct: 1.96 * means.std() / np.sqrt(len(means)),
                lambda means, correct: (
                    1.96 * correct.std(ddof=min(1, len(correct) - 1)) / len(correct) ** 0.5
                ),
                lambda means, correct: 1.96 * means.std(ddof=min(1, len(means) - 1)),
            )
        ),
    ),
    Misconception(
        "a formula that is 0/0",
        _around(lambda means, correct: _sample_spread(correct) / len(correct) ** 0.5),
        (
            "You compute mean ± something by a formula, and for a single value it is 0/0.",
            "A spread that is divided by N − 1 needs two values. "
            "The bootstrap's middle 95% needs no formula at all: it draws.",
            "np.percentile(means, [2.5, 97.5]) of the means drawn.",
        ),
        spellings=tuple(
            _around(half)
            for half in (
                lambda means, correct: 1.96 * _sample_spread(correct) / len(correct) ** 0.5,
                lambda means, correct: 2 * _sample_spread(correct) / len(correct) ** 0.5,
                lambda means, correct: _t_half(correct),
                lambda means, correct: 1.96 * _sample_spread(correct),
                lambda means, correct: 1.96 * _sample_spread(means),
                lambda means, correct: 2 * _sample_spread(means),
                lambda means, correct: _sample_spread(means),
            )
        ),
    ),
    Misconception(
        "around the mean of the means",
        bootstrap(
            interval=lambda means, correct, ends: (
                means.mean() - 1.96 * means.std(),
                means.mean() + 1.96 * means.std(),
            )
        ),
        (
            "Your interval is the mean of the means ± 1.96 standard deviations, not the middle 95% of them.",
            "For shares near 0 or 1 the means lie lopsided, and such an interval runs beyond 0 or 1.",
            "np.percentile(means, [2.5, 97.5])",
        ),
    ),
    Misconception(
        "Wilson's formula",
        _wilson,
        (
            "Your interval comes from a formula: nothing is drawn.",
            "It is a good one (Wilson's), but it serves for shares alone. The bootstrap serves for anything.",
            "Draw num_samples test sets, and take the percentiles of their means.",
        ),
    ),
    Misconception(
        "one review left out at a time",
        _jackknife,
        (
            "You leave out one answer at a time, instead of drawing N of them.",
            "That is the jackknife; its means lie far closer together than those of new test sets.",
            "correct[picks] with rng.integers(N, size=(num_samples, N)).",
        ),
    ),
    variant(
        bootstrap,
        "mirrored at the mean",
        (
            "Your interval is turned round at the mean.",
            "Some books do that (the *basic* bootstrap); asked is the middle 95% of the means themselves.",
            "np.percentile(means, [2.5, 97.5]), as it is.",
        ),
        interval=_mirrored,
    ),
    Misconception(
        "the mean of the means",
        bootstrap(middle=lambda correct, means: means.mean()),
        (
            "Your mean is drawn: it is the mean of the bootstrap means.",
            "The accuracy is known exactly. Only how far it might be off is drawn.",
            "correct.mean()",
        ),
        build=bootstrap,
        choices={"middle": lambda correct, means: means.mean()},
    ),
    Misconception(
        "the mean of one sample",
        bootstrap(middle=lambda correct, means: np.ravel(means)[0]),
        (
            "Your mean is drawn: it is that of one bootstrap sample, not of the answers as they are.",
            "The accuracy is known exactly. Only how far it might be off is drawn.",
            "correct.mean()",
        ),
        spellings=(bootstrap(middle=lambda correct, means: np.ravel(means)[-1]),),
        build=bootstrap,
        choices={"middle": lambda correct, means: np.ravel(means)[0]},
    ),
    variant(
        bootstrap,
        "the median of the means",
        (
            "Your mean is the median of the bootstrap means.",
            "The accuracy is known exactly. Only how far it might be off is drawn.",
            "correct.mean()",
        ),
        middle=lambda correct, means: np.median(means),
    ),
    variant(
        bootstrap,
        "the middle of the interval",
        (
            "Your mean is the middle of the interval.",
            "An interval need not lie evenly around the mean.",
            "correct.mean()",
        ),
        middle=lambda correct, means: np.percentile(means, [2.5, 97.5]).mean(),
    ),
    variant(
        bootstrap,
        "the median of the answers",
        (
            "Your mean is the median of the answers.",
            "The median of 0s and 1s is 0 or 1 (or 1/2); the accuracy is the mean.",
            "correct.mean()",
        ),
        middle=lambda correct, means: np.median(correct),
    ),
    variant(
        bootstrap,
        "a number instead of a share",
        (
            "Your mean is the number of right answers.",
            "An accuracy is a share.",
            "correct.mean()",
        ),
        middle=lambda correct, means: correct.sum(),
    ),
    variant(
        bootstrap,
        "upper end first",
        (
            "Your ends have changed places.",
            "An interval is written from its lower to its upper end.",
            "Return (mean, low, high).",
        ),
        result=lambda mean, low, high: (mean, high, low),
    ),
    Misconception(
        "the mean not first",
        bootstrap(result=lambda mean, low, high: (low, mean, high)),
        (
            "Your three numbers stand in another order: the mean is not the first.",
            "The next cells unpack (mean, low, high).",
            "Return (mean, low, high).",
        ),
        spellings=(bootstrap(result=lambda mean, low, high: (low, high, mean)),),
        build=bootstrap,
        choices={"result": lambda mean, low, high: (low, mean, high)},
    ),
    variant(
        bootstrap,
        "distances instead of ends",
        (
            "You return how far the ends are from the mean.",
            "Some plotting functions want that; asked are the ends themselves.",
            "low and high as np.percentile gives them.",
        ),
        result=lambda mean, low, high: (mean, mean - low, high - mean),
    ),
    Misconception(
        "two things instead of three",
        bootstrap(result=lambda mean, low, high: (mean, (low, high))),
        (
            "You do not return three numbers.",
            "The next cells unpack (mean, low, high).",
            "return correct.mean(), low, high",
        ),
        spellings=(
            bootstrap(result=lambda mean, low, high: (low, high)),
            bootstrap(result=lambda mean, low, high: (mean, np.array([low, high]))),
            bootstrap(result=lambda mean, low, high: ((low, high), mean)),
            bootstrap(result=lambda mean, low, high: high - low),
        ),
    ),
    variant(
        bootstrap,
        "everything in percent",
        (
            "Your numbers are percents, a hundred times too large.",
            "The next cells expect shares, from 0 to 1.",
            "Leave out the 100.",
        ),
        unit=lambda mean, low, high: (100 * mean, 100 * low, 100 * high),
    ),
    variant(
        bootstrap,
        "the ends in percent",
        (
            "Your ends are percents, and your mean is not.",
            "All three should be shares, from 0 to 1.",
            "Leave out the 100.",
        ),
        unit=lambda mean, low, high: (mean, 100 * low, 100 * high),
    ),
    Misconception(
        "rounded",
        bootstrap(unit=lambda mean, low, high: (round(mean, 2), round(low, 2), round(high, 2))),
        (
            "Your numbers are rounded.",
            "What is rounded off is lost for whoever calls this function.",
            "Round where you print.",
        ),
        spellings=(
            bootstrap(unit=lambda mean, low, high: (round(mean, 3), round(low, 3), round(high, 3))),
            bootstrap(unit=lambda mean, low, high: (round(mean, 1), round(low, 1), round(high, 1))),
        ),
    ),
)
