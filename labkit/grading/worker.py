"""The student's side of the border: run a notebook's cells in order, call its answers, send back plain data.

Runs in a process of its own that may do little (`isolation`). The inputs are drawn before the first line of
the student's runs. Nothing that is said here is believed: the examiner compares the data with our own
reference's.

What is sent, one JSON object a line:
    {"at": "cell", "place": 3}              the cell that is about to run
    {"wrong": "NameError: ...", "place": 3} how it ended, if not well
    {"at": "check", "exercise": "attention", "place": 3}, and then one of
        {"problem": "..."}                  why it can't be called
        {"outcomes": [...], "printed": ""}  what it gave; then calls are answered until the verdict is heard
    {"at": "end"}
What is heard: {"go": true}, {"call": [arguments]}, {"passed": bool}.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import lru_cache

from labkit import exercises
from labkit.exercises import engine
from labkit.exercises.calls import call_on_copies, observe_outcome
from labkit.exercises.limits import Capture, OutOfTime, tame, time_limit
from labkit.exercises.state import drawn_alike, seed_all
from labkit.grading import isolation
from labkit.grading.course import Course, Statement, namespace
from labkit.grading.plain import TooLarge, decode, encode
from labkit.grading.sandbox import SCRATCH
from labkit.grading.shell import NO_PROCESSES, new_shell, run, told
from labkit.lab import CheckFailed, Lab

LIMITS = isolation.Limits(memory=1024**3, seconds=60, file_size=16 * 1024**2, scratch=64)
MOST_CHECKS = 20  # of one exercise; a notebook may call a check in a loop
OUT_OF_TIME = "{name} did not come back within {seconds:g} seconds."


def serve(request, channel, how, seconds):
    """Serve one request in this process, shut in: "walled", "limited" or "open" (`zygote`).

    request: {"lab", "seed"; "steps": what `plan` made; "statements": of the course's own cells; "seconds":
        {name of an exercise that is graded: of its own time}; "cell_seconds": of one cell's; "skip": places
        of cells that are not run; "refused", "passed": exercises whose verdict is known, so not checked}.
    seconds: of processor time. The first thing sent is {"ready": true}: up to there only our own code has
    run, and what went wrong is {"fault": str}, and not the student's.
    """
    try:
        if how == "walled":
            isolation.part_from_others(SCRATCH, LIMITS.scratch)
        else:
            os.chdir(tempfile.mkdtemp())
            sys.path.insert(0, "")
        sitting = Sitting(request, channel)
        if how != "open":
            isolation.shut_in(replace(LIMITS, seconds=seconds))
    except Exception as error:
        channel.send({"fault": f"{type(error).__name__}: {error}"})
        return
    channel.send({"ready": True})
    if channel.receive() is not None:
        sitting.go()


@lru_cache(maxsize=64)
def draw(lab, name, seed):
    """(an exercise, its cases of one seed). What the warm Python has drawn is here already after a fork."""
    exercise = next(e for e in exercises.get(lab).EXERCISES if e.name == name)
    return exercise, exercise.cases(seed)


class Sitting:
    """One run of a student's notebook, or of one answer's code, with everything that is checked in it."""

    def __init__(self, request, channel):
        self.channel, self.seed = channel, request["seed"]
        self.steps, self.skip = request["steps"], request["skip"]
        self.refused, self.passed = request["refused"], request["passed"]
        self.cell_seconds, self.all_cells = request["cell_seconds"], request["all_cells"]
        self.drawn = {}
        for name, seconds in request["seconds"].items():
            exercise, cases = draw(request["lab"], name, self.seed)
            self.drawn[name] = (replace(exercise, seconds=seconds), cases)
        module = exercises.get(request["lab"])
        self.lab = GradedLab(module, request["lab"], self)
        known = {exercise.name: exercise.reference for exercise in module.EXERCISES} | {"lab": self.lab}
        self.course = Course((Statement(**fields) for fields in request["statements"]), known)
        self.module = namespace(self.course)
        self.place, self.seen, self.checks = 0, {}, {}
        # One notebook's `labkit.start` is ours; nobody else is in this process.
        import labkit
        import labkit.lab

        labkit.start = labkit.lab.start = lambda number, made_for=None: self.lab
        self.shell = new_shell(self.module)

    def go(self):
        """Run the steps, then check what they have left unchecked."""
        seed_all(self.seed)  # what draws without a seed of its own draws the same in every run
        used, until = 0.0, time.monotonic() + 2 * self.all_cells
        with Capture():
            for step in self.steps:
                self.reach(step)
                if "check" in step:
                    self.check_quietly(step["check"])
                elif step["place"] in self.skip or time.monotonic() > until:
                    continue
                elif used < self.all_cells:
                    used += self.run_cell(step["run"])
            for name in self.drawn:
                if self.is_changed(name):
                    self.check_quietly(name)
        self.channel.send({"at": "end"})

    def reach(self, step):
        """Go on to a step: what the course's cells above it import is there."""
        reached, self.course.place = self.course.place, step["course"]
        self.place = step["place"]
        self.shell.user_ns.update({"lab": self.lab} if reached < 0 else {}, **self.course.imports(reached))

    def run_cell(self, text):
        """Run one cell; returns the seconds that it took."""
        self.channel.send({"at": "cell", "place": self.place})
        begin, error = time.process_time(), None
        isolation.allow(self.cell_seconds)
        try:
            with time_limit(self.cell_seconds):
                error = run(self.shell, text, f"<cell {self.place}>")
        except OutOfTime as late:
            error = late
        if isinstance(error, OutOfTime):
            said = f"The cell did not come to its end within {self.cell_seconds:g} seconds."
            self.channel.send({"wrong": said, "place": self.place})
        elif error is not None and not isinstance(error, CheckFailed | NotImplementedError):
            said, no_python = told(error), isinstance(error, SyntaxError)
            self.channel.send({"wrong": said, "place": self.place, "syntax": no_python})
        return time.process_time() - begin

    def check_quietly(self, name):
        """Check an exercise's function, if the notebook has one."""
        function = self.shell.user_ns.get(name)
        if function is None or name not in self.drawn or name in self.lab.solved:
            return
        try:
            self.lab.check(function, name)
        except (CheckFailed, NotImplementedError):
            pass

    def is_changed(self, name):
        """Is there a function now that has not been checked as it is?"""
        return name in self.shell.user_ns and self.seen.get(name) != self.state(self.shell.user_ns[name])

    def state(self, function):
        """What a function is made of now: itself, and the notebook's names that it uses, directly or not."""
        found, waiting = {}, [function]
        while waiting:
            code = getattr(waiting.pop(), "__code__", None)
            codes = [code] if code else []
            while codes:
                code = codes.pop()
                codes += [constant for constant in code.co_consts if hasattr(constant, "co_names")]
                for name in code.co_names:
                    if name not in found and name in self.shell.user_ns:
                        value = self.shell.user_ns[name]
                        found[name] = value if isinstance(value, int | float | str) else id(value)
                        waiting.append(value)
        return id(function), found

    def examine(self, exercise, function):
        """Call a function on the inputs and hear the verdict: did it pass?"""
        name = exercise.name
        self.checks[name] = self.checks.get(name, 0) + 1
        self.seen[name] = self.state(function)
        if name in self.passed or name not in self.drawn:
            return name in self.passed
        if name in self.refused or self.checks[name] > MOST_CHECKS:
            return False
        self.channel.send({"at": "check", "exercise": name, "place": self.origin(function)})
        exercise, cases = self.drawn[name]
        problem = engine.unusable(function, exercise)
        with drawn_alike(self.seed):
            if problem:
                self.channel.send({"problem": problem})
            else:
                self.call(function, exercise, cases)
            while (message := self.channel.receive()) is not None and "passed" not in message:
                arguments = [_argument(item, cases) for item in message["call"]]
                self.channel.send(self.call_once(function, exercise, arguments))
        if message is None:
            raise SystemExit  # the examiner has hung up
        return message["passed"] is True

    def call_once(self, function, exercise, arguments):
        """One call more, as plain data."""
        isolation.allow(exercise.seconds)
        with Capture(), tame(function):
            try:
                with time_limit(exercise.seconds):
                    return plain_outcome(call_on_copies(function, arguments, exercise.form))
            except OutOfTime:
                return {"late": True}

    def call(self, function, exercise, cases):
        """Send what the function gives for each case."""
        isolation.allow(exercise.seconds)
        with Capture() as capture, tame(function):
            try:
                with time_limit(exercise.seconds):
                    outcomes = [answer_case(function, exercise, case) for case in cases]
            except OutOfTime:
                said = OUT_OF_TIME.format(name=exercise.name, seconds=exercise.seconds)
                self.channel.send({"problem": said, "late": True})
                return
        self.channel.send({"outcomes": outcomes, "printed": capture.text[:2000]})

    def origin(self, function):
        """The place of the cell in which a function is defined; where the notebook is, if that is unclear."""
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        place = file.removeprefix("<cell ").removesuffix(">")
        return int(place) if place.isdecimal() and place != file else self.place


class GradedLab(Lab):
    """The notebook's `lab`: its checks are answered by the examiner."""

    def __init__(self, module, number, sitting):
        super().__init__(module, number)
        self._sitting = sitting

    def check(self, function, exercise=None):
        """As Lab.check, without a report. Raises CheckFailed when it does not pass."""
        task = self._exercise(function, exercise)
        if self._sitting.examine(task, function):
            self.solved[task.name] = function
        else:
            self.solved.pop(task.name, None)
            raise CheckFailed(f"{task.name}: not yet right")


def answer_case(function, exercise, case):
    """One case's outcome and observation, as plain data."""
    outcome = call_on_copies(function, case.args, exercise.form)
    try:
        observed = encode(observe_outcome(outcome, exercise, case))
    except TooLarge as error:
        observed = {"kind": "other", "shown": str(error)}
    return plain_outcome(outcome) | {"observed": observed}


def plain_outcome(outcome):
    """An engine Outcome as plain data."""
    try:
        value = encode(outcome.value)
    except TooLarge as error:
        value = {"kind": "other", "shown": str(error)}
    error_type = outcome.error_type.__name__ if outcome.error_type else None
    error = outcome.error[:2000]
    if outcome.error_type is PermissionError:
        error += NO_PROCESSES
    return {
        "value": value,
        "error": error,
        "error_type": error_type,
        "changed": outcome.changed[:2000],
        "advice": outcome.advice[:2000],
    }


def _argument(item, cases):
    if isinstance(item, dict) and item.get("kind") == "case":
        return cases[item["index"]].args[item["position"]]
    return decode(item)
