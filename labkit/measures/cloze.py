"""Filling blanks: an encoder's words at [MASK], a decoder's for the next word, and how often they are right.

Lab 01 asks students to write `fill_mask` and `cloze_accuracy`; these are the functions it compares with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from labkit.intervals import accuracy_interval
from labkit.messages import LabkitError
from labkit.models import vocabulary
from labkit.models.checks import is_whole, require_numbers, require_seed, require_share, require_whole
from labkit.models.encoding import (
    check_text,
    check_texts,
    encode,
    mask_id,
    pad,
    require_decoder,
    require_room,
    require_rows,
    start_id,
    tokenize,
)
from labkit.models.loading import require_model
from labkit.models.steady import device_of, steady

if TYPE_CHECKING:
    from labkit.models.loading import Model
    from labkit.texts.datasets import ClozeItem

__all__ = [
    "BLANK",
    "accuracy_at_rate",
    "cloze_accuracy",
    "encode",
    "fill_mask",
    "follows",
    "full_context",
    "left_context",
    "next_words",
]

BLANK = "[MASK]"


@steady
def fill_mask(model: Model, text: str, k: int = 5) -> list[tuple[str, float]]:
    """The k most probable pieces for the one [MASK] in `text` (slides: fill-in-blank challenge).

    Returns [(piece, probability), ...], the most probable first; the probabilities are of the softmax over
    the whole vocabulary. Ids of the network for which the tokenizer has no piece (a padded vocabulary) are
    left out of it. Raises LabkitError for a text without exactly one [MASK], an empty text, a text longer
    than the model takes, and a model that has no masked-word head.
    """
    require_model(model, "fill_mask(labkit.load('bert'), text)")
    _require_head(model)
    input_ids, where = encode_blank(model, text)
    probs = vocabulary.logits(model, input_ids)[0, where].softmax(dim=-1)  # (V,)
    return _top(model, probs, k)


def encode_blank(model: Model, text: str) -> tuple[torch.Tensor, int]:
    """The ids of a text with one [MASK], and where it is: (1, T) int64 and an int.

    Raises LabkitError for a text without exactly one, and as `encode` does.
    """
    _require_blank(text)
    mask_token_id = mask_id(model)
    input_ids = encode(model, text.replace(BLANK, model.tokenizer.mask_token))  # (1, T)
    places = (input_ids[0] == mask_token_id).nonzero().flatten().tolist()
    if len(places) != 1:  # the tokenizer's own sign for it, besides ours
        raise LabkitError(f"The text has {len(places)} blanks for {model.name}; it must have exactly one.")
    return input_ids, places[0]


@steady
def next_words(model: Model, text: str, k: int = 5) -> list[tuple[str, float]]:
    """The k most probable words to come after `text`, for a decoder: [(word, probability), ...].

    Only pieces that begin a word count (a byte-level piece that begins a word begins with its space), so
    that the list can be compared with `fill_mask`'s; where a tokenizer has single characters, all count. An
    empty text asks for the first word.
    """
    require_decoder(model)
    tokenizer, ids = model.tokenizer, [start_id(model)]
    if not isinstance(text, str) or text.strip():
        text = check_text(text)
        ids += tokenize(tokenizer, text.rstrip() if vocabulary.marks_words(tokenizer) else text).input_ids
    require_rows(model, ids)
    require_room(model, len(ids))
    probs = vocabulary.logits(model, torch.tensor([ids]))[0, -1].softmax(dim=-1)  # (V,)
    begins = vocabulary.begins_word(tokenizer)[: len(probs)]
    probs[: len(begins)] *= begins
    probs[len(begins) :] = 0.0
    return _top(model, probs, k)


def full_context(model: Model) -> Callable[[str, int], list[str]]:
    """A predictor that sees the whole sentence: (text, k) -> words. For encoders."""
    return lambda text, k: [word for word, _ in fill_mask(model, text, k)]


def left_context(model: Model) -> Callable[[str, int], list[str]]:
    """A predictor that sees only what stands before the blank: (text, k) -> words.

    An encoder gets the sentence cut off behind [MASK]; a decoder predicts the next word.
    """

    def predict(text: str, k: int) -> list[str]:
        require_model(model, "left_context(labkit.load('bert'))")
        _require_blank(text)
        left = text[: text.index(BLANK)]
        if model.kind == "encoder":
            return [word for word, _ in fill_mask(model, left + BLANK, k)]
        return [word for word, _ in next_words(model, left, k)]

    return predict


def cloze_accuracy(
    predict: Callable[[str, int], list[str]], items: Sequence[ClozeItem], k: int = 5
) -> tuple[float, float, float]:
    """How often a right answer is among the top k, and a 95% confidence interval.

    The interval is the normal approximation p +- 1.96 sqrt(p (1 - p) / n), cut off at 0 and 1.

    predict: (text, k) -> list of words.
    items: objects with `.text` (one [MASK]) and `.answers` (acceptable words).

    Returns (accuracy, low, high), fractions. Raises LabkitError when there are no items.
    """
    if not items:
        raise LabkitError("There are no items to measure on.")
    hits = sum(any(word in item.answers for word in predict(item.text, k)) for item in items)
    return accuracy_interval(hits, len(items))


@steady
def follows(model: Model, firsts: Sequence[str], seconds: Sequence[str]) -> torch.Tensor:
    """P(B follows A) for every A and every B, by the next-sentence head (Devlin et al. 2018, Task 2).

    model: from labkit.models.load_next_sentence. firsts, seconds: lists of N and M sentences.  -> (N, M)
    """
    require_model(model, "follows(labkit.models.load_next_sentence('bert'), firsts, seconds)")
    if not hasattr(getattr(model.network, "cls", None), "seq_relationship"):
        raise LabkitError(
            f"{model.name} has no next-sentence head here: take labkit.models.load_next_sentence('bert')."
        )
    firsts, seconds = check_texts(firsts), check_texts(seconds)
    pairs = [(first, second) for first in firsts for second in seconds]
    batch = tokenize(model.tokenizer, [first for first, _ in pairs], [second for _, second in pairs])
    for row in batch.input_ids:
        require_rows(model, row)
    require_room(model, max(len(row) for row in batch.input_ids))
    inputs = pad(batch.input_ids) | {"token_type_ids": pad(batch.token_type_ids)["input_ids"]}
    device = device_of(model.network)
    logits = model.network(**{name: tensor.to(device) for name, tensor in inputs.items()}).logits
    require_numbers(model.name, logits)
    return logits.float().cpu().softmax(dim=-1)[:, 0].reshape(len(firsts), len(seconds))


@steady
def accuracy_at_rate(
    model: Model, texts: Sequence[str], rate: float, seed: int = 0, batch_size: int = 64
) -> tuple[float, float, float]:
    """Top-1 accuracy at hidden positions when each ordinary token becomes [MASK] with probability `rate`.

    All hidden tokens become [MASK] (no 80/10/10: this measures, it does not train). The masks depend on the
    seed alone. rate: above 0, at most 1. Returns (accuracy, low, high) with a 95% interval. Raises
    LabkitError for another rate, for a model without a masked-word head, and where nothing was hidden.
    """
    require_model(model, "accuracy_at_rate(labkit.load('bert'), texts, 0.15)")
    _require_head(model)
    require_share("rate", rate)
    require_seed(seed)
    require_whole("batch_size", batch_size, 1)
    texts, mask_token_id = check_texts(texts), mask_id(model)
    signs = [k for k in model.tokenizer.all_special_ids if k != model.tokenizer.unk_token_id]
    generator = torch.Generator().manual_seed(seed)
    hits = total = 0
    for start in range(0, len(texts), batch_size):
        rows = tokenize(model.tokenizer, texts[start : start + batch_size]).input_ids
        for number, row in enumerate(rows, start):
            require_rows(model, row, f"Text number {number}")
        require_room(model, max(map(len, rows)))
        batch = pad(rows)
        input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]
        hidden = torch.rand(input_ids.shape, generator=generator) < rate  # (B, T)
        hidden &= attention_mask.bool() & ~torch.isin(input_ids, torch.tensor(signs))
        if not hidden.any():
            continue
        masked = input_ids.masked_fill(hidden, mask_token_id)
        logits = vocabulary.logits(model, masked, attention_mask)  # (B, T, V)
        hits += int((logits[hidden].argmax(-1) == input_ids[hidden]).sum())
        total += int(hidden.sum())
    if not total:
        raise LabkitError(f"At a rate of {rate} nothing was hidden: take more text or a higher rate.")
    return accuracy_interval(hits, total)


def _top(model: Model, probs: torch.Tensor, k: int) -> list[tuple[str, float]]:
    most = int(vocabulary.known_ids(model).sum())
    if not is_whole(k, 1, most):
        raise LabkitError(f"k is how many words you want, from 1 to {most}; it was {k!r}.")
    best = probs.topk(k)
    words = [vocabulary.word_of(model.tokenizer, index) for index in best.indices.tolist()]
    return list(zip(words, best.values.tolist(), strict=True))


def _require_head(model: Model) -> None:
    """Raise LabkitError unless the model can say which words fit a [MASK]."""
    if model.kind != "encoder":
        raise LabkitError(
            f"{model.name} is a decoder: it has no {BLANK}. Take an encoder: labkit.load('bert')"
        )
    if not getattr(model, "has_mlm_head", True):
        raise LabkitError(
            f"{model.name} was published without its masked-word head, so it cannot fill a blank. "
            "Take labkit.load('bert')."
        )


def _require_blank(text: str) -> None:
    text = check_text(text)
    if text.count(BLANK) != 1:
        raise LabkitError(
            f"The text has {text.count(BLANK)} times {BLANK}; it must have exactly one, in capitals and "
            f"square brackets: 'The {BLANK} sat on the mat.'"
        )
