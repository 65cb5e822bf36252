"""Probes: honest splits, and features that hold a label score above those that do not."""

import numpy as np
import pytest

from labkit.messages import LabkitError
from labkit.probing import balanced_split, layer_sweep, probe_accuracy

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
