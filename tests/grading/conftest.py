"""Submissions to lab 01, made from its own notebooks; and one warm Python of each kind for all tests."""

from contextlib import nullcontext

import nbformat
import pytest

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts
from labkit.grading.pool import WarmPython
from labkit.grading.sandbox import can_shut_in as has_sandbox
from tests.notebooks.conftest import ROOT

needs_sandbox = pytest.mark.skipif(not has_sandbox(), reason="no bubblewrap here, or it may not work")


@pytest.fixture(scope="session")
def shut_in():
    """A warm Python in the sandbox."""
    if not has_sandbox():
        pytest.skip("no bubblewrap here, or it may not work")
    with WarmPython() as warm:
        yield warm


@pytest.fixture(scope="session")
def not_shut_in():
    """A warm Python without a sandbox."""
    with WarmPython(sandbox=False) as warm:
        yield warm


def shared(python):
    """What stands for the class WarmPython where a test has one already: it is used, and left running."""
    return lambda *_, **__: nullcontext(python)


@pytest.fixture(scope="session")
def project():
    """This checkout."""
    return Project(ROOT)


@pytest.fixture(scope="session")
def lab(project):
    """Lab 01."""
    return project.lab("01_mlm_fill_in_blank")


@pytest.fixture
def unsolved(lab, project):
    """The student notebook, as it is opened."""
    return student_notebook(lab, project.address())


@pytest.fixture
def solved(lab, project):
    """The solution notebook, as a student would hand it in who wrote it."""
    texts = read_texts(project.reference_path(lab.number))
    return solution_notebook(lab, project.address(), texts, project.passing)


@pytest.fixture
def handed_in():
    """A function: notebook -> the bytes of its file, whatever state it is in."""
    return lambda notebook: nbformat.writes(notebook).encode()
