"""Grades as an instructor, a student and other systems read them, written into one folder."""

import json
from xml.etree import ElementTree

from labkit import exercises
from labkit.files.safe_files import write_text
from labkit.grading.alike import alike, alike_table
from labkit.grading.class_page import class_page
from labkit.grading.feedback import feedback, feedback_file
from labkit.grading.grades import bounded, file_name, printable
from labkit.grading.lms import write_canvas, write_moodle, write_worksheets
from labkit.grading.spreadsheet import cell, csv_text
from labkit.grading.tally import tally

LONGEST = 100_000  # characters of a text that another system gets


def write_all(grades, output, moodle=False, canvas=False):
    """Write every report into the folder `output`; returns the paths written, the table first.

    grades.csv, alike.csv, junit.xml, class.html and class.svg for the class; feedback/STUDENT-LAB.html and
    gradescope/STUDENT/results.json for each student. moodle, canvas: also the files that these import.
    """
    output.mkdir(parents=True, exist_ok=True)
    groups = alike(grades)
    # With a byte order mark: without one Excel takes UTF-8 for the local encoding, and spoils names.
    written = [_write(output / "grades.csv", "\ufeff" + table(grades))]
    written.append(_write(output / "alike.csv", "\ufeff" + alike_table(groups)))
    written.append(_write(output / "junit.xml", junit(grades)))
    for grade in grades:
        written.append(_write(output / "feedback" / feedback_file(grade), feedback(grade)))
    by_student = {}
    for grade in grades:
        by_student.setdefault(grade.student, []).append(grade)
    for student, mine in by_student.items():
        path = output / "gradescope" / file_name(student) / "results.json"
        written.append(_write(path, gradescope(mine)))
    if moodle:
        written.append(write_moodle(grades, output / "moodle.csv")[0])
        written += write_worksheets(grades, output)
    if canvas:
        written.append(write_canvas(grades, output / "canvas.csv")[0])
    return written + picture(grades, groups, output)


def picture(grades, groups, output):
    """Write the class as a page and as an SVG file without names; [] where there is nothing to draw."""
    from labkit.plotting import class_svg

    tallies = tally(grades)
    if not tallies:
        return []
    outcomes = {f"{one.lab} {one.exercise}": one.outcomes for one in tallies}
    mistakes = {f"{one.lab} {one.exercise}": one.mistakes for one in tallies}
    page = _write(output / "class.html", class_page(grades, groups))
    return [page, _write(output / "class.svg", class_svg(outcomes, mistakes))]


def table(grades):
    """grades.csv: a row for each student and lab, with the points and the maximum of each exercise."""
    labs = sorted({grade.lab for grade in grades if grade.lab in exercises.labs()})
    names = [(lab, task.name) for lab in labs for task in exercises.get(lab).EXERCISES]
    header = ["student", "id", "email", "lab", "points", "of", "percent"]
    for lab, name in names:
        header += [f"{lab} {name}", f"{lab} {name} of"]
    rows = [[*header, "seed", "version", "notes"]]
    for grade in grades:
        percent = round(100 * grade.points / grade.max_points, 1) if grade.max_points else ""
        row = [cell(grade.student), cell(grade.id), cell(grade.email), grade.lab]
        row += [grade.points, grade.max_points, percent]
        reports = {(grade.lab, report["exercise"]): report for report in grade.exercises}
        for name in names:
            report = reports.get(name)
            row += [report["points"], report["max_points"]] if report else ["", ""]
        notes = cell(" ".join([grade.problem, *grade.notes]))
        rows.append([*row, grade.seed, cell(grade.version), notes])
    return csv_text(rows)


def junit(grades):
    """JUnit XML as pytest writes it: a suite for each lab, a test for each exercise of each student.

    A notebook that could not be read, and of which no lab is known, is one test that failed.
    """
    root = ElementTree.Element("testsuites")
    for lab in sorted({grade.lab for grade in grades}):
        cases = [case for grade in grades if grade.lab == lab for case in _cases(grade)]
        failed = sum(case.find("failure") is not None for case in cases)
        counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
        ElementTree.SubElement(root, "testsuite", name=f"lab {lab}", **counts).extend(cases)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _cases(grade):
    """The testcase elements of one grade."""
    for report in grade.exercises or [{"exercise": "notebook", "status": "missing", "text": grade.problem}]:
        student = _xml(printable(grade.student)) or "(no name)"
        case = ElementTree.Element("testcase", classname=student, name=report["exercise"])
        message = _xml(grade.problem) or "not passed"
        if "points" in report:
            properties = ElementTree.SubElement(case, "properties")
            for name, value in (("points", report["points"]), ("of", report["max_points"])):
                ElementTree.SubElement(properties, "property", name=name, value=str(value))
            message = f"{report['points']} of {report['max_points']} points"
        if report["status"] != "passed":
            ElementTree.SubElement(case, "failure", message=message).text = _xml(report["text"])
        yield case


def gradescope(grades):
    """results.json as Gradescope reads it, for one student: a test with its own score for each exercise."""
    several = len(grades) > 1
    tests = [
        {
            "number": f"{grade.lab}.{place}" if several else str(place),
            "name": report["exercise"],
            "score": report["points"],
            "max_score": report["max_points"],
            "status": "passed" if report["status"] == "passed" else "failed",
            "output": _plain(report["text"]),
            "output_format": "text",
            "visibility": "visible",
        }
        for grade in grades
        for place, report in enumerate(grade.exercises, 1)
    ]
    notes = [note for grade in grades for note in [grade.problem, *grade.notes] if note]
    result = {"score": sum(grade.points for grade in grades), "tests": tests}
    if notes:
        result |= {"output": _plain("\n".join(dict.fromkeys(notes))), "output_format": "text"}
    return json.dumps(result, indent=1) + "\n"


def _write(path, text):
    write_text(path, text, errors="replace")
    return path


def _plain(text):
    """A text with its lines, without what a terminal or a page would obey."""
    return bounded(printable(text, lines=True, mark="\ufffd"), LONGEST)


def _xml(text):
    """The same within what XML may hold: two more characters are none."""
    return _plain(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
