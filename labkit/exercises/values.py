"""Comparing and showing what functions return: tensors, arrays, numbers, text and containers of them."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import is_dataclass
from numbers import Number
from typing import Any

import numpy as np
import torch

MORE = ", ... {:,} more"
LONGEST_NUMBER = 10_000  # bits of an integer that is shown in full


def same(expected: Any, got: Any, tolerance: float = 1e-4) -> bool:
    """True when a student would call the two equal.

    A list equals a tuple, a tensor an array or nested list of the same shape, 3 equals 3.0 equals
    tensor(3.); numbers may differ by `tolerance`, relative or absolute. NaN equals nothing.
    """
    if isinstance(expected, str | bytes) or isinstance(got, str | bytes) or expected is None or got is None:
        return type(expected) is type(got) and expected == got
    if isinstance(expected, Mapping) or isinstance(got, Mapping):
        if not (isinstance(expected, Mapping) and isinstance(got, Mapping)):
            return False
        return expected.keys() == got.keys() and all(same(expected[k], got[k], tolerance) for k in expected)
    if isinstance(expected, Set) or isinstance(got, Set):
        return isinstance(expected, Set) and isinstance(got, Set) and expected == got
    left, right = as_array(expected), as_array(got)
    if left is not None and right is not None:
        if left.shape != right.shape:
            return False
        return bool(np.allclose(right, left, rtol=tolerance, atol=tolerance, equal_nan=False))
    if isinstance(expected, Sequence) and isinstance(got, Sequence):
        return len(expected) == len(got) and all(
            same(e, g, tolerance) for e, g in zip(expected, got, strict=True)
        )
    if isinstance(expected, torch.Tensor) or isinstance(got, torch.Tensor):
        return False  # one of the two is no array of numbers
    return type(expected) is type(got) and expected == got


def near(expected: Any, got: Any, tolerance: float) -> bool:
    """Are two numbers, or all numbers of two arrays, at most `tolerance` apart? NaN is near nothing."""
    return bool((np.abs(np.asarray(got) - np.asarray(expected)) <= tolerance).all())


def unchanged(before: Any, after: Any) -> bool:
    """True when a function left its argument as it was: exactly equal, element by element."""
    if isinstance(before, torch.Tensor):
        return before.shape == after.shape and torch.equal(before, after)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, Mapping):
        return before.keys() == after.keys() and all(unchanged(before[k], after[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(unchanged(b, a) for b, a in zip(before, after, strict=True))
    if isinstance(before, set):
        return before == after
    if before is None or isinstance(before, str | bytes | int | float):
        return before is after or (type(before) is type(after) and before == after)
    return before is after or not is_dataclass(before) or before == after


def fresh(value: Any) -> Any:
    """A copy of data (tensors, arrays, containers); a model or function is passed on as it is."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, list | tuple):
        return type(value)(fresh(item) for item in value)
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | set):
        return copy.deepcopy(value)
    return value


def show(value: Any, limit: int = 160) -> str:
    """A value in few characters, as a report prints it: about `limit`, and never twice as many.

    A list or a row that is too long ends after a whole item, with how many are left out. No more of the value
    is looked at than is shown: millions of numbers cost no more than a few.
    """
    text = ""
    try:
        for piece in _pieces(value, limit):
            text += piece
            if len(text) > 2 * limit:
                return text[: 2 * limit - 3] + "..."
    except RecursionError:
        return f"{type(value).__name__}, nested very deeply"
    return text


def _pieces(value: Any, limit: int) -> Iterator[str]:
    """The text of a value, piece by piece."""
    if isinstance(value, torch.Tensor | np.ndarray):
        if value.ndim == 0 and isinstance(value, torch.Tensor):
            yield from ("tensor(", *_pieces(value.item(), limit), ")")
        else:
            yield from _rows(value, limit)
            yield f", shape {tuple(value.shape)}"
    elif isinstance(value, np.generic):
        yield from _pieces(value.item(), limit)
    elif isinstance(value, float):
        yield f"{value:.4g}" if math.isfinite(value) else str(value)
    elif isinstance(value, dict):
        pairs = ((repr(key)[:limit], ": ", *_pieces(item, limit)) for key, item in value.items())
        yield from ("{", *_between(pairs, len(value), limit), "}")
    elif isinstance(value, list):
        yield from ("[", *_between((_pieces(item, limit) for item in value), len(value), limit), "]")
    elif isinstance(value, tuple):
        end = ",)" if len(value) == 1 else ")"
        yield from ("(", *_between((_pieces(item, limit) for item in value), len(value), limit), end)
    elif type(value) is set and value:
        yield from ("{", *_between(((repr(item)[:limit],) for item in value), len(value), limit), "}")
    elif isinstance(value, str | bytes):
        more = len(value) - limit
        yield repr(value) if more <= 0 else f"{value[:limit]!r}... {more} characters more"
    elif type(value) is int and value.bit_length() > LONGEST_NUMBER:
        yield f"a number of {value.bit_length()} bits"  # Python itself refuses to write it out
    else:
        yield repr(value)


def _rows(array: torch.Tensor | np.ndarray, limit: int) -> Iterator[str]:
    if array.ndim == 0:
        yield from _pieces(array.item(), limit)
    elif array.ndim == 1:
        items = (_pieces(item, limit) for item in array[:limit].tolist())
        yield from ("[", *_between(items, len(array), limit), "]")
    else:
        rows = (_rows(array[number], limit) for number in range(min(len(array), limit)))
        yield from ("[", *_between(rows, len(array), limit), "]")


def _between(items: Iterable[Iterable[str]], total: int, limit: int) -> list[str]:
    """The pieces of as many items as can be shown, with commas; a list, so that a level is made at once."""
    pieces, size = [], 0
    for number, item in enumerate(items):
        if size > limit - len(MORE):
            pieces.append(MORE.format(total - number))
            break
        for piece in (", ", *item) if number else item:
            pieces.append(piece)
            size += len(piece)
    return pieces


def as_array(value: Any) -> np.ndarray | None:
    """A float64 array of anything numeric, or None."""
    if isinstance(value, torch.Tensor):
        try:
            return value.detach().cpu().double().numpy()
        except (TypeError, RuntimeError):  # a sparse one, or one without data
            return None
    if isinstance(value, Number | np.generic):
        try:
            return np.asarray(value, dtype=float) if not isinstance(value, complex) else None
        except OverflowError:  # an integer beyond every float
            return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.astype(float)
    if isinstance(value, list | tuple) and value:
        arrays = [as_array(item) for item in value]
        parts = [array for array in arrays if array is not None]
        if len(parts) == len(value) and len({part.shape for part in parts}) == 1:
            return np.stack(parts)
    return None
