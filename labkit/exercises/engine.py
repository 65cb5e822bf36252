"""The check engine: a reference, cases, properties, and diagnosis by simulation.

An exercise knows the wrong answers that students really write. When an answer differs from the
reference, the engine asks which of them behaves like it on every case, and says that one's hint.
"""

import inspect
import linecache
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.exercises.limits import Capture, OutOfTime, tame, time_limit
from labkit.exercises.report import PropertyResult, Report
from labkit.exercises.values import fresh, same, show, unchanged

DEFAULT_SEED = 1


@dataclass(frozen=True)
class Case:
    """One call of the student's function. `shown` is how the report writes it."""

    args: tuple
    shown: str


@dataclass(frozen=True)
class Property:
    """Something that every right answer does, worth points and named in the student's words.

    holds: a function of a Trial that returns "" when the property holds, else a message that says
        with the smallest case what was expected and what came.
    """

    name: str
    points: int
    holds: Callable


@dataclass(frozen=True)
class Misconception:
    """A wrong implementation that students write, and three hints that climb: what, why, where to look."""

    name: str
    wrong: Callable
    hints: tuple


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lab.

    name: of the function that the student writes.
    cases: seed -> list of Case, the smallest first, chosen so that the thing taught shows.
    observe: (output, case) -> what is compared with the reference; the output itself unless the exercise
        draws random numbers, whose order is nobody's business.
    """

    name: str
    title: str
    minutes: int
    reference: Callable
    cases: Callable
    properties: tuple
    misconceptions: tuple
    observe: Callable = lambda output, case: output
    seconds: float = 20.0

    @property
    def points(self):
        """The sum over the properties."""
        return sum(prop.points for prop in self.properties)


@dataclass
class Outcome:
    """What one call did: a value or an error, and whether an argument was changed."""

    value: Any = None
    error: str = ""  # "" when it returned
    error_type: type | None = None
    changed: bool = False


@dataclass(frozen=True)
class Raised:
    """An observation: the call raised this error, with this message."""

    type: type
    message: str


@dataclass
class Trial:
    """An answer under test, as properties see it."""

    call: Callable  # (*args) -> Outcome, on copies of the arguments
    cases: list
    expected: list  # observations of the reference, one per case
    outcomes: list = field(default_factory=list)
    observed: list = field(default_factory=list)


def check(function, exercise, attempt=1, seed=DEFAULT_SEED):
    """Check a student's function and return a Report.

    attempt: how many hints of a recognised misconception the report holds.
    seed: of the cases. Students always get the same; a grader draws fresh ones.
    """
    problem = unusable(function, exercise)
    if problem:
        return unfinished(exercise, "unusable", problem)

    cases = exercise.cases(seed)
    expected = observe_all(exercise.reference, exercise, cases)
    trial = Trial(lambda *args: call_on_copies(function, args), cases, expected)
    with Capture() as capture, tame(function):
        try:
            with time_limit(exercise.seconds):
                for case in cases:
                    running = case
                    outcome = trial.call(*case.args)
                    if outcome.error_type is NotImplementedError:
                        return unfinished(exercise, "unsolved", _what_is_unwritten(exercise, outcome.error))
                    trial.outcomes.append(outcome)
                    trial.observed.append(observe_outcome(outcome, exercise, case))
                results = [judge(prop, trial) for prop in exercise.properties]
        except OutOfTime:
            problem = OUT_OF_TIME.format(
                name=exercise.name, seconds=exercise.seconds, case=running.shown[:120]
            )
            return unfinished(exercise, "unusable", problem)

    return conclude(trial, exercise, results, capture.text).with_hints(attempt)


def conclude(trial, exercise, results, printed=""):
    """The Report of a trial whose properties have been judged, with all hints of the mistake recognised."""
    report = Report(exercise.name, exercise.title, "wrong", results, printed=printed)
    if all(result.passed for result in results):
        report.status, report.printed = "passed", ""
        return report
    recognised = diagnose(trial, exercise)
    if recognised is not None:
        report.misconception, report.hints = recognised.name, list(recognised.hints)
    return report


def diagnose(trial, exercise):
    """The misconception that explains the answer best, or None.

    Best is one that behaves like the answer on every case. Two mistakes at once are like none: then it is the
    one that explains the smallest failing case and, of several, the most failing cases. One that would have
    failed where the answer is right is not the student's mistake, and its hint would be false.
    """
    failing = [
        k for k, pair in enumerate(zip(trial.expected, trial.observed, strict=True)) if not alike(*pair)
    ]
    if not failing:
        return None
    best, most = None, 0
    for misconception in exercise.misconceptions:
        behaviour = observe_all(misconception.wrong, exercise, trial.cases)
        agrees = [alike(a, b) for a, b in zip(behaviour, trial.observed, strict=True)]
        if all(agrees):
            return misconception
        explained = sum(agrees[k] for k in failing)
        possible = all(agreed or k in failing for k, agreed in enumerate(agrees))
        if agrees[failing[0]] and possible and explained > most:
            best, most = misconception, explained
    return best


def each_case(test, where=lambda case: True):
    """A Property's `holds` that looks at one case after the other.

    test: (expected, seen) -> "" or what is wrong, both as `observe` returns them.
    where: selects the cases that the property is about.
    """

    def holds(trial):
        for case, outcome, expected, seen in zip(
            trial.cases, trial.outcomes, trial.expected, trial.observed, strict=True
        ):
            if not where(case):
                continue
            message = f"raised {outcome.error}" if outcome.error else test(expected, seen)
            if message:
                return f"For {case.shown}\n{message}"
        return ""

    return holds


def matches_reference(name, points, where=lambda case: True):
    """A Property: the same result as the reference on the cases selected by `where`."""
    return Property(name, points, each_case(_difference, where))


def expected_got(expected, got):
    """The two lines that a report shows when values differ."""
    return f"expected: {show(expected)}\ngot:      {show(got)}"


def _difference(expected, seen):
    if alike(expected, seen):
        return ""
    if isinstance(expected, dict) and isinstance(seen, dict) and expected.keys() == seen.keys():
        key = next(key for key in expected if not same(expected[key], seen[key]))
        return f"{key}\n{expected_got(expected[key], seen[key])}"
    return expected_got(expected, seen)


def inputs_unchanged(points=1):
    """A Property: the function returns on every case and leaves its arguments as they were."""

    def holds(trial):
        for case, outcome in zip(trial.cases, trial.outcomes, strict=True):
            message = f"raised {outcome.error}" if outcome.error else _CHANGED if outcome.changed else ""
            if message:
                return f"For {case.shown}\n{message}"
        return ""

    return Property("your function returns, and leaves its arguments as they were", points, holds)


_CHANGED = (
    "changed one of its arguments. Work on a copy (list(x), x.clone()): the caller still needs the original."
)
UNSOLVED = "Write {name}, run its cell, then run this one again."
UNSOLVED_OTHER = (
    "Your {name} calls {other}, which is not written yet. Write that first, "
    "or call lab.best({other})(...) in its place: the course's own until yours passes."
)
OUT_OF_TIME = (
    "{name} did not come back within {seconds:g} seconds, for {case}. "
    "Look for a loop whose condition never becomes false, or a variable that the loop forgets to move on."
)


def unusable(function, exercise):
    """Why `function` cannot be called at all, or ""."""
    expected = f"{exercise.name}{inspect.signature(exercise.reference)}"
    if isinstance(function, type) or not callable(function):
        kind = type(function).__name__
        return (
            f"The check got {show(function, 60)} ({kind}), not a function. Hand it the function itself, "
            f"without calling it: lab.check({exercise.name})"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    wanted = [p for p in inspect.signature(exercise.reference).parameters.values()]
    required = [p for p in wanted if p.default is p.empty]
    try:
        signature.bind(*required)
        signature.bind(*wanted)
    except TypeError:
        return f"{exercise.name} is called as {expected}; yours is {exercise.name}{signature}."
    return ""


def call_on_copies(function, args):
    """Call on copies of the arguments; raises nothing but OutOfTime and KeyboardInterrupt."""
    given = fresh(args)
    try:
        value = function(*given)
    except Exception as error:
        return Outcome(None, _where(error, function), type(error), not unchanged(args, given))
    except (SystemExit, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Outcome(error="SystemExit: a function ends with return, not exit()", error_type=SystemExit)
    return Outcome(value=value, changed=not unchanged(args, given))


def _where(error, function):
    """The error in one line, and the student's own line that raised it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    try:
        filename = inspect.unwrap(function).__code__.co_filename
    except AttributeError:
        return text
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == filename]
    if frames:
        number = frames[-1].lineno
        text += f"\nin your line {number}: {linecache.getline(filename, number).strip()}"
    return text


def observe_outcome(outcome, exercise, case):
    if outcome.error_type is not None:
        return Raised(outcome.error_type, outcome.error.split("\n")[0])
    try:
        return exercise.observe(outcome.value, case)
    except Exception:
        return f"something that is not a result of {exercise.name}: {show(outcome.value, 80)}"


def observe_all(function, exercise, cases):
    return [observe_outcome(call_on_copies(function, case.args), exercise, case) for case in cases]


def alike(expected, seen):
    """Are two observations equal, as `same` has it? An error is like no value."""
    if isinstance(expected, Raised) or isinstance(seen, Raised):
        return type(expected) is type(seen) and expected == seen  # an array would compare element by element
    return same(expected, seen)


def judge(prop, trial):
    try:
        message = prop.holds(trial)
    except Exception as error:
        message = f"the result has another form than expected ({type(error).__name__}: {error})"
    return PropertyResult(prop.name, prop.points, not message, message)


def _what_is_unwritten(exercise, error):
    """The stub that was met: the exercise's own, or another's that the answer calls."""
    other = re.search(r"write (\w+) here", error)
    if other and other[1] != exercise.name:
        return UNSOLVED_OTHER.format(name=exercise.name, other=other[1])
    return UNSOLVED.format(name=exercise.name)


def unfinished(exercise, status, problem):
    results = [PropertyResult(p.name, p.points, False) for p in exercise.properties]
    return Report(exercise.name, exercise.title, status, results, problem=problem)
