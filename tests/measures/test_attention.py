"""Attention: parity with transformers and with bertviz, what a statistic must do, and plain messages."""

import math
from dataclasses import replace

import pytest
import torch

import labkit
from labkit.measures import attention
from labkit.messages import LabkitError
from labkit.models.start import DECODER_OFFSETS, ENCODER_OFFSETS

TEXT = "The river bank was flooding, so we ran home."
EVERY = pytest.mark.parametrize("model", ["bert", "gpt"], indirect=True)


@pytest.fixture(scope="module")
def models():
    return {name: labkit.load(name) for name in ("bert", "gpt")}


@pytest.fixture
def model(models, request):
    return models[request.param]


def random_maps(*shape, causal=False):
    scores = torch.randn(*shape, shape[-1], generator=torch.Generator().manual_seed(0))
    if causal:
        scores = scores.masked_fill(torch.ones(shape[-1], shape[-1]).triu(1).bool(), -math.inf)
    return scores.softmax(dim=-1)


# Maps


@EVERY
def test_maps_are_those_of_transformers_and_the_model_is_left_alone(model):
    fresh = labkit.load(model.name, attentions=True)
    batch = fresh.tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        theirs = torch.stack(fresh.network(**batch).attentions)[:, 0]
    maps = attention.attention_maps(model, TEXT)
    assert maps.shape == (4, 4, batch.input_ids.shape[1], batch.input_ids.shape[1])
    torch.testing.assert_close(maps, theirs)
    torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))
    assert model.network.config._attn_implementation == "sdpa" and not model.network.training
    assert not model.network.config.output_attentions


def test_only_the_decoder_has_zeros_ahead(models):
    assert attention.attention_maps(models["gpt"], TEXT).triu(1).max() == 0
    assert attention.attention_maps(models["bert"], TEXT).min() > 0


@EVERY
def test_the_model_is_put_back_after_an_error_too(model):
    with pytest.raises(RuntimeError), attention.eager(model) as network:
        assert network.config._attn_implementation == "eager"
        raise RuntimeError
    assert model.network.config._attn_implementation == "sdpa"


@EVERY
def test_queries_and_keys_give_the_maps(model):
    queries, keys = attention.queries_and_keys(model, TEXT)
    assert queries.shape == keys.shape == (4, 4, queries.shape[2], 64)
    scores = queries @ keys.transpose(-2, -1) / 8
    if model.kind == "decoder":
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -math.inf)
    torch.testing.assert_close(
        scores.softmax(-1), attention.attention_maps(model, TEXT), atol=1e-5, rtol=1e-4
    )


@EVERY
@pytest.mark.parametrize(
    "text", ["Hello", "a", "\U0001f600", "Die Bank, der Fluss, le fleuve; 河岸 \U0001f60a\U0001f30a"]
)
def test_a_token_or_a_medley_of_languages_is_fine(model, text):
    maps, names = attention.attention_maps(model, text), attention.tokens(model, text)
    assert maps.shape[-1] == len(names) and all(isinstance(name, str) and name for name in names)
    assert attention.head_entropy(maps).isfinite().all() and attention.mean_distance(maps).isfinite().all()
    for pattern in attention.PATTERNS:
        assert attention.pattern_share(maps, names, pattern).isfinite().all()
    torch.testing.assert_close(attention.attention_rollout(maps).sum(-1), torch.ones(len(names)))


def test_a_decoders_tokens_read_like_text(models):
    assert attention.tokens(models["gpt"], "The river bank")[:2] == ["The", "river"]
    assert attention.tokens(models["gpt"], "<|endoftext|>The")[0] == "<|endoftext|>"
    assert attention.tokens(models["bert"], "The cat")[0] == "[CLS]"


@EVERY
@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("  \n", "empty"), (None, "must be a string"), ("word " * 600, "at most 128")],
)
def test_a_text_that_cannot_be_read_is_a_plain_message(model, text, message):
    for function in (attention.attention_maps, attention.tokens, attention.queries_and_keys):
        with pytest.raises(LabkitError, match=message):
            function(model, text)


@EVERY
def test_something_that_is_no_model_is_a_plain_message(model):
    for wrong in ("bert", model.network, None, replace(model, network=None)):
        with pytest.raises(LabkitError, match="labkit.load returns"):
            attention.attention_maps(wrong, TEXT)


# What sums up a head


def test_entropy_and_distance_know_simple_heads():
    length = 6
    itself = torch.eye(length).expand(1, 1, length, length)
    alike = torch.full((1, 1, length, length), 1 / length)
    assert attention.head_entropy(itself).item() == 0 and attention.mean_distance(itself).item() == 0
    assert attention.head_entropy(alike).item() == pytest.approx(math.log(length))
    causal = torch.tril(torch.ones(length, length))
    causal = (causal / causal.sum(-1, keepdim=True)).expand(1, 1, length, length)
    expected = sum(math.log(k) for k in range(1, length + 1)) / length
    assert attention.head_entropy(causal).item() == pytest.approx(expected, abs=1e-5)


def test_a_sharper_head_has_less_entropy_and_order_does_not_matter():
    scores = torch.randn(1, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    entropies = [attention.head_entropy((scale * scores).softmax(-1)).item() for scale in (0.1, 1, 5, 50)]
    assert entropies == sorted(entropies, reverse=True)
    maps = scores.softmax(-1)
    assert attention.head_entropy(maps[..., torch.randperm(7)]).item() == pytest.approx(
        attention.head_entropy(maps).item(), abs=1e-5
    )
    assert attention.mean_distance(maps.flip(-2, -1)).item() == pytest.approx(
        attention.mean_distance(maps).item(), abs=1e-5
    )


@pytest.mark.parametrize(("pattern", "offset"), [("previous token", -1), ("next token", 1)])
def test_a_pure_head_has_all_its_share_and_swapping_words_does_not_matter(pattern, offset):
    names = ["[CLS]", "a", "b", "a", "[SEP]"]
    maps = random_maps(2, 2, 5)
    for i in range(5):
        if 0 <= i + offset < 5:
            maps[1, 0, i] = torch.eye(5)[i + offset]
    assert attention.pattern_share(maps, names, pattern)[1, 0].item() == pytest.approx(1)
    assert attention.find_heads(maps, names, pattern, 0.9) == [(1, 0, pytest.approx(1.0))]


def test_same_token_counts_repetitions_and_separators_their_columns():
    names = ["[CLS]", "a", "b", "a", "[SEP]"]
    targets = attention.pattern_targets(names, "same token")
    assert targets[1].tolist() == [False, True, False, True, False] and targets.equal(targets.T)
    sinks = attention.pattern_targets(names, "separator sink")
    assert sinks[2].tolist() == [True, False, False, False, True] and (sinks == sinks[0]).all()
    assert attention.pattern_targets(["<|endoftext|>", "a"], "separator sink")[1].tolist() == [True, False]


def test_without_targets_nothing_is_found():
    maps = random_maps(1, 1, 1)
    assert attention.find_heads(maps, ["a"], "previous token", 0.0) == [(0, 0, 0.0)]
    assert attention.find_heads(maps, ["a"], "separator sink", 0.1) == []


def test_a_head_has_its_stronger_habit():
    shares = {"previous token": torch.tensor([[0.5, 0.9]]), "same token": torch.tensor([[0.7, 0.3]])}
    assert attention.habits(shares) == {(0, 0): "same token", (0, 1): "previous token"}
    assert attention.habits(shares, 0.8) == {(0, 1): "previous token"}


@EVERY
def test_means_over_texts_are_those_of_each(model):
    texts = [TEXT, "The cat sat."]
    shares = attention.pattern_shares(model, texts)
    for pattern in attention.PATTERNS:
        each = [
            attention.pattern_share(
                attention.attention_maps(model, text), attention.tokens(model, text), pattern
            )
            for text in texts
        ]
        torch.testing.assert_close(shares[pattern], (each[0] + each[1]) / 2)
    for empty in ([], TEXT):
        with pytest.raises(LabkitError, match="list of (sentences|texts)"):
            attention.pattern_shares(model, empty)


def test_directions_and_offsets_add_up():
    maps = random_maps(2, 3, 5)
    torch.testing.assert_close(attention.direction_shares(maps).sum(-1), torch.ones(2, 3))
    assert attention.direction_shares(random_maps(2, 3, 5, causal=True))[..., 2].max() == 0
    back = attention.offset_shares(maps, [-1, 0, 9])
    torch.testing.assert_close(back[..., 0], attention.pattern_share(maps, list("abcde"), "previous token"))
    assert back[..., 2].max() == 0, "no token is 9 places away"


def test_the_start_looks_where_it_was_set_up_to(models):
    for name, offsets in (("bert", ENCODER_OFFSETS), ("gpt", DECODER_OFFSETS)):
        began = attention.at_the_start(models[name])
        assert "before training" in began.name and began.network is not models[name].network
        shares = attention.offset_shares(attention.attention_maps(began, TEXT), list(offsets))[0]
        assert shares.argmax(dim=-1).tolist() == [0, 1, 2, 3] and shares.diagonal().min() > 0.7
    with pytest.raises(LabkitError, match="is not known"):
        attention.at_the_start(replace(models["bert"], source="hub"))


# Rollout


def test_rollout_of_known_layers():
    shift = torch.eye(3).roll(1, dims=1)  # everyone looks at the next token
    maps = torch.stack([torch.eye(3), shift])[:, None]  # (2, 1, 3, 3)
    expected = (shift + torch.eye(3)) / 2
    torch.testing.assert_close(attention.attention_rollout(maps), expected)
    first, second = random_maps(2, 3, 4).mean(dim=1)
    by_hand = (second + torch.eye(4)) / 2 @ ((first + torch.eye(4)) / 2)
    torch.testing.assert_close(attention.attention_rollout(random_maps(2, 3, 4)), by_hand)


def test_a_causal_rollout_sees_nothing_ahead():
    rollout = attention.attention_rollout(random_maps(4, 2, 6, causal=True))
    assert rollout.triu(1).max() == 0
    torch.testing.assert_close(rollout.sum(-1), torch.ones(6))


@pytest.mark.parametrize(
    "statistic", [attention.head_entropy, attention.mean_distance, attention.attention_rollout]
)
def test_what_is_no_attention_is_a_plain_message(statistic):
    with pytest.raises(LabkitError, match=r"shape \(L, H, T, T\)"):
        statistic(torch.ones(2, 3))
    with pytest.raises(LabkitError, match="shape"):
        statistic([[1.0]])
    for wrong in (torch.randn(1, 1, 3, 3), torch.full((1, 1, 3, 3), math.nan)):
        with pytest.raises(LabkitError, match="do not sum to 1"):
            statistic(wrong)


def test_an_unknown_pattern_and_a_wrong_number_of_tokens():
    with pytest.raises(LabkitError, match="there are previous token, next token"):
        attention.pattern_share(random_maps(1, 1, 2), ["a", "b"], "verb")
    with pytest.raises(LabkitError, match="3 tokens for maps of 2"):
        attention.find_heads(random_maps(1, 1, 2), ["a", "b", "c"], "next token")
