"""Submissions to lab 01, made from its own notebooks."""

import nbformat
import pytest

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts

from ..notebooks.conftest import ROOT


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
