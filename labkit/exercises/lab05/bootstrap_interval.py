"""Exercise 5.4: how sure is an accuracy? Draw the test set again."""

import numpy as np

from labkit import comparison
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged

# The width of an interval, in units of the normal 95% interval, up to here -> what it is. Wide enough that
# the
# luck of 2,000 draws does not move an answer from one to the next.
_WIDTHS = (
    (0.02, "no width at all"),
    (0.30, "far too narrow"),
    (0.46, "less than half as wide as a 95% interval"),
    (0.57, "as wide as a 68% interval"),
    (0.72, "about two thirds as wide as a 95% interval"),
    (0.91, "as wide as a 90% interval"),
    (1.09, "as wide as a 95% interval"),
    (1.60, "too wide"),
    (2.40, "about twice as wide as a 95% interval"),
)


def bootstrap_interval(correct, num_samples, seed):
    """labkit.comparison.bootstrap_interval."""
    return comparison.bootstrap_interval(correct, num_samples, seed)


def _bootstrap_cases(seed):
    cases = []
    for k, (num_items, share) in enumerate([(300, 0.8), (900, 0.6), (300, 0.5)]):
        rng = np.random.default_rng(100 * seed + k)
        correct = (rng.random(num_items) < share).astype(float)
        if k == 2:  # shares of right answers over five seeds, not only 0 and 1
            correct = rng.binomial(5, share, size=num_items) / 5
        values = f"{num_items} values with mean {correct.mean():.2f}"
        shown = f"bootstrap_interval of {values}, num_samples=2000, seed=7"
        cases.append(Case((correct, 2000, 7), shown))
    return cases


def _bootstrap(
    ends=(2.5, 97.5), replace=True, size=lambda n, num_samples: n, middle=np.mean, summary=np.mean
):
    """bootstrap_interval with single choices made wrongly."""

    def wrong(correct, num_samples, seed):
        rng = np.random.default_rng(seed)
        number = size(len(correct), num_samples)
        if replace:
            picks = rng.integers(len(correct), size=(num_samples, number))
            means = summary(correct[picks], axis=1)
        else:
            means = np.array([correct[rng.permutation(len(correct))].mean() for _ in range(num_samples)])
        low, high = np.percentile(means, ends)
        return middle(correct), low, high

    return wrong


def _spread_of_items(correct, num_samples, seed):
    return correct.mean(), correct.mean() - 1.96 * correct.std(), correct.mean() + 1.96 * correct.std()


def _one_draw(correct, num_samples, seed):
    picks = np.random.default_rng(seed).integers(len(correct), size=num_samples)
    low, high = np.percentile(correct[picks], [2.5, 97.5])
    return correct.mean(), low, high


def _upside_down(correct, num_samples, seed):
    mean, low, high = bootstrap_interval(correct, num_samples, seed)
    return mean, high, low


def _describe(output, case):
    mean, low, high = (float(x) for x in output)
    correct = case.args[0]
    unit = 2 * 1.96 * correct.std() / len(correct) ** 0.5
    width = abs(high - low) / unit
    middle = (low + high) / 2
    return {
        "mean": round(mean, 4),
        "width": next((name for end, name in _WIDTHS if width <= end), "far too wide"),
        "low is the smaller": low <= high,
        "around the mean": abs(middle - correct.mean()) <= 0.2 * unit,
    }


def _says(*keys):
    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: (mean, low, high)\ngot:      {seen}"
        for key in keys:
            if seen[key] != expected[key]:
                return f"{key}\n{expected_got(expected[key], seen[key])}"
        return ""

    return each_case(test)


def _seed_decides(trial):
    """Few draws: the ends of 2,000 fall on the same step of a grid too often to tell two seeds apart."""
    correct, _, seed = trial.cases[-1].args
    outcomes = [trial.call(correct, 40, s) for s in (*[seed] * 4, seed + 1, seed + 2, seed + 3)]
    for outcome in outcomes:
        if outcome.error:
            return f"{outcome.said}"
    values = [[float(x) for x in outcome.value] for outcome in outcomes]
    first, same, others = values[0], values[1:4], values[4:]
    for again in same:
        if again != first:
            return f"Called twice with num_samples=40, seed={seed}\n" + expected_got(first, again)
    if all(other == first for other in others):
        return f"The seeds {seed} to {seed + 3} give exactly the same interval: nothing is drawn by the seed."
    return ""


BOOTSTRAP_INTERVAL = Exercise(
    name="bootstrap_interval",
    title="How sure is that?",
    minutes=10,
    reference=bootstrap_interval,
    cases=_bootstrap_cases,
    observe=_describe,
    properties=(
        Property("the mean of the values as they are", 1, _says("mean")),
        Property(
            "an interval around it, the lower end first", 1, _says("low is the smaller", "around the mean")
        ),
        Property("as wide as a 95% interval", 2, _says("width")),
        Property("the same seed gives the same interval", 1, _seed_decides),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "drawn without replacement",
            _bootstrap(replace=False),
            (
                "Your draws are the same items in another order: all have the same mean.",
                "A new test set would not hold exactly these reviews. Drawing with replacement plays "
                "that: some come "
                "twice, some not at all.",
                "rng.integers draws row numbers with replacement; permutation and replace=False don't.",
            ),
        ),
        Misconception(
            "the spread of the values, not of the means",
            _spread_of_items,
            (
                "Your interval is far too wide: it goes below 0 or above 1.",
                "It says how much single reviews differ. What is asked is how much the mean of N "
                "reviews would move.",
                "The percentiles are taken of the means, one a draw.",
            ),
        ),
        Misconception(
            "one draw only",
            _one_draw,
            (
                "You take the percentiles of single values.",
                "One draw is one new test set, and all that counts of it is its mean.",
                "num_samples draws of N values, a mean of each, then the percentiles.",
            ),
        ),
        Misconception(
            "fractions for percentiles",
            _bootstrap(ends=(0.025, 0.975)),
            (
                "Both ends of your interval are near the smallest of the means.",
                "np.percentile counts from 0 to 100; np.quantile from 0 to 1.",
                "2.5 and 97.5, or quantile with 0.025 and 0.975.",
            ),
        ),
        Misconception(
            "the 5th and the 95th",
            _bootstrap(ends=(5, 95)),
            (
                "Your interval holds 90% of the means.",
                "For 95% there may be 2.5% left on each side.",
                "The percentiles 2.5 and 97.5.",
            ),
        ),
        Misconception(
            "one standard error",
            _bootstrap(ends=(16, 84)),
            (
                "Your interval holds 68% of the means.",
                "That is one standard error to each side; for 95% there may be 2.5% left on each side.",
                "The percentiles 2.5 and 97.5.",
            ),
        ),
        Misconception(
            "num_samples values in each draw",
            _bootstrap(size=lambda n, num_samples: num_samples),
            (
                "Your interval is too narrow, and would shrink further with more samples.",
                "Each draw has to be as large as the test set: its size is what the uncertainty comes from.",
                "num_samples draws, each of len(correct) values. And the mean of one draw: which axis?",
            ),
        ),
        Misconception(
            "smallest and largest mean",
            _bootstrap(ends=(0, 100)),
            (
                "Your interval holds all the means.",
                "Its ends are the two luckiest draws; with more draws it would grow without end.",
                "Leave 2.5% out on each side.",
            ),
        ),
        Misconception(
            "upper end first",
            _upside_down,
            (
                "Your ends have changed places.",
                "An interval is written from its lower to its upper end.",
                "Return (mean, low, high).",
            ),
        ),
    ),
)
