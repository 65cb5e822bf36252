"""Every lab as its users meet it: current, run by nbval, unsolved, and alone in an empty folder.

A lab is run twice, unsolved and solved (from the wheel), and the tests read both. That nbval says the same of
a run, and can fail, is shown on the first lab.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from labkit.authoring.build import stale_files
from labkit.authoring.notebook import MARKER, to_text
from tests.notebooks.conftest import CELL_SECONDS, PROJECT, ROOT

PLOTLY = "application/vnd.plotly.v1+json"
of_the_first_lab = pytest.mark.parametrize("lab", PROJECT.slugs()[:1], indirect=True, scope="session")


def test_generated_files_are_current():
    assert stale_files(PROJECT) == [], "run labkit build"


def test_the_solution_prints_what_is_saved_in_it(solution, colab_run):
    """What nbval compares: the texts of the key figures."""
    ran = {cell.id: printed(cell) for cell in colab_run.cells}
    saved = {cell.id: printed(cell) for cell in code_cells(solution) if MARKER in cell.source}
    assert {id: ran[id] for id in saved} == saved


# Slow: a whole lab.
@of_the_first_lab
def test_nbval_passes_on_the_solution(lab, solution, tmp_path):
    outcomes = nbval(solution, tmp_path)
    assert [f"{id}: {said}" for id, said in outcomes.items() if said] == []
    assert len(outcomes) == len(code_cells(solution))


# Slow: runs the lab up to its first key figure, to prove that the test above can fail.
@of_the_first_lab
def test_nbval_fails_on_a_broken_copy(lab, solution, tmp_path):
    notebook = nbformat.reads(solution, as_version=4)
    broken = lab.module.EXERCISES[0].name
    cells = {cell.id: cell for cell in notebook.cells}
    source = cells[f"solution-{broken}"].source
    cells[f"solution-{broken}"].source = f"{source}\n\ndef {broken}(*args, **kwargs):\n    return None"
    wrong = {f"check-{broken}"}
    printed = next((c for c in notebook.cells if c.id.startswith("keyfigure-") and MARKER in c.source), None)
    if printed is not None:
        printed.outputs[0].text = "another text than the figure's\n"
        wrong.add(printed.id)
    last = max(index for index, cell in enumerate(notebook.cells) if cell.id in wrong)
    notebook.cells = notebook.cells[: last + 1]

    outcomes = nbval(to_text(notebook), tmp_path)
    failed = {id for id, said in outcomes.items() if said}
    assert wrong <= failed, outcomes
    assert f"{broken}: not yet right" in outcomes[f"check-{broken}"]
    if printed is not None:
        assert "another text than" in outcomes[printed.id]


# Slow (a whole lab): what a student sees who runs everything first.
def test_unsolved_notebook_fails_in_its_check_cells_alone(lab, student_run):
    errors = {cell.id: error for cell in student_run.cells for error in error_names(cell)}
    assert errors == {f"check-{exercise.name}": "NotImplementedError" for exercise in lab.module.EXERCISES}


def test_unsolved_checks_print_no_traceback(student_run):
    for cell in student_run.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                assert len(output.traceback) == 1 and "Traceback" not in output.traceback[0], cell.id


# Slow (builds the wheel, runs a whole lab): Colab has the notebook and nothing else.
def test_solution_runs_alone_from_the_wheel_and_passes_its_checks(colab_run):
    errors = [(cell.id, error) for cell in colab_run.cells for error in error_names(cell)]
    assert errors == []
    package, data = map(Path, colab_run.cells[-1].outputs[0].text.split("\n")[:2])
    assert Path(colab_run.metadata["environment"]) in package.resolve().parents
    assert data.resolve() == package.resolve().parent / "_data"
    assert ROOT not in package.resolve().parents


def test_checks_say_nothing_on_stderr(colab_run):
    """nbgrader gives no points to a check cell that writes there."""
    loud = [
        cell.id
        for cell in colab_run.cells
        for output in cell.get("outputs", [])
        if cell.id.startswith("check-") and output.get("name") == "stderr"
    ]
    assert loud == []


def test_prose_shows_no_picture_from_elsewhere_and_none_without_words(student):
    """Opening a lab must send no request; and a picture that is there must say what it shows."""
    for cell in nbformat.reads(student, as_version=4).cells:
        if cell.cell_type != "markdown":
            continue
        for text, address in re.findall(r"!\[([^\]]*)\]\(([^)]*)", cell.source):
            assert text.strip(), f"{cell.id}: a picture without a text in ![...]"
            assert not address.startswith(("http:", "https:", "//")), f"{cell.id}: {address}"
        for tag in re.findall(r"<img\b[^>]*>", cell.source):
            assert re.search(r'\balt\s*=\s*"[^"]+"', tag), f"{cell.id}: {tag}"
            assert not re.search(r'\bsrc\s*=\s*"(https?:)?//', tag), f"{cell.id}: {tag}"


def test_figures_say_in_words_what_they_show(student_run, colab_run):
    texts = {
        f"{which}, {cell.id}": output.data.get("text/plain", "")
        for which, notebook in (("unsolved", student_run), ("solved", colab_run))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if PLOTLY in output.get("data", {})
    }
    assert {where: text for where, text in texts.items() if len(text.strip()) < 20} == {}
    bare = {where: text[:60] for where, text in texts.items() if text.startswith(("Figure({", "<"))}
    assert bare == {}, "a plotly figure on its own: return a LabFigure, which says in words what it shows"


def nbval(text, folder):
    """Run `pytest --nbval-lax` on a notebook; returns id of each code cell -> "" or why it failed."""
    path, junit = folder / "lab.ipynb", folder / "junit.xml"
    path.write_text(text, encoding="utf-8")
    options = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_SECONDS}", "--color=no"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            *options,
            f"--junitxml={junit}",
            str(path),
        ],
        cwd=folder,  # away from this repository's pytest options
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert junit.is_file(), f"nbval did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    ids, outcomes = [cell.id for cell in code_cells(text)], {}
    for case in ElementTree.parse(junit).iter("testcase"):
        trouble = [element for element in case if element.tag in ("failure", "error", "skipped")]
        number = int(case.get("name").removeprefix("Cell "))
        outcomes[ids[number]] = "\n".join(element.text or element.get("message", "") for element in trouble)
    return outcomes


def code_cells(text):
    return [cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]


def printed(cell):
    outputs = [output for output in cell.get("outputs", []) if output.get("name") == "stdout"]
    return "".join(output.text for output in outputs)


def error_names(cell):
    return [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]
