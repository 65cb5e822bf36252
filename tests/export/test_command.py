"""`labkit export`: which notebook, whether it is run, and what is never written over."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit.authoring.project import Project
from labkit.commands import cli
from labkit.export import command
from labkit.export.command import export_lab, export_notebook, solved
from labkit.messages import LabkitError


@pytest.fixture
def mine(tmp_path):
    """A notebook of somebody's own; running it would fail."""
    output = new_output("stream", text="what was there\n")
    path = tmp_path / "mine.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0", outputs=[output])]), path)
    return path


def test_a_notebook_is_written_beside_itself_and_not_run(mine, capsys):
    assert cli.main(["export", str(mine)]) == 0
    target = mine.with_suffix(".html")
    assert f"Wrote {target}" in capsys.readouterr().out
    text = target.read_text(encoding="utf-8")
    assert "what was there" in text and "ZeroDivisionError" not in text


def test_a_page_of_ours_is_replaced_and_no_other_file(mine):
    target = export_notebook(mine)
    first = target.read_text(encoding="utf-8")
    target.write_text(first + "older", encoding="utf-8")
    assert export_notebook(mine).read_text(encoding="utf-8") == first
    target.write_text("<p>somebody's", encoding="utf-8")
    for kept in (target, mine):
        before = kept.read_bytes()
        with pytest.raises(LabkitError, match="choose another --output"):
            export_notebook(mine, kept)
        assert kept.read_bytes() == before
    other = mine.parent / "new" / "folder.html"
    assert export_notebook(mine, other) == other and other.is_file()


def test_misuse_is_said_plainly(mine, capsys, monkeypatch):
    monkeypatch.chdir(mine.parent)
    for arguments, said in (
        ([str(mine.parent)], "is not a notebook"),
        (["none.ipynb"], "can't be read"),
        ([str(mine), "--solution"], "goes with a lab's number"),
        ([str(mine), "--output", str(mine.parent)], "is a folder"),
        (["01"], "not in a checkout"),
    ):
        assert cli.main(["export", *arguments]) == 1
        assert said in capsys.readouterr().err


@pytest.fixture
def runs(monkeypatch):
    """The notebooks that were to be run: nothing is."""
    kept = []
    monkeypatch.setattr(command, "run", lambda notebook, root: kept.append(notebook))
    return kept


def test_a_lab_is_run_as_handed_out(tmp_path, runs):
    target = export_lab("02", Project.here(), tmp_path / "02.html")
    [notebook] = runs
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert "raise NotImplementedError" in sources and "BEGIN SOLUTION" not in sources
    assert "Causal masks" in target.read_text(encoding="utf-8")


def test_the_solution_has_the_answers_and_none_of_the_tests_marks(tmp_path, runs):
    export_lab("02", Project.here(), tmp_path / "02.html", solution=True)
    [notebook] = runs
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert "raise NotImplementedError" not in sources
    assert not any(mark in sources for mark in ("BEGIN SOLUTION", "NBVAL", "### END"))
    lab = Project.here().lab("02_causal_masks")
    assert [cell.id for cell in solved(lab, Project.here()).cells] == [cell.id for cell in notebook.cells]


def test_an_unknown_lab(tmp_path):
    with pytest.raises(LabkitError, match="there is no lab 99. There is 01,"):
        export_lab("99", Project.here(), tmp_path / "99.html")


def test_own_work_is_pointed_at(tmp_path, runs, capsys, monkeypatch):
    monkeypatch.setattr(command, "work_in", lambda text: "cells in it have been changed")
    export_lab("02", Project.here(), tmp_path / "02.html")
    assert "For what is in your notebook: labkit export" in capsys.readouterr().out


def test_where_nothing_can_be_written_it_is_said_before_a_lab_is_run(mine, monkeypatch):
    monkeypatch.setattr(command.os, "access", lambda path, mode: path != mine.parent)
    for export in (
        lambda: export_notebook(mine),
        lambda: export_lab("01", Project.here(Path(__file__).parent), mine.parent / "new" / "lab.html"),
    ):
        with pytest.raises(LabkitError, match="--output FILE"):
            export()
