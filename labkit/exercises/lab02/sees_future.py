"""Exercise 2.4: the test that catches a leak."""

import numpy as np
import torch

from labkit import influence
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference

VOCAB_SIZE = 100


def sees_future(fn):
    """labkit.influence.sees_future."""
    return influence.sees_future(fn, VOCAB_SIZE)


def _running_mean(x):
    return x.cumsum(dim=0) / torch.arange(1, len(x) + 1)[:, None]


def _shifted(x, by):
    """Row t is x[t + by], or 0 where there is none."""
    rolled = torch.roll(x, -by, dims=0)
    if by > 0:
        rolled[len(x) - by :] = 0
    else:
        rolled[:-by] = 0
    return rolled


def _first_peeks(x):
    result = _running_mean(x)
    result[0] = result[0] + x[min(1, len(x) - 1)]
    return result


def _with_rounding(x):
    """Causal but for an error of one part in ten million, as a faster kernel may make."""
    return 5.0 + _running_mean(x).clamp(-2, 2) + 1e-6 * torch.sin(100 * x.sum())


# name -> (vectors (T, D) -> outputs (T, D), whether it leaks); the smallest and plainest first
FUNCTIONS = {
    "copies_each_token": (lambda x: x.clone(), False),
    "looks_one_ahead": (lambda x: x + _shifted(x, 1), True),
    "running_mean": (_running_mean, False),
    "mean_over_all": (lambda x: x + x.mean(dim=0), True),
    "looks_two_back": (lambda x: x + _shifted(x, -2), False),
    "knows_the_last_token": (lambda x: _running_mean(x) + 0.5 * x[-1], True),
    "with_positions": (lambda x: x * torch.arange(1, len(x) + 1)[:, None] / 4, False),
    "looks_three_ahead": (lambda x: x + _shifted(x, 3), True),
    "normalised_over_time": (lambda x: (x - x.mean(dim=0)) / (x.std(dim=0, correction=0) + 0.1), True),
    "with_rounding_errors": (_with_rounding, False),
    "only_the_first_peeks": (_first_peeks, True),
    "a_faint_look_ahead": (lambda x: _running_mean(x) + 0.01 * _shifted(x, 1), True),
}


def _make(name, seed):
    table = torch.randn(VOCAB_SIZE, 4, generator=torch.Generator().manual_seed(seed))  # word vectors
    compute, _ = FUNCTIONS[name]

    def fn(ids):
        return compute(table[torch.as_tensor(ids)])

    fn.__name__ = fn.__qualname__ = name
    return fn


def _future_cases(seed):
    return [Case((_make(name, seed),), f"sees_future({name})") for name in FUNCTIONS]


def _leaks(case):
    return FUNCTIONS[case.args[0].__name__][1]


def _truth(output, case):
    if isinstance(output, torch.Tensor | np.ndarray | np.generic):
        output = output.item()
    if not isinstance(output, bool | int):
        raise TypeError("neither True nor False")
    return bool(output)


def _prober(
    changed=lambda length: range(1, length), compared=lambda j: slice(0, j), tolerance=1e-4, invert=False
):
    """sees_future with single choices made wrongly."""

    def wrong(fn):
        generator = torch.Generator().manual_seed(0)
        found = False
        for _ in range(3):
            ids = torch.randint(VOCAB_SIZE, (12,), generator=generator)
            before = fn(ids)
            for j in changed(len(ids)):
                other = ids.clone()
                other[j] = (
                    ids[j] + 1 + torch.randint(VOCAB_SIZE - 1, (1,), generator=generator)
                ) % VOCAB_SIZE
                moved = (fn(other)[compared(j)] - before[compared(j)]).abs()
                found = found or bool((moved > tolerance).any())
        return not found if invert else found

    return wrong


def _drops_the_first(fn):
    ids = torch.randint(VOCAB_SIZE, (12,), generator=torch.Generator().manual_seed(0))
    return bool((fn(ids)[1:] - fn(ids[1:])).abs().max() > 1e-4)


SEES_FUTURE = Exercise(
    name="sees_future",
    title="The test that catches a leak",
    minutes=10,
    reference=sees_future,
    cases=_future_cases,
    observe=_truth,
    properties=(
        matches_reference("no alarm for a function that only looks back", 2, lambda case: not _leaks(case)),
        matches_reference("every leak is found", 3, _leaks),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "an alarm for everything",
            _prober(compared=lambda j: slice(0, j + 1)),
            (
                "Your test calls every function leaky, even one that only copies each token.",
                "When token j changes, output j may move, and so may all later ones. Only earlier ones "
                "may not.",
                "Compare the outputs before j: where does your slice end?",
            ),
        ),
        Misconception(
            "never an alarm",
            lambda fn: False,
            (
                "Your test never finds a leak.",
                "Something must change for a leak to show: a token with others before it, in a copy of "
                "the ids (changed = ids is no copy, only a second name).",
                "ids.clone(), then change a late token, and compare the outputs before it.",
            ),
        ),
        Misconception(
            "the answer is turned around",
            _prober(invert=True),
            (
                "Your answers are exactly the wrong way round.",
                "The question is whether fn sees the future: True is the alarm.",
                "Return True when an earlier output moved.",
            ),
        ),
        Misconception(
            "only the last token is changed",
            _prober(changed=lambda length: [length - 1]),
            (
                "You change only the last token.",
                "A leak can sit anywhere: a function whose *first* output peeks at the second token "
                "stays unseen.",
                "Let j run over all positions from 1 on.",
            ),
        ),
        Misconception(
            "only a token in the middle is changed",
            _prober(changed=lambda length: [length // 2]),
            (
                "You change a single token in the middle.",
                "Who peeks at the last token, or at the second only, stays unseen.",
                "Let j run over all positions from 1 on.",
            ),
        ),
        Misconception(
            "only the output just before is compared",
            _prober(compared=lambda j: slice(j - 1, j)),
            (
                "You compare only the output just before the changed token.",
                "A function can look three tokens ahead and skip the two between.",
                "Compare all the outputs before j: [:j].",
            ),
        ),
        Misconception(
            "equal to the last digit",
            _prober(tolerance=0.0),
            (
                "You call a rounding error a leak.",
                "Computers add numbers in the order that is fastest; the seventh digit may differ.",
                "torch.allclose forgives that much; == and torch.equal do not.",
            ),
        ),
        Misconception(
            "too forgiving",
            _prober(tolerance=0.2),
            (
                "A faint leak passes your test.",
                "A hundredth of a word vector is enough for a model to learn from.",
                "Rounding is about one part in a million: forgive that, and no more than a ten-thousandth.",
            ),
        ),
        Misconception(
            "the beginning cut off instead of the end",
            _drops_the_first,
            (
                "You take away tokens at the beginning.",
                "That tests whether the *past* matters, as it should in a good model.",
                "Change what comes later and watch what came before.",
            ),
        ),
        Misconception(
            "decided at the first position",
            _prober(changed=lambda length: [1]),
            (
                "You have looked at one position only.",
                "A function can be honest at the second token and peek from the third on. That no leak was "
                "found so far is no proof that there is none.",
                "return True as soon as you find a leak; return False only after the loop.",
            ),
        ),
    ),
)
