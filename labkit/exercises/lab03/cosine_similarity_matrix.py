"""Exercise 3.3: how alike are two vectors?"""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.cosine_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import geometry


def cosine_similarity_matrix(vectors):
    """labkit.geometry.cosine_similarity_matrix."""
    return geometry.cosine_similarity_matrix(vectors)


def say_nan(output, case):
    """An observation: NaN equals nothing, so that two answers that give it would not be seen to be alike."""
    return "NaN: a number divided 0/0" if torch.as_tensor(output).isnan().any() else output


def random_vectors(generator, num, width, shift=0.7):
    """Rows that share a direction, of lengths from short to long: (num, width)."""
    rows = torch.randn(num, width, generator=generator) + shift * torch.randn(width, generator=generator)
    return rows * (0.5 + 2.5 * torch.rand(num, 1, generator=generator))


HAND = [[3.0, 4.0], [0.0, 2.0], [-4.0, 3.0]]  # cosines 0.8, 0 and 0.6
# One direction, with other lengths and the other way round: only 1 and −1.
ONE_LINE = [[1.0, 2.0, -2.0], [4.0, 8.0, -8.0], [-0.5, -1.0, 1.0], [-6.0, -12.0, 12.0]]
ONE_ROW = [[2.0, -1.0, 0.5]]
ONE_COLUMN = [[2.0], [-3.0], [0.1]]
SQUARE = [[2.0, -1.0, 0.0], [0.0, 5.0, 1.0], [1.0, 1.0, 1.0]]  # N = D: a wrong axis raises no error
SHAPES = ((5, 2), (4, 9), (6, 8))  # of the drawn ones; six rows are what the notebook has


def _cases(seed):
    cases = [_written(rows) for rows in (HAND, ONE_LINE, ONE_ROW, ONE_COLUMN, SQUARE)]
    generator = torch.Generator().manual_seed(seed)
    for num, width in SHAPES:
        vectors = random_vectors(generator, num, width)
        cases.append(Case((vectors,), f"cosine_similarity_matrix(vectors), {num} random rows of {width}"))
    return cases


def _written(rows):
    return Case((torch.tensor(rows),), f"cosine_similarity_matrix({rows})")


def _one_line(case):
    return case.args[0].tolist() == ONE_LINE


COSINE_SIMILARITY_MATRIX = Exercise(
    name="cosine_similarity_matrix",
    title="How alike are two vectors?",
    minutes=7,
    reference=cosine_similarity_matrix,
    cases=_cases,
    form=forms.tensor(torch.float32),
    observe=say_nan,
    properties=(
        matches_reference("the cosine of every two rows", 3),
        matches_reference("longer vectors are no more alike than shorter ones", 1, _one_line),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
