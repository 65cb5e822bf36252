"""Exercise 3.5: how narrow is the cone?"""

import torch

from labkit import geometry
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.lab03.cosine_similarity_matrix import random_vectors
from labkit.exercises.properties import inputs_unchanged, matches_reference


def anisotropy(vectors):
    """labkit.geometry.anisotropy."""
    return geometry.anisotropy(vectors)


# (rows, width, how strong the common direction is): from every direction to a narrow cone
SETTINGS = ((3, 4, 0.0), (4, 6, 0.6), (7, 3, 2.0), (10, 16, 0.3))


def _cases(seed):
    return [
        Case((random_vectors(seed, num, width, shift),), f"{num} vectors of {width} numbers")
        for num, width, shift in SETTINGS
    ]


def _upper(vectors, diagonal):
    cosines = geometry.cosine_similarity_matrix(vectors)
    row, column = torch.triu_indices(len(vectors), len(vectors), diagonal)
    return cosines[row, column]


ANISOTROPY = Exercise(
    name="anisotropy",
    title="How narrow is the cone?",
    minutes=6,
    reference=anisotropy,
    cases=_cases,
    observe=lambda output, case: float(output),
    properties=(
        matches_reference("vectors that point everywhere", 1, lambda case: len(case.args[0]) == 3),
        matches_reference("vectors that share a direction", 3, lambda case: len(case.args[0]) != 3),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "each vector is compared with itself too",
            lambda vectors: geometry.cosine_similarity_matrix(vectors).mean().item(),
            (
                "Your number is too large: each vector is also compared with itself.",
                "The diagonal is 1 for any vectors, and the fewer there are, the more it weighs.",
                "Take the diagonal away, from the sum and from the count.",
            ),
        ),
        Misconception(
            "the diagonal taken from the sum but not from the count",
            lambda vectors: (
                (geometry.cosine_similarity_matrix(vectors).sum() - len(vectors)) / len(vectors) ** 2
            ).item(),
            (
                "Your number is a little too small.",
                "The diagonal is gone from the sum, but you still divide by all N² entries.",
                "How many entries are left when the diagonal is gone?",
            ),
        ),
        Misconception(
            "the triangle with the diagonal",
            lambda vectors: _upper(vectors, 0).mean().item(),
            (
                "Your triangle still holds the diagonal.",
                "A vector with itself is no pair.",
                "torch.triu has an argument that says where the triangle begins.",
            ),
        ),
        Misconception(
            "the sum instead of the mean",
            lambda vectors: _upper(vectors, 1).sum().item(),
            (
                "Your number grows with the number of vectors.",
                "A mean can be compared between 10 vectors and 10,000; a sum cannot.",
                "Divide by the number of pairs.",
            ),
        ),
        Misconception(
            "absolute values",
            lambda vectors: _upper(vectors, 1).abs().mean().item(),
            (
                "You average absolute values.",
                "Vectors that point everywhere have cosines of both signs, which cancel: that is how 0 "
                "comes about.",
                "Leave the signs.",
            ),
        ),
        Misconception(
            "dot products",
            lambda vectors: (
                ((vectors @ vectors.T).sum() - (vectors * vectors).sum()).item()
                / (len(vectors) * (len(vectors) - 1))
            ),
            (
                "You average dot products.",
                "They depend on how long the vectors are; a cone is a matter of directions.",
                "Use the cosine: lab.best(cosine_similarity_matrix)(vectors).",
            ),
        ),
        Misconception(
            "the cosine to the mean vector",
            lambda vectors: torch.cosine_similarity(vectors, vectors.mean(dim=0, keepdim=True)).mean().item(),
            (
                "You compare each vector with the mean of all.",
                "That is another measure of the same thing, and larger: for few vectors the mean is near "
                "each.",
                "Compare the vectors with each other: every pair of two different rows.",
            ),
        ),
        Misconception(
            "pairs counted once, cosines twice",
            lambda vectors: 2 * _upper(vectors, 1).mean().item(),
            (
                "Your mean is twice too large.",
                "In the matrix each pair stands twice, as (i, j) and as (j, i); you divide by the number of "
                "pairs that stand there once.",
                "Without the diagonal, how many entries has a matrix of N rows and N columns?",
            ),
        ),
        Misconception(
            "the mean is taken away first",
            lambda vectors: anisotropy(vectors - vectors.mean(dim=0)),
            (
                "You take the mean away before you measure.",
                "That is the cure of the next exercise. Here the question is how narrow the cone is before "
                "it.",
                "Use the vectors as they come.",
            ),
        ),
    ),
)
