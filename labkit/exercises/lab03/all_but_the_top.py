"""Exercise 3.6: the cure, take away what all vectors share."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.cosine_similarity_matrix import say_nan
from labkit.exercises.lab03.top_mistakes import MISTAKES
from labkit.exercises.properties import compares, inputs_unchanged, matches_reference
from labkit.exercises.values import near
from labkit.measures import geometry


def all_but_the_top(vectors, num_directions):
    """labkit.geometry.all_but_the_top."""
    return geometry.all_but_the_top(vectors, num_directions)


# Their mean is (2, 5); from there they differ by ±3 along one axis and by ±1 along the other.
HAND = [[5.0, 5.0], [-1.0, 5.0], [2.0, 6.0], [2.0, 4.0]]
FIXED = ((5, 3, 0), (3, 7, 1), (4, 4, 2), (14, 11, 8))  # N, D, num_directions: also N < D and N = D
DRAWN = ((9, 5, 0), (9, 5, 2), (12, 6, 3))


def _cases(seed):
    cases = [Case((torch.tensor(HAND), number), f"all_but_the_top({HAND}, {number})") for number in (0, 1)]
    for shapes, generator in (
        (FIXED, torch.Generator().manual_seed(0)),
        (DRAWN, torch.Generator().manual_seed(seed)),
    ):
        for num, width, num_directions in shapes:
            shown = f"all_but_the_top(vectors, {num_directions}), {num} random rows of {width}"
            cases.append(Case((_vectors(generator, num, width), num_directions), shown))
    return cases


def _vectors(generator, num, width):
    """Rows that are spread well apart (a factor of 1.7 each), so that it is clear which direction is next."""
    most = min(num - 1, width)
    left = torch.randn(num, most, generator=generator)
    left = torch.linalg.qr(left - left.mean(dim=0)).Q  # (N, most), the mean of each column 0
    right = torch.linalg.qr(torch.randn(width, width, generator=generator)).Q[:most]
    spread = 3.0 * num**0.5 * 1.7 ** -torch.arange(most, dtype=torch.float32)
    return (left * spread) @ right + 2.0 * torch.randn(width, generator=generator)


def _mean_is_gone(expected, seen):
    seen = seen if isinstance(seen, torch.Tensor) else torch.tensor(float("nan"))
    if seen.shape != expected.shape:
        return f"the result should have the shape {tuple(expected.shape)}; it has {tuple(seen.shape)}"
    mean = seen.mean(dim=0)
    if not near(0.0, float(mean.abs().max()), 1e-4):
        return (
            f"the mean of your rows should be 0 in each column; it is {[round(m, 3) for m in mean.tolist()]}"
        )
    return "all of your numbers are 0" if not seen.any() else ""


ALL_BUT_THE_TOP = Exercise(
    name="all_but_the_top",
    title="Take away what all share",
    minutes=8,
    reference=all_but_the_top,
    cases=_cases,
    form=forms.tensor(torch.float32),
    observe=say_nan,
    properties=(
        compares("the mean of the new vectors is 0", 1, _mean_is_gone),
        matches_reference("num_directions = 0 takes away the mean alone", 1, lambda case: case.args[1] == 0),
        matches_reference("the directions that all share most are gone", 2, lambda case: case.args[1] > 0),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
