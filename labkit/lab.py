"""What a notebook talks to: `lab = labkit.start("01")`, then `lab.check(function)`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labkit import exercises
from labkit.messages import LabkitError
from labkit.messages.causes import explained

if TYPE_CHECKING:
    from labkit.exercises.exercise import Exercise
    from labkit.exercises.forms import Form
    from labkit.exercises.quiz import Question

ALL_HINTS = 99


class CheckFailed(AssertionError):
    """An answer that is not right yet. The report stands above it; no traceback is needed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def start(number: str, made_for: str | None = None) -> Lab:
    """Begin a lab: report what is there and what is off, and return the Lab.

    made_for: the version of labkit that the notebook was made for, as `labkit build` has written it there.
    Raises LabkitError when there is no such lab.
    """
    # The models are small: a second thread gains nothing, and beside another busy program it makes every
    # operation wait (measured: a cell of 8 seconds took over 300). Takes effect before torch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with explained():
        lab = Lab(exercises.get(number), number)
        print(lab.welcome(made_for))
    return lab


class Lab:
    """One lab in one notebook: its exercises, quiz questions and the student's predictions."""

    def __init__(self, module: ModuleType, number: str) -> None:
        self.number, self.module = number, module
        self.exercises = {exercise.name: exercise for exercise in module.EXERCISES}
        self.questions = {question.key: question for question in module.QUESTIONS}
        # (exercise, misconception) -> the different answers that showed it
        self.attempts: dict[tuple[str, str], list[Any]] = {}
        self.solved: dict[str, Callable] = {}  # name of an exercise -> the function that passed
        self.wrong: dict[str, Callable] = {}  # name of an exercise -> the function that did not
        self.predictions: dict[str, Any] = {}

    def welcome(self, made_for: str | None = None) -> str:
        """The set-up report as text: versions, models, what to fix, if the notebook is of another release."""
        from labkit import __version__, machine, release

        points = sum(exercise.points for exercise in self.exercises.values())
        lines = [f"Lab {self.number}: {self.module.TITLE} ({len(self.exercises)} exercises, {points} points)"]
        report = machine.report()
        lines += [str(line) for line in report]
        lines += filter(None, [release.remark(made_for, self.module.SLUG)])
        fine = all(line.ok for line in report)
        lines.append(
            f"labkit {__version__} is ready." if fine else "Mend what says [fix], then run this cell again."
        )
        return "\n".join(lines)

    def check(self, function: Callable, exercise: str | None = None) -> None:
        """Check an answer: show the report, with a hint that climbs from try to try.

        Hints climb when another answer shows the same misconception; the same answer gets the same hints.
        The exercise is found by the function's name; name it if yours is called otherwise. Raises
        NotImplementedError while the answer is still to be written and CheckFailed when it is wrong, so
        that notebook tests and graders notice; both print as one line.
        """
        from IPython.display import display

        from labkit.exercises.engine import check, unfinished
        from labkit.exercises.last_version import stopped

        task = self._exercise(function, exercise)
        problem = stopped(task.name, function) if exercise is None else ""
        if problem:
            report = unfinished(task, "unusable", problem)
        else:
            with explained():
                report = check(function, task, attempt=ALL_HINTS)
            report = report.with_hints(self._attempt(task, report.misconception, function))
        if report.shown and report.shown.case is not None:
            report.repeat = f"To repeat it: {task.name}(*lab.case({task.name}, {report.shown.case}))"
        display(report)
        if report.passed:
            self.solved[task.name] = function
            return
        self.solved.pop(task.name, None)
        if report.status == "unsolved":
            # An instance of the built-in class, because graders look for its name. The report has said it.
            self.wrong.pop(task.name, None)
            error = NotImplementedError("Not written yet.")
            error._render_traceback_ = lambda: [""]  # type: ignore[attr-defined]  # IPython asks for it
            raise error
        self.wrong[task.name] = function
        raise CheckFailed(report.headline)

    def _attempt(self, task: Exercise, misconception: str, function: Callable) -> int:
        """How many different answers have shown this misconception, this one included: so far hints climb."""
        answers = self.attempts.setdefault((task.name, misconception), [])
        code = getattr(function, "__code__", function)
        if code not in answers:
            answers.append(code)
        return len(answers)

    def best(self, function: Callable) -> Callable:
        """The student's function if it has passed its check, else ours: the lab goes on either way.

        Its results come in the form that the exercise promises, whatever kind of numbers it returns.
        """
        task = self._exercise(function, None)
        if self.solved.get(task.name) is function:
            return _in_form(function, task.form)
        print(f"(Using the course's {task.name}, because yours has not passed its check yet.)")
        return task.reference

    def both(self, function: Callable, make: Callable[[Callable], Any]) -> dict[str, Any]:
        """What `make` makes of the student's function, beside what it makes of ours where the two differ.

        make: a function (the exercise's function) -> what a figure shows of it.
        Returns {"": ours} when the check has passed, or nothing has been checked that could be shown; else
        {"yours": ..., "ours": ...}. What fails in the student's is left out, and that is printed; so are
        numbers of another shape than ours, or NaN, which no figure can draw beside ours.
        """
        from labkit.exercises.limits import OutOfTime, time_limit
        from labkit.exercises.values import same

        task = self._exercise(function, None)
        if self.solved.get(task.name) is function:
            return {"": make(_in_form(function, task.form))}
        ours = make(task.reference)
        if self.wrong.get(task.name) is not function:
            return {"": ours}
        try:
            with time_limit(task.seconds):
                yours = make(_in_form(function, task.form))
        except (Exception, OutOfTime, SystemExit) as error:
            print(f"(Your {task.name} gives nothing to show here: {type(error).__name__}.)")
            return {"": ours}
        if not _drawable(yours, ours):
            print(f"(Your {task.name} gives no numbers that could be drawn beside ours here.)")
            return {"": ours}
        return {"": ours} if same(ours, yours) else {"yours": yours, "ours": ours}

    def case(self, function: Callable | str, number: int) -> tuple:
        """The arguments of one case of an exercise's check, to call a function on: f(*lab.case(f, 0)).

        Raises LabkitError when there is no such case.
        """
        from labkit.exercises.engine import DEFAULT_SEED
        from labkit.exercises.values import fresh

        task = self._exercise(function, function if isinstance(function, str) else None)
        cases = task.cases(DEFAULT_SEED)
        if not isinstance(number, int) or not 0 <= number < len(cases):
            raise LabkitError(f"The cases of {task.name} are numbered 0 to {len(cases) - 1}, not {number!r}.")
        return fresh(cases[number].args)

    def quiz(self, key: str) -> Question:
        """A quiz question, to be shown as the last line of a cell."""
        if key not in self.questions:
            raise LabkitError(
                f"Lab {self.number} has no question {key!r}; it has {', '.join(self.questions)}."
            )
        return self.questions[key]

    def predict(self, key: str, guess: Any) -> None:
        """Note the student's prediction before the measurement, to be confronted by `compare`."""
        self.predictions[key] = guess
        print("Noted." if guess is not None else "No prediction yet: write your guess in place of None.")

    def compare(self, key: str, measured: Any, unit: str = "") -> None:
        """Print prediction and measurement side by side."""
        guess = self.predictions.get(key)
        if guess is None:
            print(f"You made no prediction; measured: {measured}{unit}")
        else:
            guess = str(guess).strip()
            guess += "" if unit.strip() and guess.endswith(unit.strip()) else unit
            print(f"You predicted {guess}; measured: {measured}{unit}")

    def slide_says(self, rows: Iterable[tuple[str, str]]) -> None:
        """Show what the slides say beside what was measured: rows of (slide, measured)."""
        from IPython.display import Markdown, display

        lines = ["| the slide says | you measured |", "|---|---|"]
        lines += [f"| {_cell(said)} | {_cell(measured)} |" for said, measured in rows]
        display(Markdown("\n".join(lines)))

    def progress(self) -> None:
        """Print which exercises have passed in this session, and the points."""
        reached = 0
        for task in self.exercises.values():
            passed = task.name in self.solved
            reached += task.points if passed else 0
            print(f"{'[ok]' if passed else '[  ]'} {task.name} ({task.points} points)")
        print(f"{reached} of {sum(task.points for task in self.exercises.values())} points")

    def _exercise(self, function: Callable | str, name: str | None) -> Exercise:
        name = name or getattr(function, "__name__", None)
        if name in self.exercises:
            return self.exercises[name]
        names = ", ".join(self.exercises)
        if not callable(function):
            raise LabkitError(
                f"The check got {function!r:.60} ({type(function).__name__}), not a function. Hand it the "
                f"function itself, without calling it: lab.check({next(iter(self.exercises))})"
            )
        raise LabkitError(
            f"Lab {self.number} has no exercise called {name!r}; it has {names}. "
            "If your function has another name, say which exercise it is: lab.check(mine, 'NAME')"
        )


def _in_form(function: Callable, form: Form) -> Callable:
    """The function, with its results in the form that the exercise promises."""
    from labkit.exercises.forms import anything

    if form is anything:
        return function

    @functools.wraps(function)
    def in_form(*args: Any, **options: Any) -> Any:
        return form(function(*args, **options))

    return in_form


def _drawable(yours: Any, ours: Any) -> bool:
    """Where numbers are to be shown: are yours as many as ours, and finite?"""
    import numpy as np

    from labkit.exercises.values import as_array

    if isinstance(ours, dict) and isinstance(yours, dict):
        return ours.keys() == yours.keys() and all(_drawable(yours[key], ours[key]) for key in ours)
    theirs, array = as_array(ours), as_array(yours)
    if theirs is None:
        return True
    return array is not None and array.shape == theirs.shape and bool(np.isfinite(array).all())


def _cell(text: str) -> str:
    """Text as it may stand in a Markdown table: [MASK], ##ing and | are meant as they are."""
    for sign in "\\|[]#*_<`":
        text = text.replace(sign, "\\" + sign)
    return text
