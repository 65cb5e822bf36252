"""Answers in the sandbox: right ones pass, wrong ones fail as in the notebook, hostile ones gain nothing."""

import shutil

import pytest

from labkit.exercises import get, labs
from labkit.exercises.engine import check
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


WORDPIECE = """
def wordpiece(word, vocab):
    return [word]
"""
PAIR = """
def encode_pair(pieces_a, pieces_b, vocab, max_length):
    pieces = ["[CLS]", *pieces_a, "[SEP]", *pieces_b, "[SEP]"]
    padding = max_length - len(pieces)
    return {
        "input_ids": [vocab[piece] for piece in pieces] + [vocab["[PAD]"]] * padding,
        "token_type_ids": [0] * (len(pieces_a) + 1) + [1] * (len(pieces_b) + 2) + [0] * padding,
        "attention_mask": [1] * len(pieces) + [0] * padding,
    }
"""


@pytest.mark.parametrize(("name", "code"), [("wordpiece", WORDPIECE), ("encode_pair", PAIR)])
def test_a_wrong_answer_gets_the_same_points_and_hints_as_in_the_notebook(python, name, code):
    space = {}
    exec(code, space)
    exercise = next(e for e in get("01").EXERCISES if e.name == name)
    here = check(space[name], exercise, attempt=99, seed=3)
    there = Grader("01", seed=3, python=python).grade(name, code)
    assert (there.status, there.points, there.misconception) == (here.status, here.points, here.misconception)
    assert there.hints == here.hints
    assert [r.message for r in there.results] == [r.message for r in here.results]


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
