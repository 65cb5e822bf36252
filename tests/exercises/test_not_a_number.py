"""NaN compares as neither near nor far: an answer that returns it must not slip through a property."""

import functools

import numpy as np
import pytest
import torch

from labkit.exercises import get, labs
from labkit.exercises.engine import check

# Those whose answers are numbers and nothing else: no word, no shape that is worth points of its own.
NUMBERS = """mlm_loss cloze_accuracy attention next_token_loss sentence_log_prob pool cosine_similarity_matrix
anisotropy all_but_the_top token_vector linear_cka head_entropy mean_distance ablate_head attention_rollout
fit_probe bootstrap_interval compare""".split()
EXERCISES = {exercise.name: exercise for number in labs() for exercise in get(number).EXERCISES}


def spoilt(value):
    """The value with NaN in place of every fraction."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.full_like(value, float("nan"))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.full_like(value, np.nan)
    if isinstance(value, float | np.floating):
        return float("nan")
    if isinstance(value, list | tuple):
        return type(value)(spoilt(item) for item in value)
    if isinstance(value, dict):
        return {key: spoilt(item) for key, item in value.items()}
    return value


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NUMBERS)
def test_not_a_number_is_no_right_number(name):
    exercise = EXERCISES[name]
    answer = functools.wraps(exercise.reference)(lambda *given: spoilt(exercise.reference(*given)))
    report = check(answer, exercise)
    assert report.points == 0, report.text
