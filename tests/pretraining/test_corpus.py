"""Tokenizers and windows."""

import lzma

import numpy as np
import pytest

from labkit.messages import LabkitError
from labkit.pretraining.corpus import Windows, encode_corpus, read_documents


def test_plain_and_compressed_corpora_read_alike(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\n two \n")
    with lzma.open(tmp_path / "a.txt.xz", "wt") as file:
        file.write("one\n\n two \n")
    assert list(read_documents(tmp_path / "a.txt")) == ["one", "two"]
    assert list(read_documents(tmp_path / "a.txt.xz")) == ["one", "two"]


def test_wordpiece_lays_out_a_pair_as_bert_does(tokenizers):
    tokenizer = tokenizers["encoder"]
    encoded = tokenizer("The cat.", "A dog.")
    pieces = tokenizer.convert_ids_to_tokens(encoded.input_ids)
    assert pieces[0] == "[CLS]" and pieces[-1] == "[SEP]" and pieces.count("[SEP]") == 2
    boundary = pieces.index("[SEP]")
    assert encoded.token_type_ids == [0] * (boundary + 1) + [1] * (len(pieces) - boundary - 1)
    assert tokenizer.tokenize("THE CAT") == tokenizer.tokenize("the cat")
    assert tokenizer.tokenize("\u2603") == ["[UNK]"]


def test_byte_level_bpe_gives_every_text_back(tokenizers):
    tokenizer = tokenizers["decoder"]
    for text in ("The cat saw the dog.", "  odd   spacing", "snow \u2603 man", "new\nline"):
        assert tokenizer.decode(tokenizer(text).input_ids) == text


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_sentence_starts_are_where_sentences_start(texts, tokenizers, kind):
    tokenizer = tokenizers[kind]
    corpus = encode_corpus(texts[1], tokenizer)
    sentences = sum(document.count(".") for document in read_documents(texts[1]))
    assert len(corpus.sentence_starts) == sentences
    separator = tokenizer.convert_tokens_to_ids("[SEP]" if kind == "encoder" else "<|endoftext|>")
    assert corpus.ids[-1] == separator
    for start, end in zip(corpus.sentence_starts[:-1], corpus.sentence_starts[1:], strict=True):
        ids = [i for i in corpus.ids[start:end].tolist() if i != separator]
        text = tokenizer.decode(ids).strip().lower()
        assert text.startswith("the ") and text.endswith(".") and text.count(".") == 1


def test_the_cache_is_used_for_the_same_text_only(texts, tokenizers, tmp_path):
    tokenizer, cache = tokenizers["encoder"], tmp_path / "cache.npz"
    first = encode_corpus(texts[1], tokenizer, cache)
    again = encode_corpus(texts[1], tokenizer, cache)
    assert np.array_equal(first.ids, again.ids) and first.num_chars == again.num_chars
    other = tmp_path / "other.txt"
    other.write_text("The cat saw the dog.\n")
    changed = encode_corpus(other, tokenizer, cache)
    assert len(changed.ids) < len(first.ids)


def test_a_step_alone_decides_its_windows(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    make = lambda seed: Windows(corpus, ((16, 1), (32, 1)), 128, seed)

    def batch(windows, step):
        length, starts = windows.starts(windows.rng(step))
        return windows.cut(starts, length)

    one, two = make(7), make(7)
    batch(one, 0)
    assert np.array_equal(batch(one, 5), batch(two, 5))
    assert not np.array_equal(batch(make(8), 5), batch(two, 5))
    shapes = {batch(one, step).shape for step in range(12)}
    assert shapes == {(8, 16), (4, 32)}


def test_a_corpus_that_is_too_short_is_a_plain_message(texts, tokenizers, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("The cat saw the dog.\n")
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(short, tokenizer)
    with pytest.raises(LabkitError, match="longer text"):
        Windows(corpus, ((128, 1),), 128, 1)
