"""What is to be graded: one notebook for one lab is a job; of what a student handed in, some are read."""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import exercises
from labkit.grading.grades import NO_LAB, file_name
from labkit.grading.people import Person

MOST_NOTEBOOKS = 20  # of a student
READ_BY_ANSWERS = (".py", ".json", ".csv", ".txt", ".pt", ".npy", ".npz", ".safetensors", ".pkl")


@dataclass
class Job:
    """One notebook to be graded for one lab, or something in place of it that can't be.

    read: the file in which its submissions lie (`reader`); place: which of them it is.
    """

    person: Person
    lab: str
    origin: str
    key: str
    problem: str = ""
    read: Path | None = None
    place: int = 0
    other_lab: bool = False  # it is a readable notebook, but of a lab that is not graded
    beside: tuple[str, ...] = ()  # names of other files that the student handed in

    @property
    def student(self):
        """The student's name."""
        return self.person.student

    @property
    def name(self):
        """The result's file name: safe whatever the student's file was called."""
        origin = hashlib.sha256(self.origin.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{file_name(self.student)}-{self.lab.replace('?', '_')}-{origin}"


def assign(jobs):
    """What can't be read counts for the lab that the class has handed in, or this student, if it is one.

    And a notebook of another lab is nobody's mistake where the student has handed in the right one.
    """
    everybodys, mine = set(), {}
    for job in jobs:
        if job.lab != NO_LAB:
            everybodys.add(job.lab)
            mine.setdefault(job.student, set()).add(job.lab)
    for job in jobs:
        for labs in (mine.get(job.student, ()), everybodys):
            if job.lab == NO_LAB and len(labs) == 1:
                (job.lab,) = labs
    right = {(job.student, job.lab) for job in jobs if not job.other_lab}
    return [job for job in jobs if not job.other_lab or (job.student, job.lab) not in right]


def chosen_of(mine):
    """What is read of a student's items, each with its Person: their notebooks, or that there is none."""
    notebooks = [one for one in mine if one[0].kind in ("notebook", "archive")]
    if not notebooks:
        item, person = mine[0]
        names = [one.origin[-1].rpartition("/")[2] for one, _ in mine if one.kind != "empty"]
        shown = ", ".join([*names[:3], *["..."] * bool(names[3:])])
        problem = f"There is no notebook (.ipynb) in what was handed in{': ' * bool(names)}{shown}."
        return [(replace(item, problem=problem), person)]
    chosen = notebooks[:MOST_NOTEBOOKS]
    if len(notebooks) > MOST_NOTEBOOKS:
        item, person = notebooks[MOST_NOTEBOOKS]
        problem = f"More than {MOST_NOTEBOOKS} notebooks were handed in; the others were not read."
        chosen.append((replace(item, problem=problem), person))
    return chosen


def beside(mine):
    """The names of a student's files that an answer might read or import, a few of them."""
    names = [item.origin[-1].rpartition("/")[2] for item, _ in mine if item.kind == "other"]
    return tuple(sorted(name for name in names if name.lower().endswith(READ_BY_ANSWERS))[:5])


def lab_named(origin):
    """The lab that a path tells of: "ann/02_causal_masks (1).ipynb", "lab02.zip!a.ipynb"; else NO_LAB."""
    for name in reversed(re.split("[/!]", origin.lower()[:4000])):
        for number in exercises.labs():
            if exercises.get(number).SLUG.lower() in name or re.search(rf"lab[-_ ]?{number}(?!\d)", name):
                return number
    return NO_LAB
