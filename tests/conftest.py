"""Fixtures for more than one test module. No test uses the network or the user's cache."""

import os

# Read when torch is imported, here and in the kernels that tests start: with more threads than idle cores,
# the small models' operations wait for each other, and a busy machine makes a test many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when huggingface_hub is imported

if "PYTEST_XDIST_WORKER" in os.environ:
    # Coverage is measured in the processes that run tests, not in those that they start.
    os.environ.pop("COVERAGE_PROCESS_START", None)

import pytest

from tests.tiers import TIERS, tiers_of
from tests.tiny_corpus import write_corpus
from tests.tiny_models import save_tiny_bert, save_tiny_gpt


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    """Mark every test with its tier (tests/tiers.py)."""
    for item, tier in zip(items, tiers_of(item.nodeid for item in items), strict=True):
        if any(mark.name in TIERS for mark in item.iter_markers()):
            raise pytest.UsageError(
                f"{item.nodeid} is marked with a tier: tests/tiers.py says which it is in"
            )
        item.add_marker(tier)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty labkit cache of its own for every test; returns its path."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("LABKIT_CACHE", str(folder))
    monkeypatch.delenv("LABKIT_MODELS", raising=False)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a tiny random BERT (MLM and NSP heads) and its tokenizer. Don't write to it."""
    return save_tiny_bert(tmp_path_factory.mktemp("tiny") / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_gpt(tmp_path_factory):
    """A folder with a tiny random GPT-2 and its tokenizer. Don't write to it."""
    return save_tiny_gpt(tmp_path_factory.mktemp("tiny") / "tiny-gpt")


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    """(corpus, heldout): two small files of one document a line."""
    return write_corpus(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="session")
def tokenizers(texts):
    """{"encoder": ..., "decoder": ...}, trained on the tiny corpus."""
    from labkit.pretraining.corpus import read_documents, train_tokenizer

    return {
        kind: train_tokenizer(kind, read_documents(texts[0]), vocab_size=400)
        for kind in ("encoder", "decoder")
    }
