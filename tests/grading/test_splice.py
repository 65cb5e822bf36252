"""Answers in the pristine notebook: nothing else of the submission gets there."""

import pytest

from labkit.authoring.notebook import MARKER, to_text
from labkit.grading.cells import Unreadable
from labkit.grading.splice import read_submission, splice


def cell(notebook, ident):
    return next(cell for cell in notebook.cells if cell.id == ident)


def test_a_solved_notebook_has_every_answer(solved, handed_in, project, lab):
    submission = read_submission(handed_in(solved), project)
    assert submission.number == "01" and submission.found == list(lab.exercises)
    assert submission.notes == []


def test_an_untouched_notebook_has_none_and_keeps_its_stubs(unsolved, handed_in, project):
    submission = read_submission(handed_in(unsolved), project)
    assert submission.found == []
    assert all("not been written" in answer.problem for answer in submission.answers.values())
    spliced = splice(submission, project)
    assert "raise NotImplementedError" in cell(spliced, "solution-wordpiece").source


@pytest.mark.filterwarnings("ignore:Non-unique cell id")
def test_edited_checks_outputs_and_metadata_do_not_get_in(solved, handed_in, project):
    expected = to_text(splice(read_submission(handed_in(solved), project), project))
    cell(solved, "check-wordpiece").source = "print('passed')  # NBVAL_SKIP"
    cell(solved, "check-mlm_loss").outputs = []
    cell(solved, "solution-fill_mask").metadata["tags"] = ["nbval-skip"]
    solved.cells = [c for c in solved.cells if c.id != "check-fill_mask"]
    solved.cells += [cell(solved, "check-mask_tokens")] * 2
    solved.metadata["kernelspec"] = {"name": "mine", "display_name": "mine"}
    assert to_text(splice(read_submission(handed_in(solved), project), project)) == expected
    assert expected.count(MARKER) > 6


def test_the_lab_is_told_by_its_functions_when_the_metadata_is_lost(solved, handed_in, project):
    del solved.metadata["labkit"]
    submission = read_submission(handed_in(solved), project)
    assert submission.number == "01" and "does not say which lab" in submission.notes[0]


def test_another_labs_notebook_is_refused(unsolved, handed_in, project):
    unsolved.metadata["labkit"]["lab"] = "99"
    with pytest.raises(Unreadable, match="lab 99, not of lab 01"):
        read_submission(handed_in(unsolved), project, number="01")


def test_a_notebook_of_no_lab_is_refused(handed_in, project, solved):
    del solved.metadata["labkit"]
    solved.cells = solved.cells[:3]
    with pytest.raises(Unreadable, match="No exercise of any lab"):
        read_submission(handed_in(solved), project)
