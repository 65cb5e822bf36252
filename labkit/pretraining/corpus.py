"""Text to training windows: tokenizers, one flat array of token ids, and windows cut from it.

The corpus is a text file (plain or .xz) with one document a line. It is encoded once and cached as
an .npz beside the run. Windows begin where a sentence begins, and the batch of step n depends only
on (seed, n): a resumed run sees exactly the batches that an uninterrupted one would have seen.
"""

import hashlib
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from labkit.messages import LabkitError
from labkit.messages.named import reading, writing

VOCAB_SIZE = 8192
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
GPT_SPECIALS = ["<|endoftext|>"]
SENTENCE_BREAK = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[\"'(A-Z])")


def read_documents(path, option=""):
    """Yield the documents of a corpus, one a line; empty lines are skipped.

    option: by which the file was named, for messages. Raises LabkitError where it can't be read to its end.
    """
    packed = Path(path).suffix == ".xz"
    try:
        with reading(path, option), (lzma.open if packed else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield line.strip()
    except (UnicodeDecodeError, lzma.LZMAError, EOFError) as error:
        expected = "an .xz file" if packed else "plain text in UTF-8"
        raise LabkitError(
            f"{option} {path} cannot be read as {expected} ({error}). Convert it first.".strip()
        ) from error


def train_tokenizer(kind, documents, vocab_size=VOCAB_SIZE):
    """Train a tokenizer as the big sister of `kind` has: WordPiece uncased, or byte-level BPE.

    Sources: Devlin et al. 2018, section 3 (WordPiece); Radford et al. 2019, section 2.2 (byte-level BPE).

    Returns a transformers tokenizer, ready for `save_pretrained`.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    if kind == "encoder":
        from transformers import BertTokenizer

        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(
            vocab_size=vocab_size, special_tokens=BERT_SPECIALS, show_progress=False
        )
        tokenizer.train_from_iterator(documents, trainer)
        cls, sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
        )
        return BertTokenizer(tokenizer_object=tokenizer, model_max_length=128)

    from transformers import GPT2Tokenizer

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=GPT_SPECIALS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return GPT2Tokenizer(tokenizer_object=tokenizer, model_max_length=128)


@dataclass
class Corpus:
    """A whole corpus as token ids, documents separated by one separator token."""

    ids: np.ndarray  # (N,) uint16
    sentence_starts: np.ndarray  # (S,) positions in ids, ascending
    num_chars: int  # characters of the documents, for bits per character

    @cached_property
    def frequency(self):
        """Each id's share of the corpus.  (V,), V the highest id and one"""
        return np.bincount(self.ids) / len(self.ids)


def encode_corpus(path, tokenizer, cache=None):
    """Encode every document of the corpus at `path`; keep the result in the file `cache` for next time.

    Behind each document stands the tokenizer's separator: BERT's [SEP], GPT-2's <|endoftext|>.

    The cache is used only if it was made from the same corpus file and the same tokenizer.
    """
    separator_id = tokenizer.eos_token_id if tokenizer.sep_token_id is None else tokenizer.sep_token_id
    fingerprint = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    with reading(path):
        fingerprint.update(Path(path).read_bytes())
    fingerprint = fingerprint.hexdigest()
    if cache is not None and (stored := _cached(cache, fingerprint)):
        return stored

    pieces, starts, position, num_chars = [], [], 0, 0
    for batch in _batched(read_documents(path), 512):
        for document, encoding in zip(batch, _encode(tokenizer, batch), strict=True):
            num_chars += len(document)
            # The space before a sentence: a byte-level piece begins with it, a WordPiece piece behind it.
            breaks = [0] + [match.end() - 1 for match in SENTENCE_BREAK.finditer(document)]
            offsets = np.array([start for start, _ in encoding.offsets])
            first = np.unique(np.searchsorted(offsets, breaks))
            starts.append(position + first[first < len(offsets)])
            pieces.append(np.array([*encoding.ids, separator_id], dtype=np.uint16))
            position += len(encoding.ids) + 1
    corpus = Corpus(np.concatenate(pieces), np.concatenate(starts).astype(np.int64), num_chars)
    if cache is not None:
        with writing(cache):
            np.savez(
                cache,
                ids=corpus.ids,
                sentence_starts=corpus.sentence_starts,
                num_chars=num_chars,
                fingerprint=fingerprint,
            )
    return corpus


def _cached(cache, fingerprint):
    """The Corpus in a file, if it is whole and of this fingerprint; else None."""
    try:
        with np.load(cache) as stored:
            if str(stored["fingerprint"]) == fingerprint:
                return Corpus(stored["ids"], stored["sentence_starts"], int(stored["num_chars"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        pass  # none yet, or one that was cut short
    return None


def _encode(tokenizer, documents):
    return tokenizer.backend_tokenizer.encode_batch(documents, add_special_tokens=False)


def _batched(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class Windows:
    """Cuts batches of equally long windows from a corpus: window(step) depends only on (seed, step).

    The length of a step's windows is drawn from `lengths` (so that the model meets short sentences
    as well as long passages), and the batch grows as windows shrink: every step holds about
    `pieces_per_step` tokens. Raises LabkitError for a text that is too short for them.

    what: the corpus in words, for that message.
    """

    def __init__(self, corpus, lengths, pieces_per_step, seed, what="corpus"):
        longest = max(length for length, _ in lengths)
        if len(corpus.ids) <= 2 * longest or not (corpus.sentence_starts <= len(corpus.ids) - longest).any():
            raise LabkitError(
                f"The {what} has only {len(corpus.ids)} pieces; windows of {longest} need a longer text."
            )
        self.corpus, self.pieces_per_step, self.seed = corpus, pieces_per_step, seed
        self.lengths = [length for length, _ in lengths]
        weights = np.array([weight for _, weight in lengths], dtype=float)
        self.weights = weights / weights.sum()

    def rng(self, step):
        """The step's own random generator: draw everything random about the step from it."""
        return np.random.default_rng([self.seed, step])

    def starts(self, rng):
        """Draw (T, starts) for one step: where its windows begin.  starts: (B,)"""
        length = int(rng.choice(self.lengths, p=self.weights))
        batch_size = max(1, self.pieces_per_step // length)
        return length, self.sentence_starts(rng, batch_size, length)

    def sentence_starts(self, rng, count, length):
        """Draw `count` sentence starts with at least `length` pieces of text behind them."""
        last = np.searchsorted(self.corpus.sentence_starts, len(self.corpus.ids) - length)
        return self.corpus.sentence_starts[rng.integers(0, last, size=count)]

    def cut(self, starts, length):
        """The windows themselves.  (B,) -> (B, length) int64"""
        return self.corpus.ids[starts[:, None] + np.arange(length)].astype(np.int64)
