"""The set-up cell, run by IPython in a process that has no labkit: as on Colab."""

import json
import subprocess
import sys

import pytest

from labkit.authoring.project import Address
from labkit.authoring.stamps import setup_source

# Runs the cell on stdin with a stand-in for %pip, which notes what it was asked for and, if it is given a
# folder, "installs" what is in there. Prints what happened as the last line.
HARNESS = """
import json, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

sys.path[:] = [p for p in sys.path if p and not (Path(p) / "labkit").is_dir()]
asked, folder = [], sys.argv[1]
def pip(line):
    asked.append(line)
    sys.path.append(folder)
shell = InteractiveShell.instance()
shell.register_magic_function(pip, "line", "pip")
sys.path += sys.argv[2:]
result = shell.run_cell(sys.stdin.read())
error = result.error_before_exec or result.error_in_exec
print()
print(json.dumps([asked, type(error).__name__, shell.user_ns.get("lab")]))
"""


@pytest.fixture
def package(tmp_path):
    """A folder that holds a labkit of a few lines."""
    (tmp_path / "have" / "labkit").mkdir(parents=True)
    text = "def start(number):\n    return f'lab {number}'\n"
    (tmp_path / "have" / "labkit" / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "nothing").mkdir()
    return tmp_path


def run_cell(cwd, installs, *on_path):
    source = setup_source(Address("ada/bert-labs", "main"), "01")
    command = [sys.executable, "-c", HARNESS, str(installs), *map(str, on_path)]
    done = subprocess.run(
        command, input=source, cwd=cwd / "nothing", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_line_needs_a_scrollbar():
    lines = setup_source(Address("ada/bert-labs", "main"), "01").splitlines()
    assert max(map(len, lines)) <= 80


def test_installs_when_labkit_is_missing(package):
    asked, error, lab = run_cell(package, package / "have")
    assert asked == ['install -q "labkit @ git+https://github.com/ada/bert-labs"']
    assert (error, lab) == ("NoneType", "lab 01")


def test_installs_nothing_when_labkit_is_there(package):
    asked, error, lab = run_cell(package, package / "nothing", package / "have")
    assert asked == []
    assert (error, lab) == ("NoneType", "lab 01")


def test_a_failed_install_is_not_silent(package):
    asked, error, lab = run_cell(package, package / "nothing")
    assert len(asked) == 1
    assert (error, lab) == ("ModuleNotFoundError", None)
