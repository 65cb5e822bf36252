"""Exercise 5.2: a linear probe, with a scaler that has not seen the test set."""

import numpy as np

from labkit import probing
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab05.fakes import two_clouds
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.exercises.values import near

NEAR = 0.02  # two ways of computing the same spread (N or N - 1) differ by less


def fit_probe(x_train, y_train, x_test):
    """labkit.probing.fit_probe."""
    return probing.fit_probe(x_train, y_train, x_test)


def _probe_cases(seed):
    cases = []
    for k, (num_train, num_test, width) in enumerate([(60, 8, 2), (120, 30, 6), (200, 40, 12)]):
        rng = np.random.default_rng(100 * seed + k)
        x, y = two_clouds(rng, num_train + num_test, width, signal=1.5)
        x[num_train:, 0] += 1.2  # the test rows lie elsewhere: who scales them by themselves moves them back
        x[:, 1] += 1.0 * (y - 0.5)
        x = 3 + x * np.geomspace(1.0, 60.0, width)[::-1]  # features of very different size
        shown = f"fit_probe with {num_train} training and {num_test} test rows, {width} features"
        cases.append(Case((x[:num_train], y[:num_train], x[num_train:]), shown))
    return cases


def _scaled(x, like):
    return (x - like.mean(axis=0)) / like.std(axis=0)


def _logistic(x_train, y_train, x_test, strength=0.1, column=1):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=3000).fit(x_train, y_train)
    return model.predict_proba(x_test)[:, column]


def _scaled_apart(x_train, y_train, x_test):
    return _logistic(_scaled(x_train, x_train), y_train, _scaled(x_test, x_test))


def _scaled_together(x_train, y_train, x_test):
    both = np.concatenate([x_train, x_test])
    return _logistic(_scaled(x_train, both), y_train, _scaled(x_test, both))


def _not_scaled(x_train, y_train, x_test):
    return _logistic(x_train, y_train, x_test)


def _only_train_scaled(x_train, y_train, x_test):
    return _logistic(_scaled(x_train, x_train), y_train, x_test)


def _rows_scaled(x_train, y_train, x_test):
    def by_row(x):
        return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-9)

    return _logistic(by_row(x_train), y_train, by_row(x_test))


def _other_class(x_train, y_train, x_test):
    return 1 - fit_probe(x_train, y_train, x_test)


def _labels(x_train, y_train, x_test):
    return (fit_probe(x_train, y_train, x_test) > 0.5).astype(float)


def _score(x_train, y_train, x_test):
    ones = fit_probe(x_train, y_train, x_test)
    return np.log(ones / (1 - ones))


def _both_columns(x_train, y_train, x_test):
    ones = fit_probe(x_train, y_train, x_test)
    return np.stack([1 - ones, ones], axis=1)


def _no_strength(x_train, y_train, x_test):
    return _logistic(_scaled(x_train, x_train), y_train, _scaled(x_test, x_train), strength=1.0)


def _vector(output, case):
    return np.asarray(output, dtype=float)


def _probability_differs(expected, seen):
    if not isinstance(seen, np.ndarray) or seen.shape != expected.shape:
        shape = seen.shape if isinstance(seen, np.ndarray) else seen
        return expected_got(f"{len(expected)} probabilities, one a test row", shape)
    if not near(expected, seen, NEAR):
        k = int(np.abs(seen - expected).argmax())
        return f"test row {k}\n" + expected_got(float(expected[k]), float(seen[k]))
    return ""


def _between_0_and_1(expected, seen):
    if not isinstance(seen, np.ndarray) or seen.shape != expected.shape:
        return _probability_differs(expected, seen)
    if not ((seen >= 0) & (seen <= 1)).all() or len(np.unique(seen.round(6))) < 3:
        return f"expected: probabilities between 0 and 1\ngot:      {np.unique(seen)[:4].tolist()}, ..."
    return ""


def _rows_stand_alone(trial):
    """A test row's answer may not depend on which other rows are tested with it."""
    for case in trial.cases:
        x_train, y_train, x_test = case.args
        whole, part = (
            trial.call(x_train, y_train, x_test),
            trial.call(x_train, y_train, x_test[: len(x_test) // 2]),
        )
        for outcome in (whole, part):
            if outcome.error:
                return f"For {case.shown}\n{outcome.said}"
        whole, part = np.asarray(whole.value, dtype=float), np.asarray(part.value, dtype=float)
        if not np.allclose(whole[: len(part)], part, atol=1e-6):
            k = int(np.abs(whole[: len(part)] - part).argmax())
            return (
                f"For {case.shown}\ntest row {k} gets {whole[k]:.3f} among all test rows and "
                f"{part[k]:.3f} among "
                "the first half of them: something was fitted on the test rows."
            )
    return ""


FIT_PROBE = Exercise(
    name="fit_probe",
    title="A probe that has not seen the test",
    minutes=10,
    reference=fit_probe,
    cases=_probe_cases,
    observe=_vector,
    properties=(
        Property("one probability for each test row", 1, each_case(_between_0_and_1)),
        Property("the right probability", 2, each_case(_probability_differs)),
        Property("no test row changes another's answer", 2, _rows_stand_alone),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "a scaler fitted on the test set",
            _scaled_apart,
            (
                "Your test rows are scaled by their own mean and spread.",
                "That uses the test set to prepare the test set. One review alone, as in use, could "
                "not be scaled, "
                "and a test set that differs from the training set would be moved onto it.",
                "fit (or fit_transform) belongs to x_train alone; x_test gets transform.",
            ),
        ),
        Misconception(
            "a scaler fitted on everything",
            _scaled_together,
            (
                "Your scaler has seen the test rows together with the training rows.",
                "What is known about the test set leaks into training: the smallest of leaks, and "
                "the commonest.",
                "Fit the scaler before x_test is touched at all.",
            ),
        ),
        Misconception(
            "test rows not scaled",
            _only_train_scaled,
            (
                "The probe learnt on scaled features and is asked about unscaled ones.",
                "A weight that fits numbers near 1 means nothing for numbers near 100.",
                "Transform x_test with the scaler of x_train.",
            ),
        ),
        Misconception(
            "nothing scaled",
            _not_scaled,
            (
                "Your features are not scaled.",
                "The penalty on the weights is the same for all features: large ones get away with "
                "small weights.",
                "StandardScaler, fitted on x_train.",
            ),
        ),
        Misconception(
            "scaled row by row",
            _rows_scaled,
            (
                "You scale each text by itself.",
                "A feature has to be comparable from text to text: its mean and spread are over the texts.",
                "Mean and standard deviation along axis 0.",
            ),
        ),
        Misconception(
            "the other class",
            _other_class,
            (
                "Your probabilities are those of class 0.",
                "predict_proba has a column for each class, in the order of classes_: 0, then 1.",
                "Take the column of class 1.",
            ),
        ),
        Misconception(
            "labels instead of probabilities",
            _labels,
            (
                "You return 0 or 1.",
                "A probability says how sure the probe is; the label can be had from it, not the "
                "other way round.",
                "predict_proba instead of predict.",
            ),
        ),
        Misconception(
            "both columns",
            _both_columns,
            (
                "You return two numbers for each test row.",
                "predict_proba has a column for each class; they sum to 1, so one says it all.",
                "Keep the column of class 1: [:, 1].",
            ),
        ),
        Misconception(
            "C left at 1",
            _no_strength,
            (
                "Your probe is surer than it should be.",
                "C says how large the weights may grow. With 40 examples in 256 dimensions they must "
                "be held back.",
                "LogisticRegression(C=0.1, ...)",
            ),
        ),
        Misconception(
            "the score instead of the probability",
            _score,
            (
                "Your numbers are not probabilities: some lie outside 0 and 1.",
                "decision_function gives the score w·x + b, from minus to plus infinity. A sigmoid makes a "
                "probability of it.",
                "predict_proba has a column for each class: which of them is class 1?",
            ),
        ),
    ),
)
