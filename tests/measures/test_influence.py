"""The leak test finds leaks and nothing else; the map of influence is zero where the mask says so."""

import pytest
import torch

from labkit.exercises.lab02.sees_future import FUNCTIONS, _make
from labkit.measures import influence
from labkit.messages import LabkitError
from labkit.models.loading import load
from labkit.models.masks import with_mask


@pytest.fixture(scope="module")
def bert():
    return load("bert-mini")


@pytest.fixture(scope="module")
def gpt():
    return load("gpt-mini")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("seed", [1, 5])
def test_leaks_are_found_and_nothing_else(name, seed):
    torch.manual_seed(seed)  # of the ids that are tried
    _, _, leaks = FUNCTIONS[name]
    assert influence.sees_future(_make(name)) is leaks


def test_both_models(bert, gpt):
    outputs = lambda model: lambda ids: model.network(input_ids=ids[None]).logits[0]
    assert not influence.sees_future(outputs(gpt))
    assert influence.sees_future(outputs(bert))


def test_the_map_of_a_decoder_is_a_triangle(gpt):
    tokens, moved = influence.influence_map(gpt, "The bank of the river was flooded.")
    assert len(tokens) == len(moved) == moved.shape[1] and "river" in tokens
    assert (moved.triu(1) < 1e-4).all(), "nothing before a changed token moves"
    assert (moved.diagonal() > 0.1).all(), "each output moves with its own token"
    assert (moved.tril(-1)[1:, 0] > 1e-4).all()


def test_the_map_of_an_encoder_is_full(bert):
    tokens, moved = influence.influence_map(bert, "The bank of the river was flooded.")
    assert "[CLS]" not in tokens and "[SEP]" not in tokens
    assert (moved > 1e-4).all()
    again = influence.influence_map(bert, "The bank of the river was flooded.")[1]
    assert torch.equal(moved, again), "the replacements come from a seed"


def test_mixed_languages_and_emoji(bert, gpt):
    for model in (bert, gpt):
        tokens, moved = influence.influence_map(model, "The cat \U0001f642 schläft, 日本 \u0431\u044b\u043b.")
        assert len(tokens) == len(moved) and moved.isfinite().all()


def test_one_token(gpt):
    tokens, moved = influence.influence_map(gpt, "The")
    assert tokens == ["The"] and moved.shape == (1, 1) and moved[0, 0] > 0.1


@pytest.mark.parametrize(
    ("text", "message"), [("", "empty"), ("and so on " * 200, "at most 128"), (7, "must be a string")]
)
def test_what_cannot_be_mapped_is_a_plain_message(gpt, text, message):
    with pytest.raises(LabkitError, match=message):
        influence.influence_map(gpt, text)


def test_a_decoder_without_its_mask_feels_the_future(gpt):
    _, moved = influence.influence_map(with_mask(gpt, causal=False), "The cat sat.")
    assert (moved > 1e-3).all()
