"""Grades as an instructor, a student and other systems read them, written into one folder."""

import csv
import io
import json
import re
from xml.etree import ElementTree

from labkit import exercises
from labkit.grading.classroom import file_name
from labkit.grading.feedback import feedback
from labkit.grading.tally import tally
from labkit.safe_files import replacing

# A spreadsheet runs a cell that begins like a formula, and some split cells at more than commas.
FORMULA = re.compile(r"(^|[;,|]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def write_all(grades, output):
    """Write every report into the folder `output`; returns the paths written, the table first.

    grades.csv, junit.xml, class.html and class.svg for the class; feedback/STUDENT-LAB.html and
    gradescope/STUDENT/results.json for each student.
    """
    output.mkdir(parents=True, exist_ok=True)
    # With a byte order mark: without one Excel takes UTF-8 for the local encoding, and spoils names.
    written = [_write(output / "grades.csv", "\ufeff" + table(grades))]
    written.append(_write(output / "junit.xml", junit(grades)))
    for grade in grades:
        name = f"{file_name(grade.student)}-{grade.lab.replace('?', '_')}"
        written.append(_write(output / "feedback" / f"{name}.html", feedback(grade)))
    for student in dict.fromkeys(grade.student for grade in grades):
        mine = [grade for grade in grades if grade.student == student]
        path = output / "gradescope" / file_name(student) / "results.json"
        written.append(_write(path, gradescope(mine)))
    return written + picture(grades, output)


def picture(grades, output):
    """Write the picture of the class as a page and as an SVG file; [] where there is nothing to draw."""
    from labkit.plotting import class_map, class_svg

    tallies = tally(grades)
    if not tallies:
        return []
    outcomes = {f"{one.lab} {one.exercise}": one.outcomes for one in tallies}
    mistakes = {f"{one.lab} {one.exercise}": one.mistakes for one in tallies}
    page = class_map(outcomes, mistakes).save_html(output / "class.html")
    return [page, _write(output / "class.svg", class_svg(outcomes, mistakes))]


def table(grades):
    """grades.csv: a row for each student and lab, a column for each exercise of the labs."""
    labs = sorted({grade.lab for grade in grades if grade.lab in exercises.labs()})
    names = [f"{lab} {task.name}" for lab in labs for task in exercises.get(lab).EXERCISES]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["student", "lab", "points", "of", *names, "notes"])
    for grade in grades:
        points = {f"{grade.lab} {report['exercise']}": report["points"] for report in grade.exercises}
        notes = " ".join([grade.problem, *grade.notes]).strip()
        cells = [points.get(name, "") for name in names]
        row = [_cell(grade.student), grade.lab, grade.points, grade.max_points, *cells, _cell(notes)]
        writer.writerow(row)
    return stream.getvalue()


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
        case = ElementTree.Element("testcase", classname=_xml(grade.student), name=report["exercise"])
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
            "output": report["text"],
            "output_format": "text",
            "visibility": "visible",
        }
        for grade in grades
        for place, report in enumerate(grade.exercises, 1)
    ]
    notes = [note for grade in grades for note in [grade.problem, *grade.notes] if note]
    result = {"score": sum(grade.points for grade in grades), "tests": tests}
    if notes:
        result |= {"output": "\n".join(dict.fromkeys(notes)), "output_format": "text"}
    return json.dumps(result, indent=1) + "\n"


def _write(path, text):
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8", errors="replace")
    return path


def _cell(text):
    """A student's text that no spreadsheet takes for a formula, in one line."""
    return FORMULA.sub(r"\1'", re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip())


def _xml(text):
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
