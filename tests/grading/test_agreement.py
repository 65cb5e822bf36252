"""What a student reads in the notebook and what the grader says are the same, in every lab."""

import importlib
import inspect

import pytest

from labkit.authoring.notebook import student_notebook, to_text
from labkit.exercises import get, labs
from labkit.exercises.engine import check
from labkit.grading.answers import find_answers
from labkit.grading.cells import Cell
from labkit.grading.facts import facts
from labkit.grading.grader import Grader
from labkit.grading.marking import mark
from labkit.grading.program import Program
from labkit.grading.splice import read_submission, splice
from tests.notebooks.test_notebooks import nbval

EXERCISES = [(number, exercise) for number in labs() for exercise in get(number).EXERCISES]


def agree(here, there):
    """Two reports say the same."""
    facts = lambda r: (r.status, r.points, r.misconception, r.hints, [p.message for p in r.results])
    assert facts(here) == facts(there)


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=lambda value: getattr(value, "name", value))
def test_a_mistake_is_the_same_mistake_outside(not_shut_in, number, exercise):
    place = get(number).EXERCISES.index(exercise)
    which = place % len(exercise.misconceptions)
    code = (
        "from labkit.exercises import get\n"
        f"{exercise.name} = get({number!r}).EXERCISES[{place}].misconceptions[{which}].wrong"
    )
    here = check(exercise.misconceptions[which].wrong, exercise, attempt=99, seed=7)
    agree(here, Grader(number, seed=7, python=not_shut_in).grade(exercise.name, code))
    assert here.misconception == exercise.misconceptions[which].name


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=lambda value: getattr(value, "name", value))
def test_a_right_answer_in_another_style_is_right_outside(not_shut_in, number, exercise):
    module = importlib.import_module(f"tests.exercises.test_lab{number}")
    style = next(function for function in module.STYLES[exercise.name] if function.__name__ != "<lambda>")
    cell = Cell("code", inspect.getsource(inspect.getmodule(style)))
    answer = find_answers(Program([cell]), [style.__name__])[style.__name__]
    code = f"{answer.code}\n{exercise.name} = {style.__name__}"
    report = Grader(number, seed=7, python=not_shut_in).grade(exercise.name, code)
    assert report.passed, report.text


@pytest.mark.parametrize("number", labs())
def test_an_untouched_notebook_has_no_answer_to_grade(project, number):
    notebook = student_notebook(project.lab(get(number).SLUG), project.address())
    submission = read_submission(to_text(notebook).encode(), project)
    assert submission.number == number and submission.found == [] and submission.notes == []
    assert all("not been written" in answer.problem for answer in submission.answers.values())


# Slow: runs a whole lab.
def test_nbval_and_the_grader_agree_on_a_mixed_notebook(solved, handed_in, project, not_shut_in, tmp_path):
    cells = {cell.id.removeprefix("solution-"): cell for cell in solved.cells}
    cells["wordpiece"].source = "def wordpiece(word, vocab):\n    return [word]"
    cells["mlm_loss"].source = "def mlm_loss(logits, labels:\n    return 0"
    cells["encode_pair"].source += '\n    raise NotImplementedError("write encode_pair here")'  # left below
    cells["fill_mask"].source = "def best(scores):\n    return scores.topk(2)"
    submission = read_submission(handed_in(solved), project)

    outcomes = nbval(to_text(splice(submission, project)), tmp_path)
    failed = {ident.removeprefix("check-") for ident, said in outcomes.items() if said and "check-" in ident}
    grader = Grader("01", 1, not_shut_in, facts(project)["01"]["statements"])
    reports, _ = mark(submission, grader)
    assert failed == {"wordpiece", "mlm_loss", "fill_mask"}
    assert failed == {report["exercise"] for report in reports if report["status"] != "passed"}
