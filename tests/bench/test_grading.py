"""The class that the grading bench makes is what it says, and both ways' outcomes are read alike."""

import json

import nbformat
import pytest
import torch

import labkit
from labkit.authoring.project import Project
from labkit.exercises import get
from labkit.exercises.engine import check
from labkit.grading.splice import read_submission
from tests.bench import grading

PROJECT = Project(grading.ROOT)
NAMES = [exercise.name for exercise in get(grading.LAB).EXERCISES]


@pytest.fixture(scope="module")
def students():
    return grading.ClassOfStudents(PROJECT)


def statuses(students, index):
    """What the lab's checks say of one student's answers, and in how many seconds the slowest came back."""
    data = nbformat.writes(students.notebook(index)).encode()
    submission, said = read_submission(data, PROJECT, grading.LAB), {}
    for exercise in get(grading.LAB).EXERCISES:
        answer = submission.answers[exercise.name]
        if answer.code:
            space = {"torch": torch, "labkit": labkit}  # the notebook's own imports
            exec(compile(answer.code, exercise.name, "exec"), space)
            said[exercise.name] = check(space[exercise.name], exercise).status
    return said


def test_right_wrong_and_unsolved_notebooks_are_that(students):
    right, wrong, unsolved = (statuses(students, index) for index in range(3))
    assert set(right) == set(NAMES) and set(right.values()) == {"passed"}
    assert sorted(wrong.values()) == ["passed"] * (len(NAMES) - 1) + ["wrong"]
    assert unsolved == {}


def test_a_slow_answer_is_right_and_every_known_mistake_is_made(students):
    assert "time.sleep" in nbformat.writes(students.notebook(4))
    assert set(statuses(students, 4).values()) == {"passed"}
    mistaken = [
        students.wrong[index % len(students.wrong)] for index in range(100) if index % 10 in (1, 3, 6, 8)
    ]
    assert len({(task.name, number) for task, number in mistaken}) > 30


def test_outcomes_are_read_by_student_and_exercise(students, tmp_path, monkeypatch):
    files = students.hand_in(tmp_path / "class", 2)
    cells = [c for c in nbformat.read(files["student000"], as_version=4).cells if c.cell_type == "code"]
    place = next(k for k, cell in enumerate(cells) if cell.id == f"check-{NAMES[0]}")
    case = '<testcase classname="student{:03}.ipynb" name="Cell {}">{}</testcase>'
    junit = case.format(0, place, "") + case.format(1, place, "<failure/>") + case.format(1, 0, "<failure/>")
    record = {"student": "ann", "exercises": [{"exercise": "attention", "status": "wrong"}]}

    def run(command, folder):
        (tmp_path / "nbval" / "junit.xml").write_text(f"<testsuites>{junit}</testsuites>")
        return 2.0 if "--collect-only" in command else 9.0

    monkeypatch.setattr(grading, "timed", run)
    outcomes = {"student000": {NAMES[0]: True}, "student001": {NAMES[0]: False}}
    assert grading.nbval(files, PROJECT, tmp_path / "nbval") == (7.0, outcomes)
    (tmp_path / "out" / "results").mkdir(parents=True)
    (tmp_path / "out" / "results" / "ann.json").write_text(json.dumps(record))
    assert grading.grade(tmp_path / "class", tmp_path / "out") == (9.0, {"ann": {"attention": False}})


def test_a_command_that_breaks_is_no_measurement(tmp_path):
    assert grading.timed([grading.sys.executable, "-c", "raise SystemExit(1)"], tmp_path) > 0
    with pytest.raises(RuntimeError, match="failed"):
        grading.timed([grading.sys.executable, "-c", "raise SystemExit(2)"], tmp_path)
