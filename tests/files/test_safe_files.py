"""Files that take another's place whole or not at all."""

import os
import subprocess
import sys
import threading
import zipfile

import pytest

from labkit.files.safe_files import clear_unfinished, replacing, write_text
from labkit.messages import LabkitError

WINDOWS = sys.platform == "win32"


def names(folder):
    """Everything in a folder and below it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_takes_the_others_place_at_the_end(tmp_path):
    path = tmp_path / "new folder" / "grades.csv"
    for text in ("first", "second"):
        with replacing(path) as scratch:
            scratch.write_text(text)
            assert not path.exists() or path.read_text() == "first"
        assert path.read_text() == text
    assert names(path.parent) == ["grades.csv"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("begun", [True, False])
def test_when_something_is_raised_the_old_file_stays_and_nothing_else(tmp_path, fault, before, begun):
    path = tmp_path / "grades.csv"
    if before:
        path.write_text(before)
    with pytest.raises(fault), replacing(path) as scratch:
        if begun:
            scratch.write_text("half of the n")
            (scratch.parent / "a file of the writer's own").touch()
        raise fault
    assert names(tmp_path) == (["grades.csv"] if before else [])
    assert not before or path.read_text() == before


def test_files_of_the_users_are_left_alone_whatever_their_name(tmp_path):
    """Among them the names under which other programs, and this one once, keep what is half written."""
    own = [f"grades.csv{end}" for end in (".new", ".tmp", ".part", ".bak", "~", f".{os.getpid()}.new")]
    for name in [*own, ".grades.csv.new", ".labkit-mine.csv"]:
        (tmp_path / name).write_text("mine")
    before = names(tmp_path)
    write_text(tmp_path / "grades.csv", "new")
    with pytest.raises(ValueError), replacing(tmp_path / "grades.csv"):
        raise ValueError
    assert names(tmp_path) == sorted([*before, "grades.csv"])
    assert all((tmp_path / name).read_text() == "mine" for name in before)


def test_writers_at_the_same_time_each_write_a_whole_file(tmp_path):
    path, texts = tmp_path / "log.json", [letter * 100_000 for letter in "abcdefgh"]
    together = threading.Barrier(len(texts))

    def write(text):
        for _ in range(5):
            with replacing(path) as scratch:
                scratch.write_text(text)
                together.wait(30)  # all have begun, none is done

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts and names(tmp_path) == ["log.json"]


@pytest.mark.skipif(WINDOWS, reason="no such permissions there")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o000])
def test_a_new_file_has_the_permissions_that_any_new_file_has(tmp_path, mask):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom labkit.files.safe_files import write_text\n"
        f"os.umask({mask})\nPath('usual').touch()\nwrite_text('ours', '')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    modes = {(tmp_path / name).stat().st_mode & 0o777 for name in ("usual", "ours")}
    assert modes == {0o666 & ~mask}


@pytest.mark.skipif(WINDOWS, reason="no such permissions there")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "run.sh"
    path.touch()
    path.chmod(mode)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == mode and path.read_text() == "new"


@pytest.mark.skipif(WINDOWS, reason="links need a privilege there")
@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing yet"])
def test_a_link_stays_and_the_file_that_it_points_to_is_replaced(tmp_path, there):
    real, link = tmp_path / "disk" / "log.json", tmp_path / "run" / "log.json"
    real.parent.mkdir()
    link.parent.mkdir()
    link.symlink_to("../disk/log.json")
    if there:
        real.write_text("old")
    write_text(link, "new")
    assert link.is_symlink() and real.read_text() == link.read_text() == "new"
    assert names(tmp_path) == ["disk", "disk/log.json", "run", "run/log.json"]


def test_the_writer_is_given_the_files_own_name(tmp_path):
    """numpy and zipfile look at it, and some put an ending after a name that has not the right one."""
    with replacing(tmp_path / "a.zip") as scratch:
        assert scratch.name == "a.zip"
        with zipfile.ZipFile(scratch, "w") as archive:
            archive.writestr("a.txt", "a")
    assert zipfile.is_zipfile(tmp_path / "a.zip")


def test_a_name_of_any_length_that_a_file_may_have(tmp_path):
    write_text(tmp_path / ("n" * 255), "new")
    assert (tmp_path / ("n" * 255)).read_text() == "new"


def test_an_error_names_the_users_file(tmp_path):
    (tmp_path / "no folder").touch()
    with pytest.raises(LabkitError) as caught:
        write_text(tmp_path / "no folder" / "log.json", "new")
    assert str(caught.value).startswith(f"{tmp_path / 'no folder' / 'log.json'} can't be written: ")


def test_an_error_names_the_users_file_where_nothing_was_written(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "log.json"):
        pass
    assert caught.value.filename == str(tmp_path / "log.json") and names(tmp_path) == []


def test_what_killed_writers_left_is_cleared_and_nothing_else(tmp_path):
    program = (
        "import os, sys\nfrom labkit.files.safe_files import replacing\n"
        "with replacing(sys.argv[1]) as scratch:\n    scratch.write_text('half')\n    os._exit(9)\n"
    )
    for place in (tmp_path / "log.json", tmp_path / "deep" / "log.json"):
        subprocess.run([sys.executable, "-c", program, place])
    (tmp_path / "mine.new").touch()
    assert len(names(tmp_path)) > 4
    clear_unfinished(tmp_path)
    assert names(tmp_path) == ["deep", "mine.new"]


def test_text_is_utf_8_and_its_line_ends_as_asked(tmp_path):
    write_text(tmp_path / "a.txt", "ä\n", newline="\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä\r\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.txt", "\ud800")
    assert (tmp_path / "a.txt").read_bytes() == "ä\r\n".encode()
    write_text(tmp_path / "a.txt", "\ud800", errors="replace")
    assert (tmp_path / "a.txt").read_bytes() == b"?"
