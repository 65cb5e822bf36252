"""Lab 02: right answers in other styles than ours, and mistakes that need a second look.

What holds for every lab is in test_every_lab.py, which reads STYLES.
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from labkit.exercises import lab02
from labkit.exercises.engine import check
from labkit.grading.plain import decode, encode

EXERCISES = {exercise.name: exercise for exercise in lab02.EXERCISES}

# Right answers in other styles than ours.


def causal_mask_loop(T):
    return [[j <= i for j in range(T)] for i in range(T)]


def causal_mask_positions(T):
    places = torch.arange(T)
    return places[None, :] <= places[:, None]


def causal_mask_numpy(T):
    return np.tril(np.ones((T, T), dtype=int))


def causal_mask_filled(T):
    mask = torch.zeros(T, T)
    for i in range(T):
        mask[i, : i + 1] = 1
    return mask


def attention_loop(q, k, v, mask):
    out = torch.zeros(v.shape)
    mask = mask.expand(q.shape[0], -1, -1)
    for b in range(q.shape[0]):
        for i in range(q.shape[1]):
            seen = [j for j in range(q.shape[1]) if mask[b, i, j]]
            if not seen:
                continue
            weights = [math.exp(float(q[b, i] @ k[b, j]) / math.sqrt(q.shape[-1])) for j in seen]
            for j, weight in zip(seen, weights, strict=True):
                out[b, i] += weight / sum(weights) * v[b, j]
    return out


def attention_additive(q, k, v, mask):
    scores = torch.einsum("bid,bjd->bij", q, k) * q.size(-1) ** -0.5
    bias = torch.where(mask, 0.0, -1e9)
    return torch.bmm(torch.softmax(scores + bias, -1), v)


def attention_nan_mended(q, k, v, mask):
    scores = (q @ k.mT) / np.sqrt(q.shape[2])
    weights = scores.masked_fill(mask == 0, -torch.inf).softmax(-1)
    return weights.nan_to_num(0.0) @ v


def attention_numpy(q, k, v, mask):
    q, k, v = (x.numpy().astype(np.float64) for x in (q, k, v))
    scores = np.where(mask.numpy(), np.einsum("btd,bsd->bts", q, k) / math.sqrt(q.shape[-1]), -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ v


def combine_masks_product(causal, padding):
    return causal.long() * padding.unsqueeze(1)


def combine_masks_loop(causal, padding):
    return torch.stack([causal.logical_and(row.bool()) for row in padding])


def combine_masks_filled(causal, padding):
    mask = causal[None].repeat(padding.shape[0], 1, 1)
    return mask.masked_fill(padding[:, None, :] == 0, False)


def combine_masks_lists(causal, padding):
    allowed = causal.tolist()
    return [
        [[yes and real == 1 for yes, real in zip(row, text, strict=True)] for row in allowed]
        for text in padding
    ]


def sees_future_by_truncation(fn):
    ids = torch.randint(0, 100, (16,))
    whole = fn(ids)
    return any(not torch.allclose(fn(ids[:t]), whole[:t], atol=1e-4) for t in range(1, 16))


def sees_future_many(fn):
    generator = torch.Generator().manual_seed(3)
    alarm = False
    for _ in range(2):
        ids = torch.randint(100, (10,), generator=generator)
        for t in range(9):
            other = ids.clone()
            other[t + 1 :] = 99 - ids[t + 1 :]
            alarm |= bool((fn(ids)[: t + 1] - fn(other)[: t + 1]).abs().max() > 1e-4)
    return np.bool_(alarm)


def sees_future_norm(fn):
    ids = torch.arange(12) * 7
    for j in range(11, 0, -1):
        changed = torch.cat([ids[:j], (ids[j : j + 1] + 50) % 100, ids[j + 1 :]])
        if torch.linalg.vector_norm(fn(changed)[:j] - fn(ids)[:j]) > 1e-3:
            return 1
    return 0


def sees_future_all_later_change(fn):
    ids = torch.randint(100, (20,))
    found = []
    for t in range(19):
        other = torch.where(torch.arange(20) > t, (ids + 37) % 100, ids)
        found.append(np.abs(fn(other)[: t + 1].numpy() - fn(ids)[: t + 1].numpy()).max())
    return torch.tensor(max(found) > 1e-4)


def next_token_loss_library(logits, input_ids):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), input_ids[:, 1:].flatten())


def next_token_loss_loop(logits, input_ids):
    losses = []
    for b in range(input_ids.shape[0]):
        for t in range(input_ids.shape[1] - 1):
            losses.append(-torch.log_softmax(logits[b, t], 0)[input_ids[b, t + 1]])
    return float(sum(losses) / len(losses))


def next_token_loss_by_label(logits, input_ids):
    labels = F.pad(input_ids[:, 1:], (0, 1), value=-100)
    return F.cross_entropy(logits.transpose(1, 2), labels)


def next_token_loss_numpy(logits, input_ids):
    x = logits[:, :-1].double().numpy()
    highest = x.max(axis=-1, keepdims=True)
    total = highest[..., 0] + np.log(np.exp(x - highest).sum(axis=-1))
    picked = np.take_along_axis(x, input_ids[:, 1:, None].numpy(), axis=-1)[..., 0]
    return np.float64((total - picked).mean())


def sentence_log_prob_step_by_step(model, text):
    ids = [model.tokenizer.eos_token_id] + model.tokenizer(text)["input_ids"]
    total = 0.0
    with torch.no_grad():
        for t in range(1, len(ids)):
            logits = model.network(torch.tensor([ids[:t]])).logits[0, -1]
            total += math.log(torch.softmax(logits.double(), -1)[ids[t]])
    return total


def sentence_log_prob_from_loss(model, text):
    ids = torch.tensor(model.tokenizer.encode("<|endoftext|>") + model.tokenizer.encode(text))[None]
    logits = model.network(ids).logits
    return -F.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum")


def sentence_log_prob_numpy(model, text):
    ids = np.array([model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids])
    with torch.inference_mode():
        logits = model.network(input_ids=torch.from_numpy(ids)[None]).logits[0].double().numpy()
    logits -= logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return log_probs[np.arange(len(ids) - 1), ids[1:]].sum(keepdims=True)


def sentence_log_prob_reduced(model, text):
    start = model.tokenizer(model.tokenizer.eos_token + text, return_tensors="pt").input_ids
    log_probs = model.network(input_ids=start).logits.log_softmax(-1)
    return torch.stack([log_probs[0, t, start[0, t + 1]] for t in range(start.shape[1] - 1)]).sum()[None]


def sample_next_loop(logits, temperature, top_k, top_p, generator):
    drawn = []
    for row in logits:
        if temperature == 0:
            drawn.append(int(row.argmax()))
            continue
        pairs = sorted(enumerate((row / temperature).softmax(0).tolist()), key=lambda pair: -pair[1])
        pairs = pairs[:top_k] if top_k else pairs
        total = sum(p for _, p in pairs)
        kept, reached = [], 0.0
        for token, p in pairs:
            if kept and reached >= top_p:
                break
            kept.append((token, p))
            reached += p / total
        weights = torch.tensor([p for _, p in kept])
        drawn.append(kept[int(torch.multinomial(weights, 1, generator=generator))][0])
    return torch.tensor(drawn)


def sample_next_one_by_one(logits, temperature, top_k, top_p, generator):
    if temperature == 0:
        return torch.argmax(logits, 1)
    logits = logits / temperature
    if top_k:
        smallest = logits.topk(min(top_k, logits.shape[1])).values[:, -1:]
        logits = logits.masked_fill(logits < smallest, -torch.inf)
    probs = logits.softmax(1)
    for row in probs if top_p < 1 else ():
        left, mass = row.clone(), 0.0
        while mass < top_p and left.max() > 0:
            mass += left.max().item()
            left[left.argmax()] = 0.0
        row[left > 0] = 0.0
    # Draws by the inverse of the distribution function, not by multinomial.
    steps = probs.cumsum(1) / probs.sum(1, keepdim=True)
    lots = torch.rand(len(probs), 1, generator=generator)
    return (steps <= lots).sum(1).clamp(max=logits.shape[1] - 1)


def sample_next_gumbel(logits, temperature, top_k, top_p, generator):
    if temperature == 0:
        return logits.max(dim=1).indices.tolist()
    probs, ids = (logits.double() / temperature).softmax(1).sort(1, descending=True)
    if top_k:
        probs = probs[:, :top_k]
    probs = probs / probs.sum(1, keepdim=True)
    if top_p < 1:
        probs = torch.where(probs.cumsum(1) - probs < top_p, probs, 0.0)
    noise = torch.empty_like(probs).exponential_(generator=generator)
    return ids.gather(1, (probs / noise).argmax(1, keepdim=True)).flatten().numpy()


def sample_next_scattered(logits, temperature, top_k, top_p, generator):
    if temperature == 0:
        return logits.argmax(-1)
    kept = torch.full_like(logits, -torch.inf)
    values, ids = torch.topk(logits / temperature, min(top_k or logits.shape[1], logits.shape[1]))
    kept.scatter_(1, ids, values)
    if top_p < 1:
        order = kept.argsort(1, descending=True)
        probs = kept.softmax(1).gather(1, order)
        out = (probs.cumsum(1) - probs >= top_p).scatter(1, order, probs.cumsum(1) - probs >= top_p)
        kept[out] = -torch.inf
    return torch.distributions.Categorical(logits=kept).probs.multinomial(1, generator=generator).squeeze(1)


def generate_while(model, input_ids, num_new, choose):
    tokens, past, count = input_ids[0].tolist(), None, 0
    fresh = input_ids
    while count < num_new and (count == 0 or tokens[-1] != model.tokenizer.eos_token_id):
        with torch.no_grad():
            out = model.network(fresh, past_key_values=past, use_cache=True)
        past = out.past_key_values
        fresh = choose(out.logits[:, -1, :])[:, None]
        tokens.append(fresh.item())
        count += 1
    return torch.tensor([tokens])


def generate_prompt_first(model, input_ids, num_new, choose):
    output = model.network(input_ids=input_ids, use_cache=True)
    pieces = [input_ids]
    for step in range(num_new):
        token = choose(output.logits[:, -1]).view(1, 1)
        pieces.append(token)
        if token.item() == model.tokenizer.eos_token_id or step == num_new - 1:
            break
        output = model.network(token, past_key_values=output.past_key_values, use_cache=True)
    return torch.cat(pieces, dim=1)


def generate_eval_first(model, input_ids, num_new, choose):
    model.network.eval()
    ids, past = input_ids.clone(), None
    for _ in range(num_new):
        out = model.network(ids if past is None else ids[:, -1:], past_key_values=past, use_cache=True)
        past = out["past_key_values"]
        ids = torch.hstack([ids, choose(out["logits"][:, -1]).unsqueeze(0)])
        if ids[0, -1] == model.tokenizer.eos_token_id:
            return ids
    return ids


def generate_numpy(model, input_ids, num_new, choose):
    ids, feed, past = input_ids.tolist(), input_ids, None
    with torch.no_grad():
        while num_new > 0:
            out = model.network(input_ids=feed, past_key_values=past, use_cache=True)
            past, new = out.past_key_values, int(choose(out.logits[:, -1])[0])
            ids[0].append(new)
            feed, num_new = torch.tensor([[new]]), 0 if new == model.tokenizer.eos_token_id else num_new - 1
    return np.array(ids)


STYLES = {
    "causal_mask": (causal_mask_loop, causal_mask_positions, causal_mask_numpy, causal_mask_filled),
    "attention": (attention_loop, attention_additive, attention_nan_mended, attention_numpy),
    "combine_masks": (combine_masks_product, combine_masks_loop, combine_masks_filled, combine_masks_lists),
    "sees_future": (
        sees_future_by_truncation,
        sees_future_many,
        sees_future_norm,
        sees_future_all_later_change,
    ),
    "next_token_loss": (
        next_token_loss_library,
        next_token_loss_loop,
        next_token_loss_by_label,
        next_token_loss_numpy,
    ),
    "sentence_log_prob": (
        sentence_log_prob_step_by_step,
        sentence_log_prob_from_loss,
        sentence_log_prob_numpy,
        sentence_log_prob_reduced,
    ),
    "sample_next": (sample_next_loop, sample_next_one_by_one, sample_next_gumbel, sample_next_scattered),
    "generate": (generate_while, generate_prompt_first, generate_eval_first, generate_numpy),
}


def test_the_same_tensor_twice_is_told_apart_from_a_real_test():
    def no_copy(fn):
        ids = torch.randint(100, (12,))
        changed = ids
        changed[-1] = (changed[-1] + 1) % 100
        return not torch.allclose(fn(ids)[:-1], fn(changed)[:-1])

    report = check(no_copy, EXERCISES["sees_future"])
    assert report.misconception == "never an alarm"
    assert report.points == 0, "a test that always says the same tells nothing apart"


def test_cosine_instead_of_a_dot_product_is_wrong_without_a_hint_of_its_own():
    def cosine(q, k, v, mask):
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT
        return scores.masked_fill(~mask, -1e9).softmax(-1) @ v

    report = check(cosine, EXERCISES["attention"])
    assert report.status == "wrong" and not report.results[0].passed
    assert report.results[2].passed, "no NaN: that point is earned"


@pytest.mark.parametrize("seed", [None, 0])
def test_sampling_that_ignores_the_generator_loses_one_point(seed):
    def own_seed(logits, temperature, top_k, top_p, generator):
        mine = None if seed is None else torch.Generator().manual_seed(seed)
        return sample_next_one_by_one(logits, temperature, top_k, top_p, mine)

    report = check(own_seed, EXERCISES["sample_next"])
    assert report.points == report.max_points - 1
    assert "generator" in report.text or "seed" in report.text


def test_the_librarys_generate_is_refused_in_plain_words():
    def library(model, input_ids, num_new, choose):
        return model.network.generate(input_ids, max_new_tokens=num_new, do_sample=False)

    report = check(library, EXERCISES["generate"])
    assert report.status == "wrong" and "write the loop yourself" in report.text


def test_without_a_cache_the_tokens_are_right_and_the_points_for_the_steps_are_lost():
    wrong = {m.name: m for m in EXERCISES["generate"].misconceptions}["no cache"]
    report = check(wrong.wrong, EXERCISES["generate"])
    assert [result.passed for result in report.results] == [True, False, True, True]


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_observed_is_plain_data(name):
    """It has to cross the border between a student's process and the grader."""
    exercise = EXERCISES[name]
    for case in exercise.cases(5):
        observed = exercise.observe(exercise.reference(*case.args), case)
        assert "other" not in str(encode(observed))
        assert str(encode(decode(encode(observed)))) == str(encode(observed))


def test_the_quiz_has_both_questions_of_the_slides():
    sources = [question.source for question in lab02.QUESTIONS]
    assert sum("Checkpoint, Understanding GPT" in source for source in sources) == 2
