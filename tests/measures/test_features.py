"""Features: the same in a batch as alone, in the texts' order, and never from padding."""

import numpy as np
import pytest
import torch

from labkit.measures import features
from labkit.measures.features import POOLINGS, extract, extract_poolings, pool
from labkit.messages import LabkitError
from labkit.models.loading import load

TEXTS = [
    "A bad film.",
    "It was the worst movie I have ever seen, and I have seen many.",
    "Once upon a time there was a queen.",
    "No.",
]


@pytest.fixture(params=["bert-mini", "gpt-mini"], scope="module")
def model(request):
    return load(request.param)


def rounding(hidden):
    """How far float32 may be off: a few units in the last places of the largest number on the way."""
    return max(2e-5, 2e-6 * float(abs(hidden).max()))


@pytest.mark.parametrize("how", POOLINGS)
def test_in_a_batch_as_alone(model, how):
    together = extract(model, TEXTS, how)
    assert together.shape == (len(TEXTS), model.num_layers + 1, model.width)
    for k, text in enumerate(TEXTS):
        assert np.abs(extract(model, [text], how)[0] - together[k]).max() < rounding(together[k])


def test_all_poolings_at_once_are_the_three(model):
    at_once = extract_poolings(model, TEXTS)
    assert set(at_once) == set(POOLINGS)
    for how, rows in at_once.items():
        assert np.array_equal(rows, extract(model, TEXTS, how))


def test_they_are_transformers_hidden_states(model):
    text = TEXTS[1]
    with torch.inference_mode():
        batch = model.tokenizer(text, return_tensors="pt")
        states = model.network(input_ids=batch.input_ids, output_hidden_states=True).hidden_states
    expected = np.stack([state[0].mean(dim=0).numpy() for state in states])
    assert np.abs(extract(model, [text])[0] - expected).max() < rounding(expected)


@pytest.mark.parametrize("how", POOLINGS)
def test_padding_on_either_side_does_not_count(how):
    hidden = torch.randn(1, 3, 4)
    junk = torch.full((1, 2, 4), 1e3)
    expected = pool(hidden, torch.ones(1, 3), how)
    right = pool(torch.cat([hidden, junk], 1), torch.tensor([[1, 1, 1, 0, 0]]), how)
    left = pool(torch.cat([junk, hidden], 1), torch.tensor([[0, 0, 1, 1, 1]]), how)
    assert torch.allclose(right, expected) and torch.allclose(left, expected)


def test_a_long_text_is_cut_and_an_encoder_keeps_its_sep(model):
    long = "and then " * 200
    assert np.isfinite(extract(model, [long])).all()


MIXED = ["Straße, naïve café.", "\u732b\u304c\u5ea7\u3063\u305f", "ok \U0001f642\U0001f642!", "No.", "x"]


def test_hidden_states_are_the_same_in_a_batch_as_alone(model):
    """One token, several languages, emoji, and a text of 600 words, beside each other."""
    texts = [*TEXTS, *MIXED, "and then he went home " * 120]
    hidden, mask = features.hidden_states(model, texts)
    assert hidden.shape == (model.num_layers + 1, *mask.shape, model.width)
    assert mask.shape[1] == model.max_length == int(mask[-1].sum())
    for k, text in enumerate(texts):
        alone, own = features.hidden_states(model, [text])
        assert own.all() and own.shape[1] == mask[k].sum()
        assert (alone[:, 0] - hidden[:, k, : alone.shape[2]]).abs().max() < rounding(alone)


def test_pooled_hidden_states_are_what_extract_gives(model):
    for how in POOLINGS:
        hidden, mask = features.hidden_states(model, TEXTS)
        pooled = torch.stack([pool(layer, mask, how) for layer in hidden], dim=1)
        assert np.abs(pooled.numpy() - extract(model, TEXTS, how)).max() < rounding(hidden)


@pytest.mark.parametrize("tokens_per_batch", [1, 30, 10_000])
def test_the_size_of_the_batches_changes_nothing(model, tokens_per_batch):
    rows = extract(model, TEXTS + MIXED, "mean", tokens_per_batch)
    assert np.abs(rows - extract(model, TEXTS + MIXED, "mean")).max() < rounding(rows)


def test_the_future_does_not_reach_a_decoders_word():
    for name, reached in (("bert-mini", True), ("gpt-mini", False)):
        model = load(name)
        water = features.token_vector(model, "The bank was flooded by the river.", "bank")
        money = features.token_vector(model, "The bank was robbed by two men.", "bank")
        assert ((water - money).abs().max() > 1e-3) == reached
        before = features.token_vector(model, "That bank was flooded by the river.", "bank")
        assert (water - before)[1:].abs().max() > 1e-3


@pytest.mark.parametrize(
    ("text", "word", "bert", "gpt"),
    [
        ("The bank was closed.", "bank", ["bank"], ["\u0120bank"]),
        ("The Bank's vault", "bank", ["bank"], ["\u0120B", "ank"]),
        ("bank", "bank", ["bank"], ["b", "ank"]),
        ("A banker left the bank.", "bank", ["bank"], ["\u0120bank"]),
        (
            "We went snowboarding.",
            "snowboarding",
            ["snow", "##board", "##ing"],
            ["\u0120snow", "board", "ing"],
        ),
        ("so \U0001f642 there", "there", ["there"], ["\u0120there"]),
    ],
)
def test_the_pieces_of_a_word(text, word, bert, gpt):
    for name, expected in (("bert-mini", bert), ("gpt-mini", gpt)):
        model = load(name)
        tokens = model.tokenizer.convert_ids_to_tokens(model.tokenizer(text).input_ids)
        pieces = features.word_pieces(model, text, word)
        assert [tokens[k] for k in pieces] == expected
        hidden, _ = features.hidden_states(model, [text])
        off = features.token_vector(model, text, word) - hidden[:, 0, pieces].mean(dim=1)
        assert off.abs().max() < rounding(hidden)


def test_an_emoji_is_a_word_too(model):
    assert torch.isfinite(features.token_vector(model, "so \U0001f642 there", "\U0001f642")).all()


def test_words_of_many_texts_are_those_of_each(model):
    words = ["film", "seen", "queen", "No"]
    together = features.word_vectors(model, TEXTS, words)
    for k, (text, word) in enumerate(zip(TEXTS, words, strict=True)):
        assert (features.token_vector(model, text, word) - together[k]).abs().max() < rounding(together[k])


def test_a_word_that_is_not_there_or_too_far_back(model):
    for word in ("bank", "fil", ""):
        with pytest.raises(LabkitError, match="whole word|is empty"):
            features.token_vector(model, TEXTS[0], word)
    with pytest.raises(LabkitError, match="behind the 128 pieces"):
        features.token_vector(model, "so " * 300 + "bank", "bank")
    with pytest.raises(LabkitError, match="1 texts and 2 words"):
        features.word_vectors(model, ["a bank"], ["a", "bank"])


def test_no_texts_and_one_text_that_is_no_list(model):
    for call in (extract, features.hidden_states, features.encode_batch):
        with pytest.raises(LabkitError, match="the list is empty"):
            call(model, [])
        with pytest.raises(LabkitError, match="a list of texts"):
            call(model, "one text")
        with pytest.raises(LabkitError, match="number 0 must be a string, not None"):
            call(model, [None])


def test_something_that_is_no_model_is_a_plain_message(model):
    for wrong in ("bert", None, model.network):
        for call in (extract, features.extract_poolings, features.hidden_states):
            with pytest.raises(LabkitError, match="what labkit.load returns"):
                call(wrong, TEXTS)
        with pytest.raises(LabkitError, match="what labkit.load returns"):
            features.token_vector(wrong, "The bank.", "bank")


def test_nan_in_the_padding_stays_there_and_nothing_but_padding_is_said():
    hidden = torch.randn(1, 3, 4)
    hidden[0, 2] = torch.nan
    for how in POOLINGS:
        assert pool(hidden, torch.tensor([[1, 1, 0]]), how).isfinite().all()
    with pytest.raises(LabkitError, match="no real token"):
        pool(hidden, torch.zeros(1, 3), "mean")


def test_bad_input_is_a_plain_message(model):
    with pytest.raises(LabkitError, match="cls, mean, last"):
        extract(model, TEXTS, "max")
    with pytest.raises(LabkitError, match="number 1 is empty"):
        extract(model, ["fine", "  "])
