"""Exercise 2.3: a triangle and padding together."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab02.combine_masks_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.models import masks


def combine_masks(causal, padding):
    """labkit.masks.combine_masks."""
    return masks.combine_masks(causal, padding)


WINDOW = torch.ones(4, 4, dtype=torch.bool).triu(-1).tril(2)  # one back and two ahead: not symmetric
FIXED = (  # (whose mask, padding)
    ("a decoder's", [[1, 1, 0], [1, 1, 1]]),
    ("a decoder's", [[0, 1, 1, 1]]),
    ("an encoder's", [[1, 1, 1, 0], [1, 1, 0, 0]]),
    ("an encoder's", [[0, 1, 1], [1, 1, 1], [0, 0, 1]]),  # as many texts as tokens
    ("a decoder's", [[1, 1, 1], [1, 0, 0], [1, 1, 0]]),
    ("a decoder's", [[1], [1]]),
    ("one back, two ahead", [[1, 1, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]]),
    ("a decoder's", [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]]),
)


def _mask(whose, length):
    if whose == "a decoder's":
        return masks.causal_mask(length)
    return WINDOW.clone() if whose != "an encoder's" else torch.ones(length, length, dtype=torch.bool)


def _drawn(seed, side):
    """Padding of texts of different lengths, the longest without any: (B, T) as a list."""
    generator = torch.Generator().manual_seed(seed)
    length = int(torch.randint(5, 9, (1,), generator=generator))
    sizes = [length, *torch.randint(1, length, (2,), generator=generator).tolist()]
    rows = [[1] * size + [0] * (length - size) for size in sizes]
    return [row if side == "right" else row[::-1] for row in rows]


def _combine_cases(seed):
    cases = []
    drawn = [("a decoder's", _drawn(2 * seed + k, side)) for k, side in enumerate(("left", "right"))]
    for whose, padding in (*FIXED, *drawn):
        length = len(padding[0])
        shown = f"{whose} mask of {length} tokens and padding {padding}"
        cases.append(Case((_mask(whose, length), torch.tensor(padding)), shown))
    return cases


def _is_triangle(case):
    return torch.equal(case.args[0], masks.causal_mask(len(case.args[0]))) and len(case.args[0]) > 1


def _padded_left(case):
    return bool((case.args[1][:, 0] == 0).any())


def _right(case):
    return _is_triangle(case) and not _padded_left(case)


def _left(case):
    return _is_triangle(case) and _padded_left(case)


def _other(case):
    return not _is_triangle(case)


COMBINE_MASKS = Exercise(
    name="combine_masks",
    title="Two masks at once",
    minutes=8,
    reference=combine_masks,
    cases=_combine_cases,
    form=forms.tensor(torch.bool),
    properties=(
        matches_reference("a decoder with padding on the right", 2, _right),
        matches_reference("a decoder with padding on the left", 1, _left),
        matches_reference("an encoder with padding", 1, _other),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
