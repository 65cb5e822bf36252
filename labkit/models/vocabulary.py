"""From ids to words: what the tokenizer can spell, which pieces begin a word, and logits of those alone.

A network may have more rows than its tokenizer has pieces: nanoGPT pads GPT-2's vocabulary to a multiple of
64. Such an id has no spelling, so it is never shown and never drawn.
Shapes: B batch, T tokens, V vocabulary.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

from labkit.models.checks import require_numbers
from labkit.models.steady import device_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from labkit.models.loading import Model

# tokenizer -> (its length, the network's rows, mask)
_known: weakref.WeakKeyDictionary[PreTrainedTokenizerBase, tuple] = weakref.WeakKeyDictionary()
_begins: weakref.WeakKeyDictionary[PreTrainedTokenizerBase, tuple] = weakref.WeakKeyDictionary()

# How a tokenizer marks the beginning of a word: byte-level, SentencePiece, or the space itself.
SPACES = ("\u0120", "\u2581", " ")


def known_ids(model: Model) -> torch.Tensor:
    """True for the network's ids that the tokenizer has a piece for.  (V,) bool"""
    tokenizer, rows = model.tokenizer, model.network.config.vocab_size
    kept = _known.get(tokenizer)
    if kept is None or kept[:2] != (len(tokenizer), rows):
        known = torch.zeros(rows, dtype=torch.bool, device="cpu")
        ids = torch.tensor(sorted(tokenizer.get_vocab().values()), device="cpu")
        known[ids[ids < rows]] = True
        _known[tokenizer] = kept = (len(tokenizer), rows, known)
    return kept[2]


def ordinary_ids(model: Model) -> torch.Tensor:
    """The ids of pieces that are no special tokens, in order.  (N,) int64"""
    known = known_ids(model).clone()
    known[torch.tensor([k for k in model.tokenizer.all_special_ids if k < len(known)], dtype=torch.long)] = 0
    return known.nonzero().flatten()


def logits(
    model: Model, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **options: Any
) -> torch.Tensor:
    """The network's logits as float32 on the CPU, -inf where the tokenizer has no piece.  (B, T) -> (B, T, V)

    The inputs go to where the network is.
    """
    device = device_of(model.network)
    if attention_mask is not None:
        options["attention_mask"] = attention_mask.to(device)
    return spellable(model, model.network(input_ids=input_ids.to(device), **options).logits)


def spellable(model: Model, logits: torch.Tensor) -> torch.Tensor:
    """Logits (..., V) as float32 on the CPU, with -inf where the tokenizer has no piece."""
    logits, known = require_numbers(model.name, logits).float().cpu(), known_ids(model)
    return logits if known.all() else logits.masked_fill(~known, -torch.inf)


def begins_word(tokenizer: PreTrainedTokenizerBase) -> torch.Tensor:
    """True for the ids whose piece begins a word.  (at most V,) bool

    A piece begins with a sign for the space before its word (byte-level BPE, SentencePiece), or goes on with
    a word by a sign of its own (WordPiece's ##). A tokenizer of single characters has neither: every piece
    but the special ones counts.
    """
    kept = _begins.get(tokenizer)
    if kept is None or kept[0] != len(tokenizer):
        _begins[tokenizer] = kept = (len(tokenizer), *_word_beginnings(tokenizer))
    return kept[1]


def marks_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether its pieces tell where a word begins; those of single characters don't."""
    begins_word(tokenizer)
    return _begins[tokenizer][2]


def _word_beginnings(tokenizer: PreTrainedTokenizerBase) -> tuple[torch.Tensor, bool]:
    pieces = {index: piece for piece, index in tokenizer.get_vocab().items()}
    special = set(tokenizer.all_special_ids)
    ordinary = {index: piece for index, piece in pieces.items() if index not in special}
    goes_on = getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None)
    marks = True
    for space in SPACES:
        if any(piece.startswith(space) and len(piece) > 1 for piece in ordinary.values()):
            chosen = [index for index, piece in ordinary.items() if piece.startswith(space)]
            break
    else:
        marks = bool(goes_on) and any(piece.startswith(goes_on) for piece in ordinary.values())
        chosen = [index for index, piece in ordinary.items() if not (marks and piece.startswith(goes_on))]
    begins = torch.zeros(max(pieces) + 1, dtype=torch.bool, device="cpu")
    begins[torch.tensor(chosen, dtype=torch.long, device="cpu")] = True
    return begins, marks


def word_of(tokenizer: PreTrainedTokenizerBase, index: int) -> str:
    """A piece as it reads in a text; its own name where it is blank, or a part of a character."""
    word = tokenizer.decode([index]).strip()
    return word if word and "\ufffd" not in word else tokenizer.convert_ids_to_tokens(index)
