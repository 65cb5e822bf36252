"""What every pre-trained model has to beat: guessing, counting words, a network trained from scratch.

Each is a function (train_texts, y_train, test_texts) -> probability of class 1 for each test text, so that
it goes where a probe goes (`labkit.comparison.learning_curve`). `untrained` is a baseline for a network: the
same one, before it learnt anything.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.messages import LabkitError
from labkit.models.checks import require_positive, require_seed, require_whole
from labkit.models.encoding import check_text
from labkit.models.loading import require_model, require_own_mask
from labkit.models.steady import steady

if TYPE_CHECKING:
    import torch

    from labkit.models.loading import Model

PAD, UNKNOWN = 0, 1


def words(text: str) -> list[str]:
    """Lower-case words; an apostrophe belongs to its word (don't), other signs are dropped."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


@steady
def majority(
    train_texts: Sequence[str], y_train: Sequence[int] | np.ndarray, test_texts: Sequence[str]
) -> np.ndarray:
    """The share of class 1 among the training labels, for every test text: it reads nothing."""
    _check(train_texts, y_train, test_texts)
    return np.full(len(test_texts), np.mean(y_train))


@steady
def tfidf(
    train_texts: Sequence[str],
    y_train: Sequence[int] | np.ndarray,
    test_texts: Sequence[str],
    strength: float = 10.0,
) -> np.ndarray:
    """Logistic regression on TF-IDF of words and pairs of words (Salton & Buckley 1988).

    A word counts for more the oftener it stands in a text and the fewer texts it stands in; order is lost,
    except within a pair. strength: C of the logistic regression.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    _check(train_texts, y_train, test_texts)
    require_positive("strength", strength)
    if not any(words(text) for text in train_texts):
        raise LabkitError("No training text holds a word: there is nothing to count. Look at the texts.")
    vectorizer = TfidfVectorizer(analyzer=_words_and_pairs, sublinear_tf=True)
    x_train = vectorizer.fit_transform(train_texts)
    model = LogisticRegression(C=strength, max_iter=1000).fit(x_train, y_train)
    if len(test_texts) == 0:
        return np.zeros(0)
    return model.predict_proba(vectorizer.transform(test_texts))[:, 1]


@steady(gradients=True)
def lstm(
    train_texts: Sequence[str],
    y_train: Sequence[int] | np.ndarray,
    test_texts: Sequence[str],
    seed: int = 0,
    width: int = 48,
    batch_size: int = 32,
    learning_rate: float = 1e-2,
) -> np.ndarray:
    """A small LSTM (Hochreiter & Schmidhuber 1997), trained from random weights on these texts alone.

    Word embeddings, one layer in both directions, the largest value of each unit over the words, and a linear
    layer: smaller than the lecture's (two layers of 512), because it should train in seconds. The vocabulary
    is the training texts' words. It sees each text four times, and is updated at least 100 times.
    """
    import torch

    from labkit.training.loop import Optimisation, schedule

    _check(train_texts, y_train, test_texts)
    require_seed(seed)
    require_whole("width", width, 1)
    require_whole("batch_size", batch_size, 1)
    require_positive("learning_rate", learning_rate)
    vocab = _vocabulary(train_texts)
    rows = [_ids(text, vocab) for text in train_texts]
    labels = torch.tensor(np.asarray(y_train), dtype=torch.float32)
    with torch.random.fork_rng(devices=[]):  # the notebook's random numbers stay as they are
        torch.manual_seed(seed)
        network = _lstm_network(len(vocab) + 2, width)
        optimisation = Optimisation(network, learning_rate, weight_decay=0.0)
        network.train()
        updates = max(100, 4 * len(rows) // batch_size)
        for step in range(updates):
            chosen = torch.randperm(len(rows))[:batch_size]
            logits = network(_padded([rows[k] for k in chosen]))  # (B,)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[chosen])
            optimisation.step(loss, schedule(step / updates))
        network.eval()
        return _probabilities(network, [_ids(text, vocab) for text in test_texts])


@steady
def untrained(model: Model, seed: int = 0) -> Model:
    """The same Model with random weights: what its shape alone is worth. Tokenizer and config are shared."""
    import torch

    require_model(model, "untrained(labkit.load('bert'))")
    require_own_mask(model, "untrained")
    require_seed(seed)
    twin = copy.copy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        twin.network = type(model.network)(model.network.config).eval()
    twin.name = f"{model.name}, random weights"
    twin.description = f"{model.description}, but with random weights"
    return twin


def _check(
    train_texts: Sequence[str], y_train: Sequence[int] | np.ndarray, test_texts: Sequence[str]
) -> None:
    """Two classes, a label a text, and texts that are texts; else a plain message."""
    if isinstance(train_texts, str):
        raise LabkitError("There is one training text and not a list of them: write [text].")
    if len(train_texts) != len(y_train):
        raise LabkitError(f"There are {len(train_texts)} training texts and {len(y_train)} labels.")
    if len(train_texts) == 0:
        raise LabkitError("There is nothing to train on: the list of texts is empty.")
    found = set(np.unique(y_train).tolist())
    if not found <= {0, 1}:
        raise LabkitError(f"Labels should be 0 or 1; there are {sorted(found)}.")
    if len(found) != 2:
        raise LabkitError(f"Training needs both classes; every label is {found.pop()}.")
    for kind, texts in (("Training", train_texts), ("Test", test_texts)):
        for number, text in enumerate(texts):
            if not isinstance(text, str):  # an empty one has no words, and counts
                check_text(text, f"{kind} text number {number}")


def _words_and_pairs(text: str) -> list[str]:
    found = words(text)
    return found + [f"{a} {b}" for a, b in zip(found, found[1:], strict=False)]


def _vocabulary(texts: Sequence[str]) -> dict[str, int]:
    """word -> id from 2 on; a word that stands in one text only is left out where there are many texts."""
    counts = Counter(word for text in texts for word in set(words(text)))
    least = 2 if len(texts) >= 100 else 1
    return {word: k + 2 for k, word in enumerate(sorted(w for w, n in counts.items() if n >= least))}


def _ids(text: str, vocab: dict[str, int], longest: int = 100) -> list[int]:
    return [vocab.get(word, UNKNOWN) for word in words(text)[:longest]] or [UNKNOWN]


def _padded(rows: Sequence[list[int]]) -> torch.Tensor:
    """Lists of ids to (B, T), padded at the end."""
    import torch

    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def _lstm_network(num_words: int, width: int) -> torch.nn.Module:
    import torch
    from torch import nn

    class LSTMClassifier(nn.Module):
        """(B, T) word ids -> (B,) logits."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(num_words, width, padding_idx=PAD)
            self.lstm = nn.LSTM(width, width, batch_first=True, bidirectional=True)
            self.dropout = nn.Dropout(0.3)
            self.classifier = nn.Linear(2 * width, 1)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            lengths = (ids != PAD).sum(dim=1)
            # Packed: else the direction that reads backwards would begin with the padding.
            packed = nn.utils.rnn.pack_padded_sequence(
                self.dropout(self.embedding(ids)), lengths, batch_first=True, enforce_sorted=False
            )
            hidden, _ = nn.utils.rnn.pad_packed_sequence(
                self.lstm(packed)[0], batch_first=True, padding_value=-torch.inf
            )  # (B, T, 2 * width)
            pooled = hidden.amax(dim=1)  # (B, 2 * width)
            return self.classifier(self.dropout(pooled)).squeeze(-1)

    return LSTMClassifier()


def _probabilities(network: torch.nn.Module, rows: list[list[int]], batch_size: int = 256) -> np.ndarray:
    """P(class 1) for each row, batched by length so that there is little padding."""
    import torch

    order = sorted(range(len(rows)), key=lambda k: len(rows[k]))
    found = np.zeros(len(rows))
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            found[chosen] = network(_padded([rows[k] for k in chosen])).sigmoid().numpy()
    return found
