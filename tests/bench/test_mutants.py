"""The generator of mutants: what it changes, and that what is excused exists."""

import ast

import pytest

from labkit.exercises import labs
from tests.bench import mutants

SOURCE = '''def count(values, at_least=2):
    """How many are at least so large?"""
    found = 0
    for value in values[1:]:
        if value >= at_least and not value == 7:
            found += 1
    return max(found, -1)
'''


def test_each_mutant_is_another_function_that_parses():
    texts = [text for _, _, text in mutants.mutants(SOURCE)]
    assert len(texts) > 15 and all(ast.parse(text) for text in texts)
    assert ast.unparse(ast.parse(SOURCE)) not in texts


@pytest.mark.parametrize(
    "line",
    [
        "value > at_least",
        "value >= at_least or not value == 7",
        "found -= 1",
        "in list(values[1:])[:1]",
        "values[:]",
        "values[2:]",
        "min(found, -1)",
        "value != 7",
        "found = 1",
    ],
)
def test_the_faults_that_beginners_make_are_among_them(line):
    assert any(line in text for _, _, text in mutants.mutants(SOURCE)), line


def test_docstrings_are_left_alone():
    assert all("How many are at least so large?" in text for _, _, text in mutants.mutants(SOURCE))


def test_what_is_excused_is_still_a_mutant():
    known = {
        (exercise.name, what, line)
        for number in labs()
        for exercise, source, _ in mutants.solutions(number)
        for what, line, _ in mutants.mutants(source)
    }
    assert set(mutants.EQUIVALENT) <= known
    assert all(mutants.EQUIVALENT.values())


def test_an_exercise_is_run_and_its_share_printed(capsys):
    every, refused, _ = mutants.main(["combine_masks"])
    assert every >= refused > 0
    assert "combine_masks" in capsys.readouterr().out
