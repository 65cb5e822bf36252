"""A repository that grades itself: the workflow is what GitHub reads, and its grading step runs here."""

import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from labkit.authoring.project import Address
from labkit.commands import cli
from labkit.exercises import get
from labkit.grading.classroom import Grade
from labkit.grading.github import WORKFLOW, report, run_classroom, set_up
from labkit.messages import LabkitError
from tests.grading.conftest import needs_sandbox
from tests.notebooks.conftest import ROOT

ALL = sum(exercise.points for exercise in get("01").EXERCISES)
NOTEBOOK = "01_mlm_fill_in_blank.ipynb"


@pytest.fixture
def published(project, monkeypatch):
    """This checkout, as if it had been published."""
    monkeypatch.setattr(type(project), "address", lambda self: Address("ada/bert-labs", "main"))
    return project


@pytest.fixture
def assignment(published, tmp_path):
    """An assignment's repository, set up for lab 01."""
    folder = tmp_path / "submission"
    folder.mkdir()
    set_up(folder, ["01"], published)
    return folder


def steps(folder):
    """The steps of the only job, as dicts."""
    workflow = yaml.safe_load((folder / WORKFLOW).read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return job["steps"]


def test_the_workflow_is_one_that_github_runs_by_itself(assignment):
    text = (assignment / WORKFLOW).read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["name"] == "Grade" and list(workflow["jobs"]) == ["grade"]
    assert workflow[True] == ["push", "workflow_dispatch"]  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    assert (
        not re.search(r"@[A-Z]+@", text) and "classroom" not in text.replace("labkit classroom", "").lower()
    )
    course = next(s for s in steps(assignment) if s.get("with", {}).get("path") == "course")
    assert course["with"]["repository"] == "ada/bert-labs" and course["with"]["ref"] == "main"


def test_actions_are_pinned_to_a_version_and_leave_no_credentials(assignment):
    used = [step for step in steps(assignment) if "uses" in step]
    assert len(used) >= 3 and all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in used)
    checkouts = [step for step in used if step["uses"].startswith("actions/checkout")]
    assert len(checkouts) == 2 and all(s["with"]["persist-credentials"] is False for s in checkouts)


def test_every_command_of_the_workflow_exists(assignment):
    known = {"python -m pip install", "python -m labkit grade", "sudo apt-get", "sudo sysctl"}
    seen = set()
    for step in steps(assignment):
        for line in step.get("run", "").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                command = next((name for name in known if line.startswith(name)), None)
                assert command, line
                seen.add(command)
    assert seen == known
    words = shlex.split(next(s["run"] for s in steps(assignment) if s.get("name") == "Grade"))
    args = cli._parser("grade").parse_args(words[3:])
    assert args.lab == ["01"] and args.github and args.sandbox and args.student == "submission"
    installed = next(s["run"] for s in steps(assignment) if "pip install" in s.get("run", ""))
    assert "constraints.txt" in installed and (ROOT / "constraints.txt").exists()


@needs_sandbox
def test_the_grading_step_runs_and_says_the_points(assignment, tmp_path, solved, handed_in):
    next(
        c for c in solved.cells if c.id == "solution-wordpiece"
    ).source = "def wordpiece(word, vocab):\n    print('::error::mine')\n    return [word]"
    (assignment / NOTEBOOK).write_bytes(handed_in(solved))
    (tmp_path / "course").symlink_to(ROOT)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    page = tmp_path / "summary.md"
    step = next(s for s in steps(assignment) if s.get("name") == "Grade")
    variables = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(page)}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"].replace("../", f"{tmp_path}/")],
        cwd=tmp_path / step["working-directory"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"::notice title=labkit grade::Points {ALL - 4}/{ALL}\n" in done.stdout
    assert "::error" not in done.stdout, "a student's line would be a command to the runner"
    said = page.read_text(encoding="utf-8")
    assert f"## Lab 01: {ALL - 4} of {ALL} points" in said and "wordpiece: not yet right" in said
    assert (tmp_path / "grades" / "feedback" / "submission-01.html").exists()


def test_without_a_page_to_write_on_only_numbers_are_said(capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    report([Grade("ann", "01", problem="::error::mine")])
    assert "mine" not in capsys.readouterr().out


def test_the_command_says_how_to_share_the_repository(published, tmp_path, capsys):
    args = cli._parser("classroom").parse_args(["classroom", str(tmp_path), "--lab", "01"])
    assert run_classroom(args, published) == 0
    said = capsys.readouterr().out
    assert "as a template" in said and "In a fork" in said and "GitHub Classroom is not needed" in said


def test_nothing_that_is_there_is_replaced(published, assignment):
    (assignment / NOTEBOOK).write_text("my work")
    assert set_up(assignment, ["01"], published) == [assignment / WORKFLOW]  # its own file it renews
    assert (assignment / NOTEBOOK).read_text() == "my work"
    (assignment / WORKFLOW).write_text("name: mine\n")
    with pytest.raises(LabkitError, match="rename it first"):
        set_up(assignment, ["01"], published)
    assert (assignment / WORKFLOW).read_text() == "name: mine\n"


def test_the_course_must_have_an_address_and_the_folder_must_exist(project, published, tmp_path, monkeypatch):
    with pytest.raises(LabkitError, match="not a folder"):
        set_up(tmp_path / "none", ["01"], published)
    monkeypatch.setattr(type(project), "address", lambda self: Address("OWNER/REPO", "main"))
    with pytest.raises(LabkitError, match="labkit links OWNER/REPO"):
        set_up(tmp_path, ["01"], project)
    assert list(tmp_path.iterdir()) == []
