"""One submission's marks: the notebook is run as it stands, and what that leaves open is graded by its text.

The principle: an answer whose check passes when the notebook is run from top to bottom gets its points here.
A notebook that does not run, because a cell was broken, retyped or cut in two, is read as well: each answer's
code with what it uses, alone (`answers`). The better of the two counts.
"""

import re
import time

from labkit.exercises import engine
from labkit.grading.grader import Record

# What Python says to a text that is none.
NO_PYTHON = re.compile(r"(Syntax|Indentation|Tab)Error\b|The cell (cannot be read as|has [\d,]+ char)")
ALONE = 300.0  # seconds by the clock for all answers of a notebook that are graded alone
NO_TIME = "The notebook has used up its time before this answer could be graded."
MOST_ERRORS = 5  # cells that went wrong, of which the student is told
SHELL = re.compile(r"^[ \t]*(!|[\w, ]+=[ \t]*!|%%(bash|sh|script|cmd)\b|%s?x\b|%system\b)", re.MULTILINE)
NO_SHELL = "Shell lines (!..., %%bash) are not run while grading: what they would make is not there."


def mark(submission, grader):
    """(a plain report for each exercise, notes for the student)."""
    runs = any("run" in step for step in submission.steps)
    record = grader.run(submission.steps) if runs else Record()
    texts = {step["place"]: step["run"] for step in submission.steps if "run" in step}
    reports, notes, until = [], list(submission.notes), time.monotonic() + ALONE
    for name in grader.tasks:
        report, said = mark_one(name, submission.answers[name], record, texts, grader, until)
        reports.append(report)
        notes += said
    if any(report["status"] != "passed" for report in reports):
        notes += cells_that_failed(record, texts, grader.tasks)
        notes += [NO_SHELL] * any(map(SHELL.search, texts.values()))
    return reports, notes


def mark_one(name, answer, record, texts, grader, until):
    """(one exercise's plain report, notes): of the run or, if that says more, of the answer's text alone."""
    task, verdict = grader.tasks[name], record.verdicts.get(name)
    if answer.code and needs_reading(verdict, record):
        if time.monotonic() > until:
            return not_graded(task, NO_TIME, answer.code, "time"), []
        alone = grader.grade_alone(name, answer.code)
        if verdict is None or alone.report.points > verdict.report.points:
            return plain(alone.report, answer.code, alone.ended), answer.notes
    if verdict is None or (verdict.report.status == "unsolved" and answer.problem):
        ended = "syntax" if NO_PYTHON.match(answer.problem) else ""
        return not_graded(task, answer.problem, written(name, texts), ended), []
    code = texts.get(verdict.place, answer.code)
    return plain(verdict.report, code, verdict.ended), run_notes(name, answer, verdict)


def written(name, texts):
    """The text of the last cell that was to define a function, or ""."""
    return next((text for text in reversed(texts.values()) if re.search(rf"\bdef\s+{name}\b", text)), "")


def cells_that_failed(record, texts, names):
    """What the student should know about cells that went wrong; of an exercise's own its report tells."""
    found = []
    for place, said in sorted(record.wrong.items()):
        text = texts.get(place, "")
        if place in record.syntax and any(written(name, {place: text}) for name in names):
            continue
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")[:60]
        found.append(f"When the notebook was run, the cell that begins “{first}” ended so: {said}")
    return found[:MOST_ERRORS]


def run_notes(name, answer, verdict):
    """What the student should know about which of several functions counts."""
    notes = [note for note in answer.notes if note.startswith("A later ")]
    if verdict.place is not None and any("is defined" in note for note in answer.notes):
        notes.append(f"{name} is defined several times; the one in cell {verdict.place + 1} counts.")
    return notes


def needs_reading(verdict, record):
    """Can an answer's text say more than the run did?"""
    if verdict is None:
        return True
    return not verdict.report.passed and bool(record.wrong) and verdict.ended not in ("time", "crash")


def plain(report, code="", ended=""):
    """A Report as plain data, as `grades.Grade` has it."""
    return report.json | {"text": report.text, "printed": report.printed, "code": code, "ended": ended}


def not_graded(task, problem, code="", ended=""):
    """The plain report on an exercise of which there is nothing to run."""
    report = engine.unfinished(task, "missing", problem)
    text = f"{task.name}: 0 of {task.points} points\n  {problem}"
    return plain(report, code, ended) | {"text": text, "properties": []}
