"""Baselines: they learn what can be learnt, know nothing else, and take strange texts."""

import numpy as np
import pytest
import torch

from labkit.measures import baselines
from labkit.measures.features import extract
from labkit.messages import LabkitError
from labkit.models.loading import load

GOOD = ["a lovely, quiet thing", "quick and lovely", "I love it", "lovely colour", "so quick", "love, love"]
BAD = ["a dull, noisy thing", "noisy and dull", "I hate it", "dull colour", "so noisy", "hate, hate"]
TEXTS, LABELS = np.array(GOOD + BAD, dtype=object), np.array([1] * 6 + [0] * 6)
NEW = ["lovely and quick", "dull and noisy"]
STRANGE = ["No.", "and then " * 300, "Gut, aber 日本語 🙂", "🙂", "   "]
ALL = [baselines.majority, baselines.tfidf, baselines.lstm]


@pytest.mark.parametrize("fit", [baselines.tfidf, baselines.lstm])
def test_they_learn_words(fit):
    p = fit(TEXTS, LABELS, NEW)
    assert p[0] > 0.5 > p[1]


@pytest.mark.parametrize("fit", ALL)
def test_one_probability_a_text_for_strange_texts_too(fit):
    p = fit(TEXTS, LABELS, STRANGE)
    assert p.shape == (len(STRANGE),) and ((p >= 0) & (p <= 1)).all()
    assert len(fit(TEXTS, LABELS, [])) == 0


@pytest.mark.parametrize("fit", ALL)
def test_a_test_text_is_answered_alone_as_in_company(fit):
    together, alone = fit(TEXTS, LABELS, NEW + STRANGE), fit(TEXTS, LABELS, NEW[:1])
    assert together[0] == pytest.approx(alone[0], abs=1e-5)


@pytest.mark.parametrize("fit", ALL)
def test_bad_training_data_is_a_plain_message(fit):
    with pytest.raises(LabkitError, match="empty"):
        fit([], [], NEW)
    with pytest.raises(LabkitError, match="12 training texts and 2 labels"):
        fit(TEXTS, [0, 1], NEW)
    with pytest.raises(LabkitError, match="both classes; every label is 1"):
        fit(GOOD, np.ones(6), NEW)
    with pytest.raises(LabkitError, match="0 or 1"):
        fit(TEXTS, LABELS + 1, NEW)


def test_majority_reads_nothing():
    assert baselines.majority(TEXTS[:8], LABELS[:8], NEW).tolist() == [0.75, 0.75]


def test_tfidf_knows_pairs_of_words():
    texts = ["not good", "good not bad", "bad", "not bad good", "good", "not good bad"] * 3
    labels = [0, 1, 0, 1, 1, 0] * 3
    p = baselines.tfidf(texts, labels, ["not bad", "not good"])
    assert p[0] > p[1]


def test_the_lstm_knows_order():
    texts = ["ab", "ba"]
    train = [" ".join([*"xyz"[:k], *pair, *"uvw"[:j]]) for pair in texts for k in range(4) for j in range(4)]
    p = baselines.lstm(train, [1] * 16 + [0] * 16, ["x a b w", "x b a w"], seed=1)
    assert p[0] > 0.5 > p[1], "a bag of words cannot tell these apart"


def test_the_lstm_repeats_itself_and_leaves_the_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = baselines.lstm(TEXTS, LABELS, NEW, seed=3)
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(first, baselines.lstm(TEXTS, LABELS, NEW, seed=3))
    assert not np.array_equal(first, baselines.lstm(TEXTS, LABELS, NEW, seed=4))


def test_words_of_many_languages():
    assert baselines.words("Don't! Schön, 日本語 x2 🙂 it's") == ["don't", "schön", "日本語", "x2", "it's"]


@pytest.mark.parametrize("name", ["bert-mini", "gpt-mini"])
def test_an_untrained_twin_has_the_shape_and_none_of_the_knowledge(name):
    model = load(name)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    twin, again = baselines.untrained(model), baselines.untrained(model)
    assert twin.num_parameters == model.num_parameters and "random weights" in twin.name
    assert np.array_equal(extract(twin, GOOD), extract(again, GOOD)), "eval mode, same seed"
    assert not np.allclose(extract(twin, GOOD), extract(model, GOOD), atol=0.1)
    assert all(torch.equal(before[key], value) for key, value in model.network.state_dict().items())
