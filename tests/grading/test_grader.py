"""Answers in the sandbox: right ones pass, wrong ones fail as in the notebook, hostile ones gain nothing."""

import shutil

import pytest

from labkit.exercises import get, labs
from labkit.grading.answers import standalone
from labkit.grading.grader import Grader
from labkit.grading.pool import WarmPython
from labkit.grading.splice import grading_code, own_program, read_submission
from labkit.messages import LabkitError


@pytest.fixture(params=["shut_in", "not_shut_in"])
def python(request):
    """A warm Python, in the sandbox and not: grades must be the same."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("number", labs())
def test_every_labs_solutions_get_full_points(python, project, number):
    """So every exercise can be graded over the border: what its properties ask for is plain data."""
    lab = project.lab(get(number).SLUG)
    grader = Grader(number, seed=5, python=python)
    for cell in lab.cells:
        if cell.role == "solution":
            report = grader.grade(cell.name, standalone(cell.text, own_program(number, project)))
            assert report.passed, report.text


def test_without_bubblewrap_it_refuses_and_says_how_to_go_on(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(LabkitError, match="apt-get install bubblewrap.*(\n.*)*--no-sandbox"):
        WarmPython()


def test_a_submissions_code_brings_the_notebooks_variables(solved, handed_in, project):
    for cell in solved.cells:
        if cell.id == "solution-wordpiece":
            cell.source = "def wordpiece(word, vocab):\n    return bert.tokenizer.tokenize(word)"
    submission = read_submission(handed_in(solved), project)
    code = grading_code(submission, "wordpiece", project)
    assert 'bert = labkit.load("bert")' in code and "import labkit" in code and "gpt" not in code
