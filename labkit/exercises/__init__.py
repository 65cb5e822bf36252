"""The exercises: one package per lab, and the engine that checks an answer.

A lab (`lab01/`, ...) defines TITLE, SLUG, EXERCISES (in order) and QUESTIONS (the quiz).

`quiz` asks its questions. The engine, in the order of a check:
    exercise      what an exercise is made of: cases, properties, misconceptions, the form of its result
    calls         one call of an answer, on copies: its value or error, and what it changed
    state, limits what it may not change for others; how long it may take
    forms, values what is taken for the promised result; what counts as equal, and how it is shown
    properties    right case by case, and leaving everything else as it was
    differences   where two results part, and how they are related
    diagnosis     which known mistake behaves like this answer
    errors        the errors of Python and PyTorch in a beginner's words
    engine        all of it together; `report` says it; `last_version` sees a cell that did not run
"""

import importlib
from pathlib import Path
from types import ModuleType

import lazy_loader

from labkit.messages import LabkitError

__getattr__, __dir__, _ = lazy_loader.attach(__name__, ["quiz"])


def labs() -> list[str]:
    """The numbers of the labs that exist: ["01", ...]."""
    packages = Path(__file__).parent.glob("lab[0-9][0-9]/__init__.py")
    return sorted(path.parent.name.removeprefix("lab") for path in packages)


def get(number: str) -> ModuleType:
    """The package of the lab of that number, as in get("01")."""
    if number not in labs():
        raise LabkitError(f"There is no lab {number!r}. The labs are: {', '.join(labs())}.")
    return importlib.import_module(f"labkit.exercises.lab{number}")
