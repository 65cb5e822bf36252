"""Values as plain JSON and back: what crosses the border between a student's process and the grader.

No pickle: reading what a student's process wrote can make numbers, texts and containers of them, and
nothing else. Whatever is of another kind arrives as an `Other`, which equals nothing.
"""

import base64
import math
from dataclasses import dataclass

import numpy as np
import torch

from labkit.exercises.exercise import Raised, WrongForm
from labkit.exercises.share import Share
from labkit.messages import LabkitError

DEEPEST, LONGEST = 12, 200_000  # levels of containers; items of a container
LARGEST = 8 * 1024**2  # bytes of an array
KINDS = "biuf"  # numpy's letters of bool, integer, unsigned and float


class TooLarge(ValueError):
    """A value that is larger than any right answer."""


@dataclass(frozen=True)
class Other:
    """A value that is no plain data; `shown` is how it prints."""

    shown: str

    def __eq__(self, other):
        return False

    __hash__ = None

    def __repr__(self):
        return f"<{self.shown}>"


def encode(value, depth=0):
    """A value as something that json.dumps takes. Raises TooLarge."""
    if depth > DEEPEST:
        raise TooLarge(f"a result nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"kind": "int", "text": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"kind": "float", "text": repr(value)}
    if isinstance(value, torch.Tensor):
        try:
            return _encode_array(_as_numpy(value), "tensor")
        except (TypeError, RuntimeError):  # a sparse one, or one without data
            return {"kind": "other", "shown": f"a tensor of layout {value.layout} on {value.device}"}
    if isinstance(value, np.generic) and value.dtype.kind in KINDS:
        return encode({"b": bool, "f": float}.get(value.dtype.kind, int)(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in KINDS:
        return _encode_array(value, "array")
    if isinstance(value, torch.Generator):
        return {"kind": "generator", "state": _encode_array(value.get_state().numpy(), "array")}
    if isinstance(value, Share):
        return {"kind": "share", "numbers": encode([value.value, value.tolerance, value.nominal])}
    if isinstance(value, Raised):
        return {"kind": "raised", "type": value.type.__name__, "message": value.message[:2000]}
    for kind, types in (("list", list), ("tuple", tuple), ("set", set | frozenset)):
        if isinstance(value, types):
            return {"kind": kind, "items": [encode(item, depth + 1) for item in _limited(value)]}
    if isinstance(value, dict):
        pairs = [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in _limited(value.items())]
        return {"kind": "dict", "items": pairs}
    return {"kind": "other", "shown": f"{type(value).__name__}"}


def decode(data, depth=0):
    """What `encode` made, back again. Raises ValueError for anything else."""
    if depth > DEEPEST + 1:
        raise ValueError("nested too deeply")
    if data is None or isinstance(data, bool | str | int | float):
        return data
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise ValueError("not a plain value")
    kind = data["kind"]
    if kind in ("int", "float"):
        return {"int": int, "float": float}[kind](_text(data, "text")[:5000])
    if kind in ("tensor", "array"):
        array = _decode_array(data)
        return torch.from_numpy(array) if kind == "tensor" else array
    if kind == "generator":
        generator = torch.Generator()
        generator.set_state(torch.from_numpy(_decode_array(data["state"])))
        return generator
    if kind == "raised":
        return Raised(error_named(_text(data, "type")), _text(data, "message"))
    if kind == "share":
        return Share(*_numbers(decode(data.get("numbers"), depth + 1)))
    if kind == "other":
        return Other(_text(data, "shown")[:200])
    items = data.get("items")
    if not isinstance(items, list):
        raise ValueError("a container without items")
    if kind == "dict":
        return {decode(k, depth + 1): decode(v, depth + 1) for k, v in items}
    build = {"list": list, "tuple": tuple, "set": set}.get(kind)
    if build is None:
        raise ValueError(f"no kind of value: {kind[:40]}")
    return build(decode(item, depth + 1) for item in items)


def error_named(name):
    """The built-in exception of that name, or one of labkit's own; Exception for any other."""
    import builtins

    ours = {kind.__name__: kind for kind in (LabkitError, WrongForm)}
    found = ours.get(name) or getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else Exception


def _as_numpy(tensor):
    tensor = tensor.detach().cpu()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return tensor.resolve_conj().resolve_neg().numpy()


def _encode_array(array, kind):
    if array.dtype.kind not in KINDS:
        return {"kind": "other", "shown": f"an array of {array.dtype}"}
    if array.nbytes > LARGEST:
        raise TooLarge(f"an array of shape {array.shape}")
    text = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"kind": kind, "dtype": array.dtype.str, "shape": list(array.shape), "data": text}


def _decode_array(data):
    dtype = np.dtype(_text(data, "dtype"))
    shape = data.get("shape")
    if dtype.kind not in KINDS or not isinstance(shape, list) or not all(type(n) is int for n in shape):
        raise ValueError("not an array")
    raw = base64.b64decode(_text(data, "data"), validate=True)
    return np.frombuffer(raw, dtype=dtype).reshape(shape).copy()


def _numbers(found):
    """The three numbers of a Share."""
    numbers = [float(number) for number in found[:2]]
    return *numbers, None if found[2] is None else float(found[2])


def _limited(items):
    if len(items) > LONGEST:
        raise TooLarge(f"a container of {len(items)} items")
    return items


def _text(data, key):
    if not isinstance(data.get(key), str):
        raise ValueError(f"no {key}")
    return data[key]
