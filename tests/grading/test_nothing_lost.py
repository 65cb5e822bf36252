"""A class whose grading is interrupted, repeated, or done by two at once: the grades are the same."""

import json
import signal
import subprocess
import sys
import time

import pytest

from labkit.grading import classroom as module
from labkit.grading.classroom import Classroom

from ..notebooks.conftest import ROOT
from .conftest import has_sandbox, shared

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
    (kept / "ann-01.123.new").write_text("half a resul")  # what a killed run may leave behind
    finished = {path: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    assert finished and all(json.loads(path.read_text())["exercises"] for path in finished)

    grades = grade("out")
    assert grades == grade("elsewhere")
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not list(kept.glob("*.new")) and len(list(kept.glob("*.json"))) == 4
