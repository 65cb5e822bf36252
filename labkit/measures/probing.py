"""How much of a label can be read off frozen features? Linear probes, honestly split.

A linear probe (Alain & Bengio 2016) is a logistic regression on features that are not trained further.
`fit_probe` and `choose_layer` are what lab 05 builds; `layer_sweep` is the same on random splits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from labkit.messages import LabkitError
from labkit.models.checks import require_positive, require_seed, require_whole
from labkit.models.steady import steady

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@steady
def balanced_split(labels: ArrayLike, num_train: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training rows with as many of each of two classes, and all other rows to test on.

    Returns (train, test), two index arrays that share no row. Raises LabkitError when a class is too small to
    leave anything to test on.
    """
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) != 2:
        raise LabkitError(f"A balanced split needs two classes; there are {len(classes)}.")
    require_whole("num_train", num_train, 2)
    require_seed(seed)
    half = num_train // 2
    if counts.min() <= half:
        raise LabkitError(
            f"{num_train} training examples need {half} of each class, and some to test on; "
            f"the smaller class has {counts.min()}."
        )
    rng = np.random.default_rng(seed)
    train = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:half] for c in classes])
    test = np.setdiff1d(np.arange(len(labels)), train)
    return rng.permutation(train), test


@steady
def fit_probe(x_train: ArrayLike, y_train: ArrayLike, x_test: ArrayLike, strength: float = 0.1) -> np.ndarray:
    """Train a linear probe and return P(class 1) for each test row. Lab 05, exercise 5.2.

    The scaler is fitted on the training rows alone: what the test rows look like may not be known before.

    x_train, x_test: features, (N, D) and (M, D).
    y_train: (N,) of 0 and 1.
    strength: C of the logistic regression; less means smaller weights: few examples, many dimensions.

    Returns (M,) float. Raises LabkitError for NaN features, one class, and shapes that don't go together.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    require_positive("strength", strength)
    x_train, y_train, x_test = _checked(x_train, y_train, x_test)
    scaler = StandardScaler().fit(x_train)
    probe = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(x_train), y_train)
    if len(x_test) == 0:
        return np.zeros(0)
    return probe.predict_proba(scaler.transform(x_test))[:, 1]


def _checked(
    x_train: ArrayLike, y_train: ArrayLike, x_test: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three as arrays that a probe can be trained on, or a plain message that says why not."""
    x_train, y_train, x_test = np.asarray(x_train), np.asarray(y_train), np.asarray(x_test)
    for name, x in (("x_train", x_train), ("x_test", x_test)):
        if x.ndim != 2:
            raise LabkitError(f"{name} should have shape (texts, D), not {x.shape}. Choose a layer first.")
        if x.dtype.kind not in "fiub":
            raise LabkitError(f"{name} should hold numbers; it holds {x.dtype}. Give features, not texts.")
        if not np.isfinite(x).all():
            bad = int((~np.isfinite(x)).any(axis=1).sum())
            raise LabkitError(
                f"{bad} of {len(x)} rows of {name} hold a NaN or an infinity. Look where they come "
                f"from: a mean "
                "over no tokens, or a model whose training diverged."
            )
    if x_train.shape[1] != x_test.shape[1]:
        raise LabkitError(f"x_train is {x_train.shape[1]} wide and x_test {x_test.shape[1]}: two models?")
    if len(x_train) != len(y_train):
        raise LabkitError(f"There are {len(x_train)} training rows and {len(y_train)} labels.")
    found = np.unique(y_train).tolist()
    if not set(found) <= {0, 1}:
        raise LabkitError(f"Labels should be 0 or 1; there are {found}.")
    if len(found) != 2:
        has = f"every label is {found[0]}" if found else "there are none"
        raise LabkitError(f"A probe needs training examples of both classes; {has}.")
    return x_train, y_train, x_test


@steady
def choose_layer(
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    features: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    dev: np.ndarray,
    test: np.ndarray,
) -> tuple[int, np.ndarray, float]:
    """Choose the layer on the dev rows, then test that one, once. Lab 05, exercise 5.3.

    fit: (x_train, y_train, x_test) -> P(class 1) for each test row, such as `fit_probe`.
    features: (N, num_layers + 1, D); layer 0 is the embeddings.
    labels: (N,) of 0 and 1. train, dev, test: row numbers that share none.

    Returns (layer, dev accuracies (num_layers + 1,), test accuracy of that layer): the lowest of equally good
    layers.
    """
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 3:
        raise LabkitError(f"features should have shape (texts, layers, D), not {features.shape}.")

    def accuracy(layer: int, rows: np.ndarray) -> float:
        probability = fit(features[train, layer], labels[train], features[rows, layer])
        return float(((np.asarray(probability) > 0.5) == labels[rows]).mean())

    on_dev = np.array([accuracy(layer, dev) for layer in range(features.shape[1])])
    layer = int(on_dev.argmax())
    return layer, on_dev, accuracy(layer, test)


@steady
def probe_accuracy(
    features: np.ndarray, labels: np.ndarray, num_train: int, seed: int, strength: float = 0.1
) -> float:
    """Balanced accuracy on the test rows of a probe trained on `num_train` balanced rows.

    features: (N, D). The scaler is fitted on the training rows alone. strength: C of the logistic regression.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    require_positive("strength", strength)
    labels = np.asarray(labels)
    train, test = balanced_split(labels, num_train, seed)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    probe.fit(features[train], labels[train])
    return balanced_accuracy_score(labels[test], probe.predict(features[test]))


@steady
def layer_sweep(
    features: np.ndarray, labels: np.ndarray, num_train: int, seeds: Iterable[int], strength: float = 0.1
) -> np.ndarray:
    """Mean and standard deviation over seeds of each layer's probe: (num_layers + 1, 2).

    features: (N, num_layers + 1, D)
    """
    table = np.array(
        [
            [probe_accuracy(features[:, layer], labels, num_train, seed, strength) for seed in seeds]
            for layer in range(features.shape[1])
        ]
    )
    return np.stack([table.mean(axis=1), table.std(axis=1)], axis=1)
