"""What the tests type into the labs is what they take it for. (No browser is needed for these.)"""

import numpy as np
import pytest
import torch

from labkit.exercises.engine import check
from tests.browser.answers import PROJECT, answers


def written(source, exercise):
    """The function that the source code defines."""
    namespace = {"np": np, "torch": torch}
    exec(source, namespace)
    return namespace[exercise]


@pytest.mark.parametrize("slug", PROJECT.slugs())
def test_the_wrong_answer_has_its_mistake_and_the_right_one_passes(slug):
    lab = PROJECT.lab(slug)
    answer = answers()[lab.number]
    exercise = lab.exercises[answer.exercise][1]
    report = check(written(answer.wrong, answer.exercise), exercise)
    assert (report.status, report.misconception) == ("wrong", answer.mistake)
    assert check(written(answer.right(lab), answer.exercise), exercise).status == "passed"
