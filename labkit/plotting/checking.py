"""What a plotting function says when it is given something it cannot draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any

from labkit.messages import LabkitError

if TYPE_CHECKING:
    import numpy as np
    import torch

    # What a figure takes: numbers in a list, an array or a tensor; and rows of them, or tables of tables.
    Numbers = Sequence[float] | np.ndarray | torch.Tensor
    Table = Sequence[Any] | np.ndarray | torch.Tensor


def plain(values: Any) -> list[Any]:
    """A list of Python numbers or strings from a list, tuple, numpy array or tensor."""
    values = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise LabkitError(f"expected a list, got {type(values).__name__} ({values!r}).")
    return [v.item() if hasattr(v, "item") else v for v in values]


def same_length(**lists: Sized | None) -> None:
    """Check that all lists are there and equally long; None stands for 'left out' and is skipped."""
    lengths = {name: len(v) for name, v in lists.items() if v is not None}
    for name, length in lengths.items():
        if length == 0:
            raise LabkitError(f"{name} is empty: there is nothing to draw. Give at least one entry.")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise LabkitError(f"these belong together and must be equally long: {listed}.")


def numbers(
    name: str, values: Iterable[Any], low: float | None = None, high: float | None = None
) -> list[float]:
    """Check that every value is a finite number in low..high; returns floats."""
    for i, v in enumerate(values):
        number = isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)
        if not number:
            raise LabkitError(f"{name}[{i}] is {v!r}, expected a finite number.")
        # Float32 softmax may end at 1.0000001: that is rounding, not a mistake.
        if (low is not None and v < low - 1e-4) or (high is not None and v > high + 1e-4):
            what = f"between {low:g} and {high:g}" if high is not None else f"at least {low:g}"
            raise LabkitError(f"{name}[{i}] is {v:g}, expected a number {what}.")
    return [float(v) for v in values]


def probabilities(name: str, values: Any) -> list[float]:
    """Floats in 0..1, or a message (the usual slip: percentages, or logits without softmax)."""
    values = plain(values)
    try:
        return [min(max(v, 0.0), 1.0) for v in numbers(name, values, 0, 1)]
    except LabkitError as error:
        raise LabkitError(f"{error} Are these percentages, or logits before the softmax?") from None


def intervals_of(name: str, intervals: Any, centres: Sequence[float]) -> tuple[list[float], list[float]]:
    """(lows, highs) from pairs (low, high) around the centres."""
    pairs = [plain(pair) for pair in plain(intervals)]
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise LabkitError(f"{name}[{i}] has {len(pair)} entries, expected a pair (low, high).")
    same_length(**{name: pairs, "accuracies": centres})
    lows = probabilities(f"{name}' lower ends", [low for low, _ in pairs])
    highs = probabilities(f"{name}' upper ends", [high for _, high in pairs])
    for i, (low, c, high) in enumerate(zip(lows, centres, highs, strict=True)):
        if not low - 1e-6 <= c <= high + 1e-6:
            raise LabkitError(f"{name}[{i}] = ({low:g}, {high:g}) does not contain its accuracy {c:g}.")
    return lows, highs


def log_entries(log: dict[str, Any] | Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a pre-training log, checked; a whole pretraining.json is accepted too."""
    if isinstance(log, dict) and "log" in log:
        log = log["log"]
    if not isinstance(log, (list, tuple)) or not log:
        raise LabkitError('the log is empty or not a list: give json.load(...)["log"] of a pretraining.json.')
    for i, entry in enumerate(log):
        missing = {"pieces", "heldout"} - set(entry if isinstance(entry, dict) else ())
        if missing:
            raise LabkitError(f"entry {i} of the log has no {' and no '.join(sorted(missing))}.")
    return sorted(log, key=lambda entry: entry["pieces"])


def probe_of(entries: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The probe of each entry whose sentence is `text`, or a message that lists the sentences."""
    known = [probe["text"] for probe in entries[-1].get("probes", [])]
    found = [[p for p in entry.get("probes", []) if p["text"] == text] for entry in entries]
    if not all(found):
        listed = "\n  ".join(known) or "(none)"
        raise LabkitError(f"the log has no sentence {text!r} at every step. It has:\n  {listed}")
    probes = [probes[0] for probes in found]
    for probe in probes:
        same_length(words=probe["words"], probs=probe["probs"])
        probabilities("probs", probe["probs"])
    return probes
