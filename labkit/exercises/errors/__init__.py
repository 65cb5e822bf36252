"""The errors that beginners make, in their words: from an exception to a sentence or two and what to try.

The original line always stands beside it. What is not in a table is shown as Python says it.
"""

import re

from labkit.exercises.errors.entry import Entry
from labkit.exercises.errors.networks import MODELS
from labkit.exercises.errors.python import PYTHON
from labkit.exercises.errors.tensors import TORCH

LONGEST = 5_000  # characters of a message: some hold a whole network, and no pattern should take long
KINDS = {
    "Tensor": "a tensor",
    "Size": "a shape",
    "ndarray": "a numpy array",
    "NoneType": "None",
    "str": "text",
    "method": "a function that is not called",
    "builtin_function_or_method": "a function that is not called",
}
IMPORTS = {
    "np": "import numpy as np",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
    "Counter": "from collections import Counter",
    "defaultdict": "from collections import defaultdict",
}
ENTRIES = (*MODELS, *TORCH, *PYTHON)  # the first that fits is taken: the special stand before the general


def explain(error: BaseException, line: str = "") -> str:
    """One or two sentences about an exception and what to try, or "" for one that is in no table.

    line: the student's own line that raised it.
    """
    try:
        text = f"{type(error).__name__}: {error}"[:LONGEST]
    except Exception:  # its own __str__ fails
        return ""
    found = find(text, (line or "")[:LONGEST])
    return _fill(*found) if found else ""


def find(text: str, line: str) -> tuple[Entry, re.Match[str]] | None:
    """The first entry that fits, and the match of its pattern; or None."""
    for entry in ENTRIES:
        match = re.search(entry.pattern, text)
        if match and re.search(entry.line, line):
            return entry, match
    return None


def _fill(entry: Entry, match: re.Match[str]) -> str:
    """The sentence, with what the pattern has caught in the message."""
    caught = [group[:80] for group in match.groups() if group is not None]
    names = dict(zip("abc", map(_kind, caught), strict=False))
    if caught:
        names["import"] = IMPORTS.get(caught[0], f"import {caught[0]}")
    return entry.says.format(*caught, **names)


def _kind(name: str) -> str:
    """The name of a type with its article: "a list", "an int", "text"."""
    name = name.split(".")[-1]
    return KINDS.get(name) or f"{'an' if name[:1].lower() in tuple('aeiou') else 'a'} {name}"
