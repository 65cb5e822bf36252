"""Submissions as they arrive: every form an LMS exports, and nothing that leads anywhere."""

import io
import os
import stat
import zipfile

import pytest

from labkit.grading import collect as module
from labkit.grading.collect import collect, student_of
from labkit.messages import LabkitError

NOTEBOOK = b'{"cells": []}'


def zipped(members):
    """A zip file's bytes; members: name -> bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ann/lab02.ipynb", "ann"),
        ("ann/deep/down/02_causal_masks.ipynb", "ann"),
        ("Jane Doe_123456_assignsubmission_file_/02.ipynb", "Jane Doe"),
        ("doejane_12345_67890_02_causal_masks-1.ipynb", "doejane"),
        ("doejane_LATE_12345_67890_lab.ipynb", "doejane"),
        ("ann.ipynb", "ann"),
        ("ann_lab02.ipynb", "ann"),
        ("ann-02_causal_masks.ipynb", "ann"),
        ("Jos\u00e9 \u00c1lvarez.ipynb", "Jos\u00e9 \u00c1lvarez"),
        ("Jose\u0301/lab.ipynb", "Jos\u00e9"),  # as a Mac writes it
        ("ann.ipynb.txt", "ann"),
        ("ann (1).ipynb", "ann"),
        ("ann_lab02 (3).IPYNB", "ann"),
    ],
)
def test_the_student_is_in_the_name(name, student):
    assert student_of(name) == student


def test_folders_loose_notebooks_and_zip_files_together(tmp_path):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "lab01.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "ann" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "ann" / ".ipynb_checkpoints" / "lab01.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "bob.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "notes.txt").write_text("not a notebook")
    (tmp_path / "cat.zip").write_bytes(zipped({"lab01.ipynb": NOTEBOOK, "__MACOSX/._lab01.ipynb": b"?"}))
    export = {
        "Dan_1_assignsubmission_file_/a.ipynb": NOTEBOOK,
        "Eve_2_assignsubmission_file_/b.ipynb": NOTEBOOK,
    }
    (tmp_path / "export.zip").write_bytes(zipped(export))
    (tmp_path / "fay").mkdir()
    (tmp_path / "fay" / "work.zip").write_bytes(zipped({"x/02.ipynb": NOTEBOOK, "y/03.ipynb": NOTEBOOK}))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    found = sorted(collect(tmp_path), key=lambda f: (f.student, f.origin))
    assert [f.student for f in found] == ["Dan", "Eve", "ann", "bob", "cat", "fay", "fay"]
    assert all(f.data == NOTEBOOK and not f.problem for f in found)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_zip_within_a_zip_is_read_once(tmp_path):
    inner = zipped({"lab.ipynb": NOTEBOOK})
    (tmp_path / "export.zip").write_bytes(zipped({"ann_1_2_work.zip": inner, "bob_3_4_lab.ipynb": NOTEBOOK}))
    (tmp_path / "cat.zip").write_bytes(zipped({"a.zip": zipped({"b.zip": inner})}))
    found = {f.student: f for f in collect(tmp_path)}
    assert found["ann"].data == found["bob"].data == NOTEBOOK
    assert "within zip" in found["cat"].problem


def test_what_leads_out_is_not_followed(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b'{"cells": ["secret"]}')
    folder = tmp_path / "in"
    (folder / "ann").mkdir(parents=True)
    os.symlink(secret, folder / "ann" / "lab.ipynb")
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, str(secret))
        archive.writestr("../../out.ipynb", NOTEBOOK)
        archive.writestr("fine.ipynb", NOTEBOOK)
    (folder / "bob.zip").write_bytes(buffer.getvalue())
    found = list(collect(folder))
    assert all(b"secret" not in (f.data or b"") for f in found)
    assert [f.origin for f in found if f.data] == ["bob.zip!fine.ipynb"]
    assert sum("link" in f.problem for f in found) == 2 and any("leads out" in f.problem for f in found)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"junk", "damaged"),
        (zipped({"readme.txt": b"x"}), "no notebook"),
        (zipped({"lab.ipynb": NOTEBOOK * 100})[:-30], "damaged"),
    ],
)
def test_a_bad_zip_is_its_students_problem_alone(tmp_path, data, reason):
    (tmp_path / "ann.zip").write_bytes(data)
    (tmp_path / "bob.ipynb").write_bytes(NOTEBOOK)
    found = sorted(collect(tmp_path), key=lambda f: (f.student, f.origin))
    assert reason in found[0].problem and found[0].student == "ann" and found[1].data == NOTEBOOK


@pytest.mark.parametrize("make", ["empty", "missing"])
def test_no_submissions_is_a_plain_message(tmp_path, make):
    with pytest.raises(LabkitError, match="no notebook|not a folder"):
        list(collect(tmp_path if make == "empty" else tmp_path / "nowhere"))


def test_who_handed_in_something_else_is_not_forgotten(tmp_path):
    for name in ("ann/essay.pdf", "bob/lab.ipynb", "cat.rar", "notes.txt", "dan_1_2_lab.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(NOTEBOOK)
    export = {"eve_3_4_lab.ipynb": NOTEBOOK, "fay_5_6_lab.pdf": b"%PDF"}
    (tmp_path / "export.zip").write_bytes(zipped(export))
    found = {f.student: f for f in collect(tmp_path)}
    assert sorted(found) == ["ann", "bob", "cat", "dan", "eve", "fay"]
    assert found["bob"].data == found["eve"].data == NOTEBOOK
    for student, file in (("ann", "essay.pdf"), ("cat", "cat.rar"), ("fay", "fay_5_6_lab.pdf")):
        assert found[student].problem == f"There is no notebook (.ipynb) in what was handed in: {file}."


def test_a_zip_file_from_windows_and_two_members_of_one_name(tmp_path):
    (tmp_path / "class.zip").write_bytes(zipped({"ann\\lab.ipynb": NOTEBOOK, "bob\\lab.ipynb": NOTEBOOK}))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("lab.ipynb", NOTEBOOK)
        archive.writestr("lab.ipynb", b"{}")
    (tmp_path / "cat.zip").write_bytes(buffer.getvalue())
    found = list(collect(tmp_path))
    assert [f.student for f in found] == ["cat", "cat", "ann", "bob"]
    assert len({f.origin for f in found}) == 4


def test_a_students_zip_files_are_read_up_to_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 3 * len(NOTEBOOK))
    (tmp_path / "ann.zip").write_bytes(zipped({f"{k}.ipynb": NOTEBOOK for k in range(5)}))
    (tmp_path / "bob.ipynb").write_bytes(NOTEBOOK)
    found = list(collect(tmp_path))
    assert [bool(f.data) for f in found] == [True, True, True, False, False, True]
    assert "holds more than" in found[3].problem


def test_a_linked_folder_is_not_followed_but_its_student_is_told(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "lab.ipynb").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "in" / "ann")
    (only,) = collect(tmp_path / "in")
    assert (only.student, only.data) == ("ann", None) and "link" in only.problem
