"""Batches: what a step trains on, and that shares of it add up to the whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from labkit.models.start import new_network
from labkit.pretraining.batches import PretrainingLoss, decoder_batch, encoder_batch
from labkit.pretraining.corpus import Windows, encode_corpus
from labkit.pretraining.processes import Processes
from labkit.pretraining.recipe import Recipe
from tests.tiny_corpus import TINY

RECIPE = Recipe(lengths=((64, 1),), pieces_per_step=512)
MAKE = {"encoder": encoder_batch, "decoder": decoder_batch}


@pytest.fixture(params=["encoder", "decoder"])
def made(request, texts, tokenizers):
    """(kind, tokenizer, batch)"""
    kind, tokenizer = request.param, tokenizers[request.param]
    windows = Windows(encode_corpus(texts[0], tokenizer), RECIPE.lengths, 512, RECIPE.seed)
    return kind, tokenizer, MAKE[kind](windows, tokenizer, RECIPE, step=3)


def test_rows_are_laid_out_as_they_will_be_read(made):
    kind, tokenizer, batch = made
    ids = batch["input_ids"]
    assert ids.shape == (8, 64)
    if kind == "decoder":
        assert (ids[:4, 0] == tokenizer.eos_token_id).all() and (ids[4:, 0] != tokenizer.eos_token_id).all()
        first = tokenizer.convert_ids_to_tokens(ids[4:, 0].tolist())
        assert not any(piece.startswith("\u0120") for piece in first)
        return
    original = ids.scatter(1, batch["positions"], batch["labels"])
    assert (original[:, 0] == tokenizer.cls_token_id).all() and (
        original[:, -1] == tokenizer.sep_token_id
    ).all()
    assert len(batch["is_random"]) == 4
    assert (batch["token_type_ids"][:4, -1] == 1).all() and (batch["token_type_ids"][4:] == 0).all()


def test_the_shares_of_two_processes_have_the_gradient_of_the_whole(made):
    kind, tokenizer, batch = made
    loss = PretrainingLoss(new_network(kind, tokenizer, 1, **TINY))

    def gradient(rows):
        loss.zero_grad()
        loss(**rows).backward()
        return torch.cat([p.grad.flatten() for p in loss.parameters() if p.grad is not None])

    whole = gradient(batch)
    halves = []
    for rank in (0, 1):
        process = Processes()
        process.rank, process.number = rank, 2
        halves.append(gradient(process.share(batch)))
    assert torch.allclose(sum(halves) / 2, whole, atol=1e-5)


def test_contrastive_rows_are_neighbours_in_the_text(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    recipe = Recipe(lengths=((64, 1),), pieces_per_step=512, pairs="contrastive")
    windows = Windows(corpus, recipe.lengths, 512, recipe.seed)
    batch = encoder_batch(windows, tokenizer, recipe, step=3)
    original = batch["input_ids"].scatter(1, batch["positions"], batch["labels"])
    assert original.shape == (8, 64) and len(batch["is_random"]) == 0
    text = corpus.ids.astype("int64")
    for first, second in zip(original[:4, 1:-1].numpy(), original[4:, 1:-1].numpy(), strict=True):
        both = np.concatenate([first, second])
        assert any((text[k : k + 124] == both).all() for k in np.flatnonzero(text == both[0]))

    torch.manual_seed(0)
    network = new_network("encoder", tokenizer, 1, **TINY)
    with_pairs, without = (PretrainingLoss(network, pairs)(**batch) for pairs in ("contrastive", None))
    assert with_pairs > without


def test_the_masking_rate_goes_with_the_run(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    falling = Recipe(lengths=((64, 1),), pieces_per_step=512, mask_rate=0.30, mask_rate_end=0.15)
    windows = Windows(corpus, falling.lengths, 512, falling.seed)
    masked = [
        encoder_batch(windows, tokenizer, falling.at(part), 0)["labels"].shape[1] for part in (0, 0.5, 1)
    ]
    assert masked == [round(rate * 64) for rate in (0.30, 0.225, 0.15)]
    staying = replace(falling, mask_rate_end=None)
    assert encoder_batch(windows, tokenizer, staying.at(1.0), 0)["labels"].shape[1] == round(0.30 * 64)


def test_frequent_pieces_are_masked_less_where_the_recipe_spares_them(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    alike = Recipe(lengths=((64, 1),), pieces_per_step=8192)
    windows = Windows(corpus, alike.lengths, 8192, alike.seed)
    most_frequent = corpus.frequency.argmax()
    assert corpus.frequency[most_frequent] > 0.02
    share, spared = (
        (encoder_batch(windows, tokenizer, recipe, 0)["labels"] == most_frequent).float().mean()
        for recipe in (alike, replace(alike, spare_frequent=0.001))
    )
    assert 0 < spared < 0.7 * share


def test_one_process_keeps_the_whole_batch(made):
    shared = Processes().share(made[2])
    assert all(torch.equal(shared[name], tensor) for name, tensor in made[2].items())
