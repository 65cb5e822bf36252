"""Lab 01: right answers in other styles than ours, and mistakes that need a second look.

What holds for every lab is in test_every_lab.py, which reads STYLES.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from labkit.exercises import lab01
from labkit.exercises.engine import check

# Right answers in other styles than ours.


def wordpiece_recursive(word, vocab):
    def split(rest, first):
        if not rest:
            return []
        for end in reversed(range(1, len(rest) + 1)):
            piece = rest[:end] if first else f"##{rest[:end]}"
            if piece in vocab:
                tail = split(rest[end:], False)
                return None if tail is None else [piece, *tail]
        return None

    return split(word, True) or ["[UNK]"]


def wordpiece_while(word, vocab):
    pieces = []
    while word:
        mark = "##" if pieces else ""
        end = len(word)
        while end > 0 and mark + word[:end] not in vocab:
            end -= 1
        if end == 0:
            return ["[UNK]"]
        pieces.append(mark + word[:end])
        word = word[end:]
    return tuple(pieces)


def encode_pair_by_count(pieces_a, pieces_b, vocab, max_length):
    num_a, num_b = len(pieces_a), len(pieces_b)
    while num_a + num_b > max_length - 3:
        if num_a > num_b:
            num_a -= 1
        else:
            num_b -= 1
    pieces = ["[CLS]"] + pieces_a[:num_a] + ["[SEP]"] + pieces_b[:num_b] + ["[SEP]"]
    attention = np.zeros(max_length, dtype=int)
    attention[: len(pieces)] = 1
    segments = np.zeros(max_length, dtype=int)
    segments[num_a + 2 : len(pieces)] = 1
    pieces += ["[PAD]"] * (max_length - len(pieces))
    ids = np.array([vocab[piece] for piece in pieces])
    return {"input_ids": ids, "token_type_ids": segments, "attention_mask": attention}


def encode_pair_tensors(pieces_a, pieces_b, vocab, max_length):
    a, b = pieces_a[:], pieces_b[:]
    while len(a) + len(b) + 3 > max_length:
        if len(b) >= len(a):
            b = b[:-1]
        else:
            a = a[:-1]
    first, second = ["[CLS]"] + a + ["[SEP]"], b + ["[SEP]"]
    padding = ["[PAD]"] * (max_length - len(first) - len(second))
    return {
        "attention_mask": torch.tensor([1.0] * (len(first) + len(second)) + [0.0] * len(padding)),
        "token_type_ids": torch.tensor([0] * len(first) + [1] * len(second) + [0] * len(padding)),
        "input_ids": torch.tensor([vocab[piece] for piece in first + second + padding]),
    }


def mask_tokens_loop(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    corrupted, labels = input_ids.clone(), torch.full_like(input_ids, -100)
    lots = torch.rand(input_ids.shape, generator=generator).tolist()
    fates = torch.rand(input_ids.shape, generator=generator).tolist()
    randoms = torch.randint(vocab_size, input_ids.shape, generator=generator)
    for b, row in enumerate(lots):
        for t, lot in enumerate(row):
            if lot >= 0.15 or special_tokens_mask[b, t]:
                continue
            labels[b, t] = input_ids[b, t]
            if fates[b][t] < 0.8:
                corrupted[b, t] = mask_token_id
            elif fates[b][t] < 0.9:
                corrupted[b, t] = randoms[b, t]
    return corrupted, labels


def mask_tokens_bernoulli(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    rates = torch.full(input_ids.shape, 0.15).masked_fill(special_tokens_mask == 1, 0.0)
    selected = torch.bernoulli(rates, generator=generator).bool()
    labels = input_ids.masked_fill(~selected, -100)
    masked = torch.bernoulli(torch.full(input_ids.shape, 0.8), generator=generator).bool() & selected
    half = torch.bernoulli(torch.full(input_ids.shape, 0.5), generator=generator).bool()
    to_random = selected & ~masked & half
    random_ids = torch.randint(0, vocab_size, input_ids.shape, generator=generator)
    corrupted = input_ids.masked_fill(masked, mask_token_id)
    return [torch.where(to_random, random_ids, corrupted), labels]


def mlm_loss_library(logits, labels):
    return F.cross_entropy(logits.view(-1, logits.shape[-1]), labels.view(-1), ignore_index=-100)


def mlm_loss_loop(logits, labels):
    losses = []
    for b in range(labels.shape[0]):
        for t in range(labels.shape[1]):
            if labels[b, t] != -100:
                scores = logits[b, t].tolist()
                biggest = max(scores)
                total = sum(math.exp(s - biggest) for s in scores)
                losses.append(-(scores[labels[b, t]] - biggest - math.log(total)))
    return sum(losses) / len(losses)


def mlm_loss_double(logits, labels):
    keep = labels != -100
    log_p = torch.log_softmax(logits.double(), dim=-1)[keep]
    return -log_p[torch.arange(len(log_p)), labels[keep]].mean()


def fill_mask_sorted(model, text, k):
    batch = model.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = model.network(**batch).logits
    index = batch.input_ids[0].tolist().index(model.tokenizer.mask_token_id)
    probs = torch.softmax(logits[0, index], dim=0)
    order = probs.argsort(descending=True)[:k]
    return [(model.tokenizer.convert_ids_to_tokens(int(i)), float(probs[i])) for i in order]


def fill_mask_with_gradients(model, text, k):
    batch = model.tokenizer([text], return_tensors="pt")
    scores = model.network(batch["input_ids"]).logits
    probs = scores[batch["input_ids"] == model.tokenizer.mask_token_id].softmax(-1)[0]
    values, ids = probs.topk(k)
    return [[model.tokenizer.decode([i]), p] for i, p in zip(ids.tolist(), values, strict=True)]


def cloze_accuracy_loop(predict, items, k):
    right = 0
    for item in items:
        words = predict(item.text, k)
        for answer in item.answers:
            if answer in words:
                right += 1
                break
    share = right / len(items)
    error = (share * (1 - share) / len(items)) ** 0.5
    low, high = share - 1.96 * error, share + 1.96 * error
    return [share, 0 if low < 0 else low, 1 if high > 1 else high]


def cloze_accuracy_numpy(predict, items, k):
    hits = np.array([bool(set(item.answers) & set(predict(item.text, k))) for item in items])
    spread = 1.96 * hits.std() / np.sqrt(len(hits))
    return hits.mean(), np.clip(hits.mean() - spread, 0, 1), np.clip(hits.mean() + spread, 0, 1)


STYLES = {
    "wordpiece": (wordpiece_recursive, wordpiece_while),
    "encode_pair": (encode_pair_by_count, encode_pair_tensors),
    "mask_tokens": (mask_tokens_loop, mask_tokens_bernoulli),
    "mlm_loss": (mlm_loss_library, mlm_loss_loop, mlm_loss_double),
    "fill_mask": (fill_mask_sorted, fill_mask_with_gradients),
    "cloze_accuracy": (cloze_accuracy_loop, cloze_accuracy_numpy),
}


def test_a_half_written_pair_gets_a_hint_and_shows_the_list_that_differs():
    def encode_pair(pieces_a, pieces_b, vocab, max_length):
        pieces = ["[CLS]", *pieces_a, "[SEP]", *pieces_b, "[SEP]"]
        num_padding = max_length - len(pieces)
        return {
            "input_ids": [vocab[piece] for piece in pieces] + [vocab["[PAD]"]] * num_padding,
            "token_type_ids": [0] * (len(pieces_a) + 1) + [1] * (len(pieces_b) + 2) + [0] * num_padding,
            "attention_mask": [1] * len(pieces) + [0] * num_padding,
        }

    exercise = {exercise.name: exercise for exercise in lab01.EXERCISES}["encode_pair"]
    report = check(encode_pair, exercise)
    assert report.misconception == "the first [SEP] counted to the second sentence"
    assert "token_type_ids\n" in report.text and "'attention_mask'" not in report.text


def test_the_generator_is_used():
    exercise = {exercise.name: exercise for exercise in lab01.EXERCISES}["mask_tokens"]

    def own_seed(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
        mine = torch.Generator().manual_seed(0)
        return mask_tokens_bernoulli(input_ids, special_tokens_mask, mask_token_id, vocab_size, mine)

    def no_seed(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
        return mask_tokens_bernoulli(input_ids, special_tokens_mask, mask_token_id, vocab_size, None)

    torch.manual_seed(0)
    for wrong in (own_seed, no_seed):
        report = check(wrong, exercise)
        assert report.points == report.max_points - 1
        assert "generator" in report.text or "seed" in report.text
