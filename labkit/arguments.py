"""Types for the options of `labkit`'s commands: what argparse calls, and what it says when they refuse."""

import argparse
import math


def above_zero(text):
    """A number above 0, neither infinite nor NaN."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 < value < math.inf):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def share(text):
    """A number between 0 and 1, neither of them included."""
    value = above_zero(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, got {text!r}")
    return value


def share_or_all(text):
    """A number above 0 and at most 1."""
    value = above_zero(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"expected a share, at most 1, got {text!r}")
    return value


def at_least_one(text):
    """A whole number from 1 on."""
    return _whole(text, 1, 10**15, "from 1 on")


def seed(text):
    """A whole number that every library takes for a seed: of 32 bits, without a sign."""
    return _whole(text, 0, 2**32 - 1, f"from 0 to {2**32 - 1}")


def threads(text):
    """A number of threads, or of processes: more than a thousand no machine bears."""
    return _whole(text, 1, 1000, "from 1 to 1000")


def _whole(text, least, most, words):
    if not (text.isdecimal() and len(text) < 30 and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"expected a whole number {words}, got {text!r}")
    return int(text)


def weighted_lengths(text):
    """Lengths in pieces, each with its weight among the steps: "16:1,128:3" -> ((16, 1), (128, 3))."""
    try:
        pairs = tuple(
            (int(length), int(weight)) for length, weight in (p.split(":") for p in text.split(","))
        )
        right = all(length >= 4 and weight > 0 for length, weight in pairs)
    except ValueError:
        right = False
    if not right:
        raise argparse.ArgumentTypeError(
            f"expected lengths of at least 4 with their weights, as in 16:1,64:4, got {text!r}"
        )
    return pairs
