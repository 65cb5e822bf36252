"""The files that Moodle and Canvas import grades from.

Moodle finds a student by what its teacher chooses, the e-mail address or the ID number. A row where that is
empty it gives to the student of the row before (as of Moodle 4), and at one that it does not know it stops,
says which, and imports nothing. So an empty one says in words whose it is. An assignment's own grading
worksheet goes by the participant's number, which the folders of a download carry: it is written for a lab
where they do. Canvas goes by its own ID, the SIS ID, the login or the name, in this order, and asks about
students that it does not know.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from labkit.files.safe_files import write_text
from labkit.grading.grades import NO_LAB, Grade, bounded
from labkit.grading.spreadsheet import cell, csv_text

COMMENT = 1000  # characters of a feedback comment
POINTS_POSSIBLE = "    Points Possible"  # as Canvas writes it in the second row
WORKSHEET = ["Identifier", "Full name", "ID number", "Email address", "Grade", "Maximum grade"]
WORKSHEET += ["Last modified (grade)", "Feedback comments"]


@dataclass
class Person:
    """One student of a class, with a grade for each lab.

    id and email are "" where nobody said, and where two students have the same.
    participant: of a Moodle assignment, lab -> number.  canvas_id: Canvas's own number.
    """

    name: str
    id: str = ""
    email: str = ""
    participant: dict[str, str] = field(default_factory=dict)
    canvas_id: str = ""
    grades: dict[str, Grade] = field(default_factory=dict)


def write_moodle(grades, path):
    """Write moodle.csv (Grades > Import > CSV file) to `path`; returns (path, students it can't match)."""
    return _write(path, moodle(grades)), [
        one.name for one in people(grades) if not (one.id or one.email or one.participant)
    ]


def write_canvas(grades, path):
    """Write canvas.csv (Gradebook > Import) to `path`; returns (path, students it knows by name only)."""
    missing = [one.name for one in people(grades) if not (one.id or one.email or one.canvas_id)]
    return _write(path, canvas(grades)), missing


def write_worksheets(grades, folder):
    """Write moodle-worksheet-NN.csv for each lab with participants' numbers; returns the paths."""
    found = people(grades)
    return [
        _write(Path(folder) / f"moodle-worksheet-{lab}.csv", worksheet(found, lab))
        for lab in labs(grades)
        if any(one.participant.get(lab) for one in found)
    ]


def moodle(grades):
    """The text of Moodle's grade import: a row for each student, a column of points for each lab."""
    most = labs(grades)
    header = ["Email address", "ID number", "Full name"]
    header += [f"Lab {lab} ({points} points)" for lab, points in most.items()]
    header += [f"Feedback comments, lab {lab}" if len(most) > 1 else "Feedback comments" for lab in most]
    rows = [header]
    for one in people(grades):
        nobody = cell(f"(not known: {bounded(one.name, 100)})")
        known = [cell(one.email) or nobody, cell(one.id) or nobody, cell(one.name)]
        mine = [one.grades.get(lab) for lab in most]
        points = [grade.points if grade else "-" for grade in mine]  # as Moodle writes "no grade"
        rows.append([*known, *points, *(comment(grade) for grade in mine)])
    return csv_text(rows)


def worksheet(found, lab):
    """The text of one assignment's grading worksheet, for the students whose number in it is known."""
    rows = [WORKSHEET]
    for one in found:
        grade, number = one.grades.get(lab), one.participant.get(lab)
        if grade and number:
            known = [f"Participant {number}", cell(one.name), cell(one.id), cell(one.email)]
            rows.append([*known, grade.points, grade.max_points, "-", comment(grade)])
    return csv_text(rows)


def canvas(grades):
    """The text of Canvas's gradebook import: a row for each student, a column of points for each lab."""
    most = labs(grades)
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(f"Lab {lab}" for lab in most)]]
    rows.append([POINTS_POSSIBLE, "", "", "", "", *most.values()])
    for one in people(grades):
        # Canvas would take a student of that name for the row above.
        name = cell(one.name).replace("Points Possible", "Points possible")
        points = [one.grades[lab].points if lab in one.grades else "" for lab in most]
        rows.append([name, cell(one.canvas_id), cell(one.id), cell(one.email), "", *points])
    return csv_text(rows)


def unmatched(grades):
    """The students of whom nothing but a name is known: somebody has to match them by hand."""
    return [
        one.name for one in people(grades) if not (one.id or one.email or one.canvas_id or one.participant)
    ]


def labs(grades):
    """{lab: its points} of the labs that were graded, in order."""
    found = {}
    for grade in grades:
        if grade.lab != NO_LAB:
            found[grade.lab] = max(found.get(grade.lab, 0), grade.max_points)
    return dict(sorted(found.items()))


def people(grades):
    """Every student once, by name, also those of whom only an unreadable file is there."""
    found = {}
    for grade in sorted(grades, key=lambda grade: (grade.student, grade.lab)):
        one = found.setdefault(grade.student, Person(grade.student))
        one.email = one.email or grade.email.strip()
        number = grade.id.strip()
        if number and re.search(rf"_{re.escape(number)}_assignsubmission_", grade.origin):
            one.participant[grade.lab] = number  # of this assignment, and no ID number
        elif number and re.search(rf"_{re.escape(number)}_[0-9]+_", grade.origin):
            one.canvas_id = one.canvas_id or number
        else:
            one.id = one.id or number
        if grade.lab != NO_LAB:
            one.grades[grade.lab] = grade
    for kind in ("id", "email", "canvas_id"):  # what two students have is neither's
        shared = Counter(getattr(one, kind).casefold() for one in found.values())
        for one in found.values():
            if shared[getattr(one, kind).casefold()] > 1:
                setattr(one, kind, "")
    return list(found.values())


def comment(grade):
    """What came of each exercise, in one short line; "" without a grade."""
    if grade is None:
        return ""
    parts = [f"{one['exercise']} {one['points']}/{one['max_points']}" for one in grade.exercises]
    return bounded(cell(" ".join([grade.problem, ", ".join(parts)])), COMMENT)


def _write(path, text):
    write_text(path, text, errors="replace", newline="")
    return Path(path)
