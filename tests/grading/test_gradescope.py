"""Gradescope's autograder: the zip file's own run_autograder is run, as Gradescope would."""

import getpass
import json
import os
import subprocess
import sys
import zipfile

import pytest

from labkit.commands import cli
from labkit.exercises import get
from labkit.grading import gradescope as module
from labkit.grading.gradescope import write_zip
from labkit.grading.pool import as_user
from labkit.messages import LabkitError
from tests.grading.test_reports import is_valid_for_gradescope

ALL = sum(exercise.points for exercise in get("01").EXERCISES)
needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Gradescope runs Linux")


@pytest.fixture(scope="module")
def archive(project, tmp_path_factory):
    """The zip file for lab 01."""
    return write_zip(tmp_path_factory.mktemp("zip") / "autograder.zip", ["01"], project)


@pytest.fixture(scope="module")
def container(archive, tmp_path_factory):
    """A folder laid out like Gradescope's /autograder, with the zip file unpacked."""
    root = tmp_path_factory.mktemp("autograder")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(archive), str(root / "source")], check=True)
    (root / "submission").mkdir()
    (root / "results").mkdir()
    return root


def run(container, name=None, data=b""):
    """What run_autograder makes of a submission with this one file: (its results, what it printed)."""
    for old in (container / "submission").iterdir():
        old.unlink()
    (container / "results" / "results.json").unlink(missing_ok=True)
    if name:
        (container / "submission" / name).write_bytes(data)
    variables = {
        "AUTOGRADER": str(container),
        "LABKIT_PYTHON": sys.executable,
        "LABKIT_USER": getpass.getuser(),
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(
        ["bash", str(container / "source" / "run_autograder")],
        cwd=container,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((container / "results" / "results.json").read_text(encoding="utf-8"))
    assert is_valid_for_gradescope(result)
    return result, done.stdout


@needs_linux
def test_the_solution_gets_full_marks(container, solved, handed_in):
    result, _ = run(container, "01_mlm_fill_in_blank.ipynb", handed_in(solved))
    assert result["score"] == ALL and {test["status"] for test in result["tests"]} == {"passed"}
    assert [test["name"] for test in result["tests"]] == [e.name for e in get("01").EXERCISES]


@needs_linux
def test_the_stub_gets_none(container, unsolved, handed_in):
    result, _ = run(container, "lab.ipynb", handed_in(unsolved))
    assert result["score"] == 0 and sum(test["max_score"] for test in result["tests"]) == ALL
    assert all("has not been written" in test["output"] for test in result["tests"])


@needs_linux
@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("broken.ipynb", b'{"cells": [', "not JSON"), ("essay.pdf", b"%PDF", "no notebook")],
)
def test_what_is_no_notebook_gets_a_message(container, name, data, reason):
    result, _ = run(container, name, data)
    assert result["score"] == 0 and reason in result["output"]
    assert sum(test["max_score"] for test in result["tests"]) == ALL


def test_the_zip_holds_the_course_and_nothing_that_is_not_needed(archive, project, tmp_path):
    with zipfile.ZipFile(archive) as zipped:
        names = set(zipped.namelist())
        mode = zipped.getinfo("run_autograder").external_attr >> 16
        texts = {name: zipped.read(name).decode() for name in module.SCRIPTS}
    assert mode & 0o111 and names >= {"labkit/commands/cli.py", "pyproject.toml", "LICENSE", "README.md"}
    assert {"data/models/bert-mini/model.safetensors", "notebooks/source/01_mlm_fill_in_blank.py"} <= names
    assert not [
        name for name in names if "__pycache__" in name or name.startswith((".git", "tests", "build"))
    ]
    assert "@" not in "".join(texts.values()).replace('"$@"', "") and "--lab 01" in texts["run_autograder"]
    again = write_zip(tmp_path / "again.zip", ["01"], project)
    assert again.read_bytes() == archive.read_bytes()


def test_the_scripts_are_bash_and_take_an_address_literally(project, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "course_files", lambda project: [])
    address = "https://example.org/$(touch hacked) 'x'"
    path = write_zip(tmp_path / "a.zip", ["01", "02"], project, address)
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(tmp_path)
    for name in module.SCRIPTS:
        subprocess.run(["bash", "-n", str(tmp_path / name)], check=True)
    line = next(x for x in (tmp_path / "setup.sh").read_text().split("\n") if x.startswith("index="))
    said = subprocess.run(
        ["bash", "-c", line + '; printf %s "$index"'], cwd=tmp_path, capture_output=True, text=True
    )
    assert said.stdout == address and not (tmp_path / "hacked").exists()
    assert "--lab 01 --lab 02" in (tmp_path / "run_autograder").read_text()


def test_the_command_names_the_points_and_never_writes_over_another_file(
    project, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module.Project, "here", lambda: project)
    monkeypatch.setattr(module, "course_files", lambda p: [p.root / "labkit" / "grading" / "gradescope.py"])
    path = tmp_path / "autograder.zip"
    for _ in range(2):  # its own file it renews
        assert cli.main(["gradescope", "01", "--output", str(path)]) == 0
    assert f"{ALL} points" in capsys.readouterr().out
    with zipfile.ZipFile(path, "w") as mine:
        mine.writestr("thesis.txt", "my own")
    before = path.read_bytes()
    assert cli.main(["gradescope", "01", "--output", str(path)]) == 1
    assert "choose another" in capsys.readouterr().err and path.read_bytes() == before
    assert cli.main(["gradescope", "77", "--output", str(tmp_path / "b.zip")]) == 1


@needs_linux
def test_another_users_process_needs_that_user_and_root(monkeypatch):
    assert as_user(getpass.getuser()) == {}
    with pytest.raises(LabkitError, match="no user 'nobody-of-that-name'"):
        as_user("nobody-of-that-name")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(LabkitError, match="Only root"):
        as_user("root")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert set(as_user("nobody")) == {"user", "group", "extra_groups"}
