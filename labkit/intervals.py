"""Confidence intervals of a share and of a mean: what the labs write behind each number.

`comparison.bootstrap_interval` is for what has no formula.
"""

import math
from collections.abc import Sequence

import torch


def accuracy_interval(hits: float, total: int) -> tuple[float, float, float]:
    """(accuracy, low, high) of `hits` out of `total`: normal approximation, 95%."""
    p = hits / total
    half = 1.96 * math.sqrt(p * (1 - p) / total)
    return p, max(0.0, p - half), min(1.0, p + half)


def mean_interval(shares: Sequence[float] | torch.Tensor) -> tuple[float, float, float]:
    """(mean, low, high) of shares (N,): normal approximation, 95%, cut off at 0 and 1."""
    shares = torch.as_tensor(shares, dtype=torch.float64)
    mean = shares.mean().item()
    half = 1.96 * (shares.std().item() / len(shares) ** 0.5 if len(shares) > 1 else 1.0)
    return mean, max(0.0, mean - half), min(1.0, mean + half)
