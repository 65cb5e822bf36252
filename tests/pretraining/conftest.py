"""A tiny corpus, tokenizers trained on it, and a tiny shape: a whole run in seconds."""

import random

import pytest

from labkit.pretraining import run, start
from labkit.pretraining.corpus import read_documents, train_tokenizer

NOUNS = "cat dog bird horse child king queen boy girl tree".split()
VERBS = "saw liked found followed carried heard".split()
TINY = dict(width=32, num_layers=2, num_heads=4, max_positions=128)


def sentence(rng):
    return f"The {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)}."


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    """(corpus, heldout): two small files of one document a line."""
    folder, rng = tmp_path_factory.mktemp("text"), random.Random(0)
    paths = folder / "corpus.txt", folder / "heldout.txt"
    for path, documents in zip(paths, (400, 60), strict=True):
        lines = [" ".join(sentence(rng) for _ in range(rng.randint(3, 9))) for _ in range(documents)]
        path.write_text("\n".join(lines) + "\n")
    return paths


@pytest.fixture(scope="session")
def tokenizers(texts):
    """{"encoder": ..., "decoder": ...}, trained on the tiny corpus."""
    return {
        kind: train_tokenizer(kind, read_documents(texts[0]), vocab_size=400)
        for kind in ("encoder", "decoder")
    }


@pytest.fixture
def tiny(monkeypatch):
    """Runs build tiny networks."""
    monkeypatch.setattr(run, "SHAPE", TINY)
    monkeypatch.setattr(start, "SHAPE", TINY)
    return TINY
