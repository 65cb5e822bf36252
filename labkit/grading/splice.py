"""A submission's answers in the pristine notebook: what is run and graded, never the student's own cells."""

import ast
from dataclasses import dataclass, field

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.reference import read_texts
from labkit.grading.answers import find_answers, standalone
from labkit.grading.cells import Cell, Unreadable, lab_of, read_cells


@dataclass
class Submission:
    """The answers that one file holds for one lab."""

    number: str
    answers: dict  # exercise name -> Answer
    notes: list = field(default_factory=list)  # what was mended, for the student

    @property
    def found(self):
        """The names of the exercises that have an answer."""
        return [name for name, answer in self.answers.items() if answer.code]


def read_submission(data, project, number=None):
    """The Submission in a notebook file's bytes.

    number: the lab it is graded for; None takes the lab that the notebook says it is or, where that is lost,
        the one that it answers most of. Raises Unreadable when there is no notebook in the bytes, and when it
        cannot be told which lab it is.
    """
    every = read_every_lab(data, project)
    claimed = lab_of(data)
    if number is not None:
        if claimed not in (None, number) and not every[number].found:
            raise Unreadable(f"This is a notebook of lab {claimed}, not of lab {number}.")
        return every[number]
    if claimed in every:
        return every[claimed]
    best = max(every.values(), key=lambda submission: len(submission.found))
    if not best.found:
        raise Unreadable("No exercise of any lab was found in the notebook.")
    best.notes.append(f"The notebook does not say which lab it is; by its functions it is lab {best.number}.")
    return best


def read_every_lab(data, project):
    """What a notebook's bytes answer of each lab: {lab number: Submission}. Raises Unreadable."""
    cells, notes = read_cells(data)
    return {
        number: Submission(number, find_answers(cells, list(lab.exercises), provided), list(notes))
        for number, (lab, provided) in _labs(project).items()
    }


_READ = {}  # a checkout's folder -> its labs, read once for a class


def _labs(project):
    """{number: (the lab, the variables that its own cells set)}"""
    if project.root not in _READ:
        labs = [project.lab(slug) for slug in project.slugs()]
        _READ[project.root] = {lab.number: (lab, provided_names(lab)) for lab in labs}
    return _READ[project.root]


def splice(submission, project):
    """The pristine notebook of the lab with the answers in place and reference outputs, as nbval reads it.

    An exercise without an answer keeps its stub.
    """
    lab, _ = _labs(project)[submission.number]
    texts = read_texts(project.reference_path(lab.number))
    notebook = solution_notebook(lab, project.address(), texts, project.passing)
    stubs = {cell.id: cell.source for cell in student_notebook(lab, project.address()).cells}
    for cell in notebook.cells:
        name = cell.id.removeprefix("solution-")
        if cell.id.startswith("solution-") and name in submission.answers:
            cell.source = submission.answers[name].code or stubs[cell.id]
    notebook.metadata["labkit"]["spliced"] = True
    return notebook


def grading_code(submission, name, project):
    """The code of one answer as the grader runs it, alone: with the notebook's own variables that it uses."""
    lab, _ = _labs(project)[submission.number]
    cells = [
        Cell("code", c.text, c.id) for c in lab.cells if c.kind == "code" and c.role in ("", "keyfigure")
    ]
    return standalone(submission.answers[name].code, cells)


def provided_names(lab):
    """The variables that a lab's own cells set: an answer that uses one need not bring it."""
    names = set()
    for cell in lab.cells:
        if cell.kind != "markdown" and cell.role != "solution":
            for node in ast.walk(ast.parse(cell.text)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
    return names
