"""Probes: honest splits, and features that hold a label score above those that do not."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit.measures.probing import balanced_split, choose_layer, fit_probe, layer_sweep, probe_accuracy
from labkit.messages import LabkitError

RNG = np.random.default_rng(0)
LABELS = (RNG.random(400) < 0.7).astype(int)


def test_a_split_is_balanced_and_shares_nothing():
    train, test = balanced_split(LABELS, 100, seed=3)
    assert LABELS[train].sum() == 50 and len(train) == 100
    assert not set(train) & set(test) and len(train) + len(test) == 400
    again, _ = balanced_split(LABELS, 100, seed=3)
    other, _ = balanced_split(LABELS, 100, seed=4)
    assert np.array_equal(train, again) and not np.array_equal(train, other)


def test_too_little_data_is_a_plain_message():
    with pytest.raises(LabkitError, match="smaller class has"):
        balanced_split(LABELS, 390, seed=0)
    with pytest.raises(LabkitError, match="two classes"):
        balanced_split(np.zeros(10), 2, seed=0)


def test_a_probe_reads_what_is_there_and_nothing_else():
    noise = RNG.normal(size=(400, 8))
    signal = noise + LABELS[:, None]
    assert probe_accuracy(signal, LABELS, 100, seed=0) > 0.8
    assert abs(probe_accuracy(noise, LABELS, 100, seed=0) - 0.5) < 0.12


def test_a_sweep_finds_the_layer():
    features = np.stack([RNG.normal(size=(400, 6)), RNG.normal(size=(400, 6)) + LABELS[:, None]], axis=1)
    sweep = layer_sweep(features, LABELS, 100, seeds=range(3))
    assert sweep.shape == (2, 2) and sweep[1, 0] > sweep[0, 0] + 0.2


def test_fit_probe_is_scikit_learns_pipeline():
    x = RNG.normal(size=(400, 6)) * [1, 10, 100, 1, 1, 1] + LABELS[:, None]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    expected = pipeline.fit(x[:300], LABELS[:300]).predict_proba(x[300:])[:, 1]
    assert np.allclose(fit_probe(x[:300], LABELS[:300], x[300:]), expected)
    assert fit_probe(x[:300], LABELS[:300], x[:0]).shape == (0,)


def test_no_test_row_changes_another_ones_answer():
    x = RNG.normal(size=(400, 6)) + LABELS[:, None]
    far = np.concatenate([x[300:], 1e6 * np.ones((1, 6))])
    assert np.array_equal(
        fit_probe(x[:300], LABELS[:300], far)[:100], fit_probe(x[:300], LABELS[:300], x[300:])
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y, t: (np.where(x > 2, np.nan, x), y, t), "rows of x_train hold a NaN"),
        (lambda x, y, t: (x, y, t * np.inf), "20 of 20 rows of x_test hold a NaN or an infinity"),
        (lambda x, y, t: (x, np.zeros(50), t), "both classes; every label is 0"),
        (lambda x, y, t: (x[:0], y[:0], t), "both classes; there are none"),
        (lambda x, y, t: (x, y + 1, t), "0 or 1; there are"),
        (lambda x, y, t: (x, y[:-1], t), "50 training rows and 49 labels"),
        (lambda x, y, t: (x, y, t[:, :3]), "5 wide and x_test 3"),
        (lambda x, y, t: (x[:, None], y, t), r"shape \(texts, D\), not \(50, 1, 5\). Choose a layer"),
    ],
)
def test_what_no_probe_can_be_trained_on(change, words):
    x, y, t = RNG.normal(size=(50, 5)), np.arange(50) % 2, RNG.normal(size=(20, 5))
    with pytest.raises(LabkitError, match=words):
        fit_probe(*change(x, y, t))


def test_a_layer_is_chosen_on_dev_and_tested_once():
    rows = np.arange(400)
    train, dev, test = rows[:150], rows[150:250], rows[250:]
    features = np.stack([RNG.normal(size=(400, 6)) for _ in range(3)], axis=1)
    features[:, 1] += LABELS[:, None]
    asked = []

    def fit(x_train, y_train, x_test):
        asked.append(len(x_test))
        return fit_probe(x_train, y_train, x_test)

    layer, on_dev, on_test = choose_layer(fit, features, LABELS, train, dev, test)
    assert layer == 1 and len(on_dev) == 3 and on_test > 0.75
    assert asked == [100, 100, 100, 150]
    features[dev] = 0  # without dev rows that tell the layers apart, the lowest of equals
    assert choose_layer(fit_probe, features, LABELS, train, dev, test)[0] == 0
    with pytest.raises(LabkitError, match="texts, layers, D"):
        choose_layer(fit_probe, features[:, 0], LABELS, train, dev, test)
