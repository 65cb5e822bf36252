"""The check engine: call an answer on the cases, judge its properties, and say what went wrong.

An exercise knows the wrong answers that students really write. When an answer differs from the reference,
the engine asks which of them behaves like it on every case, and says that one's hint.
"""

import re
import textwrap
from collections.abc import Callable

from labkit.exercises.calls import call_on_copies, observe_all, observe_outcome, signature_of
from labkit.exercises.diagnosis import diagnose
from labkit.exercises.exercise import Case, Exercise, Fault, Outcome, Property, Trial, WrongForm
from labkit.exercises.limits import Capture, OutOfTime, tame, time_limit
from labkit.exercises.report import PropertyResult, Report
from labkit.exercises.state import drawn_alike
from labkit.exercises.values import show

DEFAULT_SEED = 1
MOST_SEEDS = 5  # of which an exercise keeps what does not change from check to check
UNSOLVED = "Write {name}, run its cell, then run this one again."
UNSOLVED_OTHER = (
    "Your {name} calls {other}, which is not written yet. "
    "Write that first, or call lab.best({other})(...) in its place: the course's own until yours passes."
)
OUT_OF_TIME = (
    "{name} did not come back within {seconds:g} seconds, for {case}. "
    "Look for a loop whose condition never becomes false, or a variable that the loop forgets to move on."
)


def check(function: Callable, exercise: Exercise, attempt: int = 1, seed: int = DEFAULT_SEED) -> Report:
    """Check a student's function and return a Report.

    attempt: how many hints of a recognised misconception the report holds.
    seed: of the cases. Students always get the same; a grader draws fresh ones.
    """
    problem = unusable(function, exercise)
    if problem:
        return unfinished(exercise, "unusable", problem)

    cases = exercise.cases(seed)
    expected, behaviours = _kept(exercise, seed, cases)
    trial = Trial(lambda *args: call_on_copies(function, args, exercise.form), cases, expected)
    trial.behaviours = behaviours
    with Capture() as capture, tame(function), drawn_alike(seed):
        try:
            with time_limit(exercise.seconds):
                for case in cases:
                    running = case
                    outcome = trial.call(*case.args)
                    if is_unwritten(outcome):
                        return unfinished(exercise, "unsolved", _what_is_unwritten(exercise, outcome.error))
                    trial.outcomes.append(outcome)
                    trial.observed.append(observe_outcome(outcome, exercise, case))
                results = [judge(prop, trial) for prop in exercise.properties]
        except OutOfTime:
            shown = textwrap.shorten(running.shown, 200, placeholder=" ...")
            problem = OUT_OF_TIME.format(name=exercise.name, seconds=exercise.seconds, case=shown)
            return unfinished(exercise, "unusable", problem)
    return conclude(trial, exercise, results, capture.text).with_hints(attempt)


def _kept(exercise: Exercise, seed: int, cases: list[Case]) -> tuple[list, dict]:
    """What the reference gives, and what our wrong answers give as far as it was asked for."""
    if seed not in exercise.kept:
        with drawn_alike(seed):
            expected = observe_all(exercise.reference, exercise, cases)
        while len(exercise.kept) >= MOST_SEEDS:
            del exercise.kept[next(iter(exercise.kept))]
        exercise.kept[seed] = expected, {}
    return exercise.kept[seed]


def conclude(trial: Trial, exercise: Exercise, results: list[PropertyResult], printed: str = "") -> Report:
    """The Report of a trial whose properties have been judged, with all hints of the mistake recognised.

    To return something and change nothing earns nothing by itself.
    """
    report = Report(exercise.name, exercise.title, "wrong", results, printed=printed)
    if all(result.passed for result in results):
        report.status, report.printed = "passed", ""
        return report
    if not any(result.passed and not result.guard for result in results):
        for result in results:
            result.passed = False
    shown = report.shown
    place = results.index(shown) if shown else 0
    prop, case = exercise.properties[place], shown.case if shown else None
    changed = shown is not None and shown.guard and case is not None and not trial.outcomes[case].error
    recognised = diagnose(trial, exercise, prop, case, exactly=changed)
    if recognised is not None:
        report.misconception, report.hints = recognised.name, list(recognised.hints)
    elif shown and shown.advice:
        report.hints = [shown.advice]
    return report


def unusable(function: Callable, exercise: Exercise) -> str:
    """Why `function` cannot be called at all, or ""."""
    if isinstance(function, type) or not callable(function):
        kind = type(function).__name__
        return (
            f"The check got {show(function, 60)} ({kind}), not a function. Hand it the function itself, "
            f"without calling it: lab.check({exercise.name})"
        )
    signature, expected = signature_of(function), signature_of(exercise.reference)
    if signature is None or expected is None:
        return ""
    wanted = list(expected.parameters.values())
    required = [p for p in wanted if p.default is p.empty]
    try:
        signature.bind(*required)
        signature.bind(*wanted)
    except TypeError:
        return f"{exercise.name} is called as {exercise.name}{expected}; yours is {exercise.name}{signature}."
    return ""


def judge(prop: Property, trial: Trial) -> PropertyResult:
    """The PropertyResult of one property."""
    try:
        fault = prop.holds(trial)
    except Exception as error:
        wrong = next((o for o in trial.outcomes if o.error_type is WrongForm), None)
        fault = wrong.said if wrong else _ANOTHER_FORM.format(name=type(error).__name__, error=error)
    if not isinstance(fault, Fault):
        fault = Fault(fault)
    said = (fault.message, fault.case, prop.guard, fault.advice)
    return PropertyResult(prop.name, prop.points, not fault.message, *said)


_OF_TORCH = "not implemented for"  # PyTorch's own NotImplementedError: a float in & |, say
_ANOTHER_FORM = "the result has another form than expected ({name}: {error})"


def is_unwritten(outcome: Outcome) -> bool:
    """Did a call meet a stub?"""
    return outcome.error_type is NotImplementedError and _OF_TORCH not in outcome.error


def _what_is_unwritten(exercise: Exercise, error: str) -> str:
    """The stub that was met: the exercise's own, or another's that the answer calls."""
    other = re.search(r"write (\w+) here", error)
    if other and other[1] != exercise.name:
        return UNSOLVED_OTHER.format(name=exercise.name, other=other[1])
    return UNSOLVED.format(name=exercise.name)


def unfinished(exercise: Exercise, status: str, problem: str) -> Report:
    """The Report of an answer that could not be judged."""
    results = [PropertyResult(p.name, p.points, False, guard=p.guard) for p in exercise.properties]
    return Report(exercise.name, exercise.title, status, results, problem=problem)
