"""The student's side of the border: define one answer, call it on seeded cases, send back plain data.

Runs in a process of its own that may do little (`isolation`). The cases are drawn before the first line of
the answer runs. Nothing that is said here is believed: the grader compares the data with its own reference.
"""

import json
import linecache
import random
from dataclasses import replace
from functools import lru_cache

import numpy
import torch

from labkit import exercises
from labkit.exercises import engine
from labkit.exercises.limits import Capture, OutOfTime, tame, time_limit
from labkit.grading import isolation
from labkit.grading.plain import TooLarge, decode, encode
from labkit.grading.sandbox import SCRATCH

FILE = "<your answer>"  # how error messages call the student's code
LIMITS = isolation.Limits(memory=1024**3, seconds=60, file_size=16 * 1024**2, scratch=64)


class Channel:
    """JSON lines in both directions over a connected socket."""

    def __init__(self, connection):
        self.file = connection.makefile("rwb")

    def send(self, message):
        """Write one message."""
        self.file.write(json.dumps(message).encode() + b"\n")
        self.file.flush()

    def receive(self):
        """The next message, or None at the end."""
        line = self.file.readline()
        return self.parse(line) if line else None

    @staticmethod
    def parse(line):
        """One line as a message. Raises ValueError."""
        return json.loads(line)


def run(request, channel, how, seconds):
    """Serve one request in this process, shut in: "walled", "limited" or "open" (`zygote`).

    seconds: of processor time. The first thing sent is {"ready": true}: up to there only our own code has
    run, and what went wrong is {"fault": str}, and not the student's.
    """
    try:
        if how == "walled":
            isolation.part_from_others(SCRATCH, LIMITS.scratch)
        exercise, cases = draw(request["lab"], request["exercise"], request["seed"])
        others = exercises.get(request["lab"]).EXERCISES
        _draw_alike(request["seed"])
        if how != "open":
            isolation.shut_in(replace(LIMITS, seconds=seconds))
    except Exception as error:
        channel.send({"fault": f"{type(error).__name__}: {error}"})
        return
    channel.send({"ready": True})
    serve(request["code"], exercise, cases, others, channel)


def _draw_alike(seed):
    """Let an answer that draws random numbers without a seed of its own draw the same in every run."""
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@lru_cache(maxsize=64)
def draw(lab, name, seed):
    """(an exercise, its cases of one seed). What the warm Python has drawn is here already after a fork."""
    exercise = next(e for e in exercises.get(lab).EXERCISES if e.name == name)
    return exercise, exercise.cases(seed)


def serve(code, exercise, cases, others, channel):
    """Send {"problem": str} and end, or {"outcomes": [...], "printed": str} and then answer
    {"call": [arguments]} until the grader hangs up.
    """
    with Capture() as capture:
        function, problem = define(code, exercise, others)
        if problem:
            channel.send({"problem": problem})
            return
        with tame(function):
            try:
                with time_limit(exercise.seconds):
                    outcomes = [answer_case(function, exercise, case) for case in cases]
            except OutOfTime:
                channel.send({"problem": OUT_OF_TIME.format(name=exercise.name, seconds=exercise.seconds)})
                return
            channel.send({"outcomes": outcomes, "printed": capture.text[:2000]})
            while (message := channel.receive()) is not None:
                arguments = [_argument(item, cases) for item in message["call"]]
                with time_limit(exercise.seconds):
                    outcome = engine.call_on_copies(function, arguments)
                channel.send(plain_outcome(outcome))


OUT_OF_TIME = "{name} did not come back within {seconds:g} seconds."


def define(code, exercise, others=()):
    """(the function that the code defines, "") or (None, why there is none).

    others: exercises whose functions the code may call without bringing them: ours stand in.
    """
    linecache.cache[FILE] = (len(code), None, [line + "\n" for line in code.split("\n")], FILE)
    space = {"__name__": "__main__"} | {other.name: other.reference for other in others}
    space.pop(exercise.name, None)
    try:
        with time_limit(exercise.seconds):
            exec(compile(code, FILE, "exec"), space)
    except OutOfTime:
        return None, OUT_OF_TIME.format(name="What stands above the function", seconds=exercise.seconds)
    except BaseException as error:
        return None, f"The cell does not run: {type(error).__name__}: {error}"[:500]
    function = space.get(exercise.name)
    return function, engine.unusable(function, exercise)


def answer_case(function, exercise, case):
    """One case's outcome and observation, as plain data."""
    outcome = engine.call_on_copies(function, case.args)
    try:
        observed = encode(engine.observe_outcome(outcome, exercise, case))
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
    return {"value": value, "error": outcome.error, "error_type": error_type, "changed": outcome.changed}


def _argument(item, cases):
    if isinstance(item, dict) and item.get("kind") == "case":
        return cases[item["index"]].args[item["position"]]
    return decode(item)
