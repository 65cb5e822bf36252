"""How good is a pre-trained model? The same windows and masks every time, fixed by a seed."""

import math

import numpy as np
import torch

from labkit.pretraining.corpus import Windows
from labkit.training.objectives import mask_same_number

EVAL_SEED, EVAL_LENGTH, EVAL_RATE = 20181011, 128, 0.15

PROBES = [  # ten sentences whose top five are logged while the encoder learns; lab 01 shows them
    "The [MASK] sat on the mat.",
    "The river [MASK] was flooding.",
    "The [MASK] is blue.",
    "The movie was [MASK], I loved it.",
    "It was the worst [MASK] I have ever seen.",
    "Once upon a [MASK] there was a little girl.",
    "She opened the [MASK] and went into the house.",
    "He did not know [MASK] to do.",
    "The children played in the [MASK] all day.",
    "I would not recommend this film to [MASK].",
]
PROMPTS = [  # the decoder's: what comes next is logged
    "Once upon a",
    "The cat sat on the",
    "I loved this",
    "It was the worst movie I have ever",
    "He did not know what to",
    "She opened the door and",
    "The story is about a young",
    "One day, a little",
    '"I am very glad to see you," said',
    "I would not recommend this film to",
]


def evaluate(network, kind, corpus, tokenizer, num_windows=64):
    """`evaluate_encoder` or `evaluate_decoder`, whichever fits the kind of network."""
    measure = evaluate_encoder if kind == "encoder" else evaluate_decoder
    return measure(network, corpus, tokenizer, num_windows)


def held_out_windows(corpus):
    """The Windows that everything is measured on. Raises LabkitError where the text is too short for them."""
    return Windows(corpus, [(EVAL_LENGTH, 1)], 1, EVAL_SEED, "held-out text")


def log_figures(network, kind, corpus, tokenizer):
    """What a log's entry says of a network: {"heldout": its figures, rounded, "probes": see `probe`}."""
    figures = evaluate(network, kind, corpus, tokenizer)
    return {
        "heldout": {name: round(value, 4) for name, value in figures.items()},
        "probes": probe(network, kind, tokenizer),
    }


@torch.inference_mode()
def evaluate_encoder(network, corpus, tokenizer, num_windows=64):
    """Loss (nats), top-1 and top-5 accuracy at masked positions of fixed held-out windows."""
    network.eval()
    windows = held_out_windows(corpus)
    rng = np.random.default_rng(EVAL_SEED)
    starts = windows.sentence_starts(rng, num_windows, EVAL_LENGTH)
    ids = windows.cut(starts, EVAL_LENGTH)
    ids[:, 0], ids[:, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id
    ordinary = (len(tokenizer.all_special_ids), len(tokenizer))
    ids, positions, labels = mask_same_number(ids, ordinary, tokenizer.mask_token_id, EVAL_RATE, rng)
    losses, top1, top5 = [], [], []
    for rows in np.array_split(np.arange(num_windows), math.ceil(num_windows / 16)):
        batch, where, target = (
            torch.from_numpy(a[rows]).to(network.device) for a in (ids, positions, labels)
        )
        hidden = network.bert(batch).last_hidden_state  # (B, T, D)
        logits, target = masked_logits(network, hidden, where), target.flatten()
        losses.append(torch.nn.functional.cross_entropy(logits, target, reduction="none"))
        best = logits.topk(5).indices == target[:, None]
        top1.append(best[:, 0])
        top5.append(best.any(dim=1))
    network.train()
    mean = lambda parts: torch.cat(parts).float().mean().item()
    return {"loss": mean(losses), "top1": mean(top1), "top5": mean(top5)}


def masked_logits(network, hidden, positions):
    """Logits at the masked positions only.  (B, T, D), (B, M) -> (B * M, V) float32"""
    index = positions[..., None].expand(-1, -1, hidden.shape[-1])  # (B, M, D)
    return network.cls.predictions(hidden.gather(1, index)).flatten(0, 1).float()


@torch.inference_mode()
def evaluate_decoder(network, corpus, tokenizer, num_windows=64):
    """Loss (nats a piece), bits per character and top-1 accuracy on fixed held-out windows."""
    network.eval()
    windows = held_out_windows(corpus)
    starts = windows.sentence_starts(np.random.default_rng(EVAL_SEED), num_windows, EVAL_LENGTH)
    ids = windows.cut(starts, EVAL_LENGTH)
    ids[:, 0] = tokenizer.eos_token_id
    losses, top1 = [], []
    for rows in np.array_split(np.arange(num_windows), math.ceil(num_windows / 16)):
        batch = torch.from_numpy(ids[rows]).to(network.device)
        logits = network(batch).logits[:, :-1].flatten(0, 1).float()
        target = batch[:, 1:].flatten()
        losses.append(torch.nn.functional.cross_entropy(logits, target, reduction="none"))
        top1.append(logits.argmax(-1) == target)
    network.train()
    loss = torch.cat(losses).mean().item()
    bits = loss / math.log(2) * len(corpus.ids) / corpus.num_chars
    return {"loss": loss, "bits_per_char": bits, "top1": torch.cat(top1).float().mean().item()}


@torch.inference_mode()
def probe(network, kind, tokenizer, k=5):
    """The top k words and probabilities for the fixed sentences: [{"text", "words", "probs"}]."""
    network.eval()
    found = []
    for text in PROBES if kind == "encoder" else PROMPTS:
        ids = torch.tensor([tokenizer(text).input_ids], device=network.device)
        if kind == "encoder":
            where = (ids == tokenizer.mask_token_id).nonzero()[:, 1][None]
            logits = masked_logits(network, network.bert(ids).last_hidden_state, where)[0]
        else:
            logits = network(ids).logits[0, -1].float()
        best = logits.softmax(-1).topk(k)
        words = [tokenizer.decode([i]).strip() for i in best.indices]
        found.append({"text": text, "words": words, "probs": [round(p, 4) for p in best.values.tolist()]})
    network.train()
    return found
