"""A class: kept results, the best of several, damage that costs what it must and nothing more, reports."""

import csv
import io
import json
import os
from xml.etree import ElementTree

import pytest

from labkit.exercises import get
from labkit.exercises.engine import unfinished
from labkit.grading import classroom as module
from labkit.grading.classroom import Classroom
from labkit.grading.grades import Grade, file_name
from labkit.grading.kept import Kept
from labkit.grading.marking import not_graded, plain
from labkit.grading.names import read_roster
from labkit.grading.reports import write_all
from labkit.messages import LabkitError

ALL = sum(exercise.points for exercise in get("01").EXERCISES)


class FakePython:
    """Stands for the warm Python: these tests are about files, not about running answers."""

    def __init__(self, sandbox=True, user=None):
        self.sandbox, self.user = sandbox, user

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        """Nothing was started."""


@pytest.fixture
def judged(monkeypatch):
    """Every answer passes if it says so; returns the list of (exercise, code) that were run."""
    ran = []

    def mark(submission, grader):
        return [judge(task, submission.answers[name]) for name, task in grader.tasks.items()], []

    def judge(task, answer):
        if answer.problem:
            return not_graded(task, answer.problem)
        ran.append((task.name, answer.code))
        report = unfinished(task, "unusable", "wrong" if "wrong" in answer.code else "")
        if "wrong" not in answer.code:
            report.status = "passed"
            for result in report.results:
                result.passed = True
        return plain(report, answer.code)

    monkeypatch.setattr(module, "mark", mark)
    monkeypatch.setattr(module, "WarmPython", FakePython)
    return ran


@pytest.fixture
def hand_in(tmp_path, solved, handed_in):
    """A function: (student, bytes or None for the solution, file name) -> the file written."""

    def write(student, data=None, name="lab.ipynb"):
        path = tmp_path / "class" / student / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(handed_in(solved) if data is None else data)
        return path

    return write


def grade(project, tmp_path, **options):
    room = Classroom(tmp_path / "class", tmp_path / "out", project, workers=2, sandbox=False, **options)
    return room.grade(progress=False)


def test_right_and_broken_notebooks_side_by_side(hand_in, judged, project, tmp_path, handed_in, solved):
    hand_in("ann")
    hand_in("bob", b"junk")
    hand_in("cat", b"")
    next(c for c in solved.cells if c.id == "solution-mlm_loss").source = "def mlm_loss(logits, labels:"
    hand_in("dan", handed_in(solved))
    grades = {g.student: g for g in grade(project, tmp_path, labs=["01"])}
    assert [g.points for g in grades.values()] == [ALL, 0, 0, ALL - 5]
    assert "not JSON" in grades["bob"].problem and "empty" in grades["cat"].problem
    assert all(g.max_points == ALL for g in grades.values())
    broken = next(r for r in grades["dan"].exercises if r["exercise"] == "mlm_loss")
    assert "SyntaxError" in broken["text"] and broken["points"] == 0


def test_a_second_run_grades_only_what_changed(hand_in, judged, project, tmp_path, solved, handed_in):
    hand_in("ann")
    hand_in("bob")
    first = grade(project, tmp_path)
    assert len(judged) == 12
    judged.clear()
    assert grade(project, tmp_path) == first and judged == []
    solved.cells[0].source += "\nan edit"
    hand_in("bob", handed_in(solved))
    assert [g.points for g in grade(project, tmp_path)] == [ALL, ALL]
    assert len(judged) == 6
    judged.clear()
    grade(project, tmp_path, seed=2)
    assert len(judged) == 12


def test_a_killed_run_keeps_what_was_finished(hand_in, judged, project, tmp_path, monkeypatch):
    for student in ("ann", "bob", "cat"):
        hand_in(student)
    original, done = Kept.write, []

    def dying(self, name, key, grade):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(name)
        original(self, name, key, grade)

    monkeypatch.setattr(Kept, "write", dying)
    with pytest.raises(KeyboardInterrupt):
        Classroom(tmp_path / "class", tmp_path / "out", project, sandbox=False).grade(progress=False)
    monkeypatch.setattr(Kept, "write", original)
    judged.clear()
    assert [g.student for g in grade(project, tmp_path)] == ["ann", "bob", "cat"]
    assert len(judged) == 6  # one student's exercises


def test_a_damaged_kept_result_is_graded_again(hand_in, judged, project, tmp_path):
    hand_in("ann")
    first = grade(project, tmp_path)
    for path in (tmp_path / "out" / "results").glob("*.json"):
        path.write_text(path.read_text()[:50])
    assert grade(project, tmp_path) == first and len(judged) == 12


def test_the_better_of_two_counts_and_says_so(hand_in, judged, project, tmp_path, unsolved, handed_in):
    hand_in("ann", handed_in(unsolved), "old.ipynb")
    hand_in("ann", None, "new.ipynb")
    (only,) = grade(project, tmp_path)
    assert only.points == ALL and "ann/new.ipynb counts" in only.notes[-1]


def test_a_roster_names_who_is_missing_and_who_is_unknown(hand_in, judged, project, tmp_path):
    hand_in("ann")
    hand_in("eve")
    roster = tmp_path / "roster.txt"
    roster.write_text("ann\n\nbob\n", encoding="utf-8-sig")
    grades = {g.student: g for g in grade(project, tmp_path, roster=read_roster(roster))}
    assert grades["bob"].points == 0 and grades["bob"].problem == "Nothing was handed in."
    assert "not on the roster" in grades["eve"].notes[-1] and grades["ann"].notes == []


def test_the_wrong_lab_is_said(hand_in, judged, project, tmp_path, unsolved, handed_in):
    unsolved.metadata["labkit"]["lab"] = "02"
    hand_in("ann", handed_in(unsolved))
    (only,) = grade(project, tmp_path, labs=["01"])
    assert "lab 02, not of lab 01" in only.problem and only.points == 0 and only.max_points == ALL


def test_nothing_is_written_among_the_submissions(hand_in, judged, project, tmp_path):
    hand_in("ann")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (tmp_path / "class").rglob("*")}
    write_all(grade(project, tmp_path), tmp_path / "out")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (tmp_path / "class").rglob("*")} == before


def test_reports_are_what_other_systems_read(hand_in, judged, project, tmp_path):
    hand_in("ann")
    hand_in("=cmd()<b>", b"junk")
    grades = grade(project, tmp_path, labs=["01"])
    write_all(grades, tmp_path / "out")
    rows = {
        row["student"]: row
        for row in csv.DictReader(io.StringIO((tmp_path / "out" / "grades.csv").read_text("utf-8-sig")))
    }
    assert rows["ann"]["points"] == str(ALL) and rows["ann"]["01 wordpiece"] == "4"
    assert rows["'=cmd()<b>"]["points"] == "0"  # no spreadsheet runs it

    suite = ElementTree.parse(tmp_path / "out" / "junit.xml").find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("12", "6")
    page = (tmp_path / "out" / "feedback" / "ann-01.html").read_text()
    assert f"{ALL} of {ALL} points" in page
    hostile = next((tmp_path / "out" / "feedback").glob("_cmd*")).read_text()
    assert "<b>" not in hostile and "&lt;b&gt;" in hostile
    result = json.loads((tmp_path / "out" / "gradescope" / "ann" / "results.json").read_text())
    assert result["score"] == ALL and len(result["tests"]) == 6
    assert {test["status"] for test in result["tests"]} == {"passed"}


def test_control_characters_do_not_break_the_xml(hand_in, judged, project, tmp_path):
    from labkit.grading.reports import junit

    report = {
        "exercise": "x",
        "status": "wrong",
        "points": 0,
        "max_points": 1,
        "text": "a\x00b\x1b[31m\ud800",
    }
    grade = Grade("ann\x07", "01", exercises=[report])
    assert ElementTree.fromstring(junit([grade])).find(".//failure").text.startswith("a\ufffdb")


def test_a_lab_number_in_the_metadata_is_no_path(hand_in, judged, project, tmp_path):
    hostile = {"cells": [], "metadata": {"labkit": {"lab": "../../../up/and/away"}}}
    hand_in("ann", json.dumps(hostile).encode())
    hand_in("bob")
    grades = grade(project, tmp_path)
    written = write_all(grades, tmp_path / "out")
    assert [(g.student, g.lab, g.points) for g in grades] == [("ann", "01", 0), ("bob", "01", ALL)]
    assert all((tmp_path / "out").resolve() in path.resolve().parents for path in written)


def test_a_file_of_no_lab_is_not_said_to_be_nothing(hand_in, judged, project, tmp_path):
    hand_in("ann")
    hand_in("ann", project.student_path("02_causal_masks").read_bytes(), "other.ipynb")
    hand_in("bob", b"junk")
    roster = tmp_path / "roster.txt"
    roster.write_text("ann\nbob\ncat\n")
    grades = grade(project, tmp_path, roster=read_roster(roster))
    problems = {(g.student, g.lab): g.problem for g in grades}
    assert problems["ann", "01"] == "" and problems["cat", "01"] == "Nothing was handed in."
    assert "not JSON" in problems["bob", "01"] and "not JSON" in problems["bob", "??"]


def test_file_names_are_safe_and_stay_different():
    names = ["ann", "../../etc/passwd", "a b", "a_b", "a/b", "\u00e9", "x" * 300]
    made = [file_name(name) for name in names]
    assert made[0] == "ann" and len(set(made)) == len(made)
    assert all(
        set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") for name in made
    )


def test_a_roster_that_is_not_there_is_a_plain_message(tmp_path):
    with pytest.raises(LabkitError, match="roster"):
        read_roster(tmp_path / "none.txt")


def test_changed_rules_grade_everything_again(hand_in, judged, project, tmp_path, monkeypatch):
    hand_in("ann")
    grade(project, tmp_path)
    judged.clear()
    monkeypatch.setattr(module, "rules", lambda root: "another property")
    grade(project, tmp_path)
    assert len(judged) == 6


def test_a_fault_of_ours_costs_one_notebook_and_is_graded_again(
    hand_in, judged, project, tmp_path, monkeypatch
):
    hand_in("ann")
    hand_in("bob")
    works = module.mark

    def fails(submission, grader):
        if not judged:
            judged.append("once")
            raise ZeroDivisionError("ours")
        return works(submission, grader)

    monkeypatch.setattr(module, "mark", fails)
    first, second = sorted(grade(project, tmp_path), key=lambda grade: grade.points)
    assert (first.points, second.points) == (0, ALL) and "That is our mistake" in first.problem
    monkeypatch.setattr(module, "mark", works)
    assert [one.points for one in grade(project, tmp_path)] == [ALL, ALL]


def test_a_machine_that_can_begin_no_process_ends_the_run_and_costs_nobody(
    hand_in, judged, project, tmp_path, monkeypatch
):
    for student in ("ann", "bob"):
        hand_in(student)
    works, asked = module.mark, []

    def fails(submission, grader):
        asked.append(submission)
        if len(asked) > 1:
            raise LabkitError("no process could be begun")
        return works(submission, grader)

    monkeypatch.setattr(module, "mark", fails)
    with pytest.raises(LabkitError, match="no process"):
        Classroom(tmp_path / "class", tmp_path / "out", project, sandbox=False).grade(progress=False)
    judged.clear()
    monkeypatch.setattr(module, "mark", works)
    assert [g.points for g in grade(project, tmp_path)] == [ALL, ALL]
    assert len(judged) == 6  # the other was finished and kept


@pytest.mark.parametrize(
    ("origin", "lab"),
    [
        ("ann/01_mlm_fill_in_blank.ipynb", "01"),
        ("ann/02_causal_masks (1).ipynb", "02"),
        ("Lab 03.ipynb", "03"),
        ("lab02.zip!deep/work.ipynb", "02"),
        ("ann/lab021.ipynb", "??"),
        ("ann/work.ipynb", "??"),
    ],
)
def test_a_files_name_may_tell_the_lab(origin, lab):
    assert module.lab_named(origin) == lab


def test_what_cannot_be_read_counts_for_the_only_lab_it_can_be_of(hand_in, judged, project, tmp_path):
    hand_in("ann")
    hand_in("ann", b"junk", "draft.ipynb")
    hand_in("bob", b"junk", "work.ipynb")
    ann, bob = grade(project, tmp_path)
    assert (ann.lab, ann.points) == ("01", ALL) and "ann/draft.ipynb: The file is not" in ann.notes[-1]
    assert (bob.lab, bob.points, bob.max_points) == ("01", 0, ALL)


def test_a_whole_course_in_a_folder_is_graded_lab_by_lab(
    hand_in, judged, project, tmp_path, unsolved, handed_in
):
    hand_in("ann")
    unsolved.metadata["labkit"]["lab"] = "02"
    hand_in("ann", handed_in(unsolved), "other.ipynb")
    (only,) = grade(project, tmp_path, labs=["01"])
    assert only.points == ALL and only.notes == []  # that one of the notebooks is lab 02 is no news


@pytest.mark.skipif(os.name == "nt", reason="names are bytes")
def test_a_file_name_in_an_old_encoding_is_somebodys_name(hand_in, judged, project, tmp_path):
    hand_in("ann").rename(tmp_path / "class" / os.fsdecode(b"jos\xe9.ipynb"))
    (tmp_path / "class" / "ann").rmdir()
    (only,) = grade(project, tmp_path)
    assert only.student == "jos\u00e9" and only.points == ALL
    write_all([only], tmp_path / "out")


def test_files_beside_a_notebook_are_told_where_points_are_missing(
    hand_in, judged, project, tmp_path, unsolved, handed_in
):
    hand_in("ann", handed_in(unsolved))
    hand_in("ann", b"IGN = -100", "helpers.py")
    hand_in("bob")
    hand_in("bob", b"IGN = -100", "helpers.py")
    ann, bob = grade(project, tmp_path)
    assert "helpers.py" in ann.notes[-1] and bob.notes == []
