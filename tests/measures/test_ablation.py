"""Ablation: a silent head is silent, the rest is untouched, and the loss is the models' own."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import labkit
from labkit.measures import ablation
from labkit.messages import LabkitError
from labkit.models.loading import load

TEXTS = ["The river bank was flooding, so we ran home.", "The cat sat.", "She opened the door and went out."]


@pytest.fixture(scope="module")
def models():
    return {name: labkit.load(name) for name in ("bert", "gpt")}


def output_matrix(model, layer):
    """A layer's output matrix as (D out, D in), which reads the heads side by side."""
    if model.kind == "encoder":
        return model.network.bert.encoder.layer[layer].attention.output.dense.weight
    return model.network.transformer.h[layer].attn.c_proj.weight.T


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_a_silent_head_is_one_whose_columns_are_zero(models, name):
    model = models[name]
    with ablation.without_head(model, 2, 1):
        silent = ablation.text_losses(model, TEXTS)
    whole = ablation.text_losses(model, TEXTS)
    weights = output_matrix(model, 2)
    kept = weights.detach().clone()
    with torch.no_grad():
        weights[:, 64:128] = 0
        surgically = ablation.text_losses(model, TEXTS)
        weights.copy_(kept)
    torch.testing.assert_close(silent, surgically)
    assert not torch.allclose(silent, whole)
    torch.testing.assert_close(ablation.text_losses(model, TEXTS), whole)


def test_a_decoders_loss_is_that_of_transformers(models):
    gpt = models["gpt"]
    for text, loss in zip(TEXTS, ablation.text_losses(gpt, TEXTS), strict=True):
        ids = gpt.tokenizer(text, return_tensors="pt").input_ids
        with torch.inference_mode():
            assert float(loss) == pytest.approx(float(gpt.network(ids, labels=ids).loss), abs=1e-4)


def test_an_encoder_hides_the_same_words_for_the_same_seed(models):
    bert = models["bert"]
    first, again, other = (ablation.text_losses(bert, TEXTS, seed) for seed in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)


def test_an_encoders_loss_is_that_of_the_hidden_words(models):
    bert = models["bert"]
    ids = bert.tokenizer(TEXTS[1], return_tensors="pt").input_ids[0]
    corrupted, labels = ablation._example(bert, ids, TEXTS[1], torch.Generator().manual_seed(0))
    hidden = labels != -100
    assert hidden.sum() == 1 and not hidden[0] and not hidden[-1]
    assert (corrupted[hidden] == bert.tokenizer.mask_token_id).all() and (corrupted == ids)[~hidden].all()
    with torch.inference_mode():
        logits = bert.network(corrupted[None]).logits[0]
    expected = F.cross_entropy(logits[hidden], labels[hidden])
    assert float(ablation.text_losses(bert, [TEXTS[1]])[0]) == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_the_company_of_longer_texts_changes_nothing(models, name):
    model = models[name]
    if name == "bert":  # hidden words are drawn one text after the other: the first text is drawn alike
        alone, together = (ablation.text_losses(model, texts)[:1] for texts in (TEXTS[:1], TEXTS))
    else:
        alone = torch.cat([ablation.text_losses(model, [text]) for text in TEXTS])
        together = ablation.text_losses(model, TEXTS)
        torch.testing.assert_close(ablation.text_losses(model, TEXTS, batch_size=2), together)
    torch.testing.assert_close(alone, together)


def test_a_map_has_a_number_for_each_head_and_uses_what_it_is_given(tiny_gpt):
    model = load(tiny_gpt)
    texts = ["a b c a b", "the cat", "a a a"]
    change, half = ablation.ablation_map(model, texts)
    assert change.shape == half.shape == (2, 2) and (half >= 0).all()
    with ablation.without_head(model, 1, 0):
        difference = ablation.text_losses(model, texts) - 0
    difference = difference - ablation.text_losses(model, texts)
    assert float(change[1, 0]) == pytest.approx(float(difference.mean()), abs=1e-5)
    nothing, _ = ablation.ablation_map(model, texts, ablate=lambda mixed, head, num_heads: mixed)
    assert nothing.abs().max() == 0


def test_the_hook_is_gone_after_an_error(models):
    bert = models["bert"]
    before = ablation.text_losses(bert, TEXTS)

    def fails(mixed, head, num_heads):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"), ablation.without_head(bert, 0, 0, fails):
        ablation.text_losses(bert, TEXTS)
    assert ablation.text_losses(bert, TEXTS).equal(before)


@pytest.mark.parametrize(("layer", "head"), [(4, 0), (0, 4), (-1, 0), (0, 1.5)])
def test_a_head_that_is_not_there_is_a_plain_message(models, layer, head):
    with pytest.raises(LabkitError, match="bert-mini has (layer|head)s 0 to 3"):
        ablation.without_head(models["bert"], layer, head).__enter__()


def test_bad_texts_are_plain_messages(models):
    bert, gpt = models["bert"], models["gpt"]
    for texts in ([], "The cat sat."):
        with pytest.raises(LabkitError, match="list of (sentences|texts)"):
            ablation.text_losses(bert, texts)
    with pytest.raises(LabkitError, match="empty"):
        ablation.text_losses(bert, ["The cat sat.", ""])
    with pytest.raises(LabkitError, match="at most 128"):
        ablation.text_losses(gpt, ["word " * 600])
    with pytest.raises(LabkitError, match="single token"):
        ablation.text_losses(gpt, ["The"])
    with pytest.raises(LabkitError, match="two texts"):
        ablation.ablation_map(gpt, ["The cat sat."])
    with pytest.raises(LabkitError, match="no ordinary token"):  # it is [UNK], which stands for anything
        ablation.text_losses(bert, ["\U0001f600"])
    assert ablation.text_losses(bert, ["a", "Die Bank, le fleuve"]).isfinite().all()


def test_an_encoder_without_its_head_is_a_plain_message(models):
    from transformers import BertModel

    headless = replace(models["bert"], network=BertModel(models["bert"].network.config))
    with pytest.raises(LabkitError, match="no masked-word head"):
        ablation.text_losses(headless, TEXTS)
