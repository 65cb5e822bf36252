"""Writing: the chain rule, the draws, the cache, and plain messages for what cannot be written."""

import itertools
import math

import pytest
import torch

from labkit.messages import LabkitError
from labkit.models import generation
from labkit.models.loading import load


@pytest.fixture(scope="module")
def gpt():
    return load("gpt-mini")


@pytest.fixture(scope="module")
def bert():
    return load("bert-mini")


def greedy(logits):
    return logits.argmax(dim=-1)


# The chain rule


def test_one_pass_equals_the_chain_step_by_step(gpt):
    text = "Once upon a time there was a king."
    ids = generation.encode_prompt(gpt, text)
    total = 0.0
    with torch.inference_mode():
        for t in range(1, ids.shape[1]):
            logits = gpt.network(input_ids=ids[:, :t]).logits[0, -1]
            total += logits.log_softmax(-1)[ids[0, t]].item()
    assert generation.sentence_log_prob(gpt, text) == pytest.approx(total, abs=1e-3)


def test_the_probabilities_of_all_two_token_texts_sum_to_one(tmp_path):
    """Exact factorization: on a model so tiny that every text can be listed."""
    from tests.tiny_models import save_tiny_gpt

    tiny = load(save_tiny_gpt(tmp_path))
    size = len(tiny.tokenizer)
    ids = torch.tensor([[0, a, b] for a, b in itertools.product(range(size), repeat=2)])
    with torch.inference_mode():
        log_probs = tiny.network(input_ids=ids).logits[:, :-1].log_softmax(-1)
    chain = log_probs.gather(-1, ids[:, 1:, None]).sum(dim=(1, 2))
    assert chain.exp().sum().item() == pytest.approx(1, abs=1e-4)


def test_word_order_matters(gpt):
    right = generation.sentence_log_prob(gpt, "He went to the house.")
    assert right > generation.sentence_log_prob(gpt, "He went to house the.")


def test_guesses_along_a_text_are_its_log_prob(gpt):
    text = "It was the worst film I have ever seen."
    guesses = generation.guesses_along(gpt, text)
    assert sum(math.log(g.prob) for g in guesses) == pytest.approx(
        generation.sentence_log_prob(gpt, text), abs=1e-3
    )
    assert [g.token for g in guesses][:3] == ["It", "was", "the"]
    for guess in guesses:
        assert guess.prob <= guess.favourite_prob
        assert (guess.rank == 1) == (guess.prob == guess.favourite_prob)


@pytest.mark.parametrize("text", ["The", "Caf\u00e9 \U0001f642 日本語 \u0441\u043b\u043e\u0432\u043e"])
def test_one_token_and_mixed_languages_have_a_probability(gpt, text):
    log_prob = generation.sentence_log_prob(gpt, text)
    assert math.isfinite(log_prob) and log_prob < 0
    assert len(generation.guesses_along(gpt, text)) == len(gpt.tokenizer(text).input_ids)
    assert generation.continue_text(gpt, text, num_new=3).startswith(text[:3])


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("   ", "empty"), (None, "must be a string"), ("and so on " * 200, "at most 128 in all")],
)
def test_what_has_no_probability_is_a_plain_message(gpt, text, message):
    for function in (generation.sentence_log_prob, generation.guesses_along, generation.continue_text):
        with pytest.raises(LabkitError, match=message):
            function(gpt, text)


def test_an_encoder_is_a_plain_message(bert):
    calls = [
        lambda: generation.sentence_log_prob(bert, "The cat."),
        lambda: generation.guesses_along(bert, "The cat."),
        lambda: generation.continue_text(bert, "The cat."),
        lambda: generation.generate(bert, torch.tensor([[5, 6]]), 3, greedy),
        lambda: generation.forced_and_free(bert, ["The cat sat on the mat."]),
    ]
    for call in calls:
        with pytest.raises(LabkitError, match="encoder.*labkit.load\\('gpt'\\)"):
            call()


def test_something_that_is_no_model_is_a_plain_message(gpt):
    for wrong in ("gpt", None, gpt.network):
        with pytest.raises(LabkitError, match="what labkit.load returns"):
            generation.sentence_log_prob(wrong, "The cat.")


# The draw

LOGITS = torch.tensor([0.5, 0.25, 0.15, 0.1]).log()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((1.0, 0, 1.0), [0.5, 0.25, 0.15, 0.1]),
        ((0, 0, 1.0), [1, 0, 0, 0]),
        ((0.5, 0, 1.0), [0.7246, 0.1812, 0.0652, 0.0290]),
        ((1.0, 2, 1.0), [0.6667, 0.3333, 0, 0]),
        ((1.0, 99, 1.0), [0.5, 0.25, 0.15, 0.1]),
        ((1.0, 0, 0.6), [0.6667, 0.3333, 0, 0]),
        ((1.0, 0, 0.2), [1, 0, 0, 0]),
        ((1.0, 3, 0.8), [0.6667, 0.3333, 0, 0]),
    ],
)
def test_next_probs(settings, expected):
    order = [2, 0, 3, 1]
    probs = generation.next_probs(LOGITS[order], *settings)
    assert probs.tolist() == pytest.approx([expected[k] for k in order], abs=1e-3)
    rows = generation.next_probs(torch.stack([LOGITS, LOGITS[order]]), *settings)
    assert torch.allclose(rows[1], probs) and rows[0].tolist() == pytest.approx(expected, abs=1e-3)


def test_top_k_and_top_p_agree_with_transformers():
    from transformers.generation.logits_process import TopKLogitsWarper, TopPLogitsWarper

    logits = 2 * torch.randn(20, 50, generator=torch.Generator().manual_seed(0))
    warped = TopPLogitsWarper(0.8)(None, TopKLogitsWarper(12)(None, logits / 1.3))
    expected = warped.softmax(-1)
    assert torch.allclose(generation.next_probs(logits, 1.3, 12, 0.8), expected, atol=1e-6)


def test_draws_follow_the_probabilities_and_the_generator():
    rows = LOGITS.repeat(4000, 1)
    draw = lambda seed: generation.sample_next(rows, generator=torch.Generator().manual_seed(seed))
    first, again, other = draw(1), draw(1), draw(2)
    assert torch.equal(first, again) and not torch.equal(first, other)
    shares = torch.bincount(first, minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.5, 0.25, 0.15, 0.1], abs=0.04)
    assert set(generation.sample_next(rows, top_k=2).tolist()) == {0, 1}
    assert generation.sample_next(LOGITS).shape == ()


def test_logits_are_left_as_they_were():
    logits = LOGITS.clone()
    generation.sample_next(logits, 0.7, 2, 0.9)
    assert torch.equal(logits, LOGITS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((-1.0, 0, 1.0), "temperature"),
        ((float("nan"), 0, 1.0), "temperature"),
        ((1.0, -1, 1.0), "top_k"),
        ((1.0, 2.5, 1.0), "top_k"),
        ((1.0, 0, 0.0), "top_p"),
        ((1.0, 0, 90), "top_p"),
    ],
)
def test_settings_out_of_range_are_a_plain_message(settings, message):
    with pytest.raises(LabkitError, match=message):
        generation.sample_next(LOGITS, *settings)


def test_nan_logits_are_a_plain_message():
    with pytest.raises(LabkitError, match="NaN"):
        generation.sample_next(torch.tensor([0.0, float("nan")]))


# The loop


@pytest.mark.parametrize("prompt", ["Once upon a time", "The", "It was \U0001f642"])
def test_with_and_without_the_cache_token_by_token(gpt, prompt):
    ids = generation.encode_prompt(gpt, prompt)
    cached, plain = (generation.generate(gpt, ids, 25, greedy, use_cache=cache) for cache in (True, False))
    assert torch.equal(cached, plain) and torch.equal(cached[:, : ids.shape[1]], ids)


def test_sampling_with_and_without_the_cache(gpt):
    ids = generation.encode_prompt(gpt, "She opened the")
    texts = []
    for cache in (True, False):
        generator = torch.Generator().manual_seed(4)
        choose = lambda logits, g=generator: generation.sample_next(logits, 0.9, 0, 0.9, g)
        texts.append(generation.generate(gpt, ids, 20, choose, use_cache=cache))
    assert torch.equal(*texts)


def test_greedy_agrees_with_transformers(gpt):
    ids = generation.encode_prompt(gpt, "Once upon a time")
    expected = gpt.network.generate(ids, max_new_tokens=20, do_sample=False, pad_token_id=0)
    assert torch.equal(generation.generate(gpt, ids, 20, greedy), expected)


def test_it_stops_after_the_end_of_text(gpt):
    end = gpt.tokenizer.eos_token_id
    ids = generation.encode_prompt(gpt, "The end")
    result = generation.generate(gpt, ids, 10, lambda logits: torch.tensor([end]))
    assert result[0].tolist() == [*ids[0].tolist(), end]


def test_no_room_is_a_plain_message(gpt):
    ids = generation.encode_prompt(gpt, "and so on " * 30)
    with pytest.raises(LabkitError, match="100 new ones.*at most 128"):
        generation.generate(gpt, ids, 100, greedy)


def test_a_continuation_repeats_with_its_seed(gpt):
    texts = [generation.continue_text(gpt, "The king", num_new=12, seed=seed) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].startswith("The king") and "<|endoftext|>" not in texts[0]


# Led by the hand, and alone


def test_the_first_guess_is_the_same_and_short_texts_are_left_out(gpt):
    texts = ["Once upon a time there was a little girl who lived in a house."] * 3 + ["It was the worst film"]
    forced, free = generation.forced_and_free(gpt, texts, prompt_length=3, num_new=5)
    assert forced[0] == free[0] and len(forced) == len(free) == 5
    assert all(0 <= low <= p <= high <= 1 for p, low, high in forced + free)
    ids = generation.encode_prompt(gpt, texts[0])[:, :9]
    written = generation.generate(gpt, ids[:, :4], 5, greedy)
    expected = (written[0, 4:9] == ids[0, 4:9]).float().tolist()
    assert [p for p, _, _ in free] == expected, "alone, it writes what generate writes"


def test_no_text_is_long_enough(gpt):
    with pytest.raises(LabkitError, match="No text has 12 tokens"):
        generation.forced_and_free(gpt, ["Too short."])
    with pytest.raises(LabkitError, match="There are no texts"):
        generation.forced_and_free(gpt, [])
