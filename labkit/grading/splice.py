"""A submission's answers in the pristine notebook: what is run and graded, never the student's own cells."""

from dataclasses import dataclass, field

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.reference import read_texts
from labkit.grading.answers import find_answers, standalone
from labkit.grading.cells import Cell, Unreadable, read_notebook
from labkit.grading.program import Program

OWN = ("", "keyfigure")  # the roles of a lab's own code cells
OTHER_LAB = 2  # answers of a lab that a notebook does not claim to be, before they count as handed in


class WrongLab(Unreadable):
    """A notebook of a lab that is not being graded."""


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
    return read_submissions(data, project, None if number is None else [number])[0]


def read_submissions(data, project, wanted=None):
    """The Submissions in a notebook file's bytes: for the lab that it says it is, and others that it answers.

    wanted: the labs that are graded, if not all. Raises Unreadable as `read_submission` does, and WrongLab
    for a notebook of another lab.
    """
    document = read_notebook(data)
    program = Program(document.cells)
    every = {
        number: Submission(number, find_answers(program, list(known.lab.exercises), known.provided))
        for number, known in _labs(project).items()
    }
    best = max(every.values(), key=lambda submission: len(submission.found))
    first = every.get(document.lab) or (best if best.found else None)
    chosen = [s for s in every.values() if s is first or len(s.found) >= OTHER_LAB]
    if wanted:
        some = [every[number] for number in wanted]
        chosen = [s for s in some if any(s is c for c in chosen)] or [s for s in some if s.found]
        claimed = first.number if first else document.lab
        if not chosen and claimed is not None:
            raise WrongLab(f"This is a notebook of lab {claimed}, not of lab {' or '.join(wanted)}.", claimed)
        if not chosen and len(wanted) == 1:
            chosen = some
    if not chosen:
        raise Unreadable("No exercise of any lab was found in the notebook.", document.lab)
    for submission in chosen:
        submission.notes += document.notes
        if not wanted and document.lab not in every:
            said = f"by its functions it is lab {submission.number}"
            submission.notes.append(f"The notebook does not say which lab it is; {said}.")
    return sorted(chosen, key=lambda submission: submission is not first)


@dataclass(frozen=True)
class Known:
    """A lab, and what a grader needs to know of it again and again."""

    lab: object
    provided: frozenset  # the variables that its own cells set: an answer that uses one need not bring it
    program: Program  # of those cells


_READ = {}  # a checkout's folder -> its labs, read once for a class


def _labs(project):
    """{number: Known}"""
    if project.root not in _READ:
        labs = [project.lab(slug) for slug in project.slugs()]
        _READ[project.root] = {lab.number: _known(lab) for lab in labs}
    return _READ[project.root]


def _known(lab):
    own = Program(Cell("code", c.text, c.id) for c in lab.cells if c.kind == "code" and c.role in OWN)
    return Known(lab, frozenset(name for d in own.definitions for name in d.names), own)


def splice(submission, project):
    """The pristine notebook of the lab with the answers in place and reference outputs, as nbval reads it.

    An exercise without an answer keeps its stub.
    """
    lab = _labs(project)[submission.number].lab
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
    return standalone(submission.answers[name].code, own_program(submission.number, project))


def own_program(number, project):
    """What a lab's notebook defines itself, without its exercises: a Program."""
    return _labs(project)[number].program
