"""A submission's answers in the pristine notebook: what `labkit submit` writes, and nbval runs."""

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.reference import read_texts
from labkit.exercises import get
from labkit.grading.facts import facts
from labkit.grading.submissions import read_submissions


def read_submission(data, project, number=None):
    """The Submission in a notebook file's bytes.

    number: the lab it is graded for; None takes the lab that the notebook says it is or, where that is lost,
        the one that it answers most of. Raises Unreadable when there is no notebook in the bytes, and when it
        cannot be told which lab it is.
    """
    return read_submissions(data, facts(project), None if number is None else [number])[0]


def splice(submission, project):
    """The pristine notebook of the lab with the answers in place and reference outputs, as nbval reads it.

    An exercise without an answer keeps its stub.
    """
    lab = project.lab(get(submission.number).SLUG)
    texts = read_texts(project.reference_path(lab.number))
    notebook = solution_notebook(lab, project.address(), texts, project.passing)
    stubs = {cell.id: cell.source for cell in student_notebook(lab, project.address()).cells}
    for cell in notebook.cells:
        name = cell.id.removeprefix("solution-")
        if cell.id.startswith("solution-") and name in submission.answers:
            cell.source = submission.answers[name].code or stubs[cell.id]
    notebook.metadata["labkit"]["spliced"] = True
    return notebook
