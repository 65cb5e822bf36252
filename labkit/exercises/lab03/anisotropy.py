"""Exercise 3.5: how narrow is the cone?"""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.anisotropy_mistakes import MISTAKES
from labkit.exercises.lab03.cosine_similarity_matrix import random_vectors, say_nan
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import geometry


def anisotropy(vectors):
    """labkit.geometry.anisotropy."""
    return geometry.anisotropy(vectors)


SPREAD = (  # no direction in common: right angles and obtuse ones, so that the mean is below 0
    [[2.0, 0.0, 1.0], [-3.0, 0.0, 2.0]],
    [[3.0, 4.0], [-4.0, 3.0], [0.0, -2.0], [1.0, 0.0]],
)
CONES = (
    [
        [1.0, 2.0, 2.0],
        [2.0, 1.0, 2.0],
        [0.0, 3.0, -1.0],
        [4.0, 8.0, 8.0],
        [1.0, 0.0, 0.0],
    ],  # two are parallel
    [[2.0, 1.0], [3.0, 1.0], [2.0, 1.0], [1.0, 5.0], [2.0, 1.0], [0.0, 2.0]],  # three are the same
    [[1.0, 1.0, 0.0, 2.0], [0.0, 6.0, 0.0, 1.0]],
)
# (rows, width, how strong the common direction is) of the drawn ones
SHAPES = ((7, 3, 2.0), (5, 11, 1.0), (9, 4, 0.5))


def _cases(seed):
    cases = [Case((torch.tensor(rows),), f"anisotropy({rows})") for rows in (*SPREAD, *CONES)]
    generator = torch.Generator().manual_seed(seed)
    for num, width, shift in SHAPES:
        vectors = _cone(generator, num, width, shift)
        cases.append(Case((vectors,), f"anisotropy(vectors), {num} random rows of {width}"))
    return cases


def _cone(generator, num, width, shift):
    """Rows of a cone, some cosines of both signs."""
    while True:
        vectors = random_vectors(generator, num, width, shift)
        cosines = geometry.cosine_similarity_matrix(vectors)
        if cosines.min() < -0.1 and 0.1 < geometry.anisotropy(vectors) < 0.9:
            return vectors


def _is_spread(case):
    return case.args[0].tolist() in SPREAD


ANISOTROPY = Exercise(
    name="anisotropy",
    title="How narrow is the cone?",
    minutes=6,
    reference=anisotropy,
    cases=_cases,
    form=forms.number,
    observe=say_nan,
    properties=(
        matches_reference("vectors that point everywhere", 1, _is_spread),
        matches_reference("vectors that share a direction", 3, lambda case: not _is_spread(case)),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
