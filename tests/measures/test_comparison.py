"""Learning curves, intervals and the paired test: nested, covering, and equal to the reference library."""

import numpy as np
import pytest
from scipy.stats import binomtest

from labkit.measures.comparison import (
    balanced_order,
    bootstrap_interval,
    compare,
    curve_intervals,
    learning_curve,
)
from labkit.messages import LabkitError


def test_an_order_is_balanced_from_the_front_and_leaves_nobody_out():
    labels = np.array([0] * 30 + [1] * 12)
    order = balanced_order(labels, seed=4)
    assert sorted(order.tolist()) == list(range(42))
    for size in range(2, 25, 2):
        assert labels[order[:size]].sum() == size // 2
    assert np.array_equal(order, balanced_order(labels, 4)) and not np.array_equal(
        order, balanced_order(labels, 5)
    )
    with pytest.raises(LabkitError, match="two classes; there are 1"):
        balanced_order(np.ones(5), 0)


def memory(x_train, y_train, x_test):
    """A classifier that knows only what it has seen, and else says 0."""
    seen = dict(zip(x_train.tolist(), y_train.tolist(), strict=True))
    return np.array([seen.get(x, 0) for x in x_test.tolist()])


def test_a_curve_counts_what_was_seen():
    x, y = np.arange(20), np.ones(20, dtype=int)
    orders = np.array([np.arange(20), np.arange(20)[::-1]])
    correct = learning_curve(memory, x, y, x, y, [5, 20], orders)
    assert correct.shape == (2, 2, 20)
    assert correct[0, 0].tolist() == [1.0] * 5 + [0.0] * 15
    assert correct[1, 0].tolist() == [0.0] * 15 + [1.0] * 5
    assert correct[:, 1].all()


def test_a_curve_takes_texts_as_well_as_features():
    texts = np.array(["a", "b", "c", "d"], dtype=object)
    correct = learning_curve(
        memory, texts, np.array([1, 1, 0, 0]), texts, np.array([1, 1, 0, 0]), [2], [[0, 1, 2, 3]]
    )
    assert correct[0, 0].tolist() == [1, 1, 1, 1]


def test_impossible_curves_are_plain_messages():
    x, y = np.arange(4), np.array([0, 1, 0, 1])
    with pytest.raises(LabkitError, match="A size of 9"):
        learning_curve(memory, x, y, x, y, [9], [[0, 1, 2, 3]])
    with pytest.raises(LabkitError, match=r"\(seeds, training rows\), not \(4,\)"):
        learning_curve(memory, x, y, x, y, [2], [0, 1, 2, 3])


def test_a_bootstrap_interval_is_the_normal_one_where_that_holds():
    correct = (np.random.default_rng(0).random(2000) < 0.7).astype(float)
    mean, low, high = bootstrap_interval(correct, 4000, seed=1)
    half = 1.96 * (mean * (1 - mean) / 2000) ** 0.5
    assert mean == correct.mean()
    assert abs((mean - low) - half) < 0.1 * half and abs((high - mean) - half) < 0.1 * half


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(200):
        _, low, high = bootstrap_interval((rng.random(150) < 0.6).astype(float), 400, seed)
        hits += low <= 0.6 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_a_bootstrap_of_nothing_or_nan_is_a_plain_message():
    with pytest.raises(LabkitError, match="at least one number"):
        bootstrap_interval([], 100, 0)
    with pytest.raises(LabkitError, match="finite"):
        bootstrap_interval([1.0, float("nan")], 100, 0)
    assert bootstrap_interval([1.0], 100, 0) == (1.0, 1.0, 1.0)


def test_the_bands_of_a_curve_know_both_draws():
    rng = np.random.default_rng(0)
    items = (rng.random((1, 1, 400)) < 0.7).astype(float)
    same = np.repeat(items, 5, axis=0)  # five draws that agree: only the items are uncertain
    apart = np.concatenate([np.zeros((2, 1, 400)), np.ones((3, 1, 400))])  # they disagree on everything
    [(mean, low, high)] = curve_intervals(same)
    assert mean == items.mean() and 0.03 < mean - low < 0.06 and 0.03 < high - mean < 0.06
    [(mean, low, high)] = curve_intervals(apart)
    assert mean == 0.6 and low < 0.25 and high > 0.9
    with pytest.raises(LabkitError, match="seeds, sizes, test items"):
        curve_intervals(items[0])


@pytest.mark.parametrize("counts", [(50, 12, 3, 20), (5, 1, 1, 5), (300, 40, 60, 100)])
def test_a_paired_test_is_scipys(counts):
    both, only_a, only_b, neither = counts
    a = np.repeat([1, 1, 0, 0], counts)
    b = np.repeat([1, 0, 1, 0], counts)
    difference, p = compare(a, b)
    assert difference == pytest.approx((only_a - only_b) / sum(counts))
    assert p == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert compare(b, a) == (pytest.approx(-difference), pytest.approx(p))


def test_a_paired_test_sees_what_an_unpaired_one_misses():
    agreed = np.array([1] * 200 + [0] * 200)
    a, b = np.append(agreed, [1] * 12), np.append(agreed, [0] * 12)
    assert compare(a, b)[1] < 0.001


def test_a_paired_test_of_what_cannot_be_paired():
    assert compare([1, 0, 1], [1, 0, 1]) == (0.0, 1.0)
    with pytest.raises(LabkitError, match="same items twice"):
        compare([1, 0], [1, 0, 1])
    with pytest.raises(LabkitError, match="same items twice"):
        compare([], [])
    with pytest.raises(LabkitError, match="1 .right. or 0 .wrong."):
        compare([0.4, 0.6], [1, 0])
