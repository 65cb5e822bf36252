"""One step's batch and its loss: masked words and sentence pairs, or the next word."""

import numpy as np
import torch
import torch.nn.functional as F

from labkit.pretraining.evaluate import masked_logits
from labkit.training.objectives import (
    contrastive_loss,
    mask_same_number,
    next_token_loss,
    sentence_pairs,
    spare_frequent,
)

CONTRASTIVE_WEIGHT = 0.2
SHORTEST_PAIR = 64  # shorter windows hold too little of two texts to tell whether they belong together


def encoder_batch(windows, tokenizer, recipe, step):
    """A batch for masked words on every row, with a second objective where the windows are long enough.

    recipe.pairs "nsp": half of the rows, the first, are laid out as pairs for next-sentence prediction.
    recipe.pairs "contrastive": row i and row i + B/2 are adjacent windows.

    Returns a dict of tensors: input_ids and token_type_ids (B, T), positions and labels (B, M), and is_random
    with one entry for each pair of next-sentence prediction.
    """
    rng = windows.rng(step)
    length, starts = windows.starts(rng)
    cls_id, sep_id = tokenizer.cls_token_id, tokenizer.sep_token_id
    if recipe.pairs == "contrastive" and length >= SHORTEST_PAIR:
        firsts = starts[: len(starts) // 2]
        starts = np.concatenate([firsts, np.minimum(firsts + length - 2, len(windows.corpus.ids) - length)])
    ids = windows.cut(starts, length)  # (B, T)
    ids[:, 1:] = ids[:, :-1].copy()
    ids[:, 0], ids[:, -1] = cls_id, sep_id
    token_type_ids, is_random = np.zeros_like(ids), np.zeros(0, dtype=np.int64)
    num_pairs = len(starts) // 2 if recipe.pairs == "nsp" and length >= SHORTEST_PAIR else 0
    if num_pairs:
        pairs = sentence_pairs(windows, starts[:num_pairs], length, cls_id, sep_id, rng)
        ids[:num_pairs], token_type_ids[:num_pairs], is_random = pairs
    ordinary = (len(tokenizer.all_special_ids), len(tokenizer))
    weights = recipe.spare_frequent and spare_frequent(windows.corpus.frequency, recipe.spare_frequent)
    ids, positions, labels = mask_same_number(
        ids, ordinary, tokenizer.mask_token_id, recipe.mask_rate, rng, weights
    )
    arrays = dict(
        input_ids=ids,
        token_type_ids=token_type_ids,
        positions=positions,
        labels=labels,
        is_random=is_random,
    )
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def decoder_batch(windows, tokenizer, recipe, step):
    """Half the rows begin with <|endoftext|>, half with a bare sentence start.  {"input_ids": (B, T)}"""
    length, starts = windows.starts(windows.rng(step))
    ids = windows.cut(starts, length)  # (B, T)
    ids[:, 0] = _without_space(tokenizer)[ids[:, 0]]
    half = len(starts) // 2
    ids[:half, 1:] = ids[:half, :-1].copy()
    ids[:half, 0] = tokenizer.eos_token_id
    return {"input_ids": torch.from_numpy(ids)}


class PretrainingLoss(torch.nn.Module):
    """A network and its objective as one module, so that one call of it is one forward pass.

    pairs: the second objective, as in the recipe.
    """

    def __init__(self, network, pairs="nsp"):
        super().__init__()
        self.network, self.pairs = network, pairs

    def forward(self, input_ids, token_type_ids=None, positions=None, labels=None, is_random=None):
        """The loss of a batch, a scalar in nats."""
        if positions is None:
            return next_token_loss(self.network(input_ids, use_cache=False).logits, input_ids)
        output = self.network.bert(input_ids, token_type_ids=token_type_ids)
        logits = masked_logits(self.network, output.last_hidden_state, positions)  # (B * M, V)
        loss = F.cross_entropy(logits, labels.flatten())
        if len(is_random):
            verdict = self.network.cls.seq_relationship(output.pooler_output[: len(is_random)])  # (pairs, 2)
            loss = loss + F.cross_entropy(verdict.float(), is_random)
        if self.pairs == "contrastive" and input_ids.shape[1] >= SHORTEST_PAIR:
            loss = loss + CONTRASTIVE_WEIGHT * contrastive_loss(output.last_hidden_state)
        return loss


def _without_space(tokenizer):
    """For each id the same word without its leading space, as it stands at the start of a prompt."""
    if not hasattr(tokenizer, "_ids_without_space"):
        table = np.arange(len(tokenizer))
        vocab = tokenizer.get_vocab()
        for token, index in vocab.items():
            table[index] = vocab.get(token.removeprefix("\u0120"), index)
        tokenizer._ids_without_space = table
    return tokenizer._ids_without_space
