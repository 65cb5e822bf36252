"""From texts to ids: the one place that checks a text, calls the tokenizer, and says what is wrong.

A special token that is written out in a text ("[MASK]", "[SEP]", "<|endoftext|>") is read as that token, as
all of `transformers` does. Shapes: B batch, T tokens.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from labkit.messages import LabkitError
from labkit.models.loading import require_model

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

    from labkit.models.loading import Model

SURROGATE = re.compile("[\ud800-\udfff]")


def check_text(text: Any, what: str = "The text") -> str:
    """The text as a plain str. Raises LabkitError for anything else, for an empty text and half characters.

    what: how the message begins.
    """
    if not isinstance(text, str):
        raise LabkitError(f"{what} must be a string, not {_described(text)}")
    text = str(text)  # numpy's str_ is one, but tokenizers don't take it
    if not text.strip():
        raise LabkitError(f"{what} is empty: {text!r:.60}. Write at least one word.")
    if half := SURROGATE.search(text):
        raise LabkitError(
            f"{what} holds half a character, {half.group()!r} at {half.start()}: no tokenizer takes it. "
            "An emoji was cut in two, or written as two escapes. Put halves together, and drop the rest: "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'ignore')"
        )
    return text


def check_texts(texts: Any, needed: str = "Give at least one.") -> list[str]:
    """A list of texts, each checked by `check_text`. Raises LabkitError too for one text and for none."""
    if isinstance(texts, str):
        raise LabkitError(f"texts is a list of texts; it was one text: {texts!r:.60}. Write [text].")
    if isinstance(texts, (bytes, bytearray, dict)):
        raise LabkitError(f"texts is a list of texts; it was {_described(texts)}")
    try:
        texts = list(texts)
    except TypeError:
        raise LabkitError(f"texts is a list of texts; it was {_described(texts)}") from None
    if not texts:
        raise LabkitError(f"There are no texts: the list is empty. {needed}")
    return [check_text(text, f"Text number {number}") for number, text in enumerate(texts)]


def encode(model: Model, text: str) -> torch.Tensor:
    """Token ids of one text, checked: not empty, not longer than the model takes.  -> (1, T) int64"""
    require_model(model, "attention_maps(labkit.load('bert'), text)")
    (ids,) = _all_ids(model, [check_text(text)], ["The text"])
    require_room(model, len(ids))
    return torch.tensor([ids], device="cpu")


def encode_all(model: Model, texts: Sequence[str]) -> list[list[int]]:
    """Lists of ids, each cut at its end to what the model takes (an encoder's closing [SEP] stays).

    Raises LabkitError for no texts, and for one that is no text.
    """
    require_model(model, "extract(labkit.load('bert'), texts)")
    texts = check_texts(texts)
    names = [f"Text number {number}" for number in range(len(texts))]
    rows = []
    for ids in _all_ids(model, texts, names):
        closing = closing_ids(model, ids)
        rows.append(ids if len(ids) <= model.max_length else ids[: model.max_length - len(closing)] + closing)
    return rows


def encode_prompt(model: Model, text: str) -> torch.Tensor:
    """The ids of a text behind the token that begins every text, for a decoder: (1, 1 + T) int64.

    Raises LabkitError for an encoder, for no text, and for one that is longer than the model takes.
    """
    require_decoder(model)
    (ids,) = _all_ids(model, [check_text(text)], ["The text"])
    require_room(model, 1 + len(ids))
    ids = [start_id(model), *ids]
    require_rows(model, ids)
    return torch.tensor([ids], device="cpu")


def pad(rows: Sequence[list[int]]) -> dict[str, torch.Tensor]:
    """Lists of ids to {"input_ids": (B, T), "attention_mask": (B, T)}, padded on the right.

    The padding's id is of no account: the mask is 0 there.
    """
    length = max(len(row) for row in rows)
    input_ids = torch.zeros(len(rows), length, dtype=torch.long, device="cpu")
    attention_mask = torch.zeros_like(input_ids)
    for k, row in enumerate(rows):
        input_ids[k, : len(row)] = torch.tensor(row, device="cpu")
        attention_mask[k, : len(row)] = 1
    return {"input_ids": input_ids, "attention_mask": attention_mask}


def tokenize(tokenizer: PreTrainedTokenizerBase, *texts: Any, **options: Any) -> BatchEncoding:
    """What the tokenizer makes of texts, neither padded nor cut, whatever it has been set to before."""
    with _own_settings(tokenizer):
        return tokenizer(*texts, padding=False, truncation=False, verbose=False, **options)


def closing_ids(model: Model, ids: list[int]) -> list[int]:
    """The special token that an encoder's texts end with, as a list: of one id, or empty."""
    closing = model.tokenizer.sep_token_id
    return ids[-1:] if model.kind == "encoder" and closing is not None and ids[-1] == closing else []


def start_id(model: Model) -> int:
    """The id of the token that begins every text: the beginning-of-text token, else the end-of-text one.

    GPT-2's are the same, the only start that its training knew. Raises LabkitError where there is neither.
    """
    for found in (model.tokenizer.bos_token_id, model.tokenizer.eos_token_id):
        if found is not None:
            return found
    raise LabkitError(
        f"The tokenizer of {model.name} has neither a beginning-of-text nor an end-of-text token, and this "
        "begins each text with one. If a piece has that job, say so: model.tokenizer.bos_token = 'the piece'."
    )


def mask_id(model: Model) -> int:
    """The id of [MASK]. Raises LabkitError for a tokenizer without one."""
    if model.tokenizer.mask_token_id is None:
        raise LabkitError(
            f"The tokenizer of {model.name} has no [MASK], so nothing can be hidden. "
            "Take labkit.load('bert')."
        )
    return model.tokenizer.mask_token_id


def require_decoder(model: Model) -> None:
    """Raise LabkitError unless `model` is a decoder."""
    require_model(model, "continue_text(labkit.load('gpt'), text)")
    if model.kind != "decoder":
        raise LabkitError(
            f"{model.name} is an encoder: it sees the words that it would have to predict. "
            "Take a decoder: labkit.load('gpt')"
        )


def require_room(model: Model, length: int, num_new: int = 0) -> None:
    """Raise LabkitError when `length` pieces and `num_new` more are too many for the model."""
    if length + num_new > model.max_length:
        more = f" and {num_new} new ones are asked for" if num_new else ""
        raise LabkitError(
            f"The text is {length} pieces long{more}; {model.name} takes at most {model.max_length} in all. "
            "Shorten it."
        )


def _all_ids(model: Model, texts: list[str], names: Sequence[str]) -> list[list[int]]:
    """A list of ids for each text. All in one call: the way to the tokenizer, in Rust, is what costs."""
    tokenizer = model.tokenizer
    rows = tokenize(tokenizer, texts).input_ids
    added = tokenizer.num_special_tokens_to_add()
    for ids, text, name in zip(rows, texts, names, strict=True):
        if len(ids) <= added:
            raise LabkitError(
                f"{name} is empty for {model.name}: of {text!r:.60} its tokenizer keeps nothing (signs "
                "that can't be seen are dropped). Write at least one word."
            )
        require_rows(model, ids, name)
    return rows


def require_rows(model: Model, ids: Sequence[int], name: str = "The text") -> None:
    """Raise LabkitError for an id that the network has no row for: its tokenizer alone knows the piece."""
    if max(ids, default=0) >= model.network.config.vocab_size:
        piece = model.tokenizer.convert_ids_to_tokens(max(ids))
        raise LabkitError(
            f"{name} holds {piece!r}, which {model.name} has a piece for in its tokenizer alone. "
            "Was the piece added later? Then: network.resize_token_embeddings(len(tokenizer))"
        )


@contextlib.contextmanager
def _own_settings(tokenizer: PreTrainedTokenizerBase) -> Iterator[None]:
    """Afterwards the tokenizer pads and cuts as it did before."""
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    padding, truncation = getattr(backend, "padding", None), getattr(backend, "truncation", None)
    try:
        yield
    finally:
        if padding is not None:
            backend.enable_padding(**padding)
        if truncation is not None:
            backend.enable_truncation(**truncation)


def _described(value: Any) -> str:
    """A value that is no text, in words, with what to do."""
    if isinstance(value, (bytes, bytearray)):
        return "bytes. Decode them: text.decode('utf-8')."
    if isinstance(value, float) and math.isnan(value):
        return "NaN: an empty cell of a table? Leave such rows out: table.dropna()."
    if value is None:
        return "None: did a function forget its return?"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}. Give one text at a time."
    return f"{type(value).__name__}."
