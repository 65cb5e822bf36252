"""Exercise 3.3: how alike are two vectors?"""

import torch

from labkit import geometry
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference


def cosine_similarity_matrix(vectors):
    """labkit.geometry.cosine_similarity_matrix."""
    return geometry.cosine_similarity_matrix(vectors)


def random_vectors(seed, num, width, shift=0.7):
    """Rows that share a direction, of lengths from short to long: (num, width)."""
    generator = torch.Generator().manual_seed(1000 * seed + 10 * num + width)
    rows = torch.randn(num, width, generator=generator) + shift * torch.randn(width, generator=generator)
    return rows * (0.5 + 2.5 * torch.rand(num, 1, generator=generator))


def _cases(seed):
    shapes = ((2, 3), (3, 5), (5, 2), (6, 8))
    return [
        Case((random_vectors(seed, num, width),), f"{num} vectors of {width} numbers")
        for num, width in shapes
    ]


def _lengths(vectors):
    return vectors.norm(dim=1, keepdim=True)


def _scales_do_not_matter(trial):
    (vectors,) = trial.cases[0].args
    outcome = trial.call(7 * vectors)
    if outcome.error:
        return f"For vectors 7 times as long\n{outcome.said}"
    first, second = torch.as_tensor(trial.outcomes[0].value), torch.as_tensor(outcome.value)
    if torch.allclose(first, second, atol=1e-4):
        return ""
    return f"7 times as long, the vectors should be as alike as before\nbefore: {first}\nafter:  {second}"


COSINE_SIMILARITY_MATRIX = Exercise(
    name="cosine_similarity_matrix",
    title="How alike are two vectors?",
    minutes=7,
    reference=cosine_similarity_matrix,
    cases=_cases,
    properties=(
        matches_reference("the cosine of every two rows", 3),
        Property("longer vectors are no more alike than shorter ones", 1, _scales_do_not_matter),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "dot products",
            lambda vectors: vectors @ vectors.T,
            (
                "Your numbers are dot products: the diagonal is not 1.",
                "A dot product grows with the lengths of both vectors; the cosine knows only their "
                "directions.",
                "Bring every row to length 1 before you multiply.",
            ),
        ),
        Misconception(
            "columns brought to length 1",
            lambda vectors: (lambda unit: unit @ unit.T)(vectors / vectors.norm(dim=0, keepdim=True)),
            (
                "You bring the columns to length 1, not the rows.",
                "A row is a vector; a column is one number of each of them.",
                "Along which axis do you take the norm? A row's length runs over dim=1.",
            ),
        ),
        Misconception(
            "one length divided away only",
            lambda vectors: vectors @ vectors.T / _lengths(vectors),
            (
                "Your matrix is not symmetric: you divide by one of the two lengths.",
                "The cosine divides by the lengths of both.",
                "If the rows have length 1 before the product, both are done at once.",
            ),
        ),
        Misconception(
            "divided by the squares of the lengths",
            lambda vectors: (lambda unit: unit @ unit.T)(vectors / _lengths(vectors) ** 2),
            (
                "Your cosines are too small for long vectors: the diagonal is 1/length squared.",
                "Length is the root of the sum of squares; you divide by the sum itself.",
                "Take the root, or use .norm(dim=1, keepdim=True).",
            ),
        ),
        Misconception(
            "the length of the whole matrix",
            lambda vectors: (lambda unit: unit @ unit.T)(vectors / vectors.norm()),
            (
                "You divide all rows by the same number.",
                ".norm() without dim is one length for the whole matrix.",
                "Each row has its own length: dim=1, keepdim=True.",
            ),
        ),
        Misconception(
            "distance instead of similarity",
            lambda vectors: 1 - cosine_similarity_matrix(vectors),
            (
                "Your diagonal is 0: that is a distance.",
                "1 − cosine says how different two vectors are; asked is how alike.",
                "Leave out the 1 − ...",
            ),
        ),
        Misconception(
            "the mean of each row taken away",
            lambda vectors: torch.corrcoef(vectors),
            (
                "You compute correlations.",
                "A correlation takes each row's mean away first; a cosine does not.",
                "Divide by the length, and change nothing else.",
            ),
        ),
    ),
)
