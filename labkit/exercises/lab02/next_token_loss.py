"""Exercise 2.5: a lesson at every token."""

import math

import torch
import torch.nn.functional as F

from labkit import objectives
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near


def next_token_loss(logits, input_ids):
    """labkit.objectives.next_token_loss."""
    return objectives.next_token_loss(logits, input_ids)


def _loss_cases(seed):
    cases = []
    for k, (batch_size, length, vocab_size) in enumerate([(1, 3, 5), (2, 5, 11), (3, 4, 7)]):
        generator = torch.Generator().manual_seed(100 * seed + k)
        logits = 2 * torch.randn(batch_size, length, vocab_size, generator=generator)
        input_ids = torch.randint(vocab_size, (batch_size, length), generator=generator)
        shown = f"logits of shape {tuple(logits.shape)} and input_ids {input_ids.tolist()}"
        cases.append(Case((logits, input_ids), shown))
    return cases


def _last_logits_do_not_count(trial):
    logits, input_ids = trial.cases[1].args
    moved = logits.clone()
    moved[:, -1] += 3 * torch.randn(moved[:, -1].shape, generator=torch.Generator().manual_seed(0))
    before, after = trial.call(logits, input_ids), trial.call(moved, input_ids)
    if before.error or after.error:
        return before.said or after.said
    if not near(float(before.value), float(after.value), 1e-4):
        return (
            "When only the logits at the last position change, the loss must not move: no token comes "
            "after it "
            f"to judge them.\nbefore: {float(before.value):.4f}\nafter:  {float(after.value):.4f}"
        )
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
            return f"{outcome.said}"
        if not near(expected, float(outcome.value), 1e-3):
            return f"For {name}\nexpected: {expected:.4f}\ngot:      {float(outcome.value):.4f}"
    return ""


def _mean(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


NEXT_TOKEN_LOSS = Exercise(
    name="next_token_loss",
    title="A lesson at every token",
    minutes=8,
    reference=next_token_loss,
    cases=_loss_cases,
    properties=(
        matches_reference("the mean of -log p of each next token", 2),
        Property("the last position is not judged", 1, _last_logits_do_not_count),
        Property("0 for a sure right guess, log V for a shrug", 1, _knows_the_ends),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "not shifted",
            _mean,
            (
                "Each position is judged by its own token.",
                "Token t is in the input at position t: a model that copies would get loss 0 for nothing.",
                "The logits at position t predict the token at t + 1: shift one against the other.",
            ),
        ),
        Misconception(
            "shifted the wrong way",
            lambda logits, input_ids: _mean(logits[:, 1:], input_ids[:, :-1]),
            (
                "Each position is judged by the token before it.",
                "That one is known already. The question is what comes next.",
                "Which of the two loses its first entry, and which its last?",
            ),
        ),
        Misconception(
            "the last position predicts the first token",
            lambda logits, input_ids: _mean(logits, input_ids.roll(-1, dims=1)),
            (
                "Your last position is judged by the first token of the text.",
                "roll brings what falls out at one end in at the other; a text is no ring.",
                "There are T positions but only T − 1 next tokens: leave the last logits out.",
            ),
        ),
        Misconception(
            "across the border between two texts",
            lambda logits, input_ids: F.cross_entropy(logits.flatten(0, 1)[:-1], input_ids.flatten()[1:]),
            (
                "The last position of one text is judged by the first token of the next.",
                "Once the batch is one long row, the border is forgotten.",
                "Shift first, within each text, and flatten afterwards.",
            ),
        ),
        Misconception(
            "the sum, not the mean",
            lambda logits, input_ids: (
                objectives.next_token_loss(logits, input_ids) * input_ids[:, 1:].numel()
            ),
            (
                "Your loss is a sum.",
                "It grows with the length of the text, so losses of two batches cannot be compared.",
                "Divide by the number of predictions.",
            ),
        ),
        Misconception(
            "divided by T instead of T − 1",
            lambda logits, input_ids: (
                objectives.next_token_loss(logits, input_ids) * (input_ids.shape[1] - 1) / input_ids.shape[1]
            ),
            (
                "You divide by the number of tokens.",
                "There is one prediction less than there are tokens in each text.",
                "How many rows are left after the shift? Let .mean() count them.",
            ),
        ),
        Misconception(
            "softmax twice",
            lambda logits, input_ids: objectives.next_token_loss(logits.softmax(-1), input_ids),
            (
                "The softmax is applied twice.",
                "F.cross_entropy expects logits and takes the softmax itself; twice makes all words alike.",
                "Hand it the logits as they are.",
            ),
        ),
        Misconception(
            "softmax over the positions",
            lambda logits, input_ids: (
                -logits.log_softmax(1)[:, :-1].gather(-1, input_ids[:, 1:].unsqueeze(-1)).mean()
            ),
            (
                "Your softmax runs over the positions, not over the words.",
                "The question is which word comes next, so the probabilities of the V words must sum to 1.",
                "logits are (B, T, V): the axis of the words is the last one.",
            ),
        ),
        Misconception(
            "probability instead of its logarithm",
            lambda logits, input_ids: (
                -logits.softmax(-1)[:, :-1].gather(-1, input_ids[:, 1:].unsqueeze(-1)).mean()
            ),
            (
                "You average the probabilities, without a logarithm.",
                "-log p punishes a confident mistake without limit; -p shrugs at it.",
                "log_softmax instead of softmax.",
            ),
        ),
        Misconception(
            "the sign is forgotten",
            lambda logits, input_ids: -_mean(logits[:, :-1], input_ids[:, 1:]),
            (
                "Your loss is negative.",
                "The logarithm of a probability is never above 0, and a loss is to be small when the guess "
                "is good: it is *minus* log p.",
                "A minus in front of the mean.",
            ),
        ),
    ),
)
