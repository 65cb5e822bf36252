"""Errors of a library's that something around labkit has caused: one message that says how to mend it.

A file that hides a module, a setting of the environment that a library can't read, a Python without
docstrings, a working folder that was removed. None of it is asked before an error has come: most of what is
odd about a machine does no harm.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from labkit.messages import LabkitError, hiding

SETTINGS = ("HF_", "HUGGING", "TRANSFORMERS_")  # what the names of the libraries' settings begin with
GONE = "The folder that this was started in is not there any more: go to another (cd)."
NO_DOCSTRINGS = (
    "Python was told to leave docstrings out (-OO, or PYTHONOPTIMIZE=2), and transformers needs its own. "
    "Start without that."
)


def blamed(error: BaseException) -> str:
    """What to say of an error that something around labkit has caused, or "" where nothing is known."""
    if isinstance(error, LabkitError):
        # It tells the user what to mend already, unless a library's failing made us say it.
        return hiding.blamed(error) if error.__context__ is not None else ""
    return hiding.blamed(error) or _unreadable_setting(error) or _no_docstrings(error) or _gone(error)


@contextmanager
def explained() -> Iterator[None]:
    """An error in this block that something around labkit has caused is a LabkitError that names it."""
    try:
        yield
    except Exception as error:
        if said := blamed(error):
            raise LabkitError(said) from error
        raise


def say_of_import(error: BaseException) -> None:
    """While `import labkit` fails: raise the plain message if something around labkit is why.

    Under `python -m labkit` nothing of ours could catch it later, so the program ends there.
    """
    if said := blamed(error):
        raise (SystemExit if sys.argv[:1] == ["-m"] else LabkitError)(said) from None


def folder_is_gone() -> bool:
    """Was the working folder removed?"""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def wants_number(name: str, value: str) -> str:
    """The message for a setting that is to be a whole number."""
    return f"{name} is {value!r}, and a whole number is expected: set it to one, or unset it."


def _unreadable_setting(error):
    """A library that reads a number from the environment only quotes what it could not read."""
    for cause in hiding.chain(error):
        quoted = isinstance(cause, ValueError) and re.search(
            r"invalid literal.*?: (.*)|to float: (.*)", str(cause)
        )
        if quoted and _is_from(cause, "huggingface_hub", "transformers"):
            for name, value in os.environ.items():
                if name.startswith(SETTINGS) and repr(value) == (quoted[1] or quoted[2]):
                    return wants_number(name, value)
    return ""


def _no_docstrings(error):
    if sys.flags.optimize < 2 or not any(_is_from(cause, "transformers") for cause in hiding.chain(error)):
        return ""
    return NO_DOCSTRINGS


def _gone(error):
    found = any(isinstance(cause, FileNotFoundError) for cause in hiding.chain(error))
    return GONE if found and folder_is_gone() else ""


def _is_from(error, *packages):
    """Did an error come from code of one of these packages?"""
    folders = {part for file in hiding.files(error) for part in re.split(r"[\\/]", file)}
    return not folders.isdisjoint(packages)
