"""Submissions as they arrive: every form on a disk and in a zip file, and nothing that leads anywhere.

Whose they are, the tests of `people` say.
"""

import io
import os
import socket
import stat
import zipfile

import pytest

from labkit.grading.cells import Unreadable
from labkit.grading.classroom import Classroom
from labkit.grading.collect import survey
from labkit.grading.facts import facts
from labkit.grading.people import identify
from labkit.grading.reader import Reader
from labkit.messages import LabkitError

NOTEBOOK = b'{"cells": []}'


def zipped(members):
    """A zip file's bytes; members: name -> bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def reader(project, tmp_path_factory):
    """What lists zip files."""
    with Reader(facts(project), folder=tmp_path_factory.mktemp("read"), sandbox=False) as one:
        yield one


@pytest.fixture
def found(reader, tmp_path):
    """A function: folder -> {origin as one text: (kind, problem, student or None)}."""

    def look(folder=tmp_path):
        items = survey(folder, reader)
        people = identify([item.entry for item in items], ["01_mlm_fill_in_blank", "02_causal_masks"])
        return {
            item.shown: (item.kind, item.problem, person.student if person else None)
            for item, person in zip(items, people, strict=True)
        }

    return look


def students(seen):
    """The students in what was found."""
    return sorted({student for _, _, student in seen.values() if student})


def put(folder, name, data=NOTEBOOK):
    """Write a file, with its folders."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_folders_loose_notebooks_and_zip_files_together(found, tmp_path):
    put(tmp_path, "ann/lab01.ipynb")
    put(tmp_path, "ann/.ipynb_checkpoints/lab01.ipynb")
    put(tmp_path, "bob.ipynb")
    put(tmp_path, "notes.txt", b"not a notebook")
    put(tmp_path, "cat.zip", zipped({"lab01.ipynb": NOTEBOOK, "__MACOSX/._lab01.ipynb": b"?"}))
    export = {"Dan_1_assignsubmission_file_/a.ipynb": b"", "Eve_2_assignsubmission_file_/b.ipynb": b""}
    put(tmp_path, "export.zip", zipped(export))
    put(tmp_path, "fay/work.zip", zipped({"x/02.ipynb": NOTEBOOK, "y/03.ipynb": NOTEBOOK}))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    seen = found()
    assert students(seen) == ["Dan", "Eve", "ann", "bob", "cat", "fay"]
    assert sum(kind == "notebook" for kind, _, _ in seen.values()) == 7
    assert not any(problem for _, problem, _ in seen.values())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_zip_within_a_zip_is_read_once(found, tmp_path):
    inner = zipped({"lab.ipynb": NOTEBOOK})
    put(tmp_path, "export.zip", zipped({"ann_123_4567_work.zip": inner, "bob_124_4568_lab.ipynb": NOTEBOOK}))
    put(tmp_path, "cat.zip", zipped({"a.zip": zipped({"b.zip": inner})}))
    seen = found()
    assert seen["export.zip!ann_123_4567_work.zip!lab.ipynb"] == ("notebook", "", "ann")
    assert seen["export.zip!bob_124_4568_lab.ipynb"] == ("notebook", "", "bob")
    assert "within zip" in seen["cat.zip!a.zip!b.zip"][1] and seen["cat.zip!a.zip!b.zip"][2] == "cat"


def test_what_leads_out_is_not_followed(found, reader, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b'{"cells": ["secret"]}')
    folder = tmp_path / "in"
    (folder / "ann").mkdir(parents=True)
    os.symlink(secret, folder / "ann" / "lab.ipynb")
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "bob.zip", "w") as archive:
        archive.writestr(link, str(secret))
        archive.writestr("../../out.ipynb", NOTEBOOK)
        archive.writestr("fine.ipynb", NOTEBOOK)
    seen = found(folder)
    assert [name for name, (_, problem, _) in seen.items() if not problem] == ["bob.zip!fine.ipynb"]
    problems = [problem for _, problem, _ in seen.values()]
    assert sum("link" in problem for problem in problems) == 2
    assert any("leads out" in problem for problem in problems)
    with pytest.raises(Unreadable):
        reader.notebook(folder / "ann" / "lab.ipynb", ())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"junk", "damaged"),
        (b"", "damaged"),
        (zipped({}), "nothing in the zip"),
        (zipped({"__MACOSX/._a": b""}), "nothing in the zip"),
        (zipped({"lab.ipynb": NOTEBOOK * 100})[:-30], "damaged"),
    ],
)
def test_a_bad_zip_is_its_students_problem_alone(found, tmp_path, data, reason):
    put(tmp_path, "ann.zip", data)
    put(tmp_path, "bob.ipynb")
    seen = found()
    assert seen["ann.zip"][0] == "archive" and reason in seen["ann.zip"][1] and seen["ann.zip"][2] == "ann"
    assert seen["bob.ipynb"] == ("notebook", "", "bob")


@pytest.mark.parametrize("make", ["empty", "missing", "only a text", "a file"])
def test_no_submissions_is_a_plain_message(project, tmp_path, make):
    put(tmp_path / "in", "README.txt")
    folder = {"missing": tmp_path / "nowhere", "a file": tmp_path / "in" / "README.txt"}.get(
        make, tmp_path / "in"
    )
    if make == "empty":
        (tmp_path / "in" / "README.txt").unlink()
    with pytest.raises(LabkitError, match="no notebook|not a folder"):
        Classroom(folder, None, project, sandbox=False)


def test_who_handed_in_something_else_is_not_forgotten(project, tmp_path):
    for name in ("ann/essay.pdf", "bob/lab.ipynb", "cat.rar", "notes.txt", "dan_123_4567_lab.docx"):
        put(tmp_path / "in", name)
    export = {"eve_124_4568_lab.ipynb": NOTEBOOK, "fay_125_4569_lab.pdf": b"%PDF"}
    put(tmp_path / "in", "export.zip", zipped(export))
    (tmp_path / "in" / "gil").mkdir()
    (tmp_path / "in" / "hal" / "lab01.ipynb").mkdir(parents=True)
    os.mkfifo(tmp_path / "in" / "ida.ipynb")
    (tmp_path / "in" / "joe").mkdir()
    with socket.socket(socket.AF_UNIX) as line:
        os.chdir(tmp_path / "in" / "joe")
        line.bind("lab01.ipynb")
        os.chdir(project.root)
    room = Classroom(tmp_path / "in", None, project, labs=["01"], sandbox=False)
    room.close()
    said = {job.student: job.problem for job in room.jobs}
    assert sorted(said) == ["ann", "bob", "cat", "dan", "eve", "fay", "gil", "hal", "ida", "joe"]
    for student, file in (("ann", "essay.pdf"), ("cat", "cat.rar"), ("fay", "fay_125_4569_lab.pdf")):
        assert said[student] == f"There is no notebook (.ipynb) in what was handed in: {file}."
    assert said["gil"] == "There is no notebook (.ipynb) in what was handed in."
    assert "folder" in said["hal"] and "no ordinary file" in said["ida"] and "no ordinary file" in said["joe"]


def test_a_zip_file_from_windows_and_two_members_of_one_name(found, tmp_path):
    put(tmp_path, "class.zip", zipped({"ann\\lab.ipynb": NOTEBOOK, "bob\\lab.ipynb": NOTEBOOK}))
    with zipfile.ZipFile(tmp_path / "cat.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("lab.ipynb", NOTEBOOK)
        archive.writestr("lab.ipynb", b"{}")
    seen = found()
    assert students(seen) == ["ann", "bob", "cat"] and len(seen) == 4


def test_a_student_has_a_bounded_number_of_notebooks(project, tmp_path):
    put(tmp_path / "in", "ann.zip", zipped({f"lab01/{k}.ipynb": NOTEBOOK for k in range(30)}))
    put(tmp_path / "in", "bob.ipynb")
    room = Classroom(tmp_path / "in", None, project, labs=["01"], sandbox=False)
    room.close()
    assert len([job for job in room.jobs if job.student == "ann"]) == 21
    assert sum("the others were not read" in job.problem for job in room.jobs) == 1


def test_a_linked_folder_is_not_followed_but_its_student_is_told(found, tmp_path):
    put(tmp_path, "elsewhere/lab.ipynb", b"secret")
    (tmp_path / "in").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "in" / "ann")
    os.symlink(tmp_path / "in", tmp_path / "in" / "loop")
    seen = found(tmp_path / "in")
    assert {name: "link" in problem for name, (_, problem, _) in seen.items()} == {"ann": True, "loop": True}


def test_a_folder_with_a_notebooks_name_that_holds_one_is_a_folder(found, tmp_path):
    put(tmp_path, "ann/lab01.ipynb/lab01.ipynb")
    put(tmp_path, "bob/lab01.ipynb/readme.txt")
    seen = found()
    assert seen["ann/lab01.ipynb/lab01.ipynb"] == ("notebook", "", "ann")
    assert seen["bob/lab01.ipynb"][0] == "notebook" and "It is a folder" in seen["bob/lab01.ipynb"][1]
