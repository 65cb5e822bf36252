"""What the tests type into each lab: an answer with a mistake that students make, and the right one.

Each lab has a file here, labNN.py, with its ANSWER.
"""

import importlib
from dataclasses import dataclass

from labkit.authoring.project import Project
from tests.browser.start import ROOT

PROJECT = Project(ROOT)


@dataclass(frozen=True)
class Answer:
    """exercise: its name. mistake: the name of the misconception that `wrong`, the source code, has."""

    exercise: str
    mistake: str
    wrong: str

    def hints(self, lab):
        """The hints for that mistake."""
        (found,) = [m for m in lab.exercises[self.exercise][1].misconceptions if m.name == self.mistake]
        return found.hints

    def right(self, lab):
        """The solution from the lab's own source."""
        (cell,) = [cell for cell in lab.cells if cell.id == f"solution-{self.exercise}"]
        return cell.text


def answers():
    """Number of a lab -> its Answer. A lab without a file here is named by `labkit build`."""
    numbers = [slug[:2] for slug in PROJECT.slugs()]
    return {
        number: importlib.import_module(f"tests.browser.answers.lab{number}").ANSWER for number in numbers
    }
