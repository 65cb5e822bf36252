"""After an error a notebook still has the function of the run before: that one is not judged."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labkit.exercises.last_version import stopped

RIGHT = "def double(x):\n    return 2 * x"


@pytest.fixture
def shell(monkeypatch):
    shell = InteractiveShell.instance()
    shell.reset(new_session=True)
    yield shell
    shell.reset(new_session=True)
    InteractiveShell.clear_instance()


def run(shell, *cells):
    for cell in cells:
        shell.run_cell(cell, store_history=True)
    return stopped("double", shell.user_ns["double"])


def test_a_cell_that_ran_is_judged(shell):
    assert run(shell, RIGHT) == ""
    assert run(shell, RIGHT.replace("2 *", "x +")) == ""
    assert run(shell, "%%time\n" + RIGHT, "double(3)") == ""


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("def double(x)\n    return 2 * x", "line 1"),
        ("def double(x):\n    return 2 * (x", "no Python"),
        ("def double(x):\nreturn 2 * x", "no Python"),
        ("x = 3\ny = (\ndef double(x):\n    return x", "no Python"),
        ("import numpie\ndef double(x):\n    return 2 * x", "error came before"),
        ("def double(x: numpie.ndarray):\n    return 2 * x", "error came before"),
    ],
)
def test_a_last_version_that_did_not_run_is_said(shell, broken, said):
    assert said in run(shell, RIGHT, broken)
    assert run(shell, RIGHT) == ""  # and mended


def test_another_functions_broken_cell_is_of_no_interest(shell):
    assert run(shell, RIGHT, "def triple(x)\n    return 3") == ""
    assert run(shell, RIGHT, "double(", "print(double(2)") == ""


def test_a_definition_that_a_condition_leaves_out_is_no_error(shell):
    assert run(shell, RIGHT, "if False:\n    def double(x):\n        return 0") == ""


def test_outside_a_notebook_nothing_is_said():
    def double(x):
        return 2 * x

    assert stopped("double", double) == ""
