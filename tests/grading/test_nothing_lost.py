"""A class whose grading is interrupted, repeated, or done by two at once: the grades are the same."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from labkit.commands import cli
from labkit.grading import classroom as module
from labkit.grading.classroom import Classroom
from labkit.grading.kept import only_one
from tests.grading.conftest import has_sandbox, shared
from tests.notebooks.conftest import ROOT

GRADE = """
import sys
from labkit.authoring.project import Project
from labkit.grading.classroom import Classroom

folder, output, sandbox = sys.argv[1:]
Classroom(folder, output, Project.here(), sandbox=sandbox == "True").grade(progress=False)
"""
# Answers that depend on chance, on the order of a set, and on time, as far as an answer can.
CHANCE = """
import random
import torch

def mlm_loss(logits, labels):
    return torch.rand(()) + random.random()
"""
ORDER = """
def wordpiece(word, vocab):
    return list(vocab)[:2]
"""
SLOW = """
import time

def wordpiece(word, vocab):
    time.sleep(0.2)
    return [word]
"""


@pytest.fixture
def submissions(solved, unsolved, handed_in, tmp_path):
    """A folder with four students: one right, one not begun, one whose answers vary, and one slow."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ann.ipynb").write_bytes(handed_in(solved))
    (folder / "bob.ipynb").write_bytes(handed_in(unsolved))
    cells = {cell.id: cell for cell in solved.cells}
    cells["solution-mlm_loss"].source, cells["solution-wordpiece"].source = CHANCE, ORDER
    (folder / "cat.ipynb").write_bytes(handed_in(solved))
    cells["solution-wordpiece"].source = SLOW
    (folder / "dan.ipynb").write_bytes(handed_in(solved))
    return folder


@pytest.fixture
def grade(submissions, project, tmp_path, request, monkeypatch):
    """A function: (folder for the results, workers) -> the grades, with the tests' own warm Python."""
    python = request.getfixturevalue("shut_in" if has_sandbox() else "not_shut_in")
    monkeypatch.setattr(module, "WarmPython", shared(python))
    options = {"sandbox": has_sandbox()}
    return lambda output, workers=1: Classroom(
        submissions, tmp_path / output, project, workers=workers, **options
    ).grade(progress=False)


def test_one_worker_or_two_give_the_same_grades(grade):
    alone, together = grade("one", workers=1), grade("two", workers=2)
    assert [g.student for g in alone] == ["ann", "bob", "cat", "dan"]
    assert alone == together
    assert [g.points for g in alone][:2] == [31, 0]


def test_a_run_that_is_killed_in_the_middle_goes_on_where_it_was(grade, submissions, tmp_path):
    kept = tmp_path / "out" / "results"
    command = [sys.executable, "-c", GRADE, submissions, tmp_path / "out", str(has_sandbox())]
    process = subprocess.Popen(command, cwd=ROOT)
    until = time.monotonic() + 600
    while not list(kept.glob("*.json")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (kept / ".labkit-123.new").mkdir()  # what a killed run may leave behind
    (kept / ".labkit-123.new" / "ann-01.json").write_text("half a resul")
    finished = {path: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    assert finished and all(json.loads(path.read_text())["exercises"] for path in finished)

    grades = grade("out")
    assert grades == grade("elsewhere")
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not list(kept.glob(".*.new")) and len(list(kept.glob("*.json"))) == 4


def test_a_run_that_is_ended_and_killed_again_and_again_leaves_nothing_behind(submissions, grade, tmp_path):
    """By SIGTERM and SIGKILL in turn, whenever something new is there; what is left to do gets less."""
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    walls = [] if has_sandbox() else ["--no-sandbox"]
    command = [sys.executable, "-m", "labkit", "grade", submissions, "--output", tmp_path / "out", *walls]
    kept, before = tmp_path / "out" / "results", 0
    results = lambda: len(list(kept.glob("*.json")))
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 300
        while results() <= before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        status = process.wait(timeout=60)
        assert status in (0, -number, 128 + number)
        if number == signal.SIGTERM:
            assert list((tmp_path / "tmp").iterdir()) == []
        before = results()
    assert before >= 1
    assert subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL).returncode == 0
    finished = (tmp_path / "out" / "grades.csv").read_text("utf-8-sig")
    assert [line.split(",")[4] for line in finished.splitlines()[1:]][:2] == ["31", "0"]
    assert results() == 4 and not list(kept.rglob(".*.new"))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_input_that_changes_while_it_is_graded_is_graded_as_it_was_read(
    submissions, project, tmp_path, request, monkeypatch
):
    python = request.getfixturevalue("shut_in" if has_sandbox() else "not_shut_in")
    monkeypatch.setattr(module, "WarmPython", shared(python))
    room = Classroom(submissions, tmp_path / "out", project, sandbox=has_sandbox())
    (submissions / "ann.ipynb").write_bytes(b"junk")
    (submissions / "bob.ipynb").unlink()
    assert [g.points for g in room.grade(progress=False)][:2] == [31, 0]
    room = Classroom(submissions, tmp_path / "out", project, sandbox=has_sandbox())
    again = room.grade(progress=False)
    assert [g.student for g in again] == ["ann", "cat", "dan"] and "not JSON" in again[0].problem


def test_two_graders_on_one_output_do_not_mix(submissions, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    with only_one(tmp_path / "out"):
        assert cli.main(["grade", str(submissions), "--output", str(tmp_path / "out")]) != 0
    assert "Another grader is at work" in capsys.readouterr().err
    assert not (tmp_path / "out" / "results").exists()
