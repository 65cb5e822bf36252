"""Every test is in one tier, and the tiers are what the commands run."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.tiers import RULES, TIERS, Rule, tiers_of

ROOT = Path(__file__).parents[1]


def tiers_marked(test):
    return [mark.name for mark in test.iter_markers() if mark.name in TIERS]


def test_every_test_has_one_tier(request):
    """Of those that run now: in `make test-all` all of them but the browser's."""
    wrong = {
        test.nodeid: tiers_marked(test) for test in request.session.items if len(tiers_marked(test)) != 1
    }
    assert request.session.items and wrong == {}


def test_what_no_rule_names_is_quick():
    assert (
        tiers_of(["tests/models/test_new.py::test_a", "tests/new_room/test_b.py::test_c[1-x]"])
        == ["quick"] * 2
    )


def test_the_browsers_tests_are_a_tier_of_their_own():
    assert tiers_of(["tests/browser/test_new.py::test_a[1]"]) == ["browser"]


def test_of_many_of_a_kind_some_stay_quick(monkeypatch):
    monkeypatch.setattr("tests.tiers.RULES", (Rule("tests/a.py::test_x", "full", one_in=3),))
    many = [f"tests/a.py::test_x[{number}]" for number in range(5)]
    assert tiers_of(many) == ["quick", "full", "full", "quick", "full"]
    assert tiers_of(["tests/a.py::test_xy", "tests/a.py::test_x"]) == ["quick", "quick"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.tests)
def test_every_rule_names_tests_that_exist(rule):
    path, _, function = rule.tests.partition("::")
    files = [
        file
        for file in (ROOT / "tests").rglob("test_*.py")
        if fnmatchcase(file.relative_to(ROOT).as_posix(), path)
    ]
    assert files and rule.tier in TIERS
    names = [name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)]
    assert any(fnmatchcase(name, function or "*") for name in names)


def test_the_commands_run_the_tiers_and_leave_none_out():
    """quick and slow: each its own tests, and test-all both; test-browser the browser's."""
    recipes = dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M))
    chosen = {
        target: re.findall(r"(?:pytest|PROCESSES\)) -m ('[^']+'|\w+)", recipe)
        for target, recipe in recipes.items()
    }
    assert {target: what for target, what in chosen.items() if what} == {
        "test": ["quick"],
        "test-slow": ["full"],
        "test-all": ["'not browser'"],
        "test-browser": ["browser"],
    }
