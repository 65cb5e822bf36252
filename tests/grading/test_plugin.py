"""pytest --submissions: a test for each exercise of each student."""

import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from xml.etree import ElementTree

import pytest

from tests.notebooks.conftest import ROOT

INSTALLED = any(entry.value == "labkit.grading.plugin" for entry in entry_points(group="pytest11"))
# An installation older than the plugin does not know it yet.
OPTIONS = [*([] if INSTALLED else ["-p", "labkit.grading.plugin"]), "--no-sandbox", "-p", "no:cacheprovider"]


def run(folder, *options):
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--submissions", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


@pytest.fixture
def submissions(tmp_path, solved, handed_in):
    """ann has everything right but wordpiece; bob handed in junk."""
    next(
        c for c in solved.cells if c.id == "solution-wordpiece"
    ).source = "def wordpiece(word, vocab):\n    return [word]"
    (tmp_path / "in" / "ann").mkdir(parents=True)
    (tmp_path / "in" / "ann" / "lab.ipynb").write_bytes(handed_in(solved))
    (tmp_path / "in" / "bob.ipynb").write_bytes(b"junk")
    return tmp_path / "in"


def test_one_test_for_each_exercise_of_each_student(submissions, tmp_path):
    junit = tmp_path / "junit.xml"
    done = run(submissions, f"--junitxml={junit}")
    assert done.returncode == 1, done.stdout + done.stderr
    cases = {case.get("name"): case for case in ElementTree.parse(junit).iter("testcase")}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert len(cases) == 7 and failed == {"ann lab01 wordpiece", "bob lab01 notebook"}
    points = {p.get("name"): p.get("value") for p in cases["ann lab01 wordpiece"].iter("property")}
    assert points == {"points": "0", "of": "4"}
    assert "not JSON" in done.stdout and "Traceback" not in done.stdout


def test_k_chooses_and_a_bad_folder_is_one_message(submissions, tmp_path):
    done = run(submissions, "-k", "ann and mlm_loss", "-v")
    assert done.returncode == 0 and "ann lab01 mlm_loss" in done.stdout, done.stdout + done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run(empty)
    assert done.returncode == 4 and "no notebook" in done.stderr + done.stdout
    shutil.rmtree(empty)


def test_no_escape_code_of_a_students_reaches_the_terminal(submissions, solved, handed_in):
    hostile = (
        "def wordpiece(word, vocab):\n    print('\\x1b[2J\\x07')\n"
        "    raise ValueError('\\x1b[31mred\\x1b]0;title\\x07')"
    )
    next(c for c in solved.cells if c.id == "solution-wordpiece").source = hostile
    (submissions / "ann" / "lab.ipynb").write_bytes(handed_in(solved))
    (submissions / "bob.ipynb").rename(submissions / "b\x1b[31mob\n.ipynb")
    done = run(submissions, "-k", "wordpiece or notebook")
    assert "ValueError" in done.stdout and "red" in done.stdout
    assert not set(done.stdout + done.stderr) & set(map(chr, [*range(9), *range(11, 32), 127, 0x9B]))
