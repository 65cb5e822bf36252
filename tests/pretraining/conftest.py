"""A tiny corpus, tokenizers trained on it, and a tiny shape: a whole run in seconds."""

import pytest

from labkit.models import start
from labkit.pretraining import run
from tests.tiny_corpus import TINY


@pytest.fixture
def tiny(monkeypatch):
    """Runs build tiny networks."""
    monkeypatch.setattr(run, "SHAPE", TINY)
    monkeypatch.setattr(start, "SHAPE", TINY)
    return TINY
