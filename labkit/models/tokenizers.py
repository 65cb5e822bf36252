"""A model folder's tokenizer, read as the file has it, and whether it goes with the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.messages import LabkitError
from labkit.models.folder_values import require_tokenizer_files

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
# What the two architectures call their special tokens where a folder's settings leave it open.
_SPECIAL = {
    "encoder": {
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "mask_token": "[MASK]",
    },
    "decoder": {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"},
}


def read_tokenizer(folder: Path, kind: str) -> PreTrainedTokenizerBase:
    """The tokenizer in a model's folder, for an "encoder" or a "decoder"; it neither pads nor cuts.

    BERT's and GPT-2's own classes build WordPiece and byte-level BPE, whatever tokenizer.json says: a file
    that says something else (single characters, SentencePiece) is taken at its word instead.
    Raises LabkitError for a folder without one, and for a damaged file.
    """
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise LabkitError(
            f"{folder} has no tokenizer (tokenizer.json): save it too, "
            "with tokenizer.save_pretrained(folder)."
        )
    require_tokenizer_files(folder)
    import transformers as hf

    own_class = hf.BertTokenizer if kind == "encoder" else hf.GPT2Tokenizer
    try:
        tokenizer = own_class.from_pretrained(folder, local_files_only=True)
        if not _as_in_file(tokenizer, folder / "tokenizer.json"):
            tokenizer = hf.PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
            vocabulary = tokenizer.get_vocab()
            for name, piece in _SPECIAL[kind].items():
                if getattr(tokenizer, name) is None and piece in vocabulary:
                    setattr(tokenizer, name, piece)
    except Exception as error:  # the Rust tokenizers raise bare Exception on a damaged file
        raise LabkitError(f"The tokenizer in {folder} can't be read ({first_line(error)}).") from None
    # MiniLM's file asks for every text to be padded to 128 pieces; our callers say themselves what they want
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def require_fitting(tokenizer: PreTrainedTokenizerBase, num_rows: int, name: str) -> None:
    """Raise LabkitError where the tokenizer has an id for which the network has no row.

    The other way round is common and does no harm: networks are padded to round sizes (vocabulary.py).
    """
    beyond = sorted((index, piece) for piece, index in tokenizer.get_vocab().items() if index >= num_rows)
    if beyond:
        index, piece = beyond[0]
        more = f" and {len(beyond) - 1} more" if len(beyond) > 1 else ""
        raise LabkitError(
            f"The tokenizer of {name} has pieces for which its network, of {num_rows:,} rows, has none: "
            f"{piece!r} (id {index}){more}. Save a network with as many, after "
            "network.resize_token_embeddings(len(tokenizer)), or the tokenizer that it was trained with."
        )


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _as_in_file(tokenizer: PreTrainedTokenizerBase, file: Path) -> bool:
    """Whether the tokenizer cuts texts as tokenizer.json says; True where there is no such file."""
    if not file.is_file():
        return True
    said = json.loads(file.read_text(encoding="utf-8"))
    built = json.loads(tokenizer.backend_tokenizer.to_str())
    pieces = tokenizer.get_vocab()
    if not set(pieces) <= set(_pieces(said)):
        return False  # special tokens that the class added by itself
    return all(_way(said, part) == _way(built, part) for part in ("model", "normalizer", "pre_tokenizer"))


def _pieces(said: dict[str, Any]) -> list[str]:
    vocabulary = said["model"].get("vocab", {})
    names = vocabulary if isinstance(vocabulary, dict) else [entry[0] for entry in vocabulary]
    return [*names, *(token["content"] for token in said.get("added_tokens", []))]


def _way(said: dict[str, Any], part: str) -> dict[str, Any]:
    """How a part of a tokenizer works, less its pieces and what concerns places in the text alone."""
    settings = dict(said.get(part) or {})
    for name in ("vocab", "merges", "trim_offsets", "dropout"):
        settings.pop(name, None)
    return {name: value for name, value in settings.items() if value not in (None, "", False)}
