"""What the system says against the user's file is a message; what it says against ours stays an error."""

import errno
import os

import pytest

from labkit.messages import LabkitError
from labkit.messages.named import CannotWrite, read_json, read_text, reading, writing

ERRORS = (errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG, errno.EIO)


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("about", [(), ("grades.csv",), (".grades.csv-x1",), ("grades.csv/a/b",), (".",)])
def test_an_error_of_the_system_about_the_path_is_a_message(number, about, tmp_path):
    path = tmp_path / "grades.csv"
    error = OSError(number, os.strerror(number), *(str(tmp_path / name) for name in about))
    with pytest.raises(CannotWrite) as caught, writing(path, "--output"):
        raise error
    said = str(caught.value)
    assert said.startswith("--output ") and str(path) in said
    assert os.strerror(number) in said and said.endswith(".") and caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        OSError("a fault of ours"),
        OSError(errno.EBADF, "Bad file descriptor"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/elsewhere/a file of ours"),
        ValueError("a fault of ours"),
        KeyError("a fault of ours"),
        RuntimeError("a fault of ours (os error)"),
    ],
    ids=repr,
)
def test_a_fault_of_ours_goes_on_as_it_is(error, tmp_path):
    for about in (reading, writing):
        with pytest.raises(type(error)) as caught, about(tmp_path / "grades.csv"):
            raise error
        assert caught.value is error


def test_what_a_library_in_rust_quotes_is_an_error_of_the_system_too(tmp_path):
    with pytest.raises(CannotWrite, match="No space left on device. Make room"), writing(tmp_path / "model"):
        raise Exception("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have(name):
    with pytest.raises(LabkitError, match="can't be a file's name"):
        read_text(name)


def test_a_text_comes_without_its_mark_and_with_one_kind_of_line_end(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffé\r\nb\rc".encode())
    assert read_text(tmp_path / "a.txt") == "é\nb\nc"
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(LabkitError, match="a.txt is not plain text in UTF-8 .byte 3"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "1", "[" * 100_000, '{"a": 1} x'], ids=repr)
def test_json_of_another_form_is_a_message(text, tmp_path):
    (tmp_path / "log.json").write_text(text)
    with pytest.raises(LabkitError, match="log.json (is damaged|holds another kind)"):
        read_json(tmp_path / "log.json")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no such devices")
@pytest.mark.parametrize("device", ("/dev/full", "/dev/zero", "/dev/null"))
def test_a_device_is_neither_read_nor_replaced(device):
    for about in (reading, writing):
        with pytest.raises(LabkitError, match=f"{device} can't be .* it is a device or a pipe and no file"):
            with about(device):
                pytest.fail("it began")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_can_be_read_and_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with reading(tmp_path / "pipe"):
        pass
    with pytest.raises(CannotWrite, match="a device or a pipe"), writing(tmp_path / "pipe"):
        pytest.fail("it began")
