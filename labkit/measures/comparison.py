"""Which classifier is better, and is the difference more than chance? Lab 05 builds these.

The currency is `correct`: for each test item 1.0 where the answer was right and 0.0 where it was wrong. A
learning curve is such an array for each seed and size; its mean over the items is an accuracy, and everything
else (intervals, paired tests, errors by kind of text) is counted from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.messages import LabkitError
from labkit.models.checks import require_seed, require_whole
from labkit.models.steady import steady

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@steady
def balanced_order(labels: ArrayLike, seed: int) -> np.ndarray:
    """All row numbers in a random order in which the two classes alternate for as long as both last.

    labels: (N,) of two classes. Returns (N,) int64. The first `size` entries are a balanced training set, and
    a part of the first `size + 1`. Raises LabkitError unless there are two classes.
    """
    labels = np.asarray(labels)
    classes = np.unique(labels)
    if len(classes) != 2:
        raise LabkitError(
            f"A balanced order needs two classes; there are {len(classes)}: {classes.tolist()}."
        )
    require_seed(seed)
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(labels == c)) for c in rng.permutation(classes)]
    shorter = min(map(len, rows))
    pairs = np.stack([row[:shorter] for row in rows], axis=1)  # (shorter, 2)
    return np.concatenate([pairs.ravel(), *(row[shorter:] for row in rows)])


@steady
def learning_curve(
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    sizes: Sequence[int],
    orders: np.ndarray,
) -> np.ndarray:
    """How right is a classifier after 20, 40, 80, ... examples? Lab 05, exercise 5.5.

    Each order is one way of drawing the training examples; its sizes are nested: the first 20 rows of an
    order are among its first 40. So a curve rises because of the examples that were added.

    fit: (x_train, y_train, x_test) -> probability of class 1 for each test row.
    x_train, x_test: arrays whose first axis is the items: features (N, D), or texts (N,).
    y_train, y_test: (N,) of 0 and 1.
    sizes: how many training rows, each at most N.
    orders: (S, N) int, one order of the training rows for each of S seeds (`balanced_order`).

    Returns (S, len(sizes), number of test items) float, 1.0 where the answer was right.
    """
    y_train, y_test, orders = np.asarray(y_train), np.asarray(y_test), np.asarray(orders)
    if orders.ndim != 2:
        raise LabkitError(f"orders should have shape (seeds, training rows), not {orders.shape}.")
    if max(sizes) > orders.shape[1]:
        raise LabkitError(f"A size of {max(sizes)} was asked for; there are {orders.shape[1]} training rows.")
    correct = np.zeros((len(orders), len(sizes), len(y_test)))
    for s, order in enumerate(orders):
        for k, size in enumerate(sizes):
            rows = order[:size]
            probability = fit(x_train[rows], y_train[rows], x_test)
            correct[s, k] = (np.asarray(probability) > 0.5) == y_test
    return correct


@steady
def bootstrap_interval(correct: ArrayLike, num_samples: int, seed: int) -> tuple[float, float, float]:
    """Mean and 95% bootstrap interval (Efron 1979; percentile method). Lab 05, exercise 5.4.

    The N items are drawn again, N with replacement, `num_samples` times; the interval holds the middle 95% of
    the means.

    correct: (N,) numbers, 1 where the answer was right. Returns (mean, low, high). Raises LabkitError for an
    empty list and for values that are not finite.
    """
    correct = np.asarray(correct, dtype=float)
    if correct.ndim != 1 or len(correct) == 0:
        raise LabkitError(f"A bootstrap needs a list of at least one number; it got shape {correct.shape}.")
    if not np.isfinite(correct).all():
        raise LabkitError("A bootstrap needs finite numbers; there is a NaN or an infinity among them.")
    require_whole("num_samples", num_samples, 1)
    require_seed(seed)
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(correct), size=(num_samples, len(correct)))  # (num_samples, N)
    means = correct[picks].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(correct.mean()), float(low), float(high)


@steady
def curve_intervals(
    correct: np.ndarray, num_samples: int = 500, seed: int = 0
) -> list[tuple[float, float, float]]:
    """Mean and 95% interval at each size of a learning curve: a list of (mean, low, high).

    correct: (S, K, N) as `learning_curve` returns it. Both what was drawn to train on and what there is to
    test on are drawn again: with few examples the first is the larger part of the uncertainty.
    """
    correct = np.asarray(correct, dtype=float)
    if correct.ndim != 3 or 0 in correct.shape:
        raise LabkitError(f"correct should have shape (seeds, sizes, test items), not {correct.shape}.")
    require_whole("num_samples", num_samples, 1)
    require_seed(seed)
    rng = np.random.default_rng(seed)
    num_seeds, _, num_items = correct.shape
    # How often each seed and each item is drawn: the mean over a draw is then a weighted mean.
    seeds = rng.multinomial(num_seeds, np.full(num_seeds, 1 / num_seeds), size=num_samples) / num_seeds
    items = rng.multinomial(num_items, np.full(num_items, 1 / num_items), size=num_samples) / num_items
    rows = []
    for k in range(correct.shape[1]):
        means = np.einsum("bs,sn,bn->b", seeds, correct[:, k], items, optimize=True)
        low, high = np.percentile(means, [2.5, 97.5])
        rows.append((float(correct[:, k].mean()), float(low), float(high)))
    return rows


@steady
def compare(correct_a: ArrayLike, correct_b: ArrayLike) -> tuple[float, float]:
    """Is A really better than B on the same items? McNemar's exact test (1947). Lab 05, exercise 5.6.

    Only items on which exactly one of the two is right say something about the difference. If both were
    equally good, each of those would be A's or B's with probability 1/2.

    correct_a, correct_b: (N,) of 1 (right) and 0 (wrong), for the same items in the same order.
    Returns (accuracy of A - accuracy of B, two-sided p value). Raises LabkitError for other shapes or values.
    """
    from scipy.stats import binomtest

    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.shape != b.shape or a.ndim != 1 or len(a) == 0:
        raise LabkitError(f"A paired test needs the same items twice; it got shapes {a.shape} and {b.shape}.")
    if not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise LabkitError(
            "A paired test needs 1 (right) or 0 (wrong) for each item, of one trained classifier."
        )
    only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    difference = float(a.mean() - b.mean())
    if only_a + only_b == 0:
        return difference, 1.0
    return difference, float(binomtest(only_a, only_a + only_b, 0.5).pvalue)
