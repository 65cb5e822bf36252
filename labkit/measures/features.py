"""Hidden states to vectors: of a batch, of a text, of a word, from a frozen model.

Lab 03 asks students to write `hidden_states`, `pool` and `token_vector`; these are the functions it compares
with. `extract` and `word_vectors` do the same for thousands of texts, fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from labkit.messages import LabkitError
from labkit.models.checks import require_numbers, require_whole
from labkit.models.encoding import check_text, closing_ids, encode_all, pad, tokenize
from labkit.models.loading import require_model
from labkit.models.packed import Packed, body_of, fits
from labkit.models.steady import device_of, steady

if TYPE_CHECKING:
    from labkit.models.loading import Model

POOLINGS = ("cls", "mean", "last")
TOKENS_PER_BATCH = 1024  # measured: smaller batches pay for Python, larger ones leave the processor's cache


@steady
def encode_batch(model: Model, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """Texts as one batch for the network: {"input_ids": (B, T), "attention_mask": (B, T)}, int64.

    Padded on the right, the mask 0 there. A text longer than the model takes is cut off at its end (an
    encoder's closing [SEP] stays). Raises LabkitError for no texts at all and for an empty one.
    """
    return pad(encode_all(model, texts))


@steady
def hidden_states(model: Model, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Every layer's vector of every token: (hidden, attention_mask), the same in a batch as alone.

    hidden: (L + 1, B, T, D); layer 0 is the embeddings, before any attention. What stands where the mask
    (B, T) is 0 means nothing. Raises LabkitError as `encode_batch` does.
    """
    batch = encode_batch(model, texts)
    states = torch.stack(_states(model, batch)).float().cpu()  # (L + 1, B, T, D)
    require_numbers(model.name, states[-1][batch["attention_mask"].bool()])
    return states, batch["attention_mask"]


def pool(hidden: torch.Tensor, attention_mask: torch.Tensor, how: str) -> torch.Tensor:
    """One vector a text, (B, T, D) and (B, T) -> (B, D). Padding may stand on either side.

    how: "cls" (the first real token), "mean" (over the real tokens) or "last" (the last real token).
    Raises LabkitError for another `how` and for a text without any real token.
    """
    _require_pooling(how)
    mask = attention_mask.to(hidden.device).bool()
    if not mask.any(dim=1).all():
        raise LabkitError("A text has no real token: its row of attention_mask is all 0.")
    if how == "mean":
        kept = hidden.masked_fill(~mask.unsqueeze(-1), 0.0)  # not a product: 0 times NaN is NaN
        return kept.sum(dim=1) / mask.sum(dim=1, keepdim=True)
    positions = torch.arange(hidden.shape[1], device=hidden.device).expand_as(mask)
    if how == "cls":
        index = positions.masked_fill(~mask, hidden.shape[1]).min(dim=1).values
    else:
        index = positions.masked_fill(~mask, -1).max(dim=1).values
    return hidden[torch.arange(len(hidden), device=hidden.device), index]


def token_vector(model: Model, text: str, word: str) -> torch.Tensor:
    """One vector a layer for a word in its sentence: the mean over the word's pieces.  -> (L + 1, D)

    word: as `word_span` finds it. Raises LabkitError when the text does not hold it as a whole word, or only
    behind the model's longest input.
    """
    return word_vectors(model, [text], [word])[0]


def word_span(text: str, word: str) -> tuple[int, int]:
    """(start, end) of the first place where `word` stands in `text` as a whole word, in characters.

    Upper and lower case count as the same. Raises LabkitError when it is not there.
    """
    text, word = check_text(text), check_text(word, "The word").strip()
    # Not \b: a "word" may begin or end with a sign (":-)", an emoji), where \b would want a letter beside it.
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags=re.IGNORECASE)
    if not found:
        raise LabkitError(f"{word!r} does not stand as a whole word in {text!r:.120}.")
    return found.span()


@steady
def word_pieces(model: Model, text: str, word: str) -> list[int]:
    """The positions of the pieces that spell `word` in the model's input: a list of int.

    A byte-level piece begins with the space before its word, so a piece belongs to the word when the two
    overlap, not when they begin together. Raises LabkitError as `token_vector` does.
    """
    require_model(model, "word_pieces(labkit.load('bert'), text, word)")
    start, end = word_span(text, word)
    encoded = tokenize(model.tokenizer, check_text(text), return_offsets_mapping=True)
    spans = encoded.offset_mapping
    pieces = [k for k, (left, right) in enumerate(spans) if left < end and right > start]
    if not pieces:
        raise LabkitError(f"The tokenizer of {model.name} keeps nothing of {word!r}: it can't be seen.")
    if pieces[-1] >= model.max_length - len(closing_ids(model, encoded.input_ids)):
        raise LabkitError(
            f"{word!r} stands behind the {model.max_length} pieces that {model.name} takes. Shorten the text."
        )
    return pieces


@steady
def word_vectors(model: Model, texts: Sequence[str], words: Sequence[str]) -> torch.Tensor:
    """`token_vector` of many texts, each with its word.  -> (N, L + 1, D) float32 tensor

    words: as many as texts. Raises LabkitError as `token_vector` does.
    """
    texts, words = list(texts), list(words)
    if len(texts) != len(words):
        raise LabkitError(f"Each text needs its word: there are {len(texts)} texts and {len(words)} words.")
    encoded = encode_all(model, texts)
    pieces = [word_pieces(model, text, word) for text, word in zip(texts, words, strict=True)]
    vectors = torch.zeros(len(texts), model.num_layers + 1, model.width)
    for chosen, lengths, states in _in_batches(model, encoded):
        starts = np.cumsum([0, *lengths])
        for number, start in zip(chosen, starts, strict=False):
            places = [int(start) + piece for piece in pieces[number]]
            vectors[number] = torch.stack([hidden[places].mean(dim=0) for hidden in states])
    return vectors


@steady
def extract(
    model: Model, texts: Sequence[str], how: str = "mean", tokens_per_batch: int = TOKENS_PER_BATCH
) -> np.ndarray:
    """One vector for each text and layer, from a frozen model: `pool` of `hidden_states`, fast.

    Texts are sorted by length and go through without padding (models/packed.py); the result is in the texts'
    own order. A text longer than the model takes is cut off at its end.

    model: a labkit Model.
    how: "cls" (the first token), "mean" (over the real tokens) or "last" (the last real token).
    tokens_per_batch: about so many tokens go through the network at once.

    Returns (N, L + 1, D) float32; layer 0 is the embeddings. Raises LabkitError for another `how`, for no
    texts and for an empty text.
    """
    _require_pooling(how)
    require_whole("tokens_per_batch", tokens_per_batch, 1)
    return _extract(model, texts, (how,), tokens_per_batch)[how]


@steady
def extract_poolings(
    model: Model, texts: Sequence[str], tokens_per_batch: int = TOKENS_PER_BATCH
) -> dict[str, np.ndarray]:
    """{"cls": ..., "mean": ..., "last": ...}: each as `extract` gives it, but the texts are read once."""
    require_whole("tokens_per_batch", tokens_per_batch, 1)
    return _extract(model, texts, POOLINGS, tokens_per_batch)


def _extract(
    model: Model, texts: Sequence[str], poolings: Sequence[str], tokens_per_batch: int
) -> dict[str, np.ndarray]:
    encoded = encode_all(model, texts)
    shape = (len(encoded), model.num_layers + 1, model.width)
    rows = {how: np.empty(shape, dtype=np.float32) for how in poolings}
    for chosen, lengths, states in _in_batches(model, encoded, tokens_per_batch):
        for layer, hidden in enumerate(states):
            for how in poolings:
                rows[how][chosen, layer] = _pool_packed(hidden, lengths, how).numpy()
    return rows


def _pool_packed(hidden: torch.Tensor, lengths: list[int], how: str) -> torch.Tensor:
    """`pool` of texts laid end to end: (T, D) and B lengths -> (B, D)."""
    ends = torch.tensor(lengths).cumsum(dim=0)
    if how == "cls":
        return hidden[ends - torch.tensor(lengths)]
    if how == "last":
        return hidden[ends - 1]
    return torch.stack([text.mean(dim=0) for text in hidden.split(lengths)])


def _require_pooling(how: str) -> None:
    if how not in POOLINGS:
        raise LabkitError(f"how is one of {', '.join(POOLINGS)}; it was {how!r}.")


def _in_batches(
    model: Model, encoded: list[list[int]], tokens_per_batch: int = TOKENS_PER_BATCH
) -> Iterator[tuple[list[int], list[int], Sequence[torch.Tensor]]]:
    """(numbers of the texts, their lengths, states) of each batch, the shortest texts first.

    states: L + 1 tensors (T, D), the batch's texts end to end.
    """
    packed = Packed(model.network) if fits(model.network) else None
    order = sorted(range(len(encoded)), key=lambda k: len(encoded[k]))
    start = 0
    while start < len(order):
        end, num_tokens = start + 1, len(encoded[order[start]])
        while end < len(order) and num_tokens + len(encoded[order[end]]) <= tokens_per_batch:
            num_tokens += len(encoded[order[end]])
            end += 1
        chosen = order[start:end]
        rows = [encoded[k] for k in chosen]
        if packed:
            states = [hidden.float().cpu() for hidden in packed.hidden_states(rows)]
        else:
            batch = pad(rows)
            real = batch["attention_mask"].bool()
            states = [hidden.float().cpu()[real] for hidden in _states(model, batch)]
        require_numbers(model.name, states[-1])
        yield chosen, [len(row) for row in rows], states
        start = end


def _states(model: Model, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The L + 1 hidden states, (B, T, D) each. The output head is left out: it is most of the arithmetic."""
    inputs = {name: tensor.to(device_of(model.network)) for name, tensor in batch.items()}
    return body_of(model.network)(**inputs, output_hidden_states=True).hidden_states
