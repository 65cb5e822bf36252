"""Filling blanks: right positions, plain messages for what cannot be filled, and the measurements."""

import pytest
import torch

from labkit.measures import cloze
from labkit.messages import LabkitError
from labkit.models.loading import load, load_next_sentence
from labkit.texts.datasets import ClozeItem


@pytest.fixture(scope="module")
def bert():
    return load("bert-mini")


@pytest.fixture(scope="module")
def gpt():
    return load("gpt-mini")


def test_fill_mask_agrees_with_transformers_pipeline(bert):
    from transformers import pipeline

    fill = pipeline("fill-mask", model=bert.network, tokenizer=bert.tokenizer)
    for text in ("The [MASK] sat on the mat.", "It was the worst movie I have ever [MASK]."):
        expected = [(guess["token_str"], guess["score"]) for guess in fill(text, top_k=5)]
        got = cloze.fill_mask(bert, text, k=5)
        assert [word for word, _ in got] == [word for word, _ in expected]
        assert [p for _, p in got] == pytest.approx([p for _, p in expected], abs=1e-5)


def test_probabilities_fall_and_sum_to_one_over_the_vocabulary(bert):
    probs = [p for _, p in cloze.fill_mask(bert, "The [MASK] sat on the mat.", k=8192)]
    assert probs == sorted(probs, reverse=True)
    assert sum(probs) == pytest.approx(1, abs=1e-4)


def test_bert_uses_the_right_side_and_gpt_does_not(bert, gpt):
    ends = ("worst [MASK] I have ever seen.", "worst [MASK] in the kingdom, said the queen.")
    full = [cloze.fill_mask(bert, f"It was the {end}", k=5) for end in ends]
    assert full[0] != full[1]
    for model in (bert, gpt):
        predict = cloze.left_context(model)
        assert predict(f"It was the {ends[0]}", 5) == predict(f"It was the {ends[1]}", 5)


def test_next_words_are_words(gpt):
    words = [word for word, _ in cloze.next_words(gpt, "Once upon a", k=20)]
    assert len(set(words)) == 20 and all(word == word.strip() and word for word in words)
    assert cloze.next_words(gpt, "Once upon a ", k=3) == cloze.next_words(gpt, "Once upon a", k=3)
    assert len(cloze.next_words(gpt, "", k=3)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("The cat sat on the mat.", "0 times"),
        ("The [MASK] sat on the [MASK].", "2 times"),
        ("The [mask] sat on the mat.", "in capitals"),
        ("", "empty"),
        ("   ", "empty"),
        ("The [MASK] sat. " + "It sat and sat. " * 60, "at most 128"),
        (None, "must be a string"),
    ],
)
def test_what_cannot_be_filled_is_a_plain_message(bert, text, message):
    with pytest.raises(LabkitError, match=message):
        cloze.fill_mask(bert, text)


@pytest.mark.parametrize("k", [0, -1, 9000, 2.5, None])
def test_k_must_be_a_number_of_words(bert, k):
    with pytest.raises(LabkitError, match="from 1 to 8192"):
        cloze.fill_mask(bert, "The [MASK] sat.", k)


def test_a_decoder_has_no_blank(gpt):
    with pytest.raises(LabkitError, match="decoder.*labkit.load\\('bert'\\)"):
        cloze.fill_mask(gpt, "The [MASK] sat.")


def test_a_long_prompt_is_a_plain_message(gpt):
    with pytest.raises(LabkitError, match="at most 128"):
        cloze.next_words(gpt, "and so on " * 100)


def items(*answers):
    return [
        ClozeItem(f"x{k}", f"{k} [MASK]", tuple(words), "left", "home") for k, words in enumerate(answers)
    ]


def test_cloze_accuracy_counts_items_and_gives_the_interval():
    table = {"0 [MASK]": ["a", "b"], "1 [MASK]": ["c", "d"], "2 [MASK]": ["e", "f"], "3 [MASK]": ["g"]}
    predict = lambda text, k: table[text][:k]
    some = items(["b", "a"], ["d"], ["x"], ["g", "x"])
    assert cloze.cloze_accuracy(predict, some, 1)[0] == 0.5
    accuracy, low, high = cloze.cloze_accuracy(predict, some, 2)
    assert accuracy == 0.75
    assert (low, high) == (pytest.approx(0.75 - 1.96 * (0.75 * 0.25 / 4) ** 0.5), 1.0)


def test_no_items_is_a_plain_message():
    with pytest.raises(LabkitError, match="no items"):
        cloze.cloze_accuracy(lambda text, k: [], [], 5)


def test_follows_gives_a_probability_for_every_pair():
    model = load_next_sentence("bert-mini")
    firsts, seconds = ["Alice was tired.", "It was a bad film."], ["She slept.", "I left.", "The end."]
    table = cloze.follows(model, firsts, seconds)
    assert table.shape == (2, 3) and bool(((table > 0) & (table < 1)).all())
    alone = cloze.follows(model, firsts[1:], seconds[:1])
    assert alone.item() == pytest.approx(table[1, 0].item(), abs=1e-4)
    with pytest.raises(LabkitError, match="at most 128"):
        cloze.follows(model, ["and so on " * 80], seconds)


def test_accuracy_at_rate_repeats_and_falls(bert):
    texts = ["It was the worst movie I have ever seen.", "Once upon a time there was a little girl."] * 20
    low = cloze.accuracy_at_rate(bert, texts, 0.1, seed=1)
    assert low == cloze.accuracy_at_rate(bert, texts, 0.1, seed=1)
    assert low[1] <= low[0] <= low[2]
    assert low[0] > cloze.accuracy_at_rate(bert, texts, 0.9, seed=1)[0]
    with pytest.raises(LabkitError, match="nothing was hidden"):
        cloze.accuracy_at_rate(bert, texts, 1e-9)


def test_accuracy_at_rate_never_hides_special_tokens(bert, monkeypatch):
    seen = []
    original = bert.network.forward
    monkeypatch.setattr(
        bert.network, "forward", lambda *a, **k: seen.append(k["input_ids"]) or original(*a, **k)
    )
    cloze.accuracy_at_rate(bert, ["The cat sat.", "The dog ran after the cat."], 1.0)
    assert torch.all(seen[0][:, 0] == bert.tokenizer.cls_token_id)
    assert (seen[0] == bert.tokenizer.sep_token_id).sum() == 2
