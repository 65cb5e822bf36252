"""The course's names behind a student's: there when asked for, and as the notebook has them there."""

from types import SimpleNamespace

import pytest

from labkit.grading.course import Course, Statement, namespace


def statement(text, place, names=(), changes=()):
    return Statement(tuple(names), tuple(changes), text, place)


@pytest.fixture
def course():
    """Five statements of three cells, and one thing known."""
    return Course(
        [
            statement("import math", 0, ["math"]),
            statement("x = [1]", 1, ["x"]),
            statement("x.append(len(x))", 1, changes=["x"]),
            statement("y = answer(x)", 2, ["y"]),
            statement("x = 'later'", 3, ["x"]),
        ],
        {"answer": lambda x: ("ours", x)},
    )


def test_the_last_statement_above_counts_with_what_changes_it(course):
    course.place = 2
    assert course.value("x") == [1, 1] and course.value("y") == ("ours", [1, 1])
    course.place = 3
    assert course.value("x") == "later"


@pytest.mark.parametrize(
    ("text", "is_run"),
    [
        ("math.show(slow())", False),
        ("math.a.b.curves(\n    slow(),\n)", False),
        ("math.seed(slow())", True),
        ("math.random.manual_seed(slow())", True),
        ("math.set_threads(slow())", True),
        ("math.settings['size'] = slow()", True),
    ],
)
def test_a_module_is_not_remade_by_every_plot(text, is_run):
    asked = []
    space = {
        "seed": print,
        "random": SimpleNamespace(manual_seed=print),
        "set_threads": print,
        "settings": {},
    }
    module = SimpleNamespace(**space, show=print, a=SimpleNamespace(b=SimpleNamespace(curves=print)))
    course = Course(
        [
            statement("import sys as math\nmath = module()", 0, ["math"]),
            statement(text, 1, changes=["math"]),
            statement("y = math", 2, ["y"]),
        ],
        {"slow": lambda: asked.append(1), "module": lambda: module},
    )
    course.place = 2
    assert course.value("y") is module and bool(asked) is is_run


def test_what_is_made_once_stays_the_same_thing(course):
    course.place = 2
    assert course.value("x") is course.value("x")


def test_a_name_that_is_set_below_only_is_found_too(course):
    course.place = 0
    assert course.value("y") == ("ours", [1, 1])


def test_a_name_that_nobody_sets_is_a_name_error(course):
    with pytest.raises(KeyError):
        course.value("z")
    with pytest.raises(NameError, match="name 'z' is not defined"):
        exec("z", namespace(course).__dict__)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("value = math.floor(2.5)", 2),
        ("value = sum([1, 2])", 3),
        ("sum = lambda x: 'mine'\nvalue = sum([1])", "mine"),
        ("x = 5\nvalue = x", 5),
        ("def f():\n    return x\nvalue = f()", "later"),
        ("def f():\n    global x\n    x = x + '!'\nf()\nvalue = x", "later!"),
        ("value = [x for _ in range(2)]", ["later", "later"]),
        ("class A:\n    b = x\nvalue = A.b", "later"),
        ("value = (lambda: answer(1))()", ("ours", 1)),
        ("value = __builtins__.len([1])", 1),
        ("value = eval('x')", "later"),
        ("import builtins\nvalue = builtins.max(1, 2)", 2),
    ],
)
def test_a_students_own_comes_first_and_the_courses_last(course, code, value):
    course.place = 9
    space = namespace(course).__dict__
    exec(code, space)
    assert space["value"] == value


def test_a_statement_that_fails_says_so_where_its_name_is_asked_for():
    course = Course([statement("x = 1 / 0", 0, ["x"])], {})
    with pytest.raises(ZeroDivisionError):
        exec("x", namespace(course).__dict__)
