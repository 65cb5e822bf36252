"""A student's cells, run as IPython runs them: prompts, magics and top-level await mean the same here.

Without what a notebook's front end adds: no history on disk, no display but text, no shell commands.
"""

import os
import shutil
import tempfile

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

MOST = 500  # characters of an error that is told
PYTHON = ("time", "timeit", "capture", "prun")  # magics that run the code that they are given
FILES = ("writefile", "file")  # magics that write it to a file, which may be imported
NO_PROCESSES = " (No other process can be started, and only the working folder written to, while grading.)"


class Shell(InteractiveShell):
    """IPython without a terminal. What needs one, or other programs, does nothing."""

    def enable_gui(self, gui=None):
        """There is no window to draw in."""

    def ask_exit(self):
        """exit() in a cell ends that cell."""
        raise SystemExit

    def system(self, cmd):
        """`!ls`: there are no other programs here."""

    system_raw = system_piped = system

    def getoutput(self, cmd, split=True, depth=0):
        """`files = !ls`: what would be in it, nobody knows."""
        raise RuntimeError(f"!{cmd[:60]}: shell lines are not run while grading")

    def run_line_magic(self, name, line, _stack_depth=1):
        """A magic that does not work here is no fault of the student's."""
        try:
            return super().run_line_magic(name, line, _stack_depth + 1)
        except Exception:
            if name in PYTHON:
                raise
            return None

    def run_cell_magic(self, name, line, cell):
        """`%%bash`, `%%html` and their like do nothing: what is under them is not the notebook's code."""
        return super().run_cell_magic(name, line, cell) if name in PYTHON + FILES else None

    def showtraceback(self, *args, **kwargs):
        """`run` says what went wrong, in one line."""

    def showsyntaxerror(self, *args, **kwargs):
        """`run` says it."""


def new_shell(module):
    """A Shell whose notebook is `module`."""
    folder = os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
    config = Config()
    config.HistoryManager.enabled = False  # it writes a database, in a thread
    config.IPKernelApp = Config()  # by which code tells that it is in a notebook
    shell = Shell.instance(config=config, user_module=module)
    shell.display_formatter.active_types = ["text/plain"]
    shutil.rmtree(folder, ignore_errors=True)  # a profile that nobody needs
    return shell


def run(shell, text, file):
    """Run one cell; returns the exception that it ended with, or None.

    file: how tracebacks and `inspect` call the cell.
    """
    names = shell.user_module.__dict__["__builtins__"]
    shell.compile.get_code_name = lambda raw_code, transformed_code, number: file
    result = shell.run_cell(text, store_history=False)
    shell.user_module.__dict__["__builtins__"] = names  # %run puts Python's own there
    return result.error_before_exec or result.error_in_exec


def told(error):
    """An exception in one line, however strange it is."""
    try:
        said = str(error)
    except Exception:
        said = ""
    if isinstance(error, SyntaxError) and error.text:
        said = f"{error.msg}, in the line: {str(error.text).strip()[:120]}"
    if isinstance(error, PermissionError):
        said += NO_PROCESSES
    return f"{type(error).__name__}: {said}"[:MOST] if said else type(error).__name__
