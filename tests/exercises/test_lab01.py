"""Lab 01: right answers in other styles than ours. What holds for every lab is in test_every_lab.py.

Mistakes that need a second look are in test_lab01_wrong.py.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

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


def wordpiece_by_vocabulary(word, vocab):
    """Looks through the vocabulary for the longest entry that fits."""
    found, left = [], word
    while left:
        mark = "##" if found else ""
        fitting = [entry for entry in vocab if entry.startswith(mark) and left.startswith(entry[len(mark) :])]
        fitting = [entry for entry in fitting if len(entry) > len(mark)]
        if not fitting:
            return ["[UNK]"]
        found.append(max(fitting, key=len))
        left = left[len(found[-1]) - len(mark) :]
    return found


def wordpiece_array(word, vocab):
    return np.array(wordpiece_while(word, vocab), dtype=object)


def encode_pair_places(pieces_a, pieces_b, vocab, max_length):
    """Place by place, with True and False for 1 and 0."""
    a, b = list(pieces_a), list(pieces_b)
    while len(a) + len(b) + 3 > max_length:
        del (b if len(b) >= len(a) else a)[-1]
    tokens = ["[CLS]", *a, "[SEP]", *b, "[SEP]"]
    at = range(max_length)
    return {
        "input_ids": tuple(vocab[tokens[k] if k < len(tokens) else "[PAD]"] for k in at),
        "token_type_ids": [len(a) + 1 < k < len(tokens) for k in at],
        "attention_mask": [k < len(tokens) for k in at],
        "length": max_length,
    }


def encode_pair_recursive(pieces_a, pieces_b, vocab, max_length):
    if len(pieces_a) + len(pieces_b) + 3 > max_length:
        if len(pieces_a) > len(pieces_b):
            return encode_pair_recursive(pieces_a[:-1], pieces_b, vocab, max_length)
        return encode_pair_recursive(pieces_a, pieces_b[:-1], vocab, max_length)
    rows = [("[CLS]", 0, 1), *((p, 0, 1) for p in pieces_a), ("[SEP]", 0, 1)]
    rows += [*((p, 1, 1) for p in pieces_b), ("[SEP]", 1, 1)]
    rows += [("[PAD]", 0, 0)] * (max_length - len(rows))
    tokens, segments, attention = zip(*rows, strict=True)
    ids = [vocab[token] for token in tokens]
    return dict(input_ids=ids, token_type_ids=list(segments), attention_mask=list(attention))


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


def mask_tokens_exact_number(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """Exactly 15%, the fates dealt out by a second shuffle; numpy in between, lists at the end."""
    ordinary = (special_tokens_mask == 0).flatten().nonzero().flatten()
    number = round(0.15 * len(ordinary))
    chosen = ordinary[torch.randperm(len(ordinary), generator=generator)[:number]].numpy()
    ids = input_ids.flatten().numpy()
    corrupted, labels = ids.copy(), np.full_like(ids, -100)
    labels[chosen] = ids[chosen]
    masked, random = chosen[: int(0.8 * number)], chosen[int(0.8 * number) : int(0.9 * number)]
    corrupted[masked] = mask_token_id
    corrupted[random] = torch.randint(vocab_size, (len(random),), generator=generator).numpy()
    shape = input_ids.shape
    return corrupted.reshape(shape).tolist(), labels.reshape(shape).tolist()


def mask_tokens_never_the_same(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """A random token is always another one; float labels, int32 ids."""
    chosen = (torch.rand(input_ids.shape, generator=generator) < 0.15) & (special_tokens_mask == 0)
    fate = torch.rand(input_ids.shape, generator=generator)
    step = torch.randint(1, vocab_size, input_ids.shape, generator=generator)
    corrupted = torch.where(chosen & (fate > 0.2), mask_token_id, input_ids)
    corrupted = torch.where(chosen & (fate < 0.1), (input_ids + step) % vocab_size, corrupted)
    return corrupted.int(), torch.where(chosen, input_ids, -100).float()


def mlm_loss_in_brackets(logits, labels):
    """numpy, and one number in an array of shape (1,)."""
    keep = labels.numpy() != -100
    scores = logits.numpy().astype(float)[keep]
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(log_p)), labels.numpy()[keep]].mean(keepdims=True)


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


def fill_mask_dict(model, text, k):
    """A dict from word to probability, best first."""
    return dict(fill_mask_sorted(model, text, k))


def fill_mask_numpy(model, text, k):
    batch = model.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        logits = model.network(**batch).logits[0].double().numpy()
    scores = logits[batch.input_ids[0].tolist().index(model.tokenizer.mask_token_id)]
    probs = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    best = np.argsort(-probs)[:k]
    return zip(model.tokenizer.convert_ids_to_tokens(best.tolist()), probs[best], strict=True)


def cloze_accuracy_tensor(predict, items, k):
    hits = [any(word in predict(item.text, k) for word in item.answers) for item in items]
    p = torch.tensor(hits, dtype=torch.float64).mean()
    half = 1.96 * (p * (1 - p) / len(items)).sqrt()
    return torch.stack([p, (p - half).clamp(min=0), (p + half).clamp(max=1)])


def cloze_accuracy_whole_ends(predict, items, k):
    """The exact quantile, and ends that are int where they are cut off."""
    right = len([item for item in items if not set(item.answers).isdisjoint(predict(item.text, k))])
    p = right / len(items)
    half = 1.959964 * math.sqrt(p * (1 - p)) / math.sqrt(len(items))
    return p, p - half if p > half else 0, p + half if p + half < 1 else 1


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
    "wordpiece": (wordpiece_recursive, wordpiece_while, wordpiece_by_vocabulary, wordpiece_array),
    "encode_pair": (encode_pair_by_count, encode_pair_tensors, encode_pair_places, encode_pair_recursive),
    "mask_tokens": (
        mask_tokens_loop,
        mask_tokens_bernoulli,
        mask_tokens_exact_number,
        mask_tokens_never_the_same,
    ),
    "mlm_loss": (mlm_loss_library, mlm_loss_loop, mlm_loss_double, mlm_loss_in_brackets),
    "fill_mask": (fill_mask_sorted, fill_mask_with_gradients, fill_mask_dict, fill_mask_numpy),
    "cloze_accuracy": (
        cloze_accuracy_loop,
        cloze_accuracy_numpy,
        cloze_accuracy_tensor,
        cloze_accuracy_whole_ends,
    ),
}
