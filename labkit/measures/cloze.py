"""Filling blanks: the top words of an encoder at [MASK], of a decoder for the next word, and how often
they are right.

Lab 01 asks students to write `fill_mask` and `cloze_accuracy`; these are the functions it compares with.
"""

import torch

from labkit.intervals import accuracy_interval
from labkit.messages import LabkitError

BLANK = "[MASK]"


@torch.inference_mode()
def fill_mask(model, text, k=5):
    """The k most probable pieces for the one [MASK] in `text` (slides: fill-in-blank challenge).

    Returns [(piece, probability), ...], the most probable first; the probabilities are of the softmax over
    the whole vocabulary. Raises LabkitError for a text without exactly one [MASK], an empty text, a text
    longer than the model takes, and a model that has no masked-word head.
    """
    if model.kind != "encoder":
        raise LabkitError(
            f"{model.name} is a decoder: it has no {BLANK}. Take an encoder: labkit.load('bert')"
        )
    if not getattr(model, "has_mlm_head", True):
        raise LabkitError(
            f"{model.name} was published without its masked-word head, so it cannot fill a blank. "
            "Take labkit.load('bert')."
        )
    _require_blank(text)
    input_ids = encode(model, text.replace(BLANK, model.tokenizer.mask_token))  # (1, T)
    where = (input_ids[0] == model.tokenizer.mask_token_id).nonzero().item()
    logits = model.network(input_ids=input_ids).logits[0, where]  # (V,)
    return _top(model, logits.softmax(dim=-1), k)


@torch.inference_mode()
def next_words(model, text, k=5):
    """The k most probable words to come after `text`, for a decoder: [(word, probability), ...].

    Only pieces that begin a word count (a byte-level piece that begins a word begins with its space), so
    that the list can be compared with `fill_mask`'s. An empty text asks for the first word.
    """
    tokenizer = model.tokenizer
    ids = [tokenizer.eos_token_id] + (tokenizer(text.rstrip()).input_ids if text.strip() else [])
    _require_length(model, len(ids))
    probs = model.network(input_ids=torch.tensor([ids])).logits[0, -1].softmax(dim=-1)  # (V,)
    return _top(model, probs * _begins_word(tokenizer), k)


def encode(model, text):
    """Token ids of one text, checked: not empty, not longer than the model takes.  -> (1, T)"""
    if not isinstance(text, str):
        raise LabkitError(f"The text must be a string, not {type(text).__name__}.")
    if not text.strip():
        raise LabkitError("The text is empty. Write a sentence.")
    input_ids = model.tokenizer(text, return_tensors="pt").input_ids  # (1, T)
    _require_length(model, input_ids.shape[1])
    return input_ids


def full_context(model):
    """A predictor that sees the whole sentence: (text, k) -> words. For encoders."""
    return lambda text, k: [word for word, _ in fill_mask(model, text, k)]


def left_context(model):
    """A predictor that sees only what stands before the blank: (text, k) -> words.

    An encoder gets the sentence cut off behind [MASK]; a decoder predicts the next word.
    """

    def predict(text, k):
        _require_blank(text)
        left = text[: text.index(BLANK)]
        if model.kind == "encoder":
            return [word for word, _ in fill_mask(model, left + BLANK, k)]
        return [word for word, _ in next_words(model, left, k)]

    return predict


def cloze_accuracy(predict, items, k=5):
    """How often a right answer is among the top k, and a 95% confidence interval.

    The interval is the normal approximation p +- 1.96 sqrt(p (1 - p) / n), cut off at 0 and 1.

    Args:
        predict: (text, k) -> list of words.
        items: objects with `.text` (one [MASK]) and `.answers` (acceptable words).

    Returns:
        (accuracy, low, high), fractions. Raises LabkitError when there are no items.
    """
    if not items:
        raise LabkitError("There are no items to measure on.")
    hits = sum(any(word in item.answers for word in predict(item.text, k)) for item in items)
    return accuracy_interval(hits, len(items))


@torch.inference_mode()
def follows(model, firsts, seconds):
    """P(B follows A) for every A and every B, by the next-sentence head (Devlin et al. 2018, Task 2).

    model: from labkit.models.load_next_sentence. firsts, seconds: lists of N and M sentences.  -> (N, M)
    """
    pairs = [(first, second) for first in firsts for second in seconds]
    batch = model.tokenizer(
        [first for first, _ in pairs], [second for _, second in pairs], padding=True, return_tensors="pt"
    )
    _require_length(model, batch.input_ids.shape[1])
    probs = model.network(**batch).logits.softmax(dim=-1)[:, 0]  # (N * M,)
    return probs.reshape(len(firsts), len(seconds))


@torch.inference_mode()
def accuracy_at_rate(model, texts, rate, seed=0, batch_size=64):
    """Top-1 accuracy at hidden positions when each ordinary token becomes [MASK] with probability `rate`.

    All hidden tokens become [MASK] (no 80/10/10: this measures, it does not train). The masks depend on the
    seed alone. Returns (accuracy, low, high) with a 95% interval.
    """
    tokenizer = model.tokenizer
    generator = torch.Generator().manual_seed(seed)
    hits = total = 0
    for start in range(0, len(texts), batch_size):
        batch = tokenizer(
            texts[start : start + batch_size],
            padding=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        hidden = torch.rand(batch.input_ids.shape, generator=generator) < rate  # (B, T)
        hidden &= ~batch.special_tokens_mask.bool()
        if not hidden.any():
            continue
        masked = batch.input_ids.masked_fill(hidden, tokenizer.mask_token_id)
        logits = model.network(input_ids=masked, attention_mask=batch.attention_mask).logits  # (B, T, V)
        hits += (logits[hidden].argmax(-1) == batch.input_ids[hidden]).sum().item()
        total += int(hidden.sum())
    if not total:
        raise LabkitError(f"At a rate of {rate} nothing was hidden: take more text or a higher rate.")
    return accuracy_interval(hits, total)


def _top(model, probs, k):
    if not isinstance(k, int) or not 1 <= k <= len(probs):
        raise LabkitError(f"k is how many words you want, from 1 to {len(probs)}; it was {k!r}.")
    best = probs.topk(k)
    words = [model.tokenizer.decode([index]).strip() for index in best.indices.tolist()]
    return list(zip(words, best.values.tolist(), strict=True))


def _begins_word(tokenizer):
    """1 for the ids whose piece begins a word, 0 for the others.  (V,)"""
    if not hasattr(tokenizer, "_begins_word"):
        pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        tokenizer._begins_word = torch.tensor([float(piece.startswith("\u0120")) for piece in pieces])
    return tokenizer._begins_word


def _require_blank(text):
    if not isinstance(text, str):
        raise LabkitError(f"The text must be a string, not {type(text).__name__}.")
    if not text.strip():
        raise LabkitError(f"The text is empty. Write a sentence with one {BLANK} in it.")
    if text.count(BLANK) != 1:
        raise LabkitError(
            f"The text has {text.count(BLANK)} times {BLANK}; it must have exactly one, in capitals and "
            f"square brackets: 'The {BLANK} sat on the mat.'"
        )


def _require_length(model, length):
    if length > model.max_length:
        raise LabkitError(
            f"The text is {length} pieces long; {model.name} takes at most {model.max_length}. Shorten it."
        )
