"""Explanations: each method against its definition, and plain messages."""

from dataclasses import replace

import pytest
import torch

import labkit
from labkit.measures import attention, explaining
from labkit.messages import LabkitError

TEXT = "The [MASK] sat on the mat."


@pytest.fixture(scope="module")
def bert():
    return labkit.load("bert")


def test_every_method_scores_every_token_but_the_blank(bert):
    explained = explaining.explain(bert, TEXT)
    assert explained.tokens == ["[CLS]", "the", "[MASK]", "sat", "on", "the", "mat", ".", "[SEP]"]
    assert set(explained.scores) == set(explaining.METHODS)
    for scores in explained.scores.values():
        assert scores.shape == (9,) and scores[2] == 0 and scores.min() >= 0
        assert float(scores.sum()) == pytest.approx(1, abs=1e-5)
    assert explained.words.tolist() == [False, True, False, True, True, True, True, True, False]


def test_the_word_explained_is_the_most_probable_or_the_one_asked_for(bert):
    explained = explaining.explain(bert, TEXT)
    word, probability = labkit.cloze.fill_mask(bert, TEXT, 1)[0]
    assert explained.word == word and explained.probability == pytest.approx(probability, abs=1e-4)
    assert explaining.explain(bert, TEXT, word="dog").word == "dog"


def test_deletion_is_the_change_that_hiding_a_word_makes(bert):
    explained = explaining.explain(bert, TEXT, word="dog")
    log_p = lambda text: torch.tensor(dict(labkit.cloze.fill_mask(bert, text, 8192))["dog"]).log()
    ids = bert.tokenizer(TEXT).input_ids
    whole = log_p(TEXT)
    blank = ids.index(bert.tokenizer.mask_token_id)
    moved = []
    for k in (3, 6):  # sat, mat
        changed = list(ids)
        changed[k] = bert.tokenizer.mask_token_id
        with torch.inference_mode():
            logits = bert.network(torch.tensor([changed])).logits[0, blank].log_softmax(-1)
        moved.append(abs(float(logits[bert.tokenizer.convert_tokens_to_ids("dog")] - whole)))
    scores = explained.scores["deletion"]
    assert float(scores[3] / scores[6]) == pytest.approx(moved[0] / moved[1], rel=1e-2)


def test_attention_and_rollout_are_the_blanks_rows(bert):
    explained, maps = explaining.explain(bert, TEXT), attention.attention_maps(bert, TEXT)
    for method, row in (
        ("attention", maps.mean(dim=(0, 1))[2]),
        ("rollout", attention.attention_rollout(maps)[2]),
    ):
        row = row.clone()
        row[2] = 0
        torch.testing.assert_close(explained.scores[method], row / row.sum())


def test_the_gradient_predicts_small_changes(bert):
    """A finite difference along one token's embedding agrees with the gradient behind the score."""
    ids = bert.tokenizer(TEXT, return_tensors="pt").input_ids
    embedded = bert.network.get_input_embeddings()(ids).detach().requires_grad_()
    log_p = lambda x: bert.network(inputs_embeds=x).logits[0, 2].log_softmax(-1)
    target = int(log_p(embedded).argmax())
    (gradient,) = torch.autograd.grad(log_p(embedded)[target], embedded)
    lengths = (gradient * embedded.detach())[0].norm(dim=-1)
    lengths[2] = 0
    torch.testing.assert_close(
        explaining.explain(bert, TEXT).scores["gradient"], lengths / lengths.sum(), atol=1e-4, rtol=1e-3
    )
    with torch.inference_mode():
        step = torch.zeros_like(embedded)
        step[0, 3] = 1e-3 * embedded[0, 3]
        moved = float(log_p(embedded + step)[target] - log_p(embedded - step)[target]) / 2e-3
    assert moved == pytest.approx(float((gradient * embedded.detach())[0, 3].sum()), abs=0.02)


def test_nothing_is_left_behind(bert):
    explaining.explain(bert, TEXT)
    assert all(parameter.grad is None for parameter in bert.network.parameters())
    assert bert.network.config._attn_implementation == "sdpa"


def test_agreement_of_a_method_with_itself_is_1(bert, monkeypatch):
    texts = [item.text for item in labkit.datasets.load_cloze()[:6]]
    found = explaining.agreement(bert, texts)
    assert set(found) == {"attention", "rollout", "gradient"}
    assert all(-1 <= low <= mean <= high <= 1.2 for mean, low, high in found.values())
    real = explaining.explain

    def with_copy(model, text):
        explained = real(model, text)
        return replace(explained, scores=explained.scores | {"attention": explained.scores["deletion"]})

    monkeypatch.setattr(explaining, "explain", with_copy)
    assert explaining.agreement(bert, texts)["attention"] == pytest.approx((1, 1, 1))


def test_too_few_words_are_left_out_and_said(bert):
    with pytest.raises(LabkitError, match="at least two texts"):
        explaining.agreement(bert, ["The [MASK].", TEXT])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("The cat sat.", "0 times"),
        ("[MASK] and [MASK]", "2 times"),
        ("", "empty"),
        ("[MASK] " + "a " * 600, "128"),
    ],
)
def test_bad_texts_are_plain_messages(bert, text, message):
    with pytest.raises(LabkitError, match=message):
        explaining.explain(bert, text)


def test_a_decoder_and_a_word_of_several_pieces_are_plain_messages(bert):
    with pytest.raises(LabkitError, match="gpt-mini cannot fill"):
        explaining.explain(labkit.load("gpt"), TEXT)
    with pytest.raises(LabkitError, match="pieces"):
        explaining.explain(bert, TEXT, word="unhappiness of crocodiles")


def test_emoji_and_script_tags_are_words_like_others(bert):
    explained = explaining.explain(bert, "</script> \U0001f600 [MASK] 河")
    assert len(explained.tokens) == len(explained.words)
