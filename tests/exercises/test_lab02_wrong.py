"""Lab 02: wrong answers of many kinds. Each fails at what it breaks, some with a known hint."""

import pytest
import torch
import torch.nn.functional as F

import labkit
from labkit.exercises import lab02
from labkit.exercises.engine import check
from labkit.exercises.lab02.decoders import gpt, small_decoder

EXERCISES = {exercise.name: exercise for exercise in lab02.EXERCISES}


def hidden_attention(q, k, v, visible, scale=None):
    scores = q @ k.transpose(1, 2) / (q.shape[-1] ** 0.5 if scale is None else scale)
    return scores.masked_fill(~visible, -1e9).softmax(-1) @ v


def watches(moved, start=0):
    def sees_future(fn):
        ids = torch.randint(100, (12,))
        for j in range(1, 12):
            changed = ids.clone()
            changed[j] = (ids[j] + 1) % 100
            if moved(fn(changed)[start:j], fn(ids)[start:j]):
                return True
        return False

    return sees_future


def hands(ids):
    return lambda fn: bool((fn(ids)[:3] - fn(ids)[:3]).abs().max() > 1e-4)


def scored(model, text, collect):
    ids = torch.tensor([[model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids]])
    with torch.inference_mode():
        log_probs = model.network(input_ids=ids).logits[0, :-1].log_softmax(-1)
    return float(collect(log_probs[torch.arange(len(log_probs)), ids[0, 1:]]))


def own_pad_token(model, text):
    model.tokenizer.pad_token = model.tokenizer.eos_token
    return scored(model, text, torch.sum)


def written(is_end, ask=lambda choose, logits: choose(logits), form=lambda ids: ids, seed=None, rounds=None):
    def generate(model, input_ids, num_new, choose):
        if seed is not None:
            torch.manual_seed(seed)
        feed, cache = input_ids, None
        for _ in range(num_new if rounds is None else rounds(num_new)):
            with torch.inference_mode():
                output = model.network(input_ids=feed, past_key_values=cache, use_cache=True)
            cache, feed = output.past_key_values, ask(choose, output.logits[:, -1]).reshape(1, 1)
            input_ids = torch.cat([input_ids, feed], dim=1)
            if is_end(model, input_ids):
                break
        return form(input_ids)

    return generate


def ends(model, ids):
    return ids[0, -1].item() == model.tokenizer.eos_token_id


def asked_twice(choose, logits):
    choose(logits)
    return choose(logits)


def drawn(change=lambda logits: logits, k_as=lambda k, size: min(k, size), form=lambda ids: ids):
    def sample_next(logits, temperature, top_k, top_p, generator):
        logits = change(logits)
        if temperature == 0:
            return form(logits.argmax(-1))
        ordered, ids = (logits / temperature).sort(dim=-1, descending=True)
        k = k_as(top_k, logits.shape[1])
        if k:
            ordered = torch.where(torch.arange(logits.shape[1]) < k, ordered, -torch.inf)
        probs = ordered.softmax(-1)
        if top_p < 1:
            probs[probs.cumsum(-1) - probs >= top_p] = 0
        return form(ids.gather(-1, torch.multinomial(probs, 1, generator=generator))[:, 0])

    return sample_next


def no_more_than_there_are(top_k, size):
    assert top_k <= size, "selected index k out of range"
    return top_k


# (exercise, answer, the property that it breaks, the misconception that is named, None for any)
WRONG = {
    "an extra axis": (
        "causal_mask",
        lambda T: torch.ones(1, T, T).tril(),
        "sees itself",
        "an axis for the batch",
    ),
    "a window": ("causal_mask", lambda T: torch.ones(T, T).tril().triu(-3), "sees itself", None),
    "constant": ("causal_mask", lambda T: torch.ones(T, T), "sees itself", "everything is visible"),
    "diagonal opened": (
        "attention",
        lambda q, k, v, mask: hidden_attention(q, k, v, mask | torch.eye(q.shape[1]).bool()),
        "weighted mean",
        "every token sees itself",
    ),
    "root of E": (
        "attention",
        lambda q, k, v, mask: hidden_attention(q, k, v, mask, v.shape[-1] ** 0.5),
        "weighted mean",
        "scaled by the root of E",
    ),
    "the values as they came": ("attention", lambda q, k, v, mask: v.clone(), "no NaN", None),
    "squeezed": (
        "combine_masks",
        lambda causal, padding: (causal & padding.bool()[:, None]).squeeze(),
        "on the left",
        "axes of length 1 are gone",
    ),
    "first output": (
        "sees_future",
        watches(lambda a, b: not torch.allclose(a[:1], b[:1], atol=1e-4)),
        "leak",
        None,
    ),
    "means": (
        "sees_future",
        watches(lambda a, b: abs(a.mean() - b.mean()) > 1e-4),
        "leak",
        "means are compared",
    ),
    "no abs": ("sees_future", watches(lambda a, b: (a - b).max() > 1e-4), "leak", None),
    "first number": ("sees_future", watches(lambda a, b: not torch.allclose(a[:, 0], b[:, 0])), "leak", None),
    "two axes": ("sees_future", watches(lambda a, b: (a - b).norm(dim=1).max() > 1e-4), "leak", None),
    "negative id": ("sees_future", hands(torch.tensor([5, -1, 7])), "leak", "an id that fn does not take"),
    "list of ids": ("sees_future", hands([5, 1, 7]), "leak", "no tensor of ids"),
    "underflow": (
        "next_token_loss",
        lambda logits, ids: -logits.softmax(-1)[:, :-1].gather(-1, ids[:, 1:, None]).log().mean(),
        "mean of -log p",
        "the logarithm of a probability that is 0 to the computer",
    ),
    "a floor": (
        "next_token_loss",
        lambda logits, ids: (
            (-logits.log_softmax(-1)[:, :-1].gather(-1, ids[:, 1:, None])).clamp(max=20).mean()
        ),
        "mean of -log p",
        None,
    ),
    "a constant loss": ("next_token_loss", lambda logits, ids: torch.tensor(1.0), "last position", None),
    "log of product": (
        "sentence_log_prob",
        lambda model, text: scored(model, text, lambda x: x.exp().prod().log()),
        "sum of log P",
        "the logarithm of a product",
    ),
    "stripped": (
        "sentence_log_prob",
        lambda model, text: scored(model, text.strip(), torch.sum),
        "sum of log P",
        "spaces are taken away",
    ),
    "own model": (
        "sentence_log_prob",
        lambda model, text: scored(labkit.load("gpt"), text, torch.sum),
        "single token",
        "always gpt-mini",
    ),
    "pad token": ("sentence_log_prob", own_pad_token, "changes nothing else", None),
    "k above V": ("sample_next", drawn(k_as=no_more_than_there_are), "top_k", None),
    "k of 50": ("sample_next", drawn(k_as=lambda k, size: k or 50), "as often", "top_k = 0 keeps 50"),
    "forbidden": (
        "sample_next",
        drawn(change=lambda logits: logits.nan_to_num(neginf=0.0)),
        "top_k",
        "what the caller forbids is drawn",
    ),
    "scalar": ("sample_next", drawn(form=torch.squeeze), "top_k", "axes of length 1 are gone"),
    "end is 0": ("generate", written(lambda model, ids: ids[0, -1] == 0), "end-of-text", None),
    "flat": ("generate", written(ends, form=lambda ids: ids[0]), "same tokens", "no axis for the batch"),
    "asks twice": ("generate", written(ends, ask=asked_twice), "same tokens", None),
    "probabilities": (
        "generate",
        written(ends, ask=lambda choose, logits: choose(logits.softmax(-1))),
        "same tokens",
        "probabilities handed to choose",
    ),
    "at least one": (
        "generate",
        written(ends, rounds=lambda n: max(n, 1)),
        "same tokens",
        "at least one token",
    ),
    "reseeds": ("generate", written(ends, seed=0), "changes nothing else", None),
    "repetition": (
        "generate",
        written(lambda model, ids: ends(model, ids) or ids[0, -1] == ids[0, -2]),
        "same tokens",
        "stops at a repetition",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_answer_fails_at_what_it_breaks(kind):
    name, answer, prop, misconception = WRONG[kind]
    report = check(answer, EXERCISES[name])
    assert report.status == "wrong"
    failed = [result.name for result in report.results if not result.passed]
    assert any(prop in one for one in failed), failed
    assert misconception is None or report.misconception == misconception


TWO = {
    "no start, and the mean": (
        "sentence_log_prob",
        lambda model, text: (
            -F.cross_entropy(
                model.network(input_ids=model.tokenizer(text, return_tensors="pt").input_ids).logits[0, :-1],
                model.tokenizer(text, return_tensors="pt").input_ids[0, 1:],
            )
        ),
        "the first token is left out",
    ),
    "not shifted, and the sum": (
        "next_token_loss",
        lambda logits, input_ids: F.cross_entropy(logits.flatten(0, 1), input_ids.flatten(), reduction="sum"),
        "not shifted",
    ),
    "masked behind, and no root": (
        "attention",
        lambda q, k, v, mask: ((q @ k.transpose(1, 2)).softmax(-1) * mask) @ v,
        "masked after the softmax",
    ),
    "transposed, and a batch axis": (
        "causal_mask",
        lambda T: torch.ones(T, T).triu()[None],
        "the triangle above the diagonal",
    ),
}


@pytest.mark.parametrize("kind", TWO)
def test_of_two_mistakes_one_that_shows_is_named(kind):
    name, answer, misconception = TWO[kind]
    report = check(answer, EXERCISES[name])
    assert report.status == "wrong" and report.misconception == misconception


def test_the_second_decoder_has_another_end_of_text_token():
    assert small_decoder().tokenizer.eos_token_id != gpt().tokenizer.eos_token_id
    assert small_decoder().tokenizer.eos_token_id not in (0, 50256, len(small_decoder().tokenizer) - 1)
