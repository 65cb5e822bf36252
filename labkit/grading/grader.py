"""One answer's grade: fresh seeded cases in the student's process, the verdict here.

What comes back is plain data, compared with our own reference's. The student's process has our reference
in its package and could call it: that cannot be prevented where checks are to work without a network. What
it cannot do is change what counts as right, see other submissions, or write its own grade.
"""

import threading
from dataclasses import dataclass

from labkit import exercises
from labkit.exercises import engine
from labkit.grading.plain import decode, encode, error_named
from labkit.grading.pool import ATTEMPTS, Ended

LOADING = threading.Lock()  # a model is loaded by one thread at a time, whichever lab asks for it
MARGIN = 10.0  # seconds beyond an exercise's own limits, for a busy machine
GONE = {
    "ended": "{name} ended the whole process: a crash, os._exit, or more memory or time than there is.",
    "out of time": "{name} did not come back in time.",
    "said too much": "{name} returned more data than any right answer has.",
}


class CannotCall(TypeError):
    """A property wanted to hand the student's function something that is no plain data: a fault of ours."""


@dataclass
class Expectation:
    """An exercise's cases of one seed and what the reference gives for them: made once for a class."""

    exercise: engine.Exercise
    cases: list
    expected: list


class Grader:
    """Grades answers to one lab with one seed; the same answer and seed give the same grade."""

    def __init__(self, number, seed, python):
        self.number, self.seed, self.python = number, seed, python
        self.tasks = {exercise.name: exercise for exercise in exercises.get(number).EXERCISES}
        self.ready = {}

    def grade(self, name, code):
        """The engine's Report on one answer, with all hints.  code: as `answers` found it."""
        exercise = self.tasks[name]
        request = {"lab": self.number, "exercise": name, "code": code, "seed": self.seed}
        for _ in range(ATTEMPTS):
            with self.python.ask(request | {"seconds": exercise.seconds}) as conversation:
                report = self.converse(exercise, conversation)
                # Else the grader's own Python was killed, perhaps by no answer at all.
                if not conversation.lost:
                    break
        return report

    def converse(self, exercise, conversation):
        """The report on one run of one answer."""
        try:
            message = conversation.receive(patience(exercise))
            if "problem" in message:
                return engine.unfinished(exercise, "unusable", str(message["problem"])[:1000])
            return self.judge(exercise, message, conversation)
        except Ended as end:
            said = GONE.get(str(end), f"{{name}} {end}.").format(name=exercise.name)
            return engine.unfinished(exercise, "unusable", said)

    def judge(self, exercise, message, conversation):
        """The report on what one process sent."""
        known = self.expectation(exercise)
        outcomes = message.get("outcomes")
        if not isinstance(outcomes, list) or len(outcomes) != len(known.cases):
            raise Ended("sent something unreadable")
        trial = engine.Trial(None, known.cases, known.expected)
        for sent in outcomes:
            trial.outcomes.append(read_outcome(sent))
            trial.observed.append(_decoded(sent.get("observed")))
        if any(outcome.error_type is NotImplementedError for outcome in trial.outcomes):
            return engine.unfinished(exercise, "unsolved", engine.UNSOLVED.format(name=exercise.name))

        def call(*arguments):
            conversation.channel.send({"call": [_sendable(a, known.cases) for a in arguments]})
            return read_outcome(conversation.receive(patience(exercise)))

        trial.call = call
        results = [engine.judge(prop, trial) for prop in exercise.properties]
        return engine.conclude(trial, exercise, results, str(message.get("printed", ""))[:2000])

    def expectation(self, exercise):
        """Cases and the reference's observations, from the first answer on."""
        with LOADING:
            if exercise.name not in self.ready:
                cases = exercise.cases(self.seed)
                expected = engine.observe_all(exercise.reference, exercise, cases)
                self.ready[exercise.name] = Expectation(exercise, cases, expected)
            return self.ready[exercise.name]


def patience(exercise):
    """Seconds to wait for a process's next message: for the cases, or for one call more."""
    return 2 * exercise.seconds + MARGIN


def read_outcome(sent):
    """A plain outcome as the engine's Outcome. Raises Ended when it is none."""
    if not isinstance(sent, dict):
        raise Ended("sent something unreadable")
    kind = sent.get("error_type")
    return engine.Outcome(
        value=_decoded(sent.get("value")),
        error=str(sent.get("error") or "")[:2000],
        error_type=error_named(kind) if isinstance(kind, str) else None,
        changed=bool(sent.get("changed")),
    )


def _decoded(data):
    try:
        return decode(data)
    except (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, SyntaxError, MemoryError):
        raise Ended("sent something unreadable") from None


def _sendable(argument, cases):
    for index, case in enumerate(cases):
        for position, known in enumerate(case.args):
            if known is argument:
                return {"kind": "case", "index": index, "position": position}
    data = encode(argument)
    if isinstance(data, dict) and data.get("kind") == "other":
        raise CannotCall(f"{type(argument).__name__} is no plain data")
    return data
