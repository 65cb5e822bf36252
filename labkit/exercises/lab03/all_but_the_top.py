"""Exercise 3.6: the cure, take away what all vectors share."""

import torch

from labkit import geometry
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near


def all_but_the_top(vectors, num_directions):
    """labkit.geometry.all_but_the_top."""
    return geometry.all_but_the_top(vectors, num_directions)


def _cases(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for num, width, num_directions in ((5, 3, 0), (6, 4, 1), (9, 5, 2), (12, 6, 3)):
        # Spread well apart (a factor of 1.7 each), so that it is clear which direction is the next.
        spread = 1.7 ** -torch.arange(width, dtype=torch.float32)
        rows = torch.randn(num, width, generator=generator) * 3 * spread
        turn = torch.linalg.qr(torch.randn(width, width, generator=generator)).Q
        rows = (rows + 2 * torch.randn(width, generator=generator)) @ turn
        shown = f"all_but_the_top(vectors, {num_directions}), {num} vectors of {width} numbers"
        cases.append(Case((rows, num_directions), shown))
    return cases


def _directions(vectors):
    return torch.linalg.svd(vectors, full_matrices=False).Vh


def _without(vectors, directions):
    return vectors - vectors @ directions.T @ directions


def _centred(vectors, dim=0):
    return vectors - vectors.mean(dim=dim, keepdim=True)


def _left_over(vectors, num_directions):
    centred = _centred(vectors)
    return _without(vectors, _directions(centred)[:num_directions])


def _kept(vectors, num_directions):
    centred = _centred(vectors)
    directions = _directions(centred)[:num_directions]
    return centred @ directions.T @ directions


def _smallest(vectors, num_directions):
    centred = _centred(vectors)
    directions = _directions(centred)
    return _without(centred, directions[len(directions) - num_directions :])


def _coordinates(vectors, num_directions):
    centred = _centred(vectors)
    return centred @ _directions(centred)[num_directions:].T


def _standardised(vectors, num_directions):
    scaled = _centred(vectors) / vectors.std(dim=0)
    return _without(scaled, _directions(scaled)[:num_directions])


def _mean_is_gone(trial):
    for case, outcome in zip(trial.cases, trial.outcomes, strict=True):
        if outcome.error:
            return f"For {case.shown}\n{outcome.said}"
        mean = torch.as_tensor(outcome.value).mean(dim=0)
        if mean.shape != case.args[0].shape[1:] or not near(0.0, float(mean.abs().max()), 1e-4):
            return (
                f"For {case.shown}\nthe mean of your rows should be 0 in each column; it is {mean.tolist()}"
            )
    return ""


ALL_BUT_THE_TOP = Exercise(
    name="all_but_the_top",
    title="Take away what all share",
    minutes=8,
    reference=all_but_the_top,
    cases=_cases,
    properties=(
        Property("the mean of the new vectors is 0", 1, _mean_is_gone),
        matches_reference("num_directions = 0 takes away the mean alone", 1, lambda case: case.args[1] == 0),
        matches_reference("the directions that all share most are gone", 2, lambda case: case.args[1] > 0),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the mean alone",
            lambda vectors, num_directions: _centred(vectors),
            (
                "You take the mean away, but no directions.",
                "That is the first half of the cure. A direction in which all vectors vary strongly still "
                "decides most cosines.",
                "How much of each centred row lies along the first directions? centred @ directions.T",
            ),
        ),
        Misconception(
            "the mean stays",
            _left_over,
            (
                "The directions are gone, the mean is still there.",
                "The directions come from the centred vectors; they have to be taken out of those too.",
                "From which matrix do you subtract at the end?",
            ),
        ),
        Misconception(
            "directions of vectors that are not centred",
            lambda vectors, num_directions: _without(vectors, _directions(vectors)[:num_directions]),
            (
                "Your vectors are not centred.",
                "Without centring, the first direction is little more than the mean itself, and the mean "
                "is not quite gone either.",
                "First take the mean of each column away, then look for directions.",
            ),
        ),
        Misconception(
            "the mean of each row taken away",
            lambda vectors, num_directions: (lambda c: _without(c, _directions(c)[:num_directions]))(
                _centred(vectors, dim=1)
            ),
            (
                "You take away the mean of each row.",
                "What all vectors share is their mean: over the rows, one number for each column.",
                "vectors.mean(dim=...): which axis are the vectors?",
            ),
        ),
        Misconception(
            "keeps what should go",
            _kept,
            (
                "You keep the first directions and drop the rest.",
                "That is PCA, for a picture. Here the first directions are the ones to get rid of.",
                "Subtract that part from the centred vectors.",
            ),
        ),
        Misconception(
            "the smallest directions",
            _smallest,
            (
                "You take away the directions in which the vectors differ least.",
                "svd sorts by size, the largest first; those are the ones that all share.",
                "Vh[:num_directions] are the first rows.",
            ),
        ),
        Misconception(
            "one direction too many",
            lambda vectors, num_directions: all_but_the_top(vectors, num_directions + 1),
            (
                "You take away one direction too many.",
                "With num_directions = 0 only the mean should go.",
                "Vh[:n] has n rows, from 0 to n - 1.",
            ),
        ),
        Misconception(
            "coordinates instead of vectors",
            _coordinates,
            (
                "Your vectors have fewer numbers than before, in another coordinate system.",
                "Coordinates along the remaining directions say the same, but they can no longer be "
                "compared with vectors of the old space.",
                "Multiply the coordinates by the directions again: that is the part to subtract, as vectors.",
            ),
        ),
        Misconception(
            "columns of Vh instead of rows",
            lambda vectors, num_directions: _without(
                _centred(vectors), _directions(_centred(vectors)).T[:num_directions]
            ),
            (
                "You take the columns of Vh for directions.",
                "svd returns V already turned over (the h): its *rows* are the directions, the strongest "
                "first.",
                "Vh is (directions, D): along which of its axes do you count to num_directions?",
            ),
        ),
        Misconception(
            "divided by the spread as well",
            _standardised,
            (
                "You also divide each column by its spread.",
                "That changes all lengths and angles. Here only something is taken away.",
                "Subtract the mean, and nothing else, before svd.",
            ),
        ),
    ),
)
