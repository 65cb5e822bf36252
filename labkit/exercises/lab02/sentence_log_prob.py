"""Exercise 2.6: how likely is a sentence?"""

import functools
import math
import random

import torch

from labkit import generation
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference


def sentence_log_prob(model, text):
    """labkit.generation.sentence_log_prob."""
    return generation.sentence_log_prob(model, text)


@functools.cache
def gpt():
    """The bundled decoder, loaded once."""
    from labkit.models import load

    return load("gpt-mini")


ONE_TOKEN = ("The", "It", "She", "He")
SENTENCES = (
    "The cat sat on the mat.",
    "It was the worst film I have ever seen.",
    "Once upon a time there was a little girl.",
    "She opened the door and looked outside.",
    "I laughed so much that I cried.",
)


def _sentence_cases(seed):
    rng = random.Random(seed)
    texts = [*SENTENCES[:1], *ONE_TOKEN[:1], *SENTENCES[1:3]]
    if seed != 1:
        texts = [*rng.sample(SENTENCES, 2), rng.choice(ONE_TOKEN), rng.choice(SENTENCES)]
    return [Case((gpt(), text), f'sentence_log_prob(gpt, "{text}")') for text in texts]


@torch.inference_mode()
def _log_probs(model, ids, axis=-1):
    """log P of each next token, (T,), and the model's highest, (T,)."""
    log_probs = model.network(input_ids=torch.tensor([ids])).logits[0].log_softmax(axis)[:-1]  # (T, V)
    return log_probs.gather(-1, torch.tensor(ids)[1:, None])[:, 0], log_probs.max(dim=-1).values


def _scorer(start=True, end=False, combine=torch.sum, favourite=False, axis=-1):
    """sentence_log_prob with single choices made wrongly."""

    def wrong(model, text):
        special = [model.tokenizer.eos_token_id]
        ids = special * start + model.tokenizer(text).input_ids + special * end
        own, best = _log_probs(model, ids, axis)
        return combine(best if favourite else own).item()

    return wrong


@torch.inference_mode()
def _not_shifted(model, text):
    ids = torch.tensor([[model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids]])
    log_probs = model.network(input_ids=ids).logits[0, 1:].log_softmax(dim=-1)
    return log_probs.gather(-1, ids[0, 1:, None]).sum().item()


def _mean_times_ids(model, text):
    ids = [model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids]
    return _log_probs(model, ids)[0].mean().item() * len(ids)


SENTENCE_LOG_PROB = Exercise(
    name="sentence_log_prob",
    title="How likely is a sentence?",
    minutes=8,
    reference=sentence_log_prob,
    cases=_sentence_cases,
    observe=lambda output, case: float(torch.as_tensor(output).detach()),
    properties=(
        matches_reference("the sum of log P over all tokens", 3, lambda case: case.args[1] not in ONE_TOKEN),
        matches_reference("a text of a single token too", 1, lambda case: case.args[1] in ONE_TOKEN),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the first token is left out",
            _scorer(start=False),
            (
                "P(first token) is missing from your sum.",
                "The chain begins with P(w_1), given nothing but that a text begins.",
                "Put the end-of-text token in front: what follows it is how texts begin.",
            ),
        ),
        Misconception(
            "the end of the text is counted as well",
            _scorer(end=True),
            (
                "Your sum has one factor too many.",
                "Whether the text ends here is another question; this sum stops with the last token.",
                "The end-of-text token stands in front, not behind.",
            ),
        ),
        Misconception(
            "the mean instead of the sum",
            _scorer(combine=torch.mean),
            (
                "You average over the tokens.",
                "Probabilities multiply along the chain, so their logarithms add up: longer texts are "
                "less likely.",
                "Sum the log-probabilities.",
            ),
        ),
        Misconception(
            "the probability instead of its logarithm",
            _scorer(combine=lambda log_probs: log_probs.sum().exp()),
            (
                "Your result is a probability, not its logarithm.",
                "A product of a hundred small numbers is 0 to a computer; a sum of a hundred logarithms "
                "is not.",
                "Leave the logarithms as they are: no exp.",
            ),
        ),
        Misconception(
            "the sign is turned around",
            _scorer(combine=lambda log_probs: -log_probs.sum()),
            (
                "Your result is positive.",
                "The logarithm of a probability is never above 0. With a minus it is a loss.",
                "F.cross_entropy has that minus built in; log P has none.",
            ),
        ),
        Misconception(
            "judged by its own token",
            _not_shifted,
            (
                "You read the probability of each token where that token already stands in the input.",
                "The prediction for a token is made one position earlier, where it is not known yet.",
                "Leave out the last logits and the first id, so that they meet.",
            ),
        ),
        Misconception(
            "the model's favourite instead of the text's token",
            _scorer(favourite=True),
            (
                "You sum the probabilities of the likeliest tokens.",
                "The question is how likely *this* text is, whatever the model would have liked to read.",
                "Pick with gather, or with the token's id: log_probs[t, ids[t + 1]].",
            ),
        ),
        Misconception(
            "softmax over the positions",
            _scorer(axis=0),
            (
                "Your softmax runs over the positions.",
                "At each position the probabilities of the V words must sum to 1.",
                "The axis of the words is the last one: log_softmax(dim=-1).",
            ),
        ),
        Misconception(
            "logarithm to base 2",
            _scorer(combine=lambda log_probs: log_probs.sum() / math.log(2)),
            (
                "Your result is in bits.",
                "The slides and PyTorch use the natural logarithm: nats.",
                "torch.log instead of torch.log2.",
            ),
        ),
        Misconception(
            "the mean times all ids",
            _mean_times_ids,
            (
                "Your sum is too large: a mean, multiplied by one token too many.",
                "The model's loss is a mean over the tokens that have something before them. The end-of-text "
                "token in front is not predicted.",
                "How many predictions does a text of T tokens have, with one token put in front?",
            ),
        ),
    ),
)
