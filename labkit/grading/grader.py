"""A notebook's grades: its cells run in the student's process, the verdicts are an examiner's.

What comes back is plain data, compared with our own reference's. The student's process has our reference
in its package and could call it: that cannot be prevented where checks are to work without a network. What
it cannot do is change what counts as right, see other submissions, or write its own grade.
"""

import signal
import time
from dataclasses import dataclass, field
from functools import partial

from labkit import exercises
from labkit.exercises import engine
from labkit.exercises.limits import PATIENCE
from labkit.exercises.report import Report
from labkit.grading.examiner import GONE, JUDGING_SECONDS, USED_UP
from labkit.grading.pool import ATTEMPTS, Ended

MARGIN = 10.0  # seconds beyond an exercise's own limits, for a busy machine
CELL_SECONDS = 60.0  # of its own time, for one cell of a notebook
ALL_CELLS = 120.0  # of its own time for all cells, twice as much by the clock: what is left is not run
LIFE = 900.0  # seconds by the clock after which a student's process is ended, whatever it does
SITTINGS = 600.0  # seconds by the clock after which a notebook is not run once more
BEYOND_EXERCISES = 3  # sittings of one notebook more than it has exercises: each costs it a cell or a check
LOST = "lost"  # the warm Python was killed, perhaps by no answer at all
OVERTIME = {-signal.SIGXCPU, -signal.SIGXCPU & 0xFF} if hasattr(signal, "SIGXCPU") else set()


@dataclass
class Verdict:
    """What a sitting found of one exercise.

    place: of the cell in which the function was defined; None where it is not known.
    ended: as in `grades.Grade`.
    """

    report: Report
    place: int | None = None
    ended: str = ""


@dataclass
class Record:
    """What came of running a notebook.

    verdicts: exercise -> the best Verdict; without an exercise that was never checked.
    wrong: place of a cell -> how it ended, if not well.  syntax: the places of cells that are no Python.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    wrong: dict[int, str] = field(default_factory=dict)
    syntax: set[int] = field(default_factory=set)
    skip: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def passed(self):
        """The exercises that have passed."""
        return [name for name, verdict in self.verdicts.items() if verdict.report.passed]

    def add(self, name, verdict):
        """Keep the better of two verdicts, and of two as good the later."""
        kept = self.verdicts.get(name)
        if kept is None or verdict.report.points >= kept.report.points:
            self.verdicts[name] = verdict


class Grader:
    """Grades notebooks of one lab with one seed; the same notebook and seed give the same grades.

    statements: of the lab's own cells, for the names that answers take from them (`course.Statement`s as
    dicts).
    """

    def __init__(self, number, seed, python, statements=()):
        self.number, self.seed, self.python, self.statements = number, seed, python, list(statements)
        self.tasks = {exercise.name: exercise for exercise in exercises.get(number).EXERCISES}

    def grade(self, name, code):
        """The engine's Report on one answer, alone, with all hints.  code: as `answers` found it."""
        return self.grade_alone(name, code).report

    def grade_alone(self, name, code):
        """The Verdict on one answer's code, without the notebook around it."""
        steps = [{"run": code, "place": 0, "course": len(self.statements)}]
        record = self.run(steps, [name], self.tasks[name].seconds)
        if name in record.verdicts:
            return record.verdicts[name]
        said = record.wrong.get(0, "")
        problem = (
            f"The cell does not run: {said}" if said else f"There is no function {name} in the notebook."
        )
        return Verdict(engine.unfinished(self.tasks[name], "unusable", problem), 0, "error" if said else "")

    def run(self, steps, names=None, cell_seconds=CELL_SECONDS):
        """The Record of running a notebook's steps (`plan`) and checking these exercises, or all.

        cell_seconds: of its own time that one cell has.
        Where a cell or a check ends the process, it is left out, and the notebook is run again without it.
        """
        names, record = names or list(self.tasks), Record()
        lost, until = 0, time.monotonic() + SITTINGS
        for _ in range(len(names) + BEYOND_EXERCISES):
            at, why = self.sit(steps, names, record, cell_seconds)
            while why == LOST and lost < ATTEMPTS:
                lost += 1
                at, why = self.sit(steps, names, record, cell_seconds)
            if not why or why == USED_UP:
                break
            self.blame(at, "ended" if why == LOST else why, record)
            if time.monotonic() > until:
                break
        return record

    def sit(self, steps, names, record, cell_seconds):
        """Run once; returns (where the process was last, why it ended too early or "")."""
        common = {"lab": self.number, "seed": self.seed}
        common |= {"seconds": {name: self.tasks[name].seconds for name in names}}
        common |= {"margin": MARGIN, "cell_seconds": cell_seconds, "all_cells": ALL_CELLS}
        asked = {
            "steps": steps,
            "statements": self.statements,
            "skip": record.skip,
            "refused": record.refused,
            "passed": record.passed,
        }
        at = ("cell", 0)
        begin = partial(self.python.begin, seconds=LIFE, lab=self.number, seed=self.seed)
        with begin(common | asked) as student:
            with begin(common, extra=student.connection.fileno()) as examiner:
                try:
                    while not (message := examiner.receive(self.patience(at, cell_seconds))).get("end"):
                        if "over" in message:
                            return at, self.reason(student, str(message["over"]))
                        at = self.hear(message, at, record)
                    return at, ""
                except Ended as end:
                    if examiner.lost:
                        return at, LOST
                    return at, "out of time" if str(end) == "out of time" else "judging"

    def hear(self, message, at, record):
        """Take what an examiner says; returns where the student's process is now."""
        if "at" in message:
            return message["at"], message["of"]
        if "wrong" in message:
            record.wrong.setdefault(message["place"], message["wrong"])
            record.syntax |= {message["place"]} if message["syntax"] else set()
        if "report" in message:
            report = self.read(message["exercise"], message["report"])
            record.add(message["exercise"], Verdict(report, message["place"], message["ended"]))
        return at

    def read(self, name, sent):
        """The Report in an examiner's words."""
        task = self.tasks[name]
        report = engine.unfinished(task, sent["status"], sent["problem"])
        for result, (passed, message) in zip(report.results, sent["results"], strict=True):
            result.passed, result.message = passed, message
        report.misconception, report.hints = sent["misconception"], sent["hints"]
        report.printed = sent["printed"]
        return report

    def patience(self, at, cell_seconds):
        """Seconds by the clock to wait for an examiner's next message."""
        kind, what = at
        if kind == "cell":
            return PATIENCE * cell_seconds + 2 * MARGIN
        seconds = self.tasks[what].seconds
        return PATIENCE * (2 * seconds + JUDGING_SECONDS) + 2 * MARGIN

    def reason(self, student, said):
        """Why a student's process has ended, from what its examiner said and how it went."""
        if said == "ended":
            status = student.poll(wait=5.0)
            if student.lost:
                return LOST
            if status in OVERTIME:
                return "out of time"
        return said

    def blame(self, at, why, record):
        """A process has ended too early: leave out next time what it was about."""
        kind, what = at
        if kind == "cell":
            record.skip.append(what)
            said = GONE.get(why, "{name} " + why + ".").format(name="The cell")
            record.wrong[what] = said
            return
        task = self.tasks[what]
        said = GONE.get(why, "{name} " + why + ".").format(name=task.name)
        record.refused.append(what)
        ended = "time" if why == "out of time" else "crash"
        record.add(what, Verdict(engine.unfinished(task, "unusable", said), None, ended))
