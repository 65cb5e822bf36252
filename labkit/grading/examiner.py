"""The grader's side of the border: hear what a student's process says, compare, and report.

A process of its own, without a line of the student's in it, but within limits: what comes over the border may
be anything, and however large or slow to compare it is, it costs its own exercise and nobody else. The
grader itself hears only what is said here, in few words.
"""

import json
import platform
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from labkit.exercises import engine
from labkit.exercises.calls import observe_all
from labkit.exercises.exercise import Case, Exercise, Outcome, Trial
from labkit.exercises.limits import PATIENCE, OutOfTime, time_limit
from labkit.exercises.properties import alike
from labkit.grading import isolation
from labkit.grading.plain import decode, encode, error_named
from labkit.grading.worker import MOST_CHECKS, draw

MOST_BYTES = 32 * 1024**2  # of one message; the largest of a right answer has 2
LONGEST = 4000  # characters of a text that is handed on
JUDGING_SECONDS = 20.0  # of own time, for one check
LIMITS = isolation.Limits(memory=1536 * 1024**2, seconds=600, file_size=1024**2, scratch=1)
GONE = {
    "ended": "{name} ended the whole process: a crash, os._exit, or more memory or time than there is.",
    "out of time": "{name} did not come back in time.",
    "said too much": "{name} returned more data than any right answer has.",
    "judging": "{name} returned something that takes too long, or too much memory, to compare.",
}


USED_UP = "used up"  # the time for all cells


class Ended(BaseException):
    """The student's process is gone, or has said what no answer says; the message says which.

    Not an Exception: a property that makes calls of its own lets it by.
    """


class CannotCall(TypeError):
    """A property wanted to hand the student's function something that is no plain data: a fault of ours."""


@dataclass(frozen=True)
class Expectation:
    """An exercise's cases of one seed, and what the reference gives for them."""

    exercise: Exercise
    cases: list[Case]
    expected: list[Any]


@lru_cache(maxsize=512)
def expectation(lab, name, seed):
    """The Expectation. What the warm Python has made of it is here already after a fork."""
    exercise, cases = draw(lab, name, seed)
    return Expectation(exercise, cases, observe_all(exercise.reference, exercise, cases))


def serve(request, channel, student):
    """Serve one request: listen to the process at the other end of the socket `student` until it has ended.

    request: {"lab", "seed"; "seconds": {exercise: of its own time}; "cell_seconds": of one cell's;
        "margin": seconds more by the clock}.
    Says {"ready": true}; {"at": "cell" or "check", "of": place or exercise}; {"wrong": str, "place": int,
    "syntax": bool}; {"report": ..., "exercise", "place", "ended"}; and last {"end": true} or {"over": why}.
    """
    try:
        known = {name: expectation(request["lab"], name, request["seed"]) for name in request["seconds"]}
        if platform.system() == "Linux":
            isolation.limit(LIMITS)
    except Exception as error:
        channel.send({"fault": f"{type(error).__name__}: {error}"})
        return
    channel.send({"ready": True})
    try:
        Examiner(request, known, channel, student).listen()
        channel.send({"end": True})
    except Ended as end:
        channel.send({"over": str(end)})


class Examiner:
    """Listens to one student's process."""

    def __init__(self, request, known, channel, student):
        self.seconds, self.margin = request["seconds"], request["margin"]
        self.known, self.channel, self.student = known, channel, student
        self.file = student.makefile("rwb")
        self.checks, self.cell_seconds = dict.fromkeys(known, 0), request["cell_seconds"]
        self.left = PATIENCE * request["all_cells"] + self.margin  # seconds by the clock, for all cells

    def listen(self):
        """Until the student's process says that it has come to its end. Raises Ended."""
        self.tell({"go": True})
        while (message := self.hear_of_cells()).get("at") != "end":
            if message.get("at") == "cell":
                self.channel.send({"at": "cell", "of": _place(message)})
            elif message.get("at") == "check" and message.get("exercise") in self.known:
                self.examine(message["exercise"], _place(message))
            elif "wrong" in message:
                said, syntax = str(message["wrong"])[:LONGEST], message.get("syntax") is True
                self.channel.send({"wrong": said, "place": _place(message), "syntax": syntax})
            else:
                raise Ended("sent something unreadable")

    def hear_of_cells(self):
        """The next message while cells are run, which have a time by the clock together."""
        begin = time.monotonic()
        try:
            return self.hear(min(PATIENCE * self.cell_seconds + self.margin, max(self.left, 1.0)))
        finally:
            self.left -= time.monotonic() - begin
            if self.left < 0:
                raise Ended(USED_UP)

    def examine(self, name, place):
        """Hear one check's outcomes, judge them, report, and say the verdict."""
        self.checks[name] += 1
        if self.checks[name] > MOST_CHECKS:
            raise Ended("sent something unreadable")
        self.channel.send({"at": "check", "of": name})
        known, ended = self.known[name], ""
        message = self.hear(self.patience(name))
        if "problem" in message:
            report = engine.unfinished(known.exercise, "unusable", str(message["problem"])[:1000])
            ended = "time" if message.get("late") is True else ""
        else:
            report, ended = self.judge(known, message)
        self.channel.send(plain_report(report) | {"place": place, "ended": ended})
        self.tell({"passed": report.passed})

    def judge(self, known, message):
        """(the report on what one check gave, how it ended)."""
        outcomes, name = message.get("outcomes"), known.exercise.name
        if not isinstance(outcomes, list) or len(outcomes) != len(known.cases):
            raise Ended("sent something unreadable")
        try:
            with time_limit(JUDGING_SECONDS):
                trial = self.trial(known, outcomes)
                if any(map(engine.is_unwritten, trial.outcomes)):
                    said = engine.UNSOLVED.format(name=name)
                    return engine.unfinished(known.exercise, "unsolved", said), ""
                results = [engine.judge(prop, trial) for prop in known.exercise.properties]
                printed = str(message.get("printed", ""))[:2000]
                return engine.conclude(trial, known.exercise, results, printed), how_it_ended(trial)
        except (OutOfTime, MemoryError, RecursionError) as error:
            late = bool(error.args) and isinstance(error, OutOfTime)
            said = GONE["out of time" if late else "judging"].format(name=name)
            return engine.unfinished(known.exercise, "unusable", said), "time" if late else "crash"

    def trial(self, known, outcomes):
        """A Trial of what the student's process sent."""
        name, trial = known.exercise.name, Trial(None, known.cases, known.expected)
        for sent in outcomes:
            trial.outcomes.append(read_outcome(sent))
            trial.observed.append(_decoded(sent.get("observed")))

        def call(*arguments):
            self.tell({"call": [_sendable(a, known.cases) for a in arguments]})
            sent = self.hear(self.patience(name))
            if sent.get("late") is True:
                raise OutOfTime(name)
            return read_outcome(sent)

        trial.call = call
        return trial

    def patience(self, name):
        """Seconds by the clock to wait for the next message of a check."""
        return PATIENCE * self.seconds[name] + self.margin

    def tell(self, message):
        """Write one message to the student's process."""
        try:
            self.file.write(json.dumps(message).encode() + b"\n")
            self.file.flush()
        except OSError:
            raise Ended("ended") from None

    def hear(self, seconds):
        """Its next message, a dict. Raises Ended when none comes in time, or too much, or no JSON."""
        self.student.settimeout(seconds)
        try:
            line = self.file.readline(MOST_BYTES + 1)
            if not line.endswith(b"\n"):
                raise Ended("said too much" if len(line) > MOST_BYTES else "ended")
            message = json.loads(line)
        except TimeoutError:
            raise Ended("out of time") from None
        except (ConnectionResetError, BrokenPipeError):
            raise Ended("ended") from None
        except (OSError, ValueError, RecursionError) as error:
            raise Ended(f"sent something unreadable ({type(error).__name__})") from None
        except MemoryError:
            raise Ended("said too much") from None
        if not isinstance(message, dict):
            raise Ended("sent something unreadable")
        return message


def how_it_ended(trial):
    """The word "error" where every wrong case is one in which the function raised an exception, else ""."""
    pairs = zip(trial.expected, trial.observed, trial.outcomes, strict=True)
    wrong = [outcome for expected, seen, outcome in pairs if not alike(expected, seen)]
    return "error" if wrong and all(outcome.error for outcome in wrong) else ""


def plain_report(report):
    """A Report as what is handed on: few words, whatever the answer was."""
    return {
        "report": {
            "status": report.status,
            "results": [[result.passed, result.message[:LONGEST]] for result in report.results],
            "problem": report.problem[:LONGEST],
            "misconception": report.misconception,
            "hints": report.hints,
            "printed": report.printed[:LONGEST],
        },
        "exercise": report.exercise,
    }


def read_outcome(sent):
    """A plain outcome as the engine's Outcome. Raises Ended when it is none."""
    if not isinstance(sent, dict):
        raise Ended("sent something unreadable")
    kind = sent.get("error_type")
    return Outcome(
        value=_decoded(sent.get("value")),
        error=str(sent.get("error") or "")[:2000],
        error_type=error_named(kind) if isinstance(kind, str) else None,
        changed=str(sent.get("changed") or "")[:LONGEST],
        advice=str(sent.get("advice") or "")[:LONGEST],
    )


def _decoded(data):
    try:
        return decode(data)
    except (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, SyntaxError):
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


def _place(message):
    place = message.get("place")
    return place if type(place) is int and 0 <= place < 100_000 else 0
