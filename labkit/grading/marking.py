"""One submission's marks: the notebook is run as it stands, and what that leaves open is graded by its text.

The principle: an answer whose check passes when the notebook is run from top to bottom gets its points here.
A notebook that does not run, because a cell was broken, retyped or cut in two, is read as well: each answer's
code with what it uses, alone (`answers`). The better of the two counts.
"""

import re

from labkit.exercises import engine

# What Python says to a text that is none.
NO_PYTHON = re.compile(r"(Syntax|Indentation|Tab)Error\b|The cell (cannot be read as|has [\d,]+ char)")
MOST_ERRORS = 3  # cells that went wrong, of which the student is told


def mark(submission, grader):
    """(a plain report for each exercise, notes for the student)."""
    record = grader.run(submission.steps) if any("run" in step for step in submission.steps) else None
    texts = {step["place"]: step["run"] for step in submission.steps if "run" in step}
    reports, notes = [], list(submission.notes)
    for name, task in grader.tasks.items():
        verdict = record.verdicts.get(name) if record else None
        answer, alone = submission.answers[name], None
        if answer.code and needs_reading(verdict, record):
            alone = grader.grade_alone(name, answer.code)
            if verdict is None or alone.report.points > verdict.report.points:
                notes += answer.notes
                reports.append(plain(alone.report, answer.code, alone.ended))
                continue
        if verdict is not None and not (verdict.report.status == "unsolved" and answer.problem):
            reports.append(plain(verdict.report, texts.get(verdict.place, answer.code), verdict.ended))
            notes += run_notes(name, answer, verdict)
        else:
            ended = "syntax" if NO_PYTHON.match(answer.problem) else ""
            reports.append(not_graded(task, answer.problem, ended=ended))
    if record and any(report["status"] != "passed" for report in reports):
        wrong = sorted(record.wrong.items())
        notes += [f"When the notebook was run, cell {place + 1} ended so: {said}" for place, said in wrong][
            :MOST_ERRORS
        ]
    return reports, notes


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
