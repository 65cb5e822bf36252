"""What one notebook file holds for the labs: the answers, by its text, and the cells that are to be run.

Nothing of it is run here; but it is read where memory and time are limited (`reading`), for a text can be
made to cost more than a person's ever does.
"""

import ast
import hashlib
import warnings
from dataclasses import asdict, dataclass, field, replace

from labkit.grading.answers import Answer, find_answers
from labkit.grading.cells import Unreadable, read_notebook
from labkit.grading.program import Program

OTHER_LAB = 2  # answers of a lab that a notebook does not claim to be, before they count as handed in


class WrongLab(Unreadable):
    """A notebook of a lab that is not being graded."""


@dataclass
class Submission:
    """The answers that one file holds for one lab.

    steps: what is done when the notebook is run, in order: {"run": text} or {"check": exercise}, with the
        "place" of the cell and the place in the "course"'s own notebook that is reached.
    """

    number: str
    answers: dict[str, Answer]  # by the exercise's name
    notes: list[str] = field(default_factory=list)  # what was mended, for the student
    steps: list[dict] = field(default_factory=list)

    @property
    def found(self):
        """The names of the exercises that have an answer."""
        return [name for name, answer in self.answers.items() if answer.code]

    @property
    def plain(self):
        """As JSON takes it."""
        return asdict(self)

    @classmethod
    def read(cls, plain):
        """What `plain` gave."""
        answers = {name: Answer(**fields) for name, fields in plain["answers"].items()}
        return cls(plain["number"], answers, plain["notes"], plain["steps"])


def read_submissions(data, labs, wanted=None):
    """The Submissions in a notebook file's bytes: for the lab that it says it is, and others that it answers.

    labs: number -> what is known of the lab (`facts`).
    wanted: the labs that are graded, if not all. Raises Unreadable when there is no notebook in the bytes, or
    when it cannot be told which lab it is, and WrongLab for a notebook of another lab.
    """
    document = read_notebook(data)
    digests = [
        digest(cell.text) if cell.kind == "code" and not cell.problem else "" for cell in document.cells
    ]
    program = Program(students(document.cells, digests, labs), document.python)
    every = {
        number: Submission(number, find_answers(program, known["exercises"]))
        for number, known in labs.items()
    }
    steps = {number: plan(document.cells, digests, known) for number, known in labs.items()}
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
        submission.steps = steps[submission.number]
        submission.notes += document.notes
        if not wanted and document.lab not in every:
            said = f"by its functions it is lab {submission.number}"
            submission.notes.append(f"The notebook does not say which lab it is; {said}.")
    return sorted(chosen, key=lambda submission: submission is not first)


def students(cells, digests, labs):
    """The cells without what stands in the course's own.

    A name that an answer needs is the student's then, or the course's own (`course`).

    digests: of the cells that are code, and "" for others.
    """
    roles = {made: role for known in labs.values() for _, role, _, made in known["pristine"]}
    return [
        replace(cell, text="") if roles.get(own) in ("", "keyfigure") else cell
        for cell, own in zip(cells, digests, strict=True)
    ]


def plan(cells, digests, known):
    """What is done when a student's notebook is run: the steps of a Submission.

    Cells that are as the course made them are not run: an exercise that is a stub, a demo (its names are
    there when they are asked for, `course`). A check cell is a check. All others are the student's.
    """
    pristine = {made: (place, role, name) for place, (_, role, name, made) in enumerate(known["pristine"])}
    ids = {ident: place for place, (ident, *_) in enumerate(known["pristine"])}
    steps, reached = [], 0
    for place, (cell, made) in enumerate(zip(cells, digests, strict=True)):
        if not made or not cell.text.strip():
            continue
        own = pristine.get(made)
        reached = max(reached, own[0] if own else ids.get(cell.id, 0))
        if own is None:
            steps.append({"run": cell.text, "place": place, "course": reached})
        elif own[1] == "check":
            steps.append({"check": own[2], "place": place, "course": reached})
    return steps


def digest(text):
    """The same for cells that mean the same: comments and layout do not count."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
