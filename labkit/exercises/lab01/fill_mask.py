"""Exercise 1.5: fill a blank."""

import functools
import random

import torch

from labkit import cloze
from labkit.cloze import BLANK
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged, matches_reference


def fill_mask(model, text, k):
    """labkit.cloze.fill_mask."""
    return cloze.fill_mask(model, text, k)


@functools.cache
def _bert():
    from labkit.models import load

    return load("bert-mini")


SENTENCES = (
    "The [MASK] sat on the mat.",
    "It was the worst [MASK] I have ever seen.",
    "She opened the door and went into the [MASK].",
    "Once upon a [MASK] there was a little girl.",
    "I laughed, because the film was very [MASK] indeed, and so did my sister.",
    "He did not know what to [MASK].",
)


def _fill_cases(seed):
    rng = random.Random(seed)
    sentences = SENTENCES if seed == 1 else rng.sample(SENTENCES, len(SENTENCES))
    return [
        Case((_bert(), text, k), f'fill_mask(bert, "{text}", k={k})')
        for text, k in zip(sentences, (5, 3, 1, 4, 5, 2), strict=True)
    ]


@torch.inference_mode()
def _logits(model, text):
    """input_ids (T,) and logits (T, V) of one text."""
    batch = model.tokenizer(text, return_tensors="pt")
    return batch.input_ids[0], model.network(**batch).logits[0]


def _filler(position=None, scores=None, largest=True, renormalise=False, as_words=True):
    """fill_mask with single choices made wrongly."""

    def wrong(model, text, k):
        input_ids, logits = _logits(model, text)
        index = (input_ids == model.tokenizer.mask_token_id).nonzero().item()
        if position is not None:
            index = position(input_ids, text, index)
        values = (scores or (lambda all_logits: all_logits.softmax(-1)))(logits)[index]
        best = values.topk(k, largest=largest)
        probs = best.values / best.values.sum() if renormalise else best.values
        words = [model.tokenizer.decode([i]) if as_words else i for i in best.indices.tolist()]
        return list(zip(words, probs.tolist(), strict=True))

    return wrong


def _pairs(output, case):
    return [(word.strip() if isinstance(word, str) else word, _number(prob)) for word, prob in output]


def _number(prob):
    return prob.item() if isinstance(prob, torch.Tensor) else float(prob)


def _words_differ(expected, seen):
    if not isinstance(seen, list):
        return f"expected: a list of (word, probability)\ngot:      {seen}"
    words, got = [word for word, _ in expected], [word for word, _ in seen]
    return "" if words == got else expected_got(words, got)


FILL_MASK = Exercise(
    name="fill_mask",
    title="Fill the blank",
    minutes=10,
    reference=fill_mask,
    cases=_fill_cases,
    observe=_pairs,
    properties=(
        Property("the k most probable words, best first", 2, each_case(_words_differ)),
        matches_reference("each with its probability", 2),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the first position instead of the blank",
            _filler(position=lambda ids, text, index: 0),
            (
                "You read the prediction at the first token.",
                "That is [CLS]. Every position has its own prediction; the blank's stands at the blank.",
                "Find where input_ids equals tokenizer.mask_token_id.",
            ),
        ),
        Misconception(
            "the last position instead of the blank",
            _filler(position=lambda ids, text, index: -1),
            (
                "You read the prediction at the last token.",
                "A decoder predicts there; an encoder predicts every token at its own place.",
                "Find where input_ids equals tokenizer.mask_token_id.",
            ),
        ),
        Misconception(
            "position counted in words",
            _filler(position=lambda ids, text, index: [w.strip(".,") for w in text.split()].index(BLANK)),
            (
                "You read one place beside the blank.",
                "Counting words forgets the [CLS] in front, and that words can be several pieces.",
                "Count in tokens: where does input_ids equal tokenizer.mask_token_id?",
            ),
        ),
        Misconception(
            "logits instead of probabilities",
            _filler(scores=lambda logits: logits),
            (
                "Your numbers are logits: they do not lie between 0 and 1.",
                "A softmax turns the V logits of a position into probabilities that sum to 1.",
                "softmax over the words before you take the top k.",
            ),
        ),
        Misconception(
            "softmax over the positions",
            _filler(scores=lambda logits: logits.softmax(0)),
            (
                "Your probabilities sum to 1 over the positions of the sentence.",
                "The question is which word stands at the blank: they must sum to 1 over the words.",
                "The axis of the words is the last one: softmax(dim=-1).",
            ),
        ),
        Misconception(
            "softmax over the top k only",
            _filler(renormalise=True),
            (
                "Your probabilities sum to 1 over the k words alone.",
                "The other words of the vocabulary have their share too, and a sure model differs from an "
                "unsure one just in how large it is.",
                "First softmax over the whole vocabulary, then topk.",
            ),
        ),
        Misconception(
            "the least probable words",
            _filler(largest=False),
            (
                "Your words are the least probable ones.",
                "Sorting puts the smallest first unless told otherwise.",
                "torch.topk, or argsort with descending=True.",
            ),
        ),
        Misconception(
            "ids instead of words",
            _filler(as_words=False),
            (
                "You return token ids, not words.",
                "An id means nothing without its vocabulary.",
                "tokenizer.decode([id]) gives the word.",
            ),
        ),
    ),
)
