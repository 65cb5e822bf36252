"""Masks: what they allow, what they forbid, parity with PyTorch, and a model behind another's mask."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from labkit.measures import ablation, attention, baselines, cloze, explaining, features, influence
from labkit.messages import LabkitError
from labkit.models import generation, masks
from labkit.models.loading import load


@pytest.fixture(scope="module")
def bert():
    return load("bert-mini")


@pytest.fixture(scope="module")
def gpt():
    return load("gpt-mini")


def test_the_triangle_of_the_slide():
    expected = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert masks.causal_mask(4).int().tolist() == expected
    assert masks.causal_mask(1).tolist() == [[True]]


@pytest.mark.parametrize("length", [0, -1, 2.0, "4", None, True])
def test_a_length_that_is_none_is_a_plain_message(length):
    with pytest.raises(LabkitError, match="whole number of tokens"):
        masks.causal_mask(length)


def test_attention_agrees_with_pytorch():
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 5, 8, generator=generator) for _ in range(3))
    mask = masks.causal_mask(5)
    assert torch.allclose(
        masks.attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, is_causal=True), atol=1e-6
    )
    some = torch.rand(2, 5, 5, generator=generator) < 0.5
    some |= torch.eye(5, dtype=torch.bool)
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=some)
    assert torch.allclose(masks.attention(q, k, v, some), expected, atol=1e-6)


def test_the_future_has_no_influence_and_the_past_has():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 6, 4, generator=generator)
    mask = masks.causal_mask(6)
    before = masks.attention(x, x, x, mask)
    moved = x.clone()
    moved[:, 3] += 1
    after = masks.attention(moved, moved, moved, mask)
    assert torch.equal(before[:, :3], after[:, :3])
    assert ((before - after)[:, 3:].abs().amax(-1) > 1e-3).all()


def test_padding_on_either_side_changes_no_real_token():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(1, 4, 8, generator=generator)
    junk = 50 * torch.randn(1, 2, 8, generator=generator)
    alone = masks.attention(x, x, x, masks.causal_mask(4))
    for side, padding in (("left", [0, 0, 1, 1, 1, 1]), ("right", [1, 1, 1, 1, 0, 0])):
        padded = torch.cat([junk, x] if side == "left" else [x, junk], dim=1)
        mask = masks.combine_masks(masks.causal_mask(6), torch.tensor([padding]))
        result = masks.attention(padded, padded, padded, mask)
        assert result.isfinite().all(), "a row that sees nothing must not be NaN"
        assert torch.allclose(result[:, torch.tensor(padding) == 1], alone, atol=1e-6)


def test_shapes_that_do_not_fit_are_a_plain_message():
    q = torch.zeros(2, 5, 8)
    with pytest.raises(LabkitError, match=r"the mask \(T, T\)"):
        masks.attention(q, q, q, masks.causal_mask(4))
    with pytest.raises(LabkitError, match=r"q and k are \(B, T, D\)"):
        masks.attention(q, q[:, :3], q, masks.causal_mask(5))
    with pytest.raises(LabkitError, match=r"\(4, 4\) and \(2, 5\)"):
        masks.combine_masks(masks.causal_mask(4), torch.ones(2, 5))


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_its_own_mask_changes_nothing(name, request):
    model = request.getfixturevalue(name)
    same = masks.with_mask(model, causal=model.kind == "decoder")
    batch = model.tokenizer(["The cat sat on the mat."], return_tensors="pt")
    with torch.inference_mode():
        expected = model.network(**batch).logits
        got = same.network(**batch).logits
    assert torch.allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_the_other_mask_is_the_other_one(name, request):
    model = request.getfixturevalue(name)
    swapped = masks.with_mask(model, causal=model.kind == "encoder")
    ids = torch.randint(10, 1000, (1, 8), generator=torch.Generator().manual_seed(0))
    changed = ids.clone()
    changed[0, -1] = 1001
    with torch.inference_mode():
        before, after = (swapped.network(input_ids=x).logits[0, :-1] for x in (ids, changed))
    assert torch.equal(before, after) == (model.kind == "encoder")
    assert "mask" in swapped.name and swapped.max_length == model.max_length


def test_padding_is_hidden_behind_the_other_mask_as_well(bert):
    swapped = masks.with_mask(bert, causal=True)
    batch = bert.tokenizer(["The cat [MASK] on the mat.", "It sat."], padding=True, return_tensors="pt")
    alone = bert.tokenizer(["It sat."], return_tensors="pt")
    with torch.inference_mode():
        both, single = swapped.network(**batch).logits, swapped.network(**alone).logits
    assert torch.allclose(both[1, : single.shape[1]], single[0], atol=1e-4)


def test_a_swapped_bert_still_fills_blanks(bert):
    swapped = masks.with_mask(bert, causal=True)
    text = "The [MASK] sat on the mat."
    assert cloze.fill_mask(swapped, text, k=3) != cloze.fill_mask(bert, text, k=3)
    left = cloze.left_context(swapped)
    assert left(text, 3) == left("The [MASK] in the kingdom was old.", 3)


def test_something_that_is_no_model_is_a_plain_message():
    calls = [
        lambda: masks.with_mask("bert", causal=True),
        lambda: influence.influence_map("bert", "The cat."),
        lambda: ablation.text_losses("bert", ["The cat."]),
    ]
    for call in calls:
        with pytest.raises(LabkitError, match="what labkit.load returns"):
            call()


def test_a_model_without_a_head_is_a_plain_message(bert, monkeypatch):
    monkeypatch.setattr(type(bert), "has_mlm_head", False)
    with pytest.raises(LabkitError, match="no masked-word head"):
        masks.with_mask(bert, causal=True)


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_the_states_behind_its_own_mask_are_its_own(name, request):
    model = request.getfixturevalue(name)
    same = masks.with_mask(model, causal=model.kind == "decoder")
    texts = ["The cat sat on the mat.", "It slept."]
    for read in (
        lambda m: features.extract(m, texts),
        lambda m: features.word_vectors(m, texts, ["cat", "it"]),
    ):
        assert np.allclose(read(same), read(model), atol=1e-3)
    (got, mask), (expected, _) = features.hidden_states(same, texts), features.hidden_states(model, texts)
    assert torch.allclose(got[:, mask.bool()], expected[:, mask.bool()], atol=1e-3)


def test_a_mask_behind_a_mask_is_the_last_one(bert):
    text = "The [MASK] sat on the mat."
    twice = masks.with_mask(masks.with_mask(bert, causal=True), causal=False)
    words = [word for word, _ in cloze.fill_mask(twice, text, 5)]
    assert words == [word for word, _ in cloze.fill_mask(bert, text, 5)]


def test_writing_behind_another_mask_reads_everything_at_each_step(gpt):
    same, other = masks.with_mask(gpt, causal=True), masks.with_mask(gpt, causal=False)
    write = lambda model: generation.continue_text(model, "The cat", 5, temperature=0)
    assert write(same) == write(gpt)
    ids = generation.encode_prompt(gpt, "The cat")
    best = lambda logits: logits.argmax(dim=-1)
    cached, plain = (generation.generate(other, ids, 4, best, use_cache) for use_cache in (True, False))
    assert torch.equal(cached, plain)


def test_what_a_model_behind_another_mask_cannot_do_is_a_plain_message(bert, gpt):
    bert, gpt = masks.with_mask(bert, causal=True), masks.with_mask(gpt, causal=False)
    calls = [
        lambda: ablation.ablation_map(bert, ["The cat.", "A dog."]),
        lambda: ablation.without_head(bert, 0, 0).__enter__(),
        lambda: explaining.explain(bert, "The [MASK] sat."),
        lambda: generation.forced_and_free(gpt, ["The cat sat on the mat."], 2, 2),
        lambda: attention.at_the_start(bert),
        lambda: baselines.untrained(bert),
    ]
    for call in calls:
        with pytest.raises(LabkitError, match=r"is behind another mask.*What works"):
            call()
    with pytest.raises(LabkitError, match="causal mask"):
        attention.attention_maps(bert, "The cat.")
