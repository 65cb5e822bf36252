"""Exercise 2.4: the test that catches a leak."""

import torch
import torch.nn.functional as F

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab02.sees_future_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import each_case, inputs_unchanged
from labkit.measures import influence

VOCAB_SIZE = 100


def sees_future(fn):
    """labkit.influence.sees_future."""
    return influence.sees_future(fn, VOCAB_SIZE)


def _running_mean(x):
    return x.cumsum(dim=0) / torch.arange(1, len(x) + 1)[:, None]


def _shifted(x, by):
    """Row t is x[t + by], or 0 where there is none."""
    rolled = torch.roll(x, -by, dims=0)
    places = torch.arange(len(x)) + by
    rolled[(places < 0) | (places >= len(x))] = 0
    return rolled


def _only(rows, x):
    """x in these rows, 0 in the others."""
    kept = torch.zeros_like(x)
    kept[rows] = x[rows]
    return kept


def _one_place(x, sign):
    """One number for each position; that of position 4 differs by something of tokens 7 and 9."""
    result = 100 * x[:, 0]
    if len(x) > 7:
        result[4] = result[4] + sign * 100 * x[7:10:2, 0].sum()
    return result


# name -> (what it does, vectors (T, 4) -> outputs (T, ...), whether it leaks); the plainest first
FUNCTIONS = {
    "copies_each_token": ("output t is the vector of token t", lambda x: x.clone(), False),
    "looks_one_ahead": ("token t plus token t + 1", lambda x: x + _shifted(x, 1), True),
    "running_mean": ("the mean of tokens 0 to t", _running_mean, False),
    "mean_over_all": ("token t plus ten times the mean of all", lambda x: x + 10 * x.mean(dim=0), True),
    "looks_two_back": ("token t plus token t - 2", lambda x: x + _shifted(x, -2), False),
    "knows_the_first_token": ("token t plus the first one", lambda x: x + x[0], False),
    "knows_the_last_token": (
        "the mean of tokens 0 to t plus the last one",
        lambda x: _running_mean(x) + x[-1],
        True,
    ),
    "with_positions": ("token t times t + 1", lambda x: x * torch.arange(1, len(x) + 1)[:, None] / 4, False),
    "looks_three_ahead": ("token t plus token t + 3", lambda x: x + _shifted(x, 3), True),
    "looks_five_ahead": ("token t plus token t + 5", lambda x: x + _shifted(x, 5), True),
    "normalised_over_time": (
        "token t less the mean of all, over a twentieth of their spread",
        lambda x: 20 * (x - x.mean(dim=0)) / (x.std(dim=0, correction=0) + 0.1),
        True,
    ),
    "with_rounding_errors": (
        "causal but for an error of one part in a million, as a faster kernel may make",
        lambda x: 1 + _running_mean(x).clamp(-0.5, 0.5) + 1e-6 * torch.sin(100 * x[:, 0].sum()),
        False,
    ),
    "only_the_first_peeks": (
        "output 0 knows token 1, the others are honest",
        lambda x: _running_mean(x) + _only(slice(0, 1), _shifted(x, 1)),
        True,
    ),
    "only_the_first_is_honest": (
        "output t knows token t + 1, for t from 1 on",
        lambda x: _running_mean(x) + _only(slice(1, None), _shifted(x, 1)),
        True,
    ),
    "a_faint_look_ahead": (
        "the mean of tokens 0 to t plus a trace (0.002) of token t + 1",
        lambda x: _running_mean(x) + 0.002 * _shifted(x, 1),
        True,
    ),
    "probabilities": (
        "a softmax of tokens t and t - 1, so that each output sums to 1",
        lambda x: (x + _shifted(x, -1)).softmax(dim=-1),
        False,
    ),
    "probabilities_that_peek": (
        "a softmax of tokens t and t + 1, so that each output sums to 1",
        lambda x: (x + _shifted(x, 1)).softmax(dim=-1),
        True,
    ),
    "only_the_last_number_peeks": (
        "token t, in its last number plus that of token t + 2",
        lambda x: torch.cat([x[:, :-1], (x + _shifted(x, 2))[:, -1:]], dim=1),
        True,
    ),
    "one_number_each": ("one number, a sum up to t: shape (T,)", lambda x: 10 * x[:, 0].cumsum(0), False),
    "one_number_that_peeks": (
        "one number, of tokens t and t + 1: shape (T,)",
        lambda x: 100 * (x + _shifted(x, 1))[:, 0],
        True,
    ),
    "a_table_each": ("a 2 by 2 table of token t: shape (T, 2, 2)", lambda x: x.reshape(-1, 2, 2), False),
    "a_table_that_peeks": (
        "a 2 by 2 table of tokens t and t + 2: shape (T, 2, 2)",
        lambda x: (x + _shifted(x, 2)).reshape(-1, 2, 2),
        True,
    ),
    "raised_by_later_tokens": (
        "one number; that of position 4 is larger by something of tokens 7 and 9",
        lambda x: _one_place(x, 1),
        True,
    ),
    "lowered_by_later_tokens": (
        "one number; that of position 4 is smaller by something of tokens 7 and 9",
        lambda x: _one_place(x, -1),
        True,
    ),
}


def _vectors():
    """A vector for each id: its numbers sum to 0; the first grows with the id (and id 0 comes after 99)."""
    table = 5 * torch.randn(VOCAB_SIZE, 4, generator=torch.Generator().manual_seed(7))
    order = torch.arange(VOCAB_SIZE)
    order[0] = VOCAB_SIZE
    table[:, 0] = order / 50 - 1
    table[:, 3] = -table[:, :3].sum(dim=1)
    return table


def _make(name):
    table = _vectors()
    _, compute, _ = FUNCTIONS[name]

    def fn(ids):
        if not isinstance(ids, torch.Tensor):
            raise TypeError(
                f"fn takes token ids, a tensor (T,) of int64; it was given a {type(ids).__name__}"
            )
        if ids.is_floating_point() or ids.ndim != 1:
            given = f"{str(ids.dtype).removeprefix('torch.')} of shape {tuple(ids.shape)}"
            raise TypeError(f"fn takes token ids, a tensor (T,) of int64; it was given {given}")
        outside = ids[(ids < 0) | (ids >= VOCAB_SIZE)].tolist()
        if outside:
            raise IndexError(f"fn takes ids from 0 to 99; it was given {outside[0]}")
        return compute(F.embedding(ids.long(), table))

    fn.__name__ = fn.__qualname__ = name
    return fn


def _future_cases(seed):
    return [Case((_make(name),), f"{name}: {FUNCTIONS[name][0]}") for name in FUNCTIONS]


def _leaks(case):
    return FUNCTIONS[case.args[0].__name__][2]


def _honest(case):
    return not _leaks(case)


def _verdicts(name, points, where, said):
    """A property: the right verdict, unless it is the same for all functions."""
    right = each_case(lambda expected, seen: "" if expected == seen else said, where)

    def holds(trial):
        fault = right(trial)
        if fault or len(set(map(str, trial.observed))) > 1:
            return fault
        place = next(k for k, case in enumerate(trial.cases) if not where(case))
        verdict = f"Your test says {trial.observed[0]} of every function, so it tells nothing apart."
        return Fault(f"For {trial.cases[place].shown}\n{verdict}", place)

    return Property(name, points, holds, where)


SEES_FUTURE = Exercise(
    name="sees_future",
    title="The test that catches a leak",
    minutes=10,
    reference=sees_future,
    cases=_future_cases,
    form=forms.truth,
    properties=(
        _verdicts(
            "no alarm for a function that only looks back",
            2,
            _honest,
            "expected: False (no output depends on a later token)\ngot:      True",
        ),
        _verdicts(
            "every leak is found",
            3,
            _leaks,
            "expected: True (some output depends on a later token)\ngot:      False",
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
