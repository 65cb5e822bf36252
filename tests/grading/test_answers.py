"""Answers in cells that were moved, merged, split, retyped, broken or written twice."""

import re

import pytest

from labkit.grading.answers import find_answers
from labkit.grading.cells import Cell
from labkit.grading.program import Program


def code(text, id=""):
    return Cell("code", text, id)


def run(answer):
    """What the answer's code defines, run on its own."""
    space = {}
    exec(compile(answer.code, "answer", "exec"), space)
    return space


def only(cells, name="double"):
    return find_answers(Program(cells), [name])[name]


RIGHT = "def double(x):\n    return 2 * x"
STUB = 'def double(x):\n    """Twice x."""\n    raise NotImplementedError("write double here")'


def test_an_answer_in_its_own_cell():
    answer = only([code("import torch"), code(RIGHT, "solution-double")])
    assert answer.code == RIGHT and answer.problem == "" and answer.notes == []


@pytest.mark.parametrize(
    "cells",
    [
        [code(RIGHT)],  # the id is lost
        [code("print(1)\n" + RIGHT + "\nlab.check(double)")],  # merged with its check
        [code(RIGHT), code("double(3)"), code("x = 5")],  # moved up
        [Cell("raw", RIGHT)],
        [Cell("markdown", "```python\n" + RIGHT + "\n```")],
        [Cell("markdown", RIGHT)],
        [code("%%time\n" + RIGHT)],
        [code("%timeit 3\n!ls\ndouble?\n" + RIGHT)],
        [code(RIGHT.replace("\n", "\r\n"))],
        [code(RIGHT), code(STUB, "solution-double")],  # the stub stands below again
        [code(RIGHT + "\nthis is no python")],
        [code("def broken(:\n    pass\n\n" + RIGHT)],
    ],
)
def test_damage_that_leaves_the_answer(cells):
    answer = only(cells)
    assert answer.problem == ""
    assert run(answer)["double"](4) == 8
    assert "lab.check" not in answer.code and "print" not in answer.code


def test_the_last_of_several_counts_and_the_student_is_told():
    answer = only([code(RIGHT), code("def double(x):\n    return x + x + 0")])
    assert "x + x" in answer.code and "2 times" in answer.notes[0]


def test_helpers_imports_and_constants_come_along_from_any_cell():
    cells = [
        code("import math\nprint('hello')"),
        code("FACTOR = 2"),
        code("unused = 1 / 0"),
        code("def helper(x):\n    return FACTOR * math.floor(x)"),
        code("from statistics import mean as middle"),
        code("@staticmethod\ndef decorated(x):\n    return x"),
        code("def double(x):\n    def inner(y):\n        return helper(y)\n    return inner(middle([x]))"),
    ]
    answer = only(cells)
    assert run(answer)["double"](4.0) == 8
    assert "unused" not in answer.code and "print" not in answer.code


def test_an_import_that_may_fail_comes_along_whole():
    cells = [code("try:\n    import numpy as np\nexcept ImportError:\n    np = None"), code(
        "def double(x):\n    return np.asarray(x) * 2"
    )]  # fmt: skip
    assert run(only(cells))["double"](4) == 8


@pytest.mark.parametrize("name", ["filter", "sum", "id", "max"])
def test_a_helper_that_is_called_as_one_of_pythons_own_comes_along(name):
    cells = [code(f"def {name}(x):\n    return 2 * x"), code(f"def double(x):\n    return {name}(x)")]
    assert run(only(cells))["double"](4) == 8


def test_a_star_import_comes_along_where_it_may_mean_something():
    cells = [code("from operator import *"), code("def double(x):\n    return mul(2, abs(x))")]
    assert run(only(cells))["double"](4) == 8


def test_another_answer_is_taken_along_unless_it_is_still_a_stub():
    fourfold = code("def fourfold(x):\n    return double(double(x))")
    answers = find_answers(Program([code(RIGHT), fourfold]), ["double", "fourfold"])
    assert run(answers["fourfold"])["fourfold"](3) == 12
    answers = find_answers(Program([code(STUB), fourfold]), ["double", "fourfold"])
    assert "def double" not in answers["fourfold"].code


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([code("x = 1")], "no function double"),
        ([code(STUB, "solution-double")], "not been written"),
        ([code("def double(x):\n    return (2 * x", "solution-double")], "SyntaxError"),
        ([code("def double(x) return x")], "SyntaxError: .* in the line: def double"),
        ([code("def double(x):\nreturn x")], "IndentationError|SyntaxError"),
        ([code("def double(x):\n    return x\x00")], "null bytes"),
    ],
)
def test_a_missing_answer_has_a_reason(cells, reason):
    answer = only(cells)
    assert answer.code == "" and re.search(reason, answer.problem)


def test_one_broken_answer_leaves_the_others():
    cells = [code("def double(x):\n    return (2 * x"), code("def triple(x):\n    return 3 * x")]
    answers = find_answers(Program(cells), ["double", "triple"])
    assert answers["double"].problem and run(answers["triple"])["triple"](2) == 6


def test_nothing_of_a_submission_is_run():
    find_answers(Program([code("raise SystemExit\n" + RIGHT), code("import os\nos._exit(1)")]), ["double"])


@pytest.mark.parametrize(
    ("above", "body"),
    [
        ("FACTOR = 1\nFACTOR += 1", "FACTOR * x"),
        ("table = {}\nfor k in range(9):\n    table[k] = 2 * k", "table[x]"),
        ("table = []\ntable.append(2)\ntable.extend([3])", "table[0] * x"),
        ("import types\nbox = types.SimpleNamespace()\nbox.factor = 2", "box.factor * x"),
        ("factor, *rest = 2, 3", "factor * x"),
        ("(factor := 2)", "factor * x"),
        ("with open(__file__) if False else __import__('io').StringIO() as f:\n    factor = 2", "factor * x"),
        ("from operator import *", "mul(2, x)"),
        ("factor = 3\nfactor = 2", "factor * x"),
        ("factor = 2; unused = 1 / 0", "factor * x"),
    ],
)
def test_what_a_global_name_means_at_the_end_of_the_notebook_comes_along(above, body):
    answer = only([code(above), code(f"def double(x):\n    return {body}")])
    assert run(answer)["double"](4) == 8, answer.code


def test_what_is_set_on_the_function_itself_comes_below_it():
    answer = only([code("def double(x):\n    return double.factor * x\ndouble.factor = 2\nprint(double)")])
    assert run(answer)["double"](4) == 8 and "print" not in answer.code


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (STUB, False),
        (STUB + "\n    return x", False),
        (STUB.replace("raise", "if x > 3:\n        x += 1\n    raise"), False),
        (RIGHT + '\n    raise NotImplementedError("write double here")', True),
        (RIGHT + '\n    raise NotImplementedError("a case that I forgot")', True),
        (STUB.replace("raise", "for y in [x]:\n        return 2 * y\n    raise"), True),
    ],
)
def test_a_stub_is_one_whose_own_line_is_reached(text, written):
    assert bool(only([code(text)]).code) == written


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([code("class Answers:\n    def double(self, x):\n        return x")], "inside something else"),
        ([code("def twice(x):\n    return x", "solution-double")], "its cell defines twice"),
        ([code("  \n", "solution-double")], "The cell of double is empty"),
        ([code("def double(x, x):\n    return x")], "duplicate argument"),
        ([code("def double(x):\n    nonlocal y")], "nonlocal"),
        ([code("def double(x):\n    return " + "-" * 9000 + "x")], "nested too deeply"),
        ([code("def double(x):\n    return '\ud800'")], "cannot be read as Python"),
        ([Cell("code", "def double(x): ...", problem="The cell has 9 characters.")], "The cell has 9"),
    ],
)
def test_the_reason_says_what_became_of_it(cells, reason):
    answer = only(cells)
    assert answer.code == "" and re.search(reason, answer.problem)


def test_hostile_texts_do_not_take_for_ever():
    """Each would take very long if the work grew with the square of the length."""
    for text in ("@a\n" * 40_000 + "?", "a = 1\n" * 20_000 + "(", "a = 1; " * 20_000, "\n" * 400_000 + "("):
        answer = only([code(f"{RIGHT}\n{text}")])
        assert answer.code == RIGHT
    used = "def double(x):\n    return t\nt = []\n" + "t.append(1)\n" * 20_000
    assert len(run(only([code(used)]))["double"](0)) == 20_000
