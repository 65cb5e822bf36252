"""Every lab: each known mistake fails with its own hint, the reference and two other styles pass.

STYLES in test_labNN.py (and test_labNN_NAME.py) holds the right answers in other styles: exercise name ->
functions.
"""

import inspect
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from labkit.authoring.package import misspelt
from labkit.exercises import get, labs
from labkit.exercises.calls import observe_all
from labkit.exercises.engine import DEFAULT_SEED, check
from labkit.exercises.forms import anything
from labkit.exercises.properties import alike
from labkit.exercises.values import fresh, same
from labkit.grading.plain import decode, encode
from labkit.messages import LabkitError
from tests.exercises.styles import styles

SEEDS = (1, 2, 20)
GRADERS_SEED = 4711
EXERCISES = [(number, exercise) for number in labs() for exercise in get(number).EXERCISES]
WRONG = [(exercise, wrong) for _, exercise in EXERCISES for wrong in exercise.misconceptions]
STYLES = {number: styles(number) for number in labs()}


def ident(value):
    """What a test's parameter is called in its name."""
    return getattr(value, "name", None) or getattr(value, "__name__", None)


@pytest.mark.parametrize(("exercise", "wrong"), WRONG, ids=ident)
def test_every_misconception_fails_with_its_own_hint_whatever_the_seed(exercise, wrong):
    """A student's notebook draws one set of cases, the grader another; both give the same points."""
    reports = [check(wrong.wrong, exercise, seed=seed) for seed in (DEFAULT_SEED, GRADERS_SEED)]
    for report in reports:
        assert report.status == "wrong"
        assert report.misconception == wrong.name
        assert report.hints == [wrong.hints[0]]
        assert report.points < report.max_points
    assert reports[0].points == reports[1].points


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_no_misconception_is_misspelt(number, exercise):
    """One that raises NameError would be recognised as itself."""
    cases = exercise.cases(DEFAULT_SEED)
    for wrong in exercise.misconceptions:
        for function in (wrong.wrong, *wrong.spellings):
            assert misspelt(function, cases) is None, wrong.name


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_each_exercise_knows_at_least_eight_mistakes_with_three_hints(number, exercise):
    assert len(exercise.misconceptions) >= 8
    assert all(len(wrong.hints) == 3 and all(wrong.hints) for wrong in exercise.misconceptions)
    assert len({wrong.name for wrong in exercise.misconceptions}) == len(exercise.misconceptions)
    assert len({wrong.hints[0] for wrong in exercise.misconceptions}) == len(exercise.misconceptions)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_the_reference_passes(number, exercise, seed):
    report = check(exercise.reference, exercise, seed=seed)
    assert report.passed, report.text


def test_cases_are_the_same_in_every_process():
    """A grader draws them in one process and the student's function gets them in another."""
    code = (
        "from labkit.exercises import get, labs\n"
        "for number in labs():\n"
        "    for exercise in get(number).EXERCISES:\n"
        "        print(exercise.name, [case.shown for case in exercise.cases(4)])"
    )
    seen = []
    for hash_seed in ("1", "2"):  # the order of a set of strings differs between these two
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seen.append(done.stdout.split("\n"))
    assert len(seen[0]) > len(EXERCISES)
    for first, second in zip(*seen, strict=True):
        assert first == second


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_every_property_can_fail(number, exercise):
    """A function that returns nonsense, and one that changes its input, lose all points between them."""
    nonsense = check(_with_signature(exercise, lambda *args: "nonsense"), exercise)
    failed = {r.name for r in nonsense.results if not r.passed}

    def spoiler(*args):
        for arg in args:
            if isinstance(arg, list):
                arg.append("x")
            elif isinstance(arg, set):
                arg.add("x")
            elif isinstance(arg, torch.Tensor | np.ndarray):
                arg += 1
        raise ValueError("spoilt")

    spoilt = check(_with_signature(exercise, spoiler), exercise)
    failed |= {r.name for r in spoilt.results if not r.passed}
    assert failed == {prop.name for prop in exercise.properties}


def _with_signature(exercise, function):
    def answer(*args):
        return function(*args)

    answer.__signature__ = inspect.signature(exercise.reference)
    return answer


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("exercise", "style"),
    [(exercise, style) for number, exercise in EXERCISES for style in STYLES[number].get(exercise.name, ())],
    ids=ident,
)
def test_right_answers_in_other_styles_pass(exercise, style, seed):
    report = check(style, exercise, seed=seed)
    assert report.passed, report.text


@pytest.mark.parametrize("number", labs())
def test_four_styles_for_every_exercise(number):
    assert {exercise.name for exercise in get(number).EXERCISES} == set(STYLES[number])
    assert {name: len(styles) for name, styles in STYLES[number].items() if len(styles) < 4} == {}


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_to_return_nothing_earns_nothing(number, exercise):
    report = check(_with_signature(exercise, lambda *args: None), exercise)
    assert report.points == 0
    assert "return" in report.text


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_to_hand_back_an_argument_earns_little(number, exercise):
    count = len(inspect.signature(exercise.reference).parameters)
    for place in range(count):
        report = check(_with_signature(exercise, lambda *args, place=place: args[place]), exercise)
        assert report.points <= exercise.points / 3, report.text


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_every_exercise_says_what_it_promises(number, exercise):
    assert exercise.form is not anything
    value = exercise.reference(*fresh(exercise.cases(1)[-1].args))
    assert same(exercise.form(value), value)


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_no_two_cases_look_alike(number, exercise):
    shown = [case.shown for case in exercise.cases(3)]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("number", labs())
def test_a_lab_fits_into_its_time(number):
    assert sum(exercise.minutes for exercise in get(number).EXERCISES) <= 90


def test_an_unknown_lab_is_a_plain_message():
    assert "01" in labs()
    with pytest.raises(LabkitError, match="no lab '77'.*01"):
        get("77")


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ident)
def test_what_is_observed_crosses_the_border(number, exercise):
    """It has to travel from a student's process to the one that judges, as plain data."""
    for case in exercise.cases(5):
        observed = observe_all(exercise.reference, exercise, [case])[0]
        assert '"other"' not in json.dumps(encode(observed))
        assert alike(observed, decode(json.loads(json.dumps(encode(observed)))))
