"""Exercise 1.4: what it costs to guess wrong."""

import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property, Raised
from labkit.exercises.lab01.advice import advised
from labkit.exercises.lab01.mlm_loss_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near
from labkit.training import objectives
from labkit.training.objectives import IGNORE


def mlm_loss(logits, labels):
    """labkit.objectives.mlm_loss."""
    return objectives.mlm_loss(logits, labels)


_ = IGNORE
HAND = "torch.tensor([[[2., 1, 1], [1, 1, 1], [2, 1, 1]]]).log()"  # probabilities 1/2, 1/4, 1/4 and thirds
UNEVEN = [[_, 3, _, _, _, _], [0, 3, 10, _, _, 3]]
# (V, labels)
DRAWN = (
    (7, [[6, _, _, _, 0], [_, _, _, _, _], [0, 0, 3, _, 5]]),  # a sentence with nothing hidden
    (4, [[0, 1, 2], [3, 3, 0]]),  # all hidden
    (5, [[_, _], [4, _], [_, 4], [1, 0]]),
    (6, [[_, 5, _, _, _, _, _, 2]]),
)


def _loss_cases(seed):
    logits = torch.tensor([[[2.0, 1, 1], [1, 1, 1], [2, 1, 1]]]).log()
    cases = [
        Case((logits, torch.tensor([[0, _, 1]])), f"logits {HAND} and labels [[0, -100, 1]]"),
        Case(
            (torch.tensor([[[1.0, 3]]]).log(), torch.tensor([[0]])), "logits [[[0, log 3]]] and labels [[0]]"
        ),
    ]
    ends = torch.tensor([[_, 3, _, 1]])
    sure = 50 * F.one_hot(ends.clamp(min=0), 8).float()
    cases.append(
        Case((sure, ends), "a sure and right prediction (logit 50 beside 0), labels [[-100, 3, -100, 1]]")
    )
    cases.append(Case((torch.zeros(1, 4, 8), ends), "a shrug over 8 words (all logits 0), the same labels"))
    make = torch.Generator().manual_seed(100 * seed)
    labels = torch.tensor(UNEVEN)
    logits = 2 * torch.randn(2, 6, 11, generator=make)
    cases.append(Case((logits, labels), f"logits 2 * torch.randn(2, 6, 11) and labels {UNEVEN}"))
    moved = logits + 5 * torch.randn(2, 6, 11, generator=make) * (labels == IGNORE).unsqueeze(-1)
    cases.append(Case((moved, labels), "the same, with other logits at the positions whose label is -100"))
    rng = random.Random(seed)
    wide = [[rng.choice((_, _, rng.randrange(9))) for _unused in range(7)] for _unused in range(3)]
    wide[1][3], wide[2][0] = 0, 8
    for vocab_size, labels in (*DRAWN, (9, wide)):
        shape = (len(labels), len(labels[0]), vocab_size)
        logits = 2 * torch.randn(shape, generator=make)
        cases.append(
            Case((logits, torch.tensor(labels)), f"logits 2 * torch.randn{shape} and labels {labels}")
        )
    unlikely = torch.tensor([[[0.0, -120, -3], [-1, 0, -2]]])
    cases.append(Case((unlikely, torch.tensor([[1, 0]])), f"logits {unlikely.tolist()} and labels [[1, 0]]"))
    return cases


PLAIN, MOVED = 4, 5  # two cases that differ at positions without a label
ENDS = ("a sure", "a shrug")


def _scalar(value):
    """One number, also in brackets."""
    if isinstance(value, torch.Tensor | np.ndarray) and value.ndim and math.prod(value.shape) == 1:
        value = value.reshape(())
    return forms.number(value)


def _ignores_the_rest(trial):
    before, after = trial.observed[PLAIN], trial.observed[MOVED]
    for place in (PLAIN, MOVED):
        if trial.outcomes[place].error:
            return Fault(f"For {trial.cases[place].shown}\n{trial.outcomes[place].said}", place)
    if near(before, trial.observed[0], 1e-6) or isinstance(trial.observed[0], Raised):
        return Fault(f"The loss is the same for quite different logits: {before:.4f}", PLAIN)
    if not near(before, after, 1e-3 * max(1, abs(before))):
        return Fault(
            "When only the logits at positions with label -100 change, the loss must not move.\n"
            f"before: {before:.4f}\nafter:  {after:.4f}",
            MOVED,
        )
    return ""


def _advise(args, expected, seen):
    """What is visibly wrong with a loss."""
    labels = args[1]
    hidden, total = int((labels != IGNORE).sum()), labels.numel()
    if math.isnan(seen):
        return (
            "nan comes of the mean of nothing (0/0), and of the logarithm of a negative number: which is it?"
        )
    if math.isinf(seen):
        return ""
    if seen < 0:
        return (
            "A loss is never negative: a probability is below 1, so its logarithm is, and minus that is not."
        )
    for number in range(1, max(12, 2 * total)):
        if number != hidden and abs(seen * number - expected * hidden) < 1e-4 * (1 + expected * hidden):
            return (
                f"What you return is the sum of the costs divided by {number}. "
                f"Here {hidden} of {total} positions are hidden."
            )
    return ""


MLM_LOSS = Exercise(
    name="mlm_loss",
    title="The price of a wrong guess",
    minutes=10,
    reference=mlm_loss,
    cases=_loss_cases,
    form=forms.Form("a scalar", _scalar),
    properties=(
        advised(matches_reference("the mean of -log p over the hidden positions", 2), _advise),
        Property("positions labelled -100 do not count", 1, _ignores_the_rest),
        matches_reference(
            "0 for a sure right guess, log V for a shrug", 1, lambda case: case.shown.startswith(ENDS)
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
