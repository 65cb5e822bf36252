"""A check that passes promises that the notebook goes on: every lab with other right answers than ours."""

import inspect
import re

import nbformat
import pytest

from labkit.authoring.reference import run
from labkit.grading.answers import find_answers
from labkit.grading.cells import Cell
from labkit.grading.program import Program
from tests.exercises.styles import styles
from tests.notebooks.conftest import CELL_SECONDS, ROOT
from tests.notebooks.test_notebooks import error_names

STYLES_OF_EACH = 4
# Whether a lab goes on does not hang on how much it measures: less data, and no network trained for an hour's
# end, in a cell before its first.
LESS = """
import labkit
_all_of_them = labkit.datasets.load_cloze
labkit.datasets.load_cloze = lambda: _all_of_them()[::5]
labkit.baselines.lstm = labkit.baselines.tfidf
"""


def as_answer(name, style):
    """A style's code, with the helpers and imports that it uses, as a cell that defines `name`."""
    module = Cell("code", inspect.getsource(inspect.getmodule(style)))
    code = find_answers(Program([module]), [style.__name__])[style.__name__].code
    return re.sub(rf"\b{style.__name__}\b", name, code)


def styles_of(lab):
    """Exercise name -> the right answers in other styles that have source code of their own."""
    return {
        name: [style for style in known if style.__name__.isidentifier()]
        for name, known in styles(lab.number).items()
    }


# Slow: runs a whole lab.
@pytest.mark.parametrize("which", range(STYLES_OF_EACH))
def test_the_lab_goes_on_with_every_accepted_style(lab, solution, which):
    notebook = nbformat.reads(solution, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    for name, known in styles_of(lab).items():
        cells[f"solution-{name}"].source = as_answer(name, known[which % len(known)])
    notebook.cells.insert(0, nbformat.v4.new_code_cell(LESS))
    done = run(notebook, ROOT, timeout=CELL_SECONDS, allow_errors=True)
    assert {cell.id: error for cell in done.cells for error in error_names(cell)} == {}
    text = "".join(str(output.get("text", "")) for cell in done.cells for output in cell.get("outputs", []))
    assert "Using the course's" not in text


def test_there_are_enough_styles(lab):
    assert {name: len(known) for name, known in styles_of(lab).items() if len(known) < STYLES_OF_EACH} == {}
