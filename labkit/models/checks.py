"""What a function takes: whole numbers, shares, seeds; and results that are numbers at all.

One place for the questions, so that every function refuses the same: a bool is no number of words, a string
is no number, and 5.0 is no count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from labkit.messages import LabkitError

if TYPE_CHECKING:
    import torch

MOST_SEED = 2**32 - 1  # the largest that torch, numpy and scikit-learn all take


def is_whole(value: Any, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether it is a whole number from `least` to `most`, Python's or numpy's, and no bool."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return False
    try:
        return bool(least <= value.__index__() <= most)
    except TypeError:  # a tensor of several numbers, or of no whole ones
        return False


def is_number(value: Any) -> bool:
    """Whether it is a finite real number, Python's or numpy's, and no bool."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        return False
    try:
        return math.isfinite(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # an array of several
        return False


def require_whole(name: str, value: Any, least: int, most: float = math.inf) -> None:
    """Raise LabkitError unless `value` is a whole number from `least` to `most`."""
    if not is_whole(value, least, most):
        span = f"from {least} on" if most == math.inf else f"from {least} to {most}"
        raise LabkitError(f"{name} is a whole number {span}; it was {value!r:.60}.")


def require_seed(value: Any, name: str = "seed") -> None:
    """Raise LabkitError unless `value` is a seed that every library takes."""
    require_whole(name, value, 0, MOST_SEED)


def require_positive(name: str, value: Any) -> None:
    """Raise LabkitError unless `value` is a number above 0."""
    if not (is_number(value) and value > 0):
        raise LabkitError(f"{name} is a number above 0; it was {value!r:.60}.")


def require_share(name: str, value: Any) -> None:
    """Raise LabkitError unless `value` is a share: above 0, and at most 1."""
    if not (is_number(value) and 0 < value <= 1):
        raise LabkitError(f"{name} is a share, above 0 and at most 1 (0.15 is 15%); it was {value!r:.60}.")


def require_numbers(name: str, result: torch.Tensor) -> torch.Tensor:
    """The result as it is. Raises LabkitError where it holds NaN: the model's weights are no longer numbers.

    name: the model's, for the message.
    """
    if result.numel() and bool(result.detach().amax().isnan()):  # the largest of numbers and a NaN is NaN
        raise LabkitError(
            f"{name} computes NaN, not numbers: its weights hold NaN or an infinity, or one of its modules "
            "was changed. Did its training diverge? Take a smaller learning rate, or load it again: "
            "labkit.load(...)"
        )
    return result
