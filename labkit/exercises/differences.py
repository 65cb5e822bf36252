"""What is different between two results, in a student's words: the first place, and a simple relation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labkit.exercises.values import as_array, same, show

FEWEST = 3  # numbers that have to agree before a relation is more than chance


def difference(expected: Any, got: Any) -> str:
    """What was expected, what came, and the first place where they part; "" when the two are the same."""
    if same(expected, got):
        return ""
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and expected.keys() == got.keys():
        key = next(key for key in expected if not same(expected[key], got[key]))
        return f"at {key!r}:\n{difference(expected[key], got[key])}"
    said, left, right = expected_got(expected, got), as_array(expected), as_array(got)
    if left is not None and right is not None:
        return said + _first_number(left, right)
    return said + (_first_item(expected, got) if _is_sequence(expected) and _is_sequence(got) else "")


def relation(expected: Any, got: Any) -> str:
    """One sentence when all of a result is wrong in one simple way ("each is half ..."), else ""."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and expected.keys() == got.keys():
        key = next((key for key in expected if not same(expected[key], got[key])), None)
        if key is None or isinstance(expected[key], int | float):
            return ""  # one number among other things is related to another by chance
        said = relation(expected[key], got[key])
        return f"{key}: {said}" if said else ""
    left, right = as_array(expected), as_array(got)
    if _is_sequence(expected) and _is_sequence(got) and len(expected) != len(got):
        return _of_sequences(expected, got)
    if left is not None and right is not None:
        return _of_shapes(left, right) if left.shape != right.shape else _of_arrays(left, right)
    if _is_sequence(expected) and _is_sequence(got):
        return _of_sequences(expected, got)
    if isinstance(expected, str) and isinstance(got, str):
        return _of_texts(expected, got)
    return ""


def expected_got(expected: Any, got: Any) -> str:
    """The two lines that a report shows when values differ; never alike where the values are not."""
    for limit in (160, 320, 640):
        left, right = show(expected, limit), show(got, limit)
        if left != right:
            break
    else:
        kinds = [type(value).__name__ for value in (expected, got)]
        later = ", another further on" if kinds[0] == kinds[1] else ""
        left, right = f"{left} ({kinds[0]})", f"{right} ({kinds[1]}{later})"
    return f"expected: {left}\ngot:      {right}"


def _first_number(expected: np.ndarray, got: np.ndarray) -> str:
    if expected.shape != got.shape:
        return f"\nshape {got.shape} instead of {expected.shape}"
    if expected.size < 2:
        return ""
    apart = ~np.isclose(got, expected, rtol=1e-4, atol=1e-4)
    place = tuple(int(k) for k in np.argwhere(apart)[0])
    where = f"entry {place[0]}" if len(place) == 1 else f"entry {list(place)}"
    return (
        f"\nfirst different: {where}, expected {_number(expected[place])}, got {_number(got[place])} "
        f"({int(apart.sum())} of {expected.size} differ)"
    )


def _first_item(expected: Sequence, got: Sequence) -> str:
    pairs = enumerate(zip(expected, got, strict=False))
    place = next((k for k, (e, g) in pairs if not same(e, g)), min(len(expected), len(got)))
    e, g = (show(x[place], 80) if place < len(x) else "nothing" for x in (expected, got))
    return f"\nfirst different: entry {place}, expected {e}, got {g}"


def _of_shapes(expected: np.ndarray, got: np.ndarray) -> str:
    if got.size == expected.size and got.squeeze().shape == expected.squeeze().shape:
        right = (
            " with the right numbers" if np.allclose(got.squeeze(), expected.squeeze(), 1e-4, 1e-4) else ""
        )
        more = (
            "An axis of length 1 too many" if got.ndim > expected.ndim else "An axis of length 1 is missing"
        )
        return f"{more}{right}: shape {got.shape} instead of {expected.shape}."
    if got.ndim == 2 and got.T.shape == expected.shape and np.allclose(got.T, expected, 1e-4, 1e-4):
        return "Rows and columns have changed places."
    if got.ndim == expected.ndim and got.ndim:
        axis = next(k for k in range(got.ndim) if got.shape[k] != expected.shape[k])
        a, b = expected.shape[axis], got.shape[axis]
        what = f"{abs(a - b)} too {'many' if b > a else 'few'}" if abs(a - b) < 4 else f"{b} instead of {a}"
        return f"Shape {got.shape} instead of {expected.shape}: along axis {axis} there are {what}."
    return ""


def _of_arrays(expected: np.ndarray, got: np.ndarray) -> str:
    """One sentence when two arrays of one shape are related in a simple way, else ""."""
    if np.isnan(got).any() and not np.isnan(expected).any():
        all_or_some = "All of yours is NaN" if np.isnan(got).all() else "There is a NaN in it"
        return f"{all_or_some}. Often that comes of 0/0, or of a softmax over nothing but −inf."
    if np.isinf(got).any() and not np.isinf(expected).any():
        return "There is an infinity in it. Often that comes of a division by 0, or of the logarithm of 0."
    if np.isin(expected, (0, 1)).all() and np.isin(got, (0, 1)).all():
        if got.size > 1 and _near(expected, 1 - got):
            return "Exactly the other way round: 0 (False) and 1 (True) have changed places."
        return _of_places(expected, got)
    if _near(expected, -got) and np.abs(expected).max() > 1e-3:
        return "Every sign is turned round." if got.ndim else "The sign is turned round."
    return _of_places(expected, got) or _of_values(expected, got)


def _of_places(expected: np.ndarray, got: np.ndarray) -> str:
    """Right numbers in the wrong places."""
    if got.ndim >= 2 and _near(expected, got.swapaxes(-1, -2)):
        return "Rows and columns have changed places."
    if not got.ndim or len(got) < 2:
        return ""
    what = "rows" if got.ndim > 1 else "numbers"
    if _near(expected, got[::-1]):
        return f"The same {what} from last to first."
    if len(got) > 2 and _near(expected[1:], got[:-1]):
        return "Everything stands one place too early."
    if len(got) > 2 and _near(expected[:-1], got[1:]):
        return "Everything stands one place too late."
    return f"The same {what} in another order." if _sorted_rows(expected) == _sorted_rows(got) else ""


def _of_values(expected: np.ndarray, got: np.ndarray) -> str:
    """All numbers wrong in the same way."""
    if got.size == 1 and float(expected.item()).is_integer() and float(got.item()).is_integer():
        return ""  # small whole numbers are twice or half of each other by chance
    enough = got.size == 1 or len(np.unique(expected.round(6))) >= FEWEST
    known = np.abs(expected) > 1e-6
    ratio = _constant(got[known] / expected[known])
    if ratio is not None and enough and _near(expected * ratio, got):
        said = _factor(ratio, got.ndim > 0, exactly=got.size > 1)
        if said:
            return said
    offset = _constant(got - expected)
    if offset is not None and (float(offset).is_integer() or got.size > 1 and enough):
        each = "Each number" if got.ndim else "It"
        return f"{each} is {_number(abs(offset))} too {'large' if offset > 0 else 'small'}."
    for name, made in _TRANSFORMED:
        with np.errstate(all="ignore"):
            changed = made(expected)
        if enough and np.isfinite(changed).all() and _near(changed, got):
            return f"What you return is {name} of what it should be."
    return ""


_TRANSFORMED = (
    ("the square", np.square),
    ("the root", np.sqrt),
    ("the absolute value", np.abs),
    ("the exponential (e to the power)", np.exp),
    ("the logarithm", np.log),
    ("1 minus that", lambda x: 1 - x),
    ("one part in that (1/x)", lambda x: np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)),
    ("the rounded value", np.round),
)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3, atol=1e-4))


def _sorted_rows(array: np.ndarray) -> list[list[float]]:
    return sorted(array.reshape(len(array), -1).round(4).tolist())


def _constant(values: np.ndarray) -> float | None:
    """The one number that all of these are; None when they differ, or there are none."""
    if values.size == 0 or not np.isfinite(values).all():
        return None
    middle = float(np.median(values))
    return middle if np.allclose(values, middle, rtol=1e-3, atol=1e-6) else None


def _factor(ratio: float, several: bool, exactly: bool) -> str:
    """Words for a factor. A single number has some factor to every other: only a plain one means anything."""
    each = "Each number" if several else "It"
    for factor, words in _FACTORS.items():
        if abs(ratio / factor - 1) < 1e-3:
            return f"{each} is {words}"
    return f"{each} is {ratio:.4g} times what it should be." if exactly else ""


_FACTORS = {
    2: "twice what it should be.",
    0.5: "half of what it should be.",
    3: "three times what it should be.",
    10: "ten times what it should be.",
    0.1: "a tenth of what it should be.",
    100: "a hundred times what it should be.",
    0.01: "a hundredth of what it should be.",
    1 / np.log(2): "1.443 times what it should be: a logarithm to base 2?",
    1 / np.log(10): "0.434 times what it should be: a logarithm to base 10?",
}


def _number(value: float) -> str:
    return f"{float(value):.4g}"


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _of_sequences(expected: Sequence, got: Sequence) -> str:
    if len(expected) != len(got):
        few = "many" if len(got) > len(expected) else "few"
        return f"{abs(len(expected) - len(got))} too {few}: {len(got)} instead of {len(expected)}."
    if len(got) > 1 and same(list(expected), list(reversed(got))):
        return "The same things from last to first."
    if len(got) > 1 and _in_another_order(expected, got):
        return "The same things in another order."
    return ""


def _in_another_order(expected: Sequence, got: Sequence) -> bool:
    left = list(got)
    for item in expected:
        place = next((k for k, other in enumerate(left) if same(item, other)), None)
        if place is None:
            return False
        del left[place]
    return True


def _of_texts(expected: str, got: str) -> str:
    if expected.lower() == got.lower():
        return "Only capital and small letters differ."
    return "Only the spaces differ." if expected.split() == got.split() else ""
