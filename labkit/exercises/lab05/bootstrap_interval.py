"""Exercise 5.4: how sure is an accuracy? Draw the test set again.

Whoever draws with another generator gets other means, and is as right. So the cases are such that the middle
95% of the means ends at the same two numbers whatever is drawn: with few answers there are few different
means, and the 2.5% and the 97.5% lie five standard errors away from where another of them would begin.
"""

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab05.bootstrap_interval_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged, matches_reference
from labkit.measures import comparison

SIZES = ((16, 14), (24, 20), (28, 24), (33, 29), (12, 10))  # (N, right ones), for 6,000 draws
FEW = 40  # draws in the case that looks at the seed: enough means differ


def bootstrap_interval(correct, num_samples, seed):
    """labkit.comparison.bootstrap_interval."""
    return comparison.bootstrap_interval(correct, num_samples, seed)


def _bootstrap_cases(seed):
    rng = np.random.default_rng(seed)
    first, second = (SIZES[k] for k in rng.permutation(len(SIZES))[:2])
    return [
        _case([0, 0, 0, 1], 2000, 7),
        _case([1, 0, 0, 0], 2000, 8),
        _case([1], 3, 2),
        _case([1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0], 6000, 11),
        _case([0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0], 6000, 3),
        _case([0, 1, 1, 0, 1, 1, 1, 0, 1, 1], 1, 6),
        _case([1, 0, 1, 1, 0] * 10, FEW, 17),
        _drawn(rng, *first, 10 + seed % 1000),
        _drawn(rng, second[0], second[0] - second[1], 11 + seed % 1000),
    ]


def _case(correct, num_samples, seed):
    shown = f"bootstrap_interval({correct}, num_samples={num_samples}, seed={seed})"
    return Case((np.array(correct, dtype=float), num_samples, seed), shown)


def _drawn(rng, number, right, seed):
    return _case(rng.permutation(np.arange(number) < right).astype(int).tolist(), 6000, seed)


def _ends(output, case):
    mean, low, high = output
    seen = {"mean": mean, "low": low, "high": high}
    if case.args[1] == 1:
        return {"mean": mean, "low": "the mean drawn", "high": "the same" if high == low else "another"}
    if case.args[1] == FEW:
        return {"mean": mean, "drawn": [low, high]}
    return seen


def _around(seen):
    return {
        "low first": seen["low"] <= seen["high"],
        "mean inside": seen["low"] <= seen["mean"] <= seen["high"],
    }


def _not_around(expected, seen):
    if not np.isfinite([seen["low"], seen["high"]]).all() or seen["low"] > seen["high"]:
        got = f"{seen['low']:.4g}, {seen['high']:.4g}"
        return f"expected: the lower end first, then the upper one\ngot:      {got}"
    if not seen["low"] - 1e-9 <= expected["mean"] <= seen["high"] + 1e-9:
        return (
            f"expected: an interval that holds the mean, {expected['mean']:.4g}\n"
            f"got:      {seen['low']:.4g} to {seen['high']:.4g}"
        )
    return ""


def _another_width(expected, seen):
    if seen["low"] == "the mean drawn":
        if seen["high"] == expected["high"]:
            return ""
        return "expected: low and high are the same, as one sample has only one mean\ngot:      two numbers"
    wanted, got = ((side["low"], side["high"]) for side in (expected, seen))
    if np.allclose(wanted, got, atol=1e-6):
        return ""
    return expected_got(*(f"{low:.4g} to {high:.4g}" for low, high in (wanted, got))).replace("'", "")


def _has_ends(case):
    return case.args[1] not in (1, FEW)


def _seed_decides(trial):
    """Few draws: the ends of thousands are the same for every seed."""
    place = next(k for k, case in enumerate(trial.cases) if case.args[1] == FEW)
    case = trial.cases[place]
    correct, _, seed = case.args
    outcomes = [trial.call(correct, FEW, s) for s in (*[seed] * 4, seed + 1, seed + 2, seed + 3, seed + 4)]
    for outcome in outcomes:
        if outcome.error:
            return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
    values = [list(outcome.value) for outcome in outcomes]
    for again in values[1:4]:
        if again != values[0]:
            said = expected_got(values[0], again)
            return Fault(f"For {case.shown}\ncalled twice, with the same seed\n{said}", place, _NO_SEED)
    if all(other == values[0] for other in values[4:]):
        said = f"the seeds {seed} to {seed + 4} give exactly the same interval: nothing is drawn by the seed."
        return Fault(f"For {case.shown}\n{said}", place, _NO_SEED)
    return ""


_NO_SEED = "The seed has to reach the generator, rng = np.random.default_rng(seed), and all must be drawn by that generator."

BOOTSTRAP_INTERVAL = Exercise(
    name="bootstrap_interval",
    title="How sure is that?",
    minutes=10,
    reference=bootstrap_interval,
    cases=_bootstrap_cases,
    form=forms.tuple_of(forms.number, forms.number, forms.number),
    observe=_ends,
    properties=(
        matches_reference("the mean of the values as they are", 1, project=lambda seen: seen["mean"]),
        compares(
            "an interval around it, the lower end first", 1, _not_around, where=_has_ends, project=_around
        ),
        compares(
            "as wide as a 95% interval",
            2,
            _another_width,
            where=lambda case: case.args[1] != FEW,
            project=lambda seen: (seen["low"], seen["high"]),
        ),
        Property("the same seed gives the same interval", 1, _seed_decides),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
