"""Exercise 2.5: a lesson at every token."""

import math

import torch
import torch.nn.functional as F

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab02.next_token_loss_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near
from labkit.training import objectives


def next_token_loss(logits, input_ids):
    """labkit.objectives.next_token_loss."""
    return objectives.next_token_loss(logits, input_ids)


# (T, V): the next tokens of [1, 0, 2, 0] get 1/2, 1/4 and 1/64, so that the loss is 3 log 2.
BY_HAND = ((1 / 2, 1 / 4, 1 / 4), (1 / 4, 1 / 2, 1 / 4), (1 / 64, 1 / 2, 31 / 64), (1 / 4, 1 / 2, 1 / 4))
SHAPES = ((2, 5, 11), (3, 2, 7), (4, 3, 6))  # (B, T, V): all different, so that an exchanged axis shows


def _drawn(shape, generator):
    logits = 2 * torch.randn(*shape, generator=generator)
    input_ids = torch.randint(shape[-1], shape[:2], generator=generator)
    input_ids[0, -1], input_ids[-1, 1] = 0, shape[-1] - 1  # the first and the last id are next tokens too
    return logits, input_ids


def _loss_cases(seed):
    constants = torch.tensor([[1.0], [0.0], [2.0], [0.0]])  # they change no softmax
    logits = (torch.tensor(BY_HAND).log() + constants)[None]
    shown = (
        "input_ids [[1, 0, 2, 0]] and logits log p (plus 1, 0, 2, 0), p = (1/2, 1/4, 1/4), (1/4, 1/2, 1/4), "
    )
    cases = [Case((logits, torch.tensor([[1, 0, 2, 0]])), f"{shown}(1/64, 1/2, 31/64), (1/4, 1/2, 1/4)")]
    for number, shape in enumerate((*SHAPES, (1, 6, 9))):
        start = 100 * seed if number == len(SHAPES) else 40 + number
        logits, input_ids = _drawn(shape, torch.Generator().manual_seed(start))
        shown = f"random logits of shape {shape} and input_ids {input_ids.tolist()}"
        cases.append(Case((logits, input_ids), shown))
    surprised = 120.0 * F.one_hot(torch.tensor([[2, 4, 1, 3]]), 5) + torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0])
    shown = "input_ids [[1, 0, 4, 3]] and logits so sure of other tokens that those are next to impossible"
    cases.append(Case((surprised, torch.tensor([[1, 0, 4, 3]])), f"{shown} (p about e to the -120)"))
    return cases


def _last_logits_do_not_count(trial):
    logits, input_ids = trial.cases[1].args
    changes = 3 * torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    last, first = logits.clone(), logits.clone()
    last[:, -1] += changes[:, -1]
    first[:, 0] += changes[:, 0]
    calls = [trial.call(some, input_ids) for some in (logits, last, first)]
    wrong = next((outcome for outcome in calls if outcome.error), None)
    if wrong:
        return Fault(wrong.said, 1, wrong.advice)
    if any(outcome.value.ndim for outcome in calls):
        return Fault(f"expected: a scalar\ngot:      shape {tuple(calls[0].value.shape)}", 1)
    before, after, moved = (float(outcome.value) for outcome in calls)
    numbers = f"before: {before:.4f}\nafter:  {after:.4f}"
    if not near(before, after, 1e-4):
        said = (
            "When only the logits at the last position change, the loss must not move: no token comes after"
        )
        return Fault(f"{said} it to judge them.\n{numbers}", 1)
    if near(before, moved, 1e-4):
        return Fault("When the logits at the first position change, the loss has to move; yours does not.", 1)
    return ""


def _knows_the_ends(trial):
    input_ids = torch.tensor([[4, 3, 0, 1]])
    following = torch.tensor([[3, 0, 1, 6]])
    sure = 50 * F.one_hot(following, 8).float()
    for logits, expected, name in (
        (sure, 0.0, "logits that are sure of the right next token"),
        (torch.zeros(1, 4, 8), math.log(8), "a shrug over 8 tokens"),
    ):
        outcome = trial.call(logits, input_ids)
        if outcome.error:
            return Fault(f"For {name}\n{outcome.said}", None, outcome.advice)
        if outcome.value.ndim or not near(expected, float(outcome.value), 1e-3):
            return f"For {name}\nexpected: {expected:.4f}\ngot:      {outcome.value.tolist()}"
    return ""


def _observe(loss, case):
    return "not a number (NaN)" if loss.ndim == 0 and loss.isnan() else loss


NEXT_TOKEN_LOSS = Exercise(
    name="next_token_loss",
    title="A lesson at every token",
    minutes=8,
    reference=next_token_loss,
    cases=_loss_cases,
    observe=_observe,
    form=forms.tensor(torch.float32),
    properties=(
        matches_reference("the mean of -log p of each next token", 2),
        Property("the last position is not judged", 1, _last_logits_do_not_count),
        Property("0 for a sure right guess, log V for a shrug", 1, _knows_the_ends),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
