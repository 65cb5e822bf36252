"""Exercise 3.4: a search engine in a few lines."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.cosine_similarity_matrix import random_vectors
from labkit.exercises.lab03.nearest_mistakes import MISTAKES
from labkit.exercises.properties import compares, inputs_unchanged, matches_reference
from labkit.measures import geometry


def nearest(vectors, index, k):
    """labkit.geometry.nearest."""
    return geometry.nearest(vectors, index, k)


# Long and short rows, so that dot products and distances say otherwise; the asked row is not the first.
HAND = [[9.0, 1.0], [1.0, 2.0], [-1.0, 0.5], [4.0, 3.0], [-2.0, -1.0], [0.3, 0.4], [0.0, 8.0]]
# Rows 1 and 4 are the same, rows 0 and 3 point the same way; negative cosines among the k.
DOUBLES = [
    [1.0, 2.0, 2.0],
    [3.0, 0.0, -1.0],
    [-2.0, 1.0, 1.0],
    [2.0, 4.0, 4.0],
    [3.0, 0.0, -1.0],
    [1.0, 0.0, 0.25],
]
TWO = [[1.0, 2.0, 0.0], [1.0, -1.0, 1.0]]
ASKED = (
    (HAND, 3, 4),
    (HAND, 2, 5),
    (HAND, 0, 6),
    (TWO, 1, 1),
    (DOUBLES, 1, 1),
    (DOUBLES, 4, 5),
    (DOUBLES, 3, 3),
    (DOUBLES, 5, 4),
)
# The tenths of these cosines with row 0 are the same two by two, and the nearer of the two comes later.
ANGLES = (0.0, 1.31, 1.28, 0.83, 0.80, 1.90, 1.87, 2.40)
SHAPES = ((9, 3, 7, 3), (12, 5, 4, 6), (8, 2, 7, 7))  # N, D, index, k of the drawn ones


def _cases(seed):
    cases = [_case(torch.tensor(rows), index, k, f"vectors = {rows}") for rows, index, k in ASKED]
    angles = torch.tensor(ANGLES)
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    cases.append(_case(circle, 0, 5, f"rows of length 1 at the angles {list(ANGLES)}"))
    generator = torch.Generator().manual_seed(seed)
    for num, width, index, k in SHAPES:
        vectors = _clear(lambda n=num, w=width: random_vectors(generator, n, w, shift=0.2), index)
        cases.append(_case(vectors, index, k, f"{num} random rows of {width}"))
    return cases


def _clear(draw, index):
    """Vectors whose cosines with row `index` are all clearly apart, some of them negative."""
    while True:
        vectors = draw()
        cosines = torch.cosine_similarity(vectors, vectors[index : index + 1]).sort().values
        if cosines.diff().min() > 2e-3 and -0.98 < cosines[0] < -0.1:
            return vectors


def _case(vectors, index, k, made):
    return Case((vectors, index, k), f"nearest(vectors, {index}, {k}), {made}")


def _row_numbers(value):
    numbers = forms.list_of(forms.number)(value)
    if any(number != int(number) for number in numbers if abs(number) < 1e9):
        raise forms.NotMeant(f"{[round(n, 2) for n in numbers][:4]} ... are no whole numbers.")
    return [int(number) for number in numbers]


def _in_order(numbers, case):
    """Row numbers as they are, but those with the same cosine in the order of the rows."""
    vectors, index, _ = case.args
    cosines = torch.cosine_similarity(vectors.double(), vectors[index : index + 1].double())
    if any(not 0 <= number < len(vectors) for number in numbers):
        return numbers
    place = 0
    while place < len(numbers):
        end = place + 1
        while end < len(numbers) and abs(cosines[numbers[end]] - cosines[numbers[place]]) < 1e-6:
            end += 1
        numbers = [*numbers[:place], *sorted(numbers[place:end]), *numbers[end:]]
        place = end
    return numbers


def _k_rows(expected, seen):
    if len(seen) != len(expected):
        return f"expected: {len(expected)} row numbers\ngot:      {seen}"
    return "" if sorted(seen) == sorted(expected) else f"expected these rows: {sorted(expected)}\ngot: {seen}"


NEAREST = Exercise(
    name="nearest",
    title="Who is near whom?",
    minutes=6,
    reference=nearest,
    cases=_cases,
    form=forms.Form("a list of row numbers (int)", _row_numbers),
    observe=_in_order,
    properties=(
        matches_reference("the k most similar other rows, the nearest first", 3),
        compares("the k most similar other rows, in any order", 1, _k_rows, project=sorted),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
