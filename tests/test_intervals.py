"""Confidence intervals."""

from labkit.intervals import mean_interval


def test_an_interval_holds_its_mean_and_stays_within_0_and_1():
    mean, low, high = mean_interval([1.0, 1.0, 0.5, 1.0])
    assert 0 <= low < mean == 0.875 < high <= 1
    assert mean_interval([0.5]) == (0.5, 0.0, 1.0)
