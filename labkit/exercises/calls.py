"""Call a student's function: on copies, and with everything that it fails at, changes or returns noted."""

import dis
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from labkit.exercises.errors import explain
from labkit.exercises.exercise import Case, Exercise, Outcome, Raised, WrongForm
from labkit.exercises.forms import Form, NotMeant, anything
from labkit.exercises.state import Guard
from labkit.exercises.values import fresh, show, unchanged

CHANGED = "changed its argument {name}.\nWork on a copy ({copy}): the caller still needs the original."
COPIES = {"Tensor": "{name}.clone()", "ndarray": "{name}.copy()", "list": "list({name})"}
RESEEDED = (
    "called {seeder}: from now on the whole notebook draws the same numbers.\n"
    "Leave that out. "
    "What has to be drawn alike is drawn with a generator: one of its own, or the one given."
)
PRINTS = "It prints its result. Put `return` before it instead: print only shows it to you."
NO_RETURN = "There is no `return` in it, so what it has computed is lost."


def call_on_copies(function: Callable, args: tuple, form: Form = anything, ours: bool = False) -> Outcome:
    """Call on copies of the arguments; raises nothing but OutOfTime and KeyboardInterrupt.

    ours: whether the function is one of ours, which is guarded less closely and so faster.
    form: of what it should return (`forms`); the Outcome has the value in this form.
    """
    given = fresh(args)
    guard = Guard(given, closely=not ours)
    try:
        value = function(*given)
    except KeyboardInterrupt:
        raise
    except SystemExit:
        outcome = Outcome(error="SystemExit: a function ends with return, not exit()", error_type=SystemExit)
    except Exception as error:
        said, advice = _where(error, function)
        outcome = Outcome(None, said, type(error), advice=advice)
    else:
        outcome = _in_form(value, form, function)
    outcome.changed = _changed(function, args, given) or guard.changes()
    if not outcome.changed and guard.reseeded:
        outcome.changed = RESEEDED.format(seeder=guard.reseeded)
    return outcome


def observe_outcome(outcome: Outcome, exercise: Exercise, case: Case) -> Any:
    """What is compared of an outcome: a Raised, or what the exercise observes."""
    if outcome.error_type is not None:
        return Raised(outcome.error_type, outcome.error.split("\n")[0])
    try:
        return exercise.observe(outcome.value, case)
    except Exception:
        return f"something that is not a result of {exercise.name}: {show(outcome.value, 80)}"


def observe_all(function: Callable, exercise: Exercise, cases: Sequence[Case]) -> list:
    """The observations of a function of ours on all cases."""
    return [
        observe_outcome(call_on_copies(function, case.args, exercise.form, ours=True), exercise, case)
        for case in cases
    ]


def _in_form(value: Any, form: Form, function: Callable) -> Outcome:
    """The Outcome of a call that returned."""
    try:
        return Outcome(form(value))
    except NotMeant as problem:
        said, advice = form.refusal(value, str(problem))
    except (TypeError, ValueError, RuntimeError, OverflowError, RecursionError):
        said, advice = form.refusal(value)
    if value is None and not _returns_a_value(function):
        advice = PRINTS if "print" in function.__code__.co_names else NO_RETURN
    return Outcome(error=said, error_type=WrongForm, advice=advice)


def _returns_a_value(function: Callable) -> bool:
    """Does a function have a `return` with something behind it? True where its code can't be read."""
    code = getattr(function, "__code__", None)
    if code is None:
        return True
    steps = list(dis.get_instructions(code))
    return any(
        step.opname == "RETURN_VALUE" and (before.opname, before.argval) != ("LOAD_CONST", None)
        for before, step in zip(steps, steps[1:], strict=False)
    ) or any(step.opname == "RETURN_CONST" and step.argval is not None for step in steps)


def _changed(function: Callable, args: tuple, given: tuple) -> str:
    """A sentence about the first argument that is not as it was, or ""."""
    for place, (before, after) in enumerate(zip(args, given, strict=True)):
        if not unchanged(before, after):
            name = _names(function)[place] if place < len(_names(function)) else "argument"
            copy = COPIES.get(type(before).__name__, "copy.deepcopy({name})").format(name=name)
            return CHANGED.format(name=name, copy=copy)
    return ""


def _names(function: Callable) -> list[str]:
    signature = signature_of(function)
    return list(signature.parameters) if signature else []


def signature_of(function: Callable) -> inspect.Signature | None:
    """How a function is called, without its type hints; None where that can't be seen.

    Since Python 3.14 a hint is not evaluated before somebody asks for it, so it may name what was never
    imported, and asking for it as a value would raise what the student never met.
    """
    as_text: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        import annotationlib

        as_text = {"annotation_format": annotationlib.Format.STRING}
    try:
        signature = inspect.signature(function, **as_text)
    except Exception:  # a hint can be any expression, and not every one has a text
        return None
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return signature.replace(parameters=bare, return_annotation=signature.empty)


def _where(error: Exception, function: Callable) -> tuple[str, str]:
    """(the error in one line and the student's own line that raised it, what it means in plain words)."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    try:
        filename = inspect.unwrap(function).__code__.co_filename
    except AttributeError:
        return text, explain(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == filename]
    line = ""
    if frames:
        line = linecache.getline(filename, frames[-1].lineno or 0).strip()
        text += f"\nin your line {frames[-1].lineno}: {line}"
    return text, explain(error, line)


def message_kind(message: str) -> str:
    """An error message without what differs from call to call: the numbers in it."""
    return re.sub(r"-?\d+(\.\d+)?", "#", message)
