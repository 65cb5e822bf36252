"""Exercise 3.4: a search engine in a few lines."""

import torch

from labkit import geometry
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab03.cosine_similarity_matrix import random_vectors
from labkit.exercises.properties import each_case, inputs_unchanged, matches_reference


def nearest(vectors, index, k):
    """labkit.geometry.nearest."""
    return geometry.nearest(vectors, index, k)


def _cases(seed):
    cases = []
    for num, width, index, k in ((5, 3, 0, 2), (6, 4, 3, 1), (8, 3, 7, 3), (12, 5, 4, 5), (9, 2, 2, 8)):
        vectors = random_vectors(seed, num, width, shift=0.2)
        cases.append(Case((vectors, index, k), f"nearest(vectors, {index}, k={k}), {num} vectors"))
    return cases


def _order(vectors, index, k, scores=None, largest=True):
    """The k rows with the best scores, `index` left out."""
    values = (scores or (lambda v, i: torch.cosine_similarity(v, v[i : i + 1])))(vectors, index).clone()
    values[index] = -torch.inf if largest else torch.inf
    return values.topk(k, largest=largest).indices.tolist()


def _finder(**changes):
    return lambda vectors, index, k: _order(vectors, index, k, **changes)


def _with_itself(vectors, index, k):
    return torch.cosine_similarity(vectors, vectors[index : index + 1]).topk(k).indices.tolist()


def _without_the_row(vectors, index, k):
    values = torch.cosine_similarity(vectors, vectors[index : index + 1])
    return torch.cat([values[:index], values[index + 1 :]]).topk(k).indices.tolist()


def _cosines(vectors, index, k):
    values = torch.cosine_similarity(vectors, vectors[index : index + 1])
    return [values[k].item() for k in nearest(vectors, index, k)]


def _plain(output, case):
    return [float(number) for number in output]


def _knows_itself(expected, seen):
    if not isinstance(seen, list) or len(seen) != len(expected):
        return f"expected: {len(expected)} row numbers\ngot:      {seen}"
    strangers = [number for number in seen if number != int(number) or number < 0]
    return f"these are no row numbers: {strangers}" if strangers else ""


NEAREST = Exercise(
    name="nearest",
    title="Who is near whom?",
    minutes=6,
    reference=nearest,
    cases=_cases,
    observe=_plain,
    properties=(
        matches_reference("the k most similar other rows, the nearest first", 3),
        Property("k row numbers", 1, each_case(_knows_itself)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the row itself is among its neighbours",
            _with_itself,
            (
                "Your first neighbour is always the row itself.",
                "Nothing is nearer to a vector than itself, and nothing is less interesting.",
                "Make sure that row `index` cannot win: what value must its cosine have?",
            ),
        ),
        Misconception(
            "the farthest rows",
            _finder(largest=False),
            (
                "You return the rows that are least alike.",
                "A cosine is a similarity: near means a large cosine. Sorting puts the smallest first.",
                "topk, or argsort with descending=True.",
            ),
        ),
        Misconception(
            "dot products",
            _finder(scores=lambda v, i: v @ v[i]),
            (
                "Your neighbours are picked by dot product: long vectors win.",
                "A long vector has large dot products with everyone.",
                "Use the cosine: lab.best(cosine_similarity_matrix), or vectors brought to length 1.",
            ),
        ),
        Misconception(
            "Euclidean distance",
            _finder(scores=lambda v, i: -(v - v[i]).norm(dim=1)),
            (
                "Your neighbours are near by Euclidean distance.",
                "It mixes direction and length: a long and a short vector that point the same way are far "
                "apart.",
                "Compare directions only: the row of the cosine matrix that belongs to index.",
            ),
        ),
        Misconception(
            "the nearest last",
            lambda vectors, index, k: _order(vectors, index, k)[::-1],
            (
                "You have the right rows, the nearest last.",
                "Ascending order puts the smallest similarity first.",
                "Turn the list around, or sort with descending=True.",
            ),
        ),
        Misconception(
            "in the order of the matrix",
            lambda vectors, index, k: sorted(_order(vectors, index, k)),
            (
                "You have the right rows, in the order in which they stand in the matrix.",
                "Who searches reads the first hit first.",
                "Sort by the cosine, not by the row number.",
            ),
        ),
        Misconception(
            "cosines instead of row numbers",
            _cosines,
            (
                "You return the cosines, not the row numbers.",
                "From a cosine nobody can look up the text.",
                "topk gives .values and .indices: which do you need?",
            ),
        ),
        Misconception(
            "one neighbour too few",
            lambda vectors, index, k: _with_itself(vectors, index, k)[1:],
            (
                "You return k − 1 rows.",
                "The row itself was among the k best, and you took it away afterwards.",
                "Ask for one more, or make sure beforehand that the row cannot win.",
            ),
        ),
        Misconception(
            "the numbers behind the row have moved up",
            _without_the_row,
            (
                "Some of your row numbers are one too small.",
                "When the row is cut out of the scores, all rows behind it move up by one place, and topk "
                "counts places.",
                "Leave the score in its place, and write something very small into it.",
            ),
        ),
    ),
)
