"""The exercises: one package per lab, and the engine that checks an answer.

A lab (`lab01/`, ...) defines TITLE, SLUG, EXERCISES (in order) and QUESTIONS (the quiz).
"""

import importlib
from pathlib import Path

from labkit.messages import LabkitError


def labs():
    """The numbers of the labs that exist: ["01", ...]."""
    return sorted(path.name.removeprefix("lab") for path in Path(__file__).parent.glob("lab[0-9][0-9]"))


def get(number):
    """The package of lab `number`: get("01")."""
    if number not in labs():
        raise LabkitError(f"There is no lab {number!r}. The labs are: {', '.join(labs())}.")
    return importlib.import_module(f"labkit.exercises.lab{number}")
