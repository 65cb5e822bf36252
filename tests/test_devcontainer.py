"""The container of Codespaces and VS Code. No test can build it; what can be checked without, is."""

import json
import re
from pathlib import Path

import labkit.machine as machine

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".devcontainer"
SETTINGS = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
DOCKERFILE = (FOLDER / SETTINGS["build"]["dockerfile"]).read_text(encoding="utf-8")


def test_its_python_is_one_that_labkit_runs_on():
    major, minor = map(int, re.search(r"^FROM \S+/python:(\d+)\.(\d+)$", DOCKERFILE, re.MULTILINE).groups())
    assert machine.PYTHONS[0] <= (major, minor) <= machine.PYTHONS[1]


def test_it_installs_with_the_makefile_into_the_environment_that_the_editor_takes():
    command, target = SETTINGS["postCreateCommand"].split()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert command == "make" and re.search(rf"^{target}:", makefile, re.MULTILINE)
    folder = re.search(r"^VENV := (\S+)$", makefile, re.MULTILINE)[1]
    editor = SETTINGS["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert editor == f"${{containerWorkspaceFolder}}/{folder}/bin/python"
    assert re.search(r"apt-get install .*\bmake\b", DOCKERFILE)


def test_what_it_opens_is_there():
    opened = SETTINGS["customizations"]["codespaces"]["openFiles"]
    assert opened and all((ROOT / name).is_file() for name in opened)


def test_a_teacher_can_grade_in_it():
    assert re.search(r"apt-get install .*\bbubblewrap\b", DOCKERFILE)
    assert SETTINGS["privileged"] is True, "the sandbox makes namespaces and mounts /proc"
    assert ".devcontainer" in (ROOT / "README.md").read_text(encoding="utf-8")
