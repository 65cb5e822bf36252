"""Exercise 3.8: are two spaces alike?"""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab03.cka_mistakes import MISTAKES
from labkit.exercises.lab03.cosine_similarity_matrix import say_nan
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import geometry


def linear_cka(x, y):
    """labkit.geometry.linear_cka."""
    return geometry.linear_cka(x, y)


# Centred, x is (−1, 0, 1) · 1 and y is (1, −2, 1): at a right angle in the first column, not in the second.
HAND = [[2.0], [3.0], [4.0]], [[2.0, 1.0], [-1.0, 3.0], [2.0, 5.0]]
# N = D1 = D2: a wrong axis raises no error
SQUARE = (
    [[2.0, 0.0, 1.0, 5.0], [0.0, 3.0, -1.0, 1.0], [1.0, 1.0, 4.0, 0.0], [-1.0, 2.0, 0.0, 2.0]],
    [[1.0, -2.0, 0.0, 3.0], [4.0, 1.0, 1.0, 0.0], [0.0, 2.0, -3.0, 1.0], [2.0, 0.0, 5.0, -1.0]],
)
# N, D1, D2, how much of its own each space has: also equal widths, one number a text, more numbers than texts
SHAPES = ((6, 2, 3, 0.3), (8, 4, 4, 1.0), (5, 7, 3, 0.6), (9, 1, 2, 0.5))
DRAWN = ((12, 3, 6, 2.0), (10, 5, 2, 0.5))


def _cases(seed):
    fixed, drawn = torch.Generator().manual_seed(0), torch.Generator().manual_seed(seed)
    cases = [Case(tuple(torch.tensor(rows) for rows in HAND), f"linear_cka({HAND[0]}, {HAND[1]})")]
    cases.append(Case(tuple(torch.tensor(rows) for rows in SQUARE), f"linear_cka({SQUARE[0]}, {SQUARE[1]})"))
    for shape in SHAPES:
        cases.append(_case(_pair(fixed, *shape), "random"))
    x, y = _pair(fixed, 7, 4, 3, 0.8)
    cases.append(_case((x, y), "random"))
    cases.append(_case((_turned(x), y), "the one before with x turned"))
    cases.append(_case((20 * x, y / 5 + 1), "that with other scales, and y moved"))
    cases.append(_case((x, x), "a space and itself"))
    cases.append(_case((x, 3 * _turned(x) - 1), "a space and itself turned, longer and moved"))
    for shape in DRAWN:
        cases.append(_case(_pair(drawn, *shape), "random"))
    return cases


def _pair(generator, num, width_x, width_y, noise):
    """Two spaces that have something in common, columns of very different spread, far from 0."""
    common = torch.randn(num, 2, generator=generator) * torch.tensor([2.0, 1.0])
    spaces = []
    for width in (width_x, width_y):
        mixed = common @ torch.randn(2, width, generator=generator)
        own = noise * torch.randn(num, width, generator=generator)
        wide = 0.4 + 2.0 * torch.rand(width, generator=generator)
        spaces.append((mixed + own) * wide + torch.randn(width, generator=generator))
    return tuple(spaces)


def _case(spaces, made):
    x, y = spaces
    shown = f"linear_cka(x, y), {len(x)} texts, {x.shape[1]} and {y.shape[1]} numbers each ({made})"
    return Case((x, y), shown)


def _turned(x):
    generator = torch.Generator().manual_seed(5)
    return x @ torch.linalg.qr(torch.randn(x.shape[1], x.shape[1], generator=generator)).Q


def _is_itself(case):
    return "itself" in case.shown


def _is_moved(case):
    return "with" in case.shown


def _holds_for(where, words):
    """A Property's holds: right in these cases, and not just the same number for any two spaces."""
    right = matches_reference("", 0, where).holds

    def holds(trial):
        fault = right(trial)
        numbers = {round(seen, 3) for seen in trial.observed if isinstance(seen, float)}
        if not fault and len(numbers) == 1:
            return Fault(f"{words}; but yours is {numbers.pop()} for any two spaces", 0)
        return fault

    return holds


LINEAR_CKA = Exercise(
    name="linear_cka",
    title="Are two spaces alike?",
    minutes=9,
    reference=linear_cka,
    cases=_cases,
    form=forms.number,
    observe=say_nan,
    properties=(
        matches_reference("linear CKA by the formula", 3),
        Property(
            "a space is as like itself as can be: 1",
            1,
            _holds_for(_is_itself, "a space and itself give 1"),
            _is_itself,
        ),
        Property(
            "turning a space changes nothing",
            1,
            _holds_for(_is_moved, "turned spaces give what they gave before"),
            _is_moved,
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
