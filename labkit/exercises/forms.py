"""What a docstring promises to return, and how a result that means the same is made into that.

A list where a tensor is promised holds the right numbers, but the notebook's next cell would fail on it. So a
check takes it as the tensor that it means, and `lab.best` hands on the tensor. What can't be meant that way
is refused with a sentence.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


class NotMeant(Exception):
    """A value that can't be taken for one of the form wanted; the message says what was wanted."""


@dataclass(frozen=True)
class Form:
    """A promised form: its name ("a tensor of bool"), and how a value is made into it.

    make: value -> the value in this form. Raises NotMeant.
    """

    name: str
    make: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        """The value in this form. Raises NotMeant where it has no such meaning."""
        return self.make(value)

    def refusal(self, value: Any, why: str = "") -> tuple[str, str]:
        """(what was returned in place of this form, what to try); why: what NotMeant said."""
        said = f"returned {_described(value)} where {self.name} is wanted"
        if value is None:
            return said, (
                "Does every way through it end in a return? "
                "(What changes its object, as list.sort() and list.append(), returns None as well.)"
            )
        if callable(value):
            return said, "Was it meant to be called? Its round brackets are missing."
        return f"{said}{': ' if why else '.'}{why}", f"Return {self.name}, as the docstring says."


def _something(value: Any) -> Any:
    if value is None:
        raise NotMeant("")
    return value


anything = Form("a result", _something)


def tensor(dtype: torch.dtype | None = None) -> Form:
    """A torch.Tensor; of bool, int64 or float32 if `dtype` says so.

    Other dtypes, arrays, numbers and nested lists are taken if no number changes by it.
    """
    name = {None: "a tensor", torch.bool: "a tensor of bool", torch.int64: "a tensor of int64"}.get(
        dtype, "a tensor of float"
    )

    def make(value: Any) -> torch.Tensor:
        made = _as_tensor(value)
        if dtype is None or made.dtype == dtype:
            return made
        converted = made.to(dtype)
        if not dtype.is_floating_point and not torch.equal(converted.to(made.dtype), made):
            raise NotMeant(
                "put `.bool()` or a comparison behind it; it holds other numbers than 0 and 1."
                if dtype is torch.bool
                else "its numbers are not whole."
            )
        return converted

    return Form(name, make)


def array(dtype: type = float) -> Form:
    """A numpy array of this dtype; tensors, and nested lists of numbers, are taken."""

    def make(value: Any) -> np.ndarray:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            return value.astype(dtype)
        return _as_tensor(value).detach().cpu().numpy().astype(dtype)

    return Form("a numpy array", make)


def _number(value: Any) -> bool | int | float:
    if isinstance(value, torch.Tensor | np.ndarray) and math.prod(value.shape) != 1:
        raise NotMeant("one number is wanted, and it holds more or none.")
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float):
        raise NotMeant("")
    return value


def _float(value: Any) -> float:
    try:
        return float(_number(value))
    except OverflowError:
        raise NotMeant("it is larger than any float.") from None


def _int(value: Any) -> int:
    number = _number(value)
    if isinstance(number, float) and not number.is_integer():
        raise NotMeant("")
    return int(number)


def _bool(value: Any) -> bool:
    number = _number(value)
    if number not in (0, 1):
        raise NotMeant("return True or False.")
    return bool(number)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise NotMeant("")
    return str(value)


number = Form("a number (float)", _float)
whole = Form("a whole number (int)", _int)
truth = Form("True or False", _bool)
text = Form("a str", _str)


def list_of(item: Form) -> Form:
    """A list whose items are of the form `item`; a tuple, a tensor or an array is taken."""

    def make(value: Any) -> list:
        if isinstance(value, torch.Tensor | np.ndarray) and value.ndim:
            value = value.tolist() if value.ndim == 1 else list(value)
        if not isinstance(value, list | tuple):
            raise NotMeant(_WRAP if _is_iterator(value) else "")
        return [_part(item, part) for part in value]

    return Form(f"a list (each item {item.name})" if item is not anything else "a list", make)


def tuple_of(*items: Form) -> Form:
    """A tuple of exactly these forms; a list is taken."""
    names = ", ".join(item.name for item in items)

    def make(value: Any) -> tuple:
        if isinstance(value, torch.Tensor | np.ndarray) and value.ndim:
            value = tuple(value)
        if not isinstance(value, list | tuple):
            raise NotMeant(_WRAP if _is_iterator(value) else "")
        if len(value) != len(items):
            raise NotMeant(f"there are {len(value)} things in it.")
        return tuple(_part(form, part) for form, part in zip(items, value, strict=True))

    return Form(f"a tuple ({names})", make)


def mapping_of(**items: Form) -> Form:
    """A dict with these keys, each value of its form."""

    def make(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise NotMeant("")
        absent = [key for key in items if key not in value]
        if absent:
            raise NotMeant(f"the key {absent[0]!r} is missing.")
        return {
            key: _part(items[key], part, f"at {key!r} ") if key in items else part
            for key, part in value.items()
        }

    return Form(f"a dict with the keys {', '.join(items)}", make)


def _part(form: Form, value: Any, where: str = "") -> Any:
    """A part of a container in its form; what is wrong with it is said in words."""
    try:
        return form(value)
    except NotMeant as problem:
        said = f"there is {_described(value)} in it where {form.name} is wanted."
        raise NotMeant(where + (str(problem) or said)) from None


_WRAP = "put list(...) around it."


def _is_iterator(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)


def _as_tensor(value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_complex() or value.is_meta:
            raise NotMeant("")
        return value.detach() if value.requires_grad else value
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "biuf":
            raise NotMeant("")
        return torch.from_numpy(np.array(value, dtype=_PLAIN.get(value.dtype.str)))
    if isinstance(value, bool | int | float):
        try:
            return torch.tensor(value)
        except (OverflowError, RuntimeError, ValueError):
            raise NotMeant("it is larger than any number of a tensor.") from None
    if isinstance(value, list | tuple):
        if not value:
            return torch.tensor([])
        parts = [_as_tensor(part) for part in value]
        if len({part.shape for part in parts}) > 1:
            raise NotMeant("its rows are of different lengths.")
        kind = torch.float64 if any(part.is_floating_point() for part in parts) else None
        kind = parts[0].dtype if len({part.dtype for part in parts}) == 1 else kind
        return torch.stack([part.to(kind or torch.int64) for part in parts])
    raise NotMeant(_WRAP.replace("list(...)", "torch.tensor(list(...))") if _is_iterator(value) else "")


_PLAIN = {"<u2": "<i4", "<u4": "<i8", "<u8": "<i8"}  # unsigned kinds that a tensor computes little with


def _described(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if value is None:
        return "None"
    if callable(value):
        return f"a function ({getattr(value, '__name__', type(value).__name__)})"
    article = "an" if type(value).__name__[0] in "aeiou" else "a"
    return f"{article} {type(value).__name__}"
