"""What the two models are trained to do: fill masked words, predict the next word, judge sentence pairs.

Lab 01 asks students to write `mask_tokens` and `mlm_loss`, lab 02 `next_token_loss`; these are the functions
that their answers are compared with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

IGNORE = -100  # the label that cross-entropy skips, in PyTorch and so in every library built on it


def mask_tokens(
    input_ids: torch.Tensor,
    special_tokens_mask: torch.Tensor,
    mask_token_id: int,
    vocab_size: int,
    rate: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Corrupt a batch for masked language modelling (Devlin et al. 2018, section 3.1, Task 1).

    Each ordinary position is selected with probability `rate`. Of the selected, 80% become [MASK],
    10% a random token of the vocabulary, 10% stay as they are.

    input_ids: (B, T) int64.
    special_tokens_mask: (B, T), true or 1 where a special token stands; those are never selected.
    generator: a torch.Generator, for repeatable masks.

    Returns (corrupted, labels), both (B, T) int64: labels hold the original id at selected positions and -100
    elsewhere. `input_ids` is left as it was.
    """
    selected = torch.rand(input_ids.shape, generator=generator) < rate  # (B, T)
    selected &= ~special_tokens_mask.bool()
    labels = torch.where(selected, input_ids, IGNORE)  # (B, T)

    lot = torch.rand(input_ids.shape, generator=generator)  # (B, T)
    random_ids = torch.randint(vocab_size, input_ids.shape, generator=generator)
    corrupted = input_ids.clone()
    corrupted[selected & (lot < 0.8)] = mask_token_id
    becomes_random = selected & (lot >= 0.8) & (lot < 0.9)
    corrupted[becomes_random] = random_ids[becomes_random]
    return corrupted, labels


def count_fates(
    input_ids: torch.Tensor, corrupted: torch.Tensor, labels: torch.Tensor, mask_token_id: int
) -> dict[str, int]:
    """What became of the selected tokens: {"[MASK]": n, "random token": n, "unchanged": n}.

    input_ids, corrupted, labels: (B, T); labels -100 where nothing was selected.
    """
    selected = labels != IGNORE  # (B, T)
    masked = selected & (corrupted == mask_token_id)
    unchanged = selected & (corrupted == input_ids)
    random = selected & ~masked & ~unchanged
    return {"[MASK]": int(masked.sum()), "random token": int(random.sum()), "unchanged": int(unchanged.sum())}


def mlm_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the masked positions alone (labels other than -100), in nats.

    logits: (B, T, V), labels: (B, T). Returns a scalar; 0 when nothing is masked.
    """
    masked = labels != IGNORE  # (B, T)
    if not masked.any():
        return logits.sum() * 0.0
    return F.cross_entropy(logits[masked].float(), labels[masked])


def next_token_loss(logits: torch.Tensor, input_ids: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of each token given those before it (Radford et al. 2018, section 3.1), in nats.

    logits: (B, T, V), input_ids: (B, T). The logits at position t are judged by the token at t + 1.
    """
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), input_ids[:, 1:].flatten())


def contrastive_loss(hidden_states: torch.Tensor, temperature: float = 0.05) -> torch.Tensor:
    """Does row i know row i + B/2, its neighbour in the text, from everybody else's? A mean cross-entropy.

    The InfoNCE loss (van den Oord et al. 2018) on mean-pooled vectors with cosine similarity and in-batch
    negatives, as SimCSE (Gao et al. 2021) uses it; adjacent windows of a text take the place of two dropouts.

    hidden_states: (B, T, D), B even. Returns a scalar in nats; log(B/2) is chance.
    """
    first, second = F.normalize(hidden_states.float().mean(dim=1), dim=-1).chunk(2)  # (B/2, D) each
    scores = first @ second.T / temperature  # (B/2, B/2)
    target = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def mask_same_number(
    input_ids: np.ndarray,
    ordinary_ids: tuple[int, int],
    mask_token_id: int,
    rate: float,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Like `mask_tokens`, with the same number of masked positions in every sequence, in numpy.

    Pre-training gathers the masked positions before it computes logits; equal counts keep the shapes
    of every step equal, without which the CPU kernels are built anew each step (measured: 5 times slower).

    input_ids: (B, T) int64, special tokens included.
    ordinary_ids: (first, end) of the ids that are not special; special tokens are never selected, and random
        replacements come from this range.
    weights: (V,) how readily each id is selected, as from `spare_frequent`; None for all alike.

    Returns (corrupted (B, T), positions (B, M), labels (B, M)) with M = round(rate * T), at least 1.
    """
    first, end = ordinary_ids
    batch_size, length = input_ids.shape
    num_masked = max(1, round(rate * length))
    # Waiting times: the shortest are selected, and a great weight makes for a short wait.
    lot = -np.log1p(-rng.random(input_ids.shape))  # (B, T), exponentially distributed
    if weights is not None:
        with np.errstate(divide="ignore"):  # a weight of 0 waits for ever
            lot /= weights[input_ids]
    lot[input_ids < first] = np.inf
    positions = np.argsort(lot, axis=1)[:, :num_masked]  # (B, M)
    labels = np.take_along_axis(input_ids, positions, axis=1)  # (B, M)

    kind = rng.random(positions.shape)  # (B, M)
    random_ids = rng.integers(first, end, size=positions.shape)
    replaced = np.where(kind < 0.8, mask_token_id, np.where(kind < 0.9, random_ids, labels))
    corrupted = input_ids.copy()
    np.put_along_axis(corrupted, positions, replaced, axis=1)
    return corrupted, positions, labels


def spare_frequent(frequency: np.ndarray, threshold: float) -> np.ndarray:
    """Weights for `mask_same_number`: sqrt(threshold / frequency), at most 1: "the" is rarely a blank.

    A blank for "the" or a comma teaches little, and a third of any text is such pieces. The formula is the
    one by which word2vec leaves out frequent words (Mikolov et al. 2013, "Distributed Representations of
    Words and Phrases", section 2.3).

    frequency: (V,) each id's share of the corpus.  -> (V,)
    """
    return np.sqrt(threshold / np.maximum(frequency, threshold))  # (V,)


def sentence_pairs(
    windows: Any, starts: np.ndarray, length: int, cls_id: int, sep_id: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay out half a batch as sentence pairs for next-sentence prediction (Devlin et al. 2018, Task 2).

    Row b is `[CLS] A [SEP] B [SEP]`, where A ends just before the sentence that begins at `starts[b]`.
    B is that sentence and what follows it, or, with probability 1/2, text that begins at a random
    sentence elsewhere. The split point varies, so that [SEP] is met at every position.

    windows: the pretraining.corpus.Windows that the text comes from.
    starts: (B,) sentence starts.

    Returns (input_ids (B, T), token_type_ids (B, T), labels (B,)): label 0 where B follows A, 1 where it is
    random text, the convention of BertForNextSentencePrediction.
    """
    ids = windows.corpus.ids
    labels = rng.integers(0, 2, size=len(starts))
    elsewhere = windows.sentence_starts(rng, len(starts), length)
    split = rng.integers(length // 8, length - 3 - length // 8, size=len(starts))
    input_ids = np.full((len(starts), length), sep_id, dtype=np.int64)
    token_type_ids = np.zeros_like(input_ids)
    for row, (start, other, size) in enumerate(zip(starts, elsewhere, split, strict=True)):
        start = max(int(start), int(size))
        second = int(other) if labels[row] else start
        input_ids[row, 0] = cls_id
        input_ids[row, 1 : 1 + size] = ids[start - size : start]
        input_ids[row, size + 2 : length - 1] = ids[second : second + length - 3 - size]
        token_type_ids[row, size + 2 :] = 1
    return input_ids, token_type_ids, labels
