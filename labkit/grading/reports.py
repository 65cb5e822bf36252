"""Grades as an instructor, a student and other systems read them: CSV, JUnit, Gradescope, feedback pages."""

import csv
import html
import io
import json
import re
from xml.etree import ElementTree

from labkit import exercises
from labkit.grading.classroom import file_name

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:8px}}
h2 span{{font-weight:normal}}</style></head>
<body><main><h1>{title}</h1>
<p><strong>{points} of {max_points} points</strong></p>
{body}
</main></body></html>
"""


def write_all(grades, output):
    """Write every report into the folder `output`; returns the paths written, the table first."""
    output.mkdir(parents=True, exist_ok=True)
    written = [_write(output / "grades.csv", table(grades)), _write(output / "junit.xml", junit(grades))]
    for grade in grades:
        name = f"{file_name(grade.student)}-{grade.lab.replace('?', '_')}"
        written.append(_write(output / "feedback" / f"{name}.html", feedback(grade)))
        written.append(_write(output / "gradescope" / name / "results.json", gradescope(grade)))
    return written


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
    """JUnit XML: a suite for each lab, a test for each exercise of each student."""
    root = ElementTree.Element("testsuites")
    for lab in sorted({grade.lab for grade in grades}):
        reports = [(grade, report) for grade in grades if grade.lab == lab for report in grade.exercises]
        failed = sum(report["status"] != "passed" for _, report in reports)
        suite = ElementTree.SubElement(
            root, "testsuite", name=f"lab {lab}", tests=str(len(reports)), failures=str(failed)
        )
        for grade, report in reports:
            case = ElementTree.SubElement(
                suite, "testcase", classname=_xml(grade.student), name=report["exercise"]
            )
            if report["status"] != "passed":
                said = f"{report['points']} of {report['max_points']} points"
                ElementTree.SubElement(case, "failure", message=said).text = _xml(report["text"])
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def gradescope(grade):
    """results.json as Gradescope reads it: a test with its own score for each exercise."""
    tests = [
        {
            "name": report["exercise"],
            "score": report["points"],
            "max_score": report["max_points"],
            "status": "passed" if report["status"] == "passed" else "failed",
            "output": report["text"],
            "output_format": "text",
            "visibility": "visible",
        }
        for report in grade.exercises
    ]
    notes = "\n".join(filter(None, [grade.problem, *grade.notes]))
    return json.dumps({"score": grade.points, "output": notes, "tests": tests}, indent=1) + "\n"


def feedback(grade):
    """A student's page: what passed, what did not, the hint; no reference solution."""
    parts = []
    if notes := [*filter(None, [grade.problem]), *grade.notes]:
        parts.append("<ul>" + "".join(f"<li>{html.escape(note)}</li>" for note in notes) + "</ul>")
    for report in grade.exercises:
        points = f"{report['points']} of {report['max_points']} points"
        heading = f"{html.escape(report['exercise'])} <span>{points}</span>"
        parts.append(f"<h2>{heading}</h2>\n<pre>{html.escape(report['text'])}</pre>")
    title = html.escape(f"Lab {grade.lab}: {grade.student}")
    return PAGE.format(title=title, points=grade.points, max_points=grade.max_points, body="\n".join(parts))


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(text, encoding="utf-8", errors="replace")
    scratch.replace(path)
    return path


def _cell(text):
    """A spreadsheet runs a cell that begins like a formula: a student's name must not."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def _xml(text):
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
