"""Exercise 1.4: what it costs to guess wrong."""

import math

import torch
import torch.nn.functional as F

from labkit import objectives
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near
from labkit.objectives import IGNORE


def mlm_loss(logits, labels):
    """labkit.objectives.mlm_loss."""
    return objectives.mlm_loss(logits, labels)


def _loss_cases(seed):
    cases = []
    shapes = [(1, 4, 5), (2, 6, 11), (3, 5, 7)]
    for k, (batch_size, length, vocab_size) in enumerate(shapes):
        generator = torch.Generator().manual_seed(100 * seed + k)
        logits = 2 * torch.randn(batch_size, length, vocab_size, generator=generator)
        labels = torch.randint(1, vocab_size, (batch_size, length), generator=generator)
        hidden = torch.rand(batch_size, length, generator=generator) < 0.4
        hidden[0] = False
        hidden[0, 1] = True
        hidden[-1, 2:4] = True  # rows differ in how many are hidden: a mean of means must show
        labels[~hidden] = IGNORE
        shown = f"logits of shape {tuple(logits.shape)} and labels {labels.tolist()}"
        cases.append(Case((logits, labels), shown))
    return cases


def _value(outcome):
    return float(outcome.value)


def _ignores_the_rest(trial):
    logits, labels = trial.cases[1].args
    moved = logits + 5 * torch.randn(logits.shape, generator=torch.Generator().manual_seed(0)) * (
        labels == IGNORE
    ).unsqueeze(-1)
    before, after = trial.call(logits, labels), trial.call(moved, labels)
    if before.error or after.error:
        return before.said or after.said
    if not near(_value(before), _value(after), 1e-4):
        return (
            "When only the logits at positions with label -100 change, the loss must not move.\n"
            f"before: {_value(before):.4f}\nafter:  {_value(after):.4f}"
        )
    return ""


def _knows_the_ends(trial):
    labels = torch.tensor([[IGNORE, 3, IGNORE, 1]])
    sure = 50 * F.one_hot(labels.clamp(min=0), 8).float()
    uniform = torch.zeros(1, 4, 8)
    for logits, expected, name in (
        (sure, 0.0, "a sure and right prediction"),
        (uniform, math.log(8), "a shrug over 8 words"),
    ):
        outcome = trial.call(logits, labels)
        if outcome.error:
            return f"{outcome.said}"
        if not near(expected, _value(outcome), 1e-3):
            return f"For {name}\nexpected: {expected:.4f}\ngot:      {_value(outcome):.4f}"
    return ""


def _log_p(logits, labels, dim=-1):
    """log p of each label; where there is none, of token 0.  (B, T)"""
    return logits.log_softmax(dim).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)


MLM_LOSS = Exercise(
    name="mlm_loss",
    title="The price of a wrong guess",
    minutes=10,
    reference=mlm_loss,
    cases=_loss_cases,
    properties=(
        matches_reference("the mean of -log p over the hidden positions", 2),
        Property("positions labelled -100 do not count", 1, _ignores_the_rest),
        Property("0 for a sure right guess, log V for a shrug", 1, _knows_the_ends),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "divided by all positions",
            lambda logits, labels: -(_log_p(logits, labels) * (labels != IGNORE)).sum() / labels.numel(),
            (
                "You divide by the number of all positions.",
                "Most positions carry no label: the loss would shrink with the length of the text, "
                "not with the model's skill.",
                "Divide by the number of labels that are not -100.",
            ),
        ),
        Misconception(
            "all positions count",
            lambda logits, labels: -_log_p(logits, labels).mean(),
            (
                "Positions without a label are counted as well.",
                "-100 is not a word; clamped or wrapped around it becomes one, and the model is paid for it.",
                "Select the hidden positions first: logits[labels != -100] has one row for each.",
            ),
        ),
        Misconception(
            "mean of the sentences' means",
            lambda logits, labels: torch.stack(
                [objectives.mlm_loss(x[None], y[None]) for x, y in zip(logits, labels, strict=True)]
            ).mean(),
            (
                "You average within each sentence, and then over the sentences.",
                "A sentence with one hidden word would count as much as one with ten.",
                "Put the hidden positions of the whole batch in one row, then take one mean.",
            ),
        ),
        Misconception(
            "the sum, not the mean",
            lambda logits, labels: objectives.mlm_loss(logits, labels) * (labels != IGNORE).sum(),
            (
                "Your loss is a sum.",
                "It grows with the number of hidden words, so losses of two batches cannot be compared.",
                "Divide by how many positions are hidden.",
            ),
        ),
        Misconception(
            "probability instead of its logarithm",
            lambda logits, labels: -_log_p(logits, labels).exp()[labels != IGNORE].mean(),
            (
                "You average the probabilities, without a logarithm.",
                "-log p punishes a confident mistake without limit; -p shrugs at it.",
                "log_softmax instead of softmax, or torch.log of the probabilities.",
            ),
        ),
        Misconception(
            "softmax twice",
            lambda logits, labels: objectives.mlm_loss(logits.softmax(-1), labels),
            (
                "The softmax is applied twice.",
                "F.cross_entropy expects logits and takes the softmax itself; twice makes all words alike.",
                "Hand it the logits as they are.",
            ),
        ),
        Misconception(
            "cross_entropy with the words on the last axis",
            lambda logits, labels: F.cross_entropy(logits, labels),
            (
                "F.cross_entropy got (B, T, V) logits, and took the T positions for the words.",
                "It expects the classes on axis 1: one row per prediction, (N, V), with N labels.",
                "Pick the hidden positions first: logits[labels != -100] is such a table.",
            ),
        ),
        Misconception(
            "softmax over the wrong axis",
            lambda logits, labels: -_log_p(logits, labels, dim=1)[labels != IGNORE].mean(),
            (
                "Your softmax runs over the positions, not over the words.",
                "The question is which word stands here, so the probabilities of the V words must sum to 1.",
                "logits are (B, T, V): the axis of the words is the last one.",
            ),
        ),
        Misconception(
            "logarithm to base 2",
            lambda logits, labels: objectives.mlm_loss(logits, labels) / math.log(2),
            (
                "Your loss is in bits.",
                "The slides and PyTorch use the natural logarithm: nats.",
                "torch.log instead of torch.log2.",
            ),
        ),
    ),
)
