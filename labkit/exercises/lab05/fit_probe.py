"""Exercise 5.2: a linear probe, with a scaler that has not seen the test set."""

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab05.fakes import two_clouds
from labkit.exercises.lab05.fit_probe_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.measures import probing

# Two ways of computing the same spread (N or N - 1) differ by less. With many rows the two are one.
NEAR, NEARER, MANY = 0.02, 0.003, 300


def fit_probe(x_train, y_train, x_test):
    """labkit.probing.fit_probe."""
    return probing.fit_probe(x_train, y_train, x_test)


def _probe_cases(seed):
    x_train = [[7, 10], [1, 40], [9, 20], [3, 10], [6, 50], [2, 30], [4, 60], [9, 30], [8, 10], [1, 20]]
    y_train, x_test = [1, 0, 1, 0, 0, 1, 0, 1, 1, 0], [[8, 20], [2, 10], [12, 70]]
    shown = f"x_train={x_train}, y_train={y_train}, x_test={x_test}"
    x_train, y_train, x_test = np.array(x_train, float), np.array(y_train), np.array(x_test, float)
    cases = [Case((x_train, y_train, x_test), shown)]
    for number, *what in (
        (1, 60, 1, 2, "one test row", 0.5),
        (2, 400, 24, 5, "three of four labels 1", 0.75),
        (3, 90, 7, 6, "one feature the same in all training rows", 0.5),
        (4, 70, 9, 3, "one of four labels 1", 0.25),
        (10 + 2 * seed, 60, 8, 2, "", 0.5),
        (11 + 2 * seed, 120, 30, 12, "", 0.6),
    ):
        cases.append(_case(number, *what))
    return cases


def _case(number, num_train, num_test, width, special, share):
    """Features of very different size, the test rows elsewhere than the training rows."""
    rng = np.random.default_rng([5, number])
    x, y = two_clouds(rng, num_train + num_test, width, signal=1.5)
    y[:num_train] = rng.permutation(np.arange(num_train) < share * num_train)
    x[:, 0] += 1.5 * (y - np.arange(len(y)) % 2)  # two_clouds moved them by their place
    x[num_train:, 0] += 1.2  # who scales the test rows by themselves moves them back
    if width > 1:
        x[:, 1] += 1.0 * (y - 0.5) + 0.8 * x[:, 0]
    x = 3 + x * np.geomspace(1.0, 60.0, width)[::-1]
    if special.startswith("one feature"):
        x[:num_train, 2] = 5.0
    shown = (
        f"{num_train} training and {num_test} test rows of {width} features{'; ' if special else ''}{special}"
    )
    return Case((x[:num_train], y[:num_train], x[num_train:]), shown)


def _probabilities(output, case):
    return {"probabilities": output, "within": NEARER if len(case.args[0]) >= MANY else NEAR}


def _differs(expected, seen):
    if not isinstance(seen, dict):
        return expected_got(f"{len(expected['probabilities'])} probabilities", seen)
    wanted, got = expected["probabilities"], seen["probabilities"]
    if got.shape != wanted.shape:
        return expected_got(f"one probability a test row, shape {wanted.shape}", f"shape {got.shape}")
    apart = np.abs(got - wanted)
    if (apart <= expected["within"]).all():
        return ""
    k = int(np.argmax(~(apart <= expected["within"])))
    return f"test row {k}\n" + expected_got(float(wanted[k]), float(got[k]))


def _is_no_probability(expected, seen):
    if not isinstance(seen, dict) or seen["probabilities"].shape != expected["probabilities"].shape:
        return _differs(expected, seen)
    got, wanted = seen["probabilities"], expected["probabilities"]
    if not ((got >= 0) & (got <= 1)).all():
        k = int(np.argmax(~((got >= 0) & (got <= 1))))
        return f"test row {k}\nexpected: a probability between 0 and 1\ngot:      {got[k]:.4g}"
    if len(got) > 2 and len(np.unique(got.round(6))) < 3 <= len(np.unique(wanted.round(6))):
        return "expected: a probability for each test row, such as " + (
            f"{wanted[0]:.2f} and {wanted[1]:.2f}\ngot:      only {_values(got)}"
        )
    return ""


def _values(got):
    return " and ".join(f"{value:g}" for value in np.unique(got.round(6)))


def _rows_stand_alone(trial):
    """A test row's answer may not depend on which other rows are tested with it."""
    for place, case in enumerate(trial.cases):
        x_train, y_train, x_test = case.args
        outcome = trial.outcomes[place]
        part = trial.call(x_train, y_train, x_test[: (len(x_test) + 1) // 2])
        for call in (outcome, part):
            if call.error:
                return Fault(f"For {case.shown}\n{call.said}", place, call.advice)
        whole, part = outcome.value, part.value
        if part.ndim != 1 or whole.ndim != 1 or len(part) != (len(x_test) + 1) // 2:
            return Fault(f"For {case.shown}\n{expected_got(f'{len(x_test)} numbers', whole)}", place)
        if len(whole) > 2 and len(np.unique(whole.round(6))) == 1:
            return Fault(f"For {case.shown}\nall test rows get the same answer, {whole[0]:.3g}.", place)
        if not np.allclose(whole[: len(part)], part, atol=1e-5):
            k = int(np.abs(whole[: len(part)] - part).argmax())
            return Fault(
                f"For {case.shown}\ntest row {k} gets {whole[k]:.3f} among all {len(whole)} test rows, and "
                f"{part[k]:.3f} among the first {len(part)}: it depends on the other test rows.",
                place,
            )
    return ""


FIT_PROBE = Exercise(
    name="fit_probe",
    title="A probe that has not seen the test",
    minutes=10,
    reference=fit_probe,
    cases=_probe_cases,
    form=forms.array(),
    observe=_probabilities,
    properties=(
        compares("one probability for each test row", 1, _is_no_probability),
        compares("the right probability", 2, _differs),
        Property("no test row changes another's answer", 2, _rows_stand_alone),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
