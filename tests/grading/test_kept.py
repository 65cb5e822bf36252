"""Kept results: only what a grader wrote, whole, and only one grader at a time."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest

from labkit.exercises import get
from labkit.files.safe_files import replacing
from labkit.grading.grades import Grade
from labkit.grading.kept import Kept, only_one, writing
from labkit.grading.marking import not_graded
from labkit.messages import LabkitError
from tests.notebooks.conftest import ROOT

KEY = "k" * 64


@pytest.fixture
def grade():
    """Of nobody in particular."""
    return Grade("ann", "01", "ann.ipynb", exercises=[not_graded(task, "no") for task in get("01").EXERCISES])


@pytest.fixture
def kept(tmp_path):
    """An empty folder of results."""
    return Kept(tmp_path)


def test_what_was_written_is_read_again_for_the_same_key_only(kept, grade):
    kept.write("ann", KEY, grade)
    assert kept.read("ann", KEY) == grade
    assert kept.read("ann", "another") is None and kept.read("ann", "") is None
    assert kept.read("bob", KEY) is None


def changed(**fields):
    """A damage: other values for these fields."""
    return lambda record: record | fields


def in_first(**fields):
    """A damage: other values in the first exercise's report."""
    return lambda record: record | {"exercises": [record["exercises"][0] | fields, *record["exercises"][1:]]}


DAMAGE = {
    "null": lambda record: None,
    "3": lambda record: 3,
    "a list": lambda record: [record],
    "a text": lambda record: "ann",
    "true": lambda record: True,
    "an empty object": lambda record: {},
    "only the key": lambda record: {"key": KEY},
    "one field more": changed(more=1),
    "no student": changed(student=None),
    "a student that is a number": changed(student=3),
    "notes that are none": changed(notes=None),
    "notes of numbers": changed(notes=[1]),
    "exercises that are none": changed(exercises=None),
    "exercises that are an object": changed(exercises={}),
    "no exercises": changed(exercises=[]),
    "another lab's exercises": changed(lab="02"),
    "a seed that is a text": changed(seed="1"),
    "a report that is null": lambda record: record | {"exercises": [None] * len(record["exercises"])},
    "points that are null": in_first(points=None),
    "points that are a text": in_first(points="4"),
    "points that are true": in_first(points=True),
    "more points than there are": in_first(points=999),
    "points below none": in_first(points=-1),
    "another maximum": in_first(max_points=999),
    "a text that is null": in_first(text=None),
    "another exercise": in_first(exercise="attention"),
    "hints that are null": in_first(hints=None),
    "properties that are a text": in_first(properties="all"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_result_is_none(kept, grade, name, tmp_path):
    record = json.loads(json.dumps({"key": KEY, **asdict(grade)}))
    (tmp_path / "ann.json").write_text(json.dumps(DAMAGE[name](record)))
    assert kept.read("ann", KEY) is None
    kept.write("ann", KEY, grade)
    assert kept.read("ann", KEY) == grade


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"key": "' + b"\\ud800" + b'"}', bytes(1000)]
)
def test_a_file_that_is_no_result_is_none(kept, content, tmp_path):
    (tmp_path / "ann.json").write_bytes(content)
    assert kept.read("ann", KEY) is None


def test_a_folder_or_a_link_in_place_of_a_result_is_none(kept, tmp_path):
    (tmp_path / "ann.json").mkdir()
    (tmp_path / "bob.json").symlink_to("/nowhere")
    assert kept.read("ann", KEY) is None and kept.read("bob", KEY) is None


def test_what_was_half_written_is_removed_and_nothing_else(kept, grade, tmp_path):
    still_there = []
    kept.write("ann", KEY, grade)
    (tmp_path / "read").mkdir()
    (tmp_path / "mine.new").write_text("a file of the user's")
    for place in (tmp_path, tmp_path / "read"):
        killed = replacing(place / "bob.json")
        killed.__enter__().write_text("{")  # and never left, as by a process that is killed
        still_there.append(killed)
    kept.tidy()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["ann.json", "mine.new", "read"]


def test_a_second_grader_is_refused_and_one_after_another_is_not(tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\nfrom labkit.grading.kept import only_one\n"
        "from labkit.messages import LabkitError\n"
        "try:\n    with only_one(Path(sys.argv[1])): print('mine')\n"
        "except LabkitError as error: print(error)\n"
    )

    def another():
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120).stdout

    with only_one(tmp_path):
        assert "Another grader is at work" in another()
    assert another() == "mine\n"


@pytest.mark.skipif(os.name == "nt", reason="/dev/full is Linux's")
def test_a_full_disk_and_a_folder_that_cannot_be_written_are_one_plain_message(tmp_path):
    with pytest.raises(LabkitError, match="can't be written: No space left"):
        with writing(tmp_path), open("/dev/full", "w") as file:
            file.write("x" * 10**6)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LabkitError, match="can't be written"), only_one(tmp_path / "file" / "out"):
        pass
    assert (tmp_path / "file").read_text() == "mine"
