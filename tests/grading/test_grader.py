"""Answers in the sandbox: right ones pass, wrong ones fail as in the notebook, hostile ones gain nothing."""

import shutil

import pytest

from labkit.exercises import get, labs
from labkit.grading.facts import facts
from labkit.grading.grader import Grader
from labkit.grading.pool import WarmPython
from labkit.messages import LabkitError


@pytest.fixture(params=["shut_in", "not_shut_in"])
def python(request):
    """A warm Python, in the sandbox and not: grades must be the same."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("number", labs())
def test_every_labs_solutions_get_full_points(python, project, number):
    """So every exercise can be graded over the border: what its properties ask for is plain data."""
    lab = project.lab(get(number).SLUG)
    grader = Grader(number, 5, python, facts(project)[number]["statements"])
    for cell in lab.cells:
        if cell.role == "solution":
            report = grader.grade(cell.name, cell.text)
            assert report.passed, report.text


def test_without_bubblewrap_it_refuses_and_says_how_to_go_on(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(LabkitError, match="apt-get install bubblewrap.*(\n.*)*--no-sandbox"):
        WarmPython()
