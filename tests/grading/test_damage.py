"""A class in which every notebook is damaged in another way: each gets the grade it must, and a reason."""

import copy
import re

import pytest

from labkit.authoring.notebook import solution_notebook
from labkit.authoring.reference import read_texts
from labkit.exercises import get
from labkit.grading import classroom as module
from labkit.grading.classroom import Classroom
from tests.grading import damage
from tests.grading.conftest import has_sandbox, shared


def solution(project, number):
    """The solution notebook of a lab, as a student would hand it in who wrote it."""
    texts = read_texts(project.reference_path(number))
    return solution_notebook(project.lab(get(number).SLUG), project.address(), texts, project.passing)


def hand_in(case, notebooks, folder):
    """Write what the student of a case hands in.  notebooks: solutions of labs 01 and 02."""
    mine = copy.deepcopy(notebooks[: case.damage.__code__.co_argcount])
    made = case.damage(*mine)
    made = damage.written(mine[0]) if made is None else made
    folder.mkdir(parents=True)
    for name, content in made.items() if isinstance(made, dict) else [("lab01.ipynb", made)]:
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            (folder / name).symlink_to(content)


@pytest.fixture(scope="module")
def grades(project, request, tmp_path_factory):
    """{student: the grades}, from one run over the class. An answer that many handed in is run once."""
    folder = tmp_path_factory.mktemp("class")
    notebooks = [solution(project, number) for number in ("01", "02")]
    for case in damage.CASES:
        hand_in(case, notebooks, folder / "in" / case.name)
    python = request.getfixturevalue("shut_in" if has_sandbox() else "not_shut_in")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WarmPython", shared(python))
        room = Classroom(folder / "in", folder / "out", project, sandbox=has_sandbox())
        found = room.grade(progress=False)
    by_student = {case.name: [] for case in damage.CASES}
    for one in found:
        by_student[one.student].append(one)
    return by_student


@pytest.mark.parametrize("case", damage.CASES, ids=lambda case: case.name)
def test_damage_costs_what_it_must_and_the_student_reads_why(grades, case):
    mine = grades[case.name]
    assert tuple(grade.lab for grade in mine) == case.labs
    points = {report["exercise"]: report["points"] for grade in mine for report in grade.exercises}
    full = {task.name: task.points for number in case.labs for task in get(number).EXERCISES}
    said = "\n".join(
        text
        for grade in mine
        for text in [grade.problem, *grade.notes, *(report["text"] for report in grade.exercises)]
    )
    assert points == full | case.left, said
    assert re.search(case.said, said), said
    assert "Traceback" not in said and "That is our mistake" not in said


def test_there_are_enough_cases_and_no_name_twice():
    names = [case.name for case in damage.CASES]
    assert len(names) == len(set(names)) >= 40
    # A case that costs something must have a reason.
    assert all(case.said for case in damage.CASES if case.left)
