"""Labs 02 to 05 on other models than the bundled pair: any BERT or GPT-2 will do.

The models are random and tiny, and shaped like the originals where the pair is not: 12 heads, another number
of layers, another width, tokenizers of their own. The functions are the library's, and the solutions that
stand in the notebooks' sources.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

import labkit
from labkit.authoring.project import Project
from labkit.measures import ablation, attention, baselines, explaining, features, geometry, influence
from labkit.models import generation, masks
from labkit.models.loading import load
from tests.tiny_models import save_tiny_bert, save_tiny_gpt

PROJECT = Project(Path(__file__).parents[2])
LAYERS, HEADS, WIDTH = 3, 12, 48
TEXTS = ["the cat sat on the mat.", "a dog sat on a cat.", "the dog."]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """An encoder of 12 heads; its weights are large enough to tell one token from another."""
    sizes = dict(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS)
    return load(save_tiny_bert(tmp_path_factory.mktemp("bert"), initializer_range=0.3, **sizes))


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    """A decoder of 12 heads."""
    sizes = dict(n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS)
    return load(save_tiny_gpt(tmp_path_factory.mktemp("gpt"), initializer_range=0.3, **sizes))


def solutions(number):
    """The functions that solve a lab's exercises, as its source has them: {name: function}."""
    (slug,) = [slug for slug in PROJECT.slugs() if slug.startswith(number)]
    found = {"torch": torch, "np": np, "labkit": labkit}
    for cell in PROJECT.lab(slug).cells:
        if cell.role == "solution":
            exec(cell.text, found)
    return found


def logits_of(model):
    """ids (T,) -> logits (T, V)."""

    def logits(ids):
        with torch.inference_mode():
            return model.network(input_ids=ids[None]).logits[0]

    return logits


def test_lab_02(bert, gpt):
    own = solutions("02")
    for text in TEXTS:
        assert own["sentence_log_prob"](gpt, text) == pytest.approx(generation.sentence_log_prob(gpt, text))
    ids = generation.encode_prompt(gpt, "the cat")
    greedy = lambda logits: logits.argmax(dim=-1)
    without_cache = generation.generate(gpt, ids, 8, greedy, use_cache=False)
    assert torch.equal(own["generate"](gpt, ids, 8, greedy), without_cache)
    with torch.inference_mode():
        output = gpt.network(input_ids=ids, labels=ids)
    assert own["next_token_loss"](output.logits, ids).item() == pytest.approx(output.loss.item(), rel=1e-4)
    for model, causal in ((bert, False), (gpt, True)):
        size = model.network.config.vocab_size
        assert influence.sees_future(logits_of(model), size) == (not causal)
        assert influence.sees_future(logits_of(masks.with_mask(model, causal=not causal)), size) == causal
        _, moved = influence.influence_map(model, TEXTS[0])
        assert (moved.triu(1).abs().max() > 1e-4) == (not causal)
    forced, free = generation.forced_and_free(gpt, TEXTS, prompt_length=4, num_new=3)
    assert len(forced) == len(free) == 3 and forced[0] == free[0]


def test_lab_03(bert, gpt):
    own, words = solutions("03"), ["cat", "dog", "dog"]
    spaces = []
    for model in (bert, gpt):
        hidden, mask = own["hidden_states"](model, TEXTS)
        expected, _ = features.hidden_states(model, TEXTS)
        assert hidden.shape == (LAYERS + 1, len(TEXTS), mask.shape[1], WIDTH)
        real = mask.bool()
        assert torch.allclose(hidden[:, real], expected[:, real], atol=1e-4)
        for how in features.POOLINGS:
            pooled = torch.stack([own["pool"](layer, mask, how) for layer in hidden], dim=1)
            assert np.allclose(features.extract(model, TEXTS, how), pooled.numpy(), atol=1e-4)
        together = features.word_vectors(model, TEXTS, words)
        for k, (text, word) in enumerate(zip(TEXTS, words, strict=True)):
            assert torch.allclose(own["token_vector"](model, text, word), together[k], atol=1e-4)
        spaces.append(torch.from_numpy(features.extract(model, TEXTS))[:, -1])
    alike = geometry.linear_cka(*spaces)
    assert own["linear_cka"](*spaces) == pytest.approx(alike, abs=1e-4) and 0 <= alike <= 1
    assert own["nearest"](spaces[0], 0, 2) == geometry.nearest(spaces[0], 0, 2)


def test_lab_04(bert, gpt):
    own = solutions("04")
    for model in (bert, gpt):
        maps, tokens = own["attention_maps"](model, TEXTS[0]), attention.tokens(model, TEXTS[0])
        assert maps.shape == (LAYERS, HEADS, len(tokens), len(tokens))
        assert torch.allclose(maps, attention.attention_maps(model, TEXTS[0]), atol=1e-6)
        for name in ("head_entropy", "mean_distance"):
            assert torch.allclose(own[name](maps), getattr(attention, name)(maps), atol=1e-4)
        for pattern in attention.PATTERNS:
            ours = attention.find_heads(maps, tokens, pattern, 0.2)
            theirs = own["find_heads"](maps, tokens, pattern, 0.2)
            assert sorted(head[:2] for head in theirs) == sorted(head[:2] for head in ours)
        assert torch.allclose(own["attention_rollout"](maps).sum(dim=-1), torch.ones(len(tokens)), atol=1e-4)
        change, half = ablation.ablation_map(model, TEXTS[:2], own["ablate_head"])
        assert change.shape == half.shape == (LAYERS, HEADS) and change.abs().max() > 0
        assert labkit.views.head_view(model, TEXTS[0], layer=LAYERS - 1).twin is not None
    explained = explaining.explain(bert, "the [MASK] sat on the mat.")
    assert all(len(scores) == len(explained.tokens) for scores in explained.scores.values())


def test_lab_05(bert, gpt):
    own = solutions("05")
    texts = TEXTS * 8
    labels = np.arange(len(texts)) % 2
    train, dev, test = np.split(np.arange(len(texts)), [12, 18])
    for model in (bert, gpt):
        vectors = features.extract_poolings(model, texts)
        for how in features.POOLINGS:
            assert np.allclose(
                own["features"](model, TEXTS, LAYERS, how), vectors[how][:3, LAYERS], atol=1e-4
            )
        layer, on_dev, on_test = own["layer_sweep"](
            own["fit_probe"], vectors["mean"], labels, train, dev, test
        )
        assert 0 <= layer <= LAYERS and len(on_dev) == LAYERS + 1 and 0 <= on_test <= 1
        twin = baselines.untrained(model)
        assert features.extract(twin, TEXTS).shape == (len(TEXTS), LAYERS + 1, WIDTH)
