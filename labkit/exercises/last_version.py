"""Is the function that is to be checked the one in the student's last version of the cell?

After a SyntaxError, or an error above its `def`, a notebook still has the function of the run before. To
judge that one would tell the student about code that is no longer there.
"""

import ast
import inspect
import linecache
import re
from collections.abc import Callable

STOPPED = (
    "The last version of the cell with {name} did not run: {why}. "
    "What is there now is the version before it. "
    "Mend the cell, run it, then run this one again."
)


def stopped(name: str, function: Callable) -> str:
    """Why the last cell that defines `name` is not where `function` comes from, or "".

    Says nothing outside IPython, or when the function comes from no cell.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return ""
    shell = get_ipython()
    history = getattr(getattr(shell, "history_manager", None), "input_hist_parsed", None) or []
    begins = re.compile(rf"^\s*(async\s+)?def\s+{re.escape(name)}\s*\(", re.MULTILINE)
    last = next((cell for cell in reversed(history) if begins.search(cell)), None)
    if last is None:
        return ""
    try:
        ast.parse(last)
    except SyntaxError as error:
        line = f" in line {error.lineno}" if error.lineno else ""
        return STOPPED.format(name=name, why=f"it is no Python{line} ({error.msg})")
    except ValueError:
        return ""
    try:
        file = inspect.unwrap(function).__code__.co_filename
    except AttributeError:
        return ""
    its_cell = "".join(linecache.getlines(file))
    if its_cell and begins.search(its_cell) and its_cell.strip() != last.strip() and _at_top(name, last):
        return STOPPED.format(name=name, why="an error came before its definition")
    return ""


def _at_top(name: str, cell: str) -> bool:
    """Does a cell define the function without any condition?"""
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.parse(cell).body)
