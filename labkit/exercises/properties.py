"""The properties that most exercises need: right case by case, and leaving everything else as it was."""

from collections.abc import Callable
from typing import Any

from labkit.exercises.differences import difference, expected_got, relation
from labkit.exercises.exercise import Case, Fault, Property, Raised, Trial
from labkit.exercises.values import as_array, same

Test = Callable[[Any, Any], str]  # (expected, seen) -> "" or a sentence
Where = Callable[[Case], bool]
Project = Callable[[Any], Any]

__all__ = ["alike", "compares", "each_case", "expected_got", "inputs_unchanged", "matches_reference"]


def each_case(
    test: Test, where: Where = lambda case: True, relate: Test | None = relation
) -> Callable[[Trial], str | Fault]:
    """A Property's `holds` that looks at one case after the other, and tells an error before a difference.

    test: (expected, seen) -> "" or what is wrong, both as `observe` returns them.
    where: selects the cases that the property is about.
    relate: (expected, seen) -> a sentence on how all of the result is wrong, or ""; None for no sentence, as
        where what is compared is not the result itself.
    """

    def holds(trial: Trial) -> str | Fault:
        rows = [
            (place, case, outcome, expected, seen)
            for place, (case, outcome, expected, seen) in enumerate(
                zip(trial.cases, trial.outcomes, trial.expected, trial.observed, strict=True)
            )
            if where(case)
        ]
        for place, case, outcome, expected, seen in rows:
            if outcome.error and not alike(expected, seen):
                return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
        for place, case, outcome, expected, seen in rows:
            message = "" if outcome.error else test(expected, seen)
            if message:
                return Fault(f"For {case.shown}\n{message}", place, _advice(place, rows, relate))
        return ""

    return holds


def _advice(place: int, rows: list[tuple], relate: Test | None) -> str:
    """How a result is related to the right one; of a single number only what is so in other cases too."""
    wrong = [(e, s) for k, _, o, e, s in rows if k >= place and not o.error and not alike(e, s)]
    if not wrong or relate is None:
        return ""
    said = relate(*wrong[0])
    number = as_array(wrong[0][0])
    if number is not None and number.ndim == 0:
        return said if len(wrong) > 1 and all(relate(*pair) == said for pair in wrong[1:4]) else ""
    return said


def compares(
    name: str,
    points: int,
    test: Test,
    where: Where = lambda case: True,
    project: Project = lambda observed: observed,
    relate: Test | None = relation,
) -> Property:
    """A Property that looks at each case by `test`, as `each_case` does."""
    return Property(name, points, each_case(test, where, relate), where, project)


def matches_reference(
    name: str,
    points: int,
    where: Where = lambda case: True,
    project: Project | None = None,
    relate: Test | None = relation,
) -> Property:
    """A Property: the same result as the reference on the cases selected by `where`.

    project: what of an observation it is about; all of it, if None.
    """
    part = project or (lambda observed: observed)

    def test(expected: Any, seen: Any) -> str:
        if alike(expected, seen):
            return ""
        if isinstance(expected, Raised):
            return f"expected: {expected.message}\ngot:      a result, and no error"
        return difference(part(expected), part(seen))

    return compares(name, points, test, where, part, relate)


def inputs_unchanged(points: int = 1) -> Property:
    """The guard: the function returns on every case, and changes nothing that is not its own."""

    def holds(trial: Trial) -> str | Fault:
        for ask in ("error", "changed"):
            for place, (case, outcome) in enumerate(zip(trial.cases, trial.outcomes, strict=True)):
                wanted = isinstance(trial.expected[place], Raised)
                said, advice = ("", "") if wanted else (outcome.said, outcome.advice)
                if ask == "changed":
                    said, _, advice = outcome.changed.partition("\n")
                if said:
                    return Fault(f"For {case.shown}\n{said}", place, advice)
        return ""

    name = "your function returns a result, and changes nothing else"
    return Property(name, points, holds, guard=True)


def alike(expected: Any, seen: Any) -> bool:
    """Are two observations equal, as `same` has it? An error equals an error of its type, and no value."""
    if isinstance(expected, Raised) or isinstance(seen, Raised):
        return type(expected) is type(seen) and expected.type is seen.type
    return same(expected, seen)
