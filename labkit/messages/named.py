"""What the system, or a text's form, says against a file or folder that the user has named: a LabkitError.

An error about another file, or one that did not come from the system, is not the user's: it goes on as it is.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.messages import LabkitError

REMEDIES = {
    errno.ENOENT: "Look at its name, and at the folder that it is to be in.",
    errno.EACCES: "Change its permissions, or name another.",
    errno.EPERM: "Change its permissions, or name another.",
    errno.EISDIR: "It is a folder: name a file.",
    errno.ENOTDIR: "Something in it is a file and no folder: name another.",
    errno.EEXIST: "Something is there already: name another.",
    errno.ENOTEMPTY: "Something is there already: name another.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ELOOP: "It is a link that leads to itself: name another.",
    errno.ENOSPC: "Make room on the disk, or name a place on another.",
    errno.EDQUOT: "Your share of the disk is used up: make room, or name a place on another.",
    errno.EROFS: "That disk can only be read: name a place on another.",
}
OURS = (errno.EBADF,)  # a file that we closed too early


class CannotWrite(LabkitError):
    """The system does not let something be written where the user wants it."""


@contextmanager
def reading(path: str | os.PathLike, option: str = "") -> Iterator[None]:
    """What the system says against reading a file or folder that the user has named is a LabkitError.

    option: by which it was named, such as "--corpus", for the message.
    """
    with _about(path, option, "read"):
        yield


@contextmanager
def writing(path: str | os.PathLike, option: str = "") -> Iterator[None]:
    """What the system says against writing to a place that the user has named is a CannotWrite."""
    with _about(path, option, "written"):
        yield


def read_text(path: str | os.PathLike, option: str = "") -> str:
    """The text of a file that the user has named. Raises LabkitError where it is none in UTF-8."""
    with reading(path, option):
        data = Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise LabkitError(
            f"{_shown(path, option)} is not plain text in UTF-8 (byte {error.start} does not fit). "
            "Save it as UTF-8, or name another file."
        ) from None


def read_json(path: str | os.PathLike, kind: type = dict, option: str = "") -> dict | list:
    """What a JSON file that the user has named holds: a dict or a list. Raises LabkitError for anything else.

    A file of a run or a model that somebody has changed, or that was cut short.
    """
    text = read_text(path, option)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabkitError(
            f"{_shown(path, option)} is damaged: it can't be read as JSON ({error}). "
            "Make it anew, or restore a copy."
        ) from None
    if not isinstance(content, kind):
        expected = {dict: "an object {...}", list: "a list [...]"}[kind]
        raise LabkitError(
            f"{_shown(path, option)} holds another kind of JSON than expected: {expected}. "
            "Make it anew, or restore a copy."
        )
    return content


def is_of_system(error: BaseException) -> bool:
    """Does an error come from the operating system, and not from code that raised an OSError of its own?"""
    return isinstance(error, OSError) and error.errno is not None and error.errno not in OURS


@contextmanager
def _about(path, option, done):
    try:
        _refuse_device(path, option, done)
        with _in_python():
            yield
    except OSError as error:
        if not is_of_system(error) or not _concerns(error, path):
            raise
        inner = error.filename if isinstance(error.filename, (str, os.PathLike)) else None
        if inner is None or os.path.abspath(inner) == os.path.abspath(path) or done == "written":
            inner = path
        remedy = REMEDIES.get(error.errno, "Name another, or try again.")
        raise (CannotWrite if done == "written" else LabkitError)(
            f"{_shown(inner, option if inner is path else '')} can't be {done}: "
            f"{error.strerror or type(error).__name__}. {remedy}"
        ) from error
    except ValueError:
        if "\0" not in os.fspath(path) and os.fsdecode(path).isprintable():
            raise
        raise LabkitError(f"{os.fspath(path)!r} can't be a file's name. Name another.") from None


def _refuse_device(path, option, done):
    """A device would be read without end, or replaced by a file; a pipe can be read, and not be replaced."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # what that means for the work, the work finds out
        return
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode) and done == "read":
        return
    raise (CannotWrite if done == "written" else LabkitError)(
        f"{_shown(path, option)} can't be {done}: it is a device or a pipe and no file. Name a file."
    )


@contextmanager
def _in_python():
    """The system's errors as Python has them: libraries in Rust (safetensors, tokenizers) only quote them."""
    try:
        yield
    except Exception as error:
        quoted = None if isinstance(error, OSError) else re.search(r"\(os error (\d+)\)", str(error))
        if quoted is None:
            raise
        number = int(quoted[1])
        raise OSError(number, os.strerror(number)) from error


def _shown(path, option):
    return f"{option} {path}".strip()


def _concerns(error, path):
    """Is an error about this path: about itself, something in it or above it, or a scratch file beside it?"""
    path = Path(os.path.abspath(path))
    for name in (error.filename, error.filename2):
        if isinstance(name, (str, bytes, os.PathLike)):
            other = Path(os.path.abspath(os.fsdecode(name)))
            return (
                path == other or path in other.parents or other in path.parents or other.parent == path.parent
            )
    return True  # a full disk does not say in whose file it was met
