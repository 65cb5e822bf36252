"""The set-up cell, run by IPython in a process that has no labkit: as on Colab."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labkit.authoring.project import Address
from labkit.authoring.stamps import setup_source
from labkit.plotting.views.libraries import SCRIPTS

ROOT = Path(__file__).parents[2]
INSTALLED_AS = {"sklearn": "scikit-learn", "umap": "umap-learn", "IPython": "ipython"}  # import -> package
NEWER = {"annotationlib"}  # modules of the standard library that not every Python has yet
NOT_FOR_STUDENTS = {"authoring", "grading", "pretraining", "export"}  # folders of labkit

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
print(json.dumps([asked, type(error).__name__, shell.user_ns.get("lab"), str(error)]))
"""
PUBLISHED = Address("ada/bert-labs", "main")
RELEASED = Address("ada/bert-labs", "main", "v0.1.0")
NOWHERE = Address("OWNER/REPO", "main")


@pytest.fixture
def package(tmp_path):
    """A folder that holds a labkit of a few lines."""
    (tmp_path / "have" / "labkit").mkdir(parents=True)
    text = "def start(number, made_for=None):\n    return f'lab {number} of {made_for}'\n"
    (tmp_path / "have" / "labkit" / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "nothing").mkdir()
    return tmp_path


def run_cell(cwd, installs, *on_path, address=PUBLISHED):
    source = setup_source(address, "01", version="1.2.0")
    command = [sys.executable, "-c", HARNESS, str(installs), *map(str, on_path)]
    done = subprocess.run(
        command, input=source, cwd=cwd / "nothing", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("address", [PUBLISHED, RELEASED, NOWHERE])
def test_no_line_needs_a_scrollbar(address):
    assert max(map(len, setup_source(address, "01").splitlines())) <= 84


def test_installs_when_labkit_is_missing(package):
    asked, error, lab, _ = run_cell(package, package / "have")
    assert asked == ['install -q "labkit[views] @ git+https://github.com/ada/bert-labs"']
    assert (error, lab) == ("NoneType", "lab 01 of 1.2.0")


def test_installs_the_release_that_it_was_made_for(package):
    asked, error, lab, _ = run_cell(package, package / "have", address=RELEASED)
    (line,) = asked
    requirement = Requirement(line.removeprefix("install -q ").strip('"'))
    assert requirement.url == "git+https://github.com/ada/bert-labs@v0.1.0"
    assert (error, lab) == ("NoneType", "lab 01 of 1.2.0")


@pytest.mark.parametrize("address", [PUBLISHED, RELEASED, NOWHERE])
def test_installs_nothing_when_labkit_is_there(package, address):
    asked, error, lab, _ = run_cell(package, package / "nothing", package / "have", address=address)
    assert asked == []
    assert (error, lab) == ("NoneType", "lab 01 of 1.2.0")


def test_a_failed_install_is_not_silent(package):
    asked, error, lab, _ = run_cell(package, package / "nothing")
    assert len(asked) == 1
    assert (error, lab) == ("ModuleNotFoundError", None)


def test_a_course_that_was_not_published_says_so_and_asks_pip_for_nothing(package):
    asked, error, lab, said = run_cell(package, package / "have", address=NOWHERE)
    assert (asked, error, lab) == ([], "SystemExit", None)
    assert "does not say where" in said and "OWNER/REPO" not in setup_source(NOWHERE, "01")


def installed_by_the_cell():
    """Canonical names of the packages that the cell's requirement asks for, extras included."""
    quoted = re.search(r'install -q "(.*)"', setup_source(PUBLISHED, "04"))[1]
    extras = Requirement(quoted).extras
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = set()
    for name in ("dependencies", *extras):
        block = re.search(rf"^{name} = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
        found |= {canonicalize_name(Requirement(one).name) for one in re.findall(r'^ +"(.*?)"', block, re.M)}
    return found


def test_the_cell_installs_what_the_views_draw_with():
    assert {canonicalize_name(package) for package, *_ in SCRIPTS.values()} <= installed_by_the_cell()


def test_the_cell_installs_all_that_a_lab_imports():
    """Every import of what students call, at the top of a file or inside a function, and of the labs."""
    files = [
        path
        for path in (ROOT / "labkit").rglob("*.py")
        if not NOT_FOR_STUDENTS & set(path.relative_to(ROOT / "labkit").parts)
    ]
    files += (ROOT / "notebooks" / "source").glob("*.py")
    imported = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - NEWER - {"labkit"}
    assert {"torch", "umap", "scipy", "plotly"} <= foreign
    packages = {canonicalize_name(INSTALLED_AS.get(name, name)) for name in foreign}
    assert packages - installed_by_the_cell() == set()
