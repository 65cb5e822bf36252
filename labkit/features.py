"""Hidden states to matrices: one vector a text and layer, from a frozen model."""

import numpy as np
import torch

from labkit.messages import LabkitError

POOLINGS = ("cls", "mean", "last")


@torch.inference_mode()
def extract(model, texts, how="mean", batch_size=64):
    """One vector for each text and layer, from a frozen model.

    Texts are sorted by length, so that a batch holds little padding; the result is in the texts' own order. A
    text longer than the model takes is cut off at its end.

    Args:
        model: a labkit Model.
        how: "cls" (the first token), "mean" (over the real tokens) or "last" (the last real token).

    Returns:
        (N, num_layers + 1, D) float32; layer 0 is the embeddings. Raises LabkitError for another `how` and
        for an empty text.
    """
    if how not in POOLINGS:
        raise LabkitError(f"how is one of {', '.join(POOLINGS)}; it was {how!r}.")
    encoded = [_ids(model, text, number) for number, text in enumerate(texts)]
    order = sorted(range(len(encoded)), key=lambda k: len(encoded[k]))
    body = getattr(model.network, model.network.base_model_prefix, model.network)
    rows = np.zeros((len(encoded), model.num_layers + 1, model.width), dtype=np.float32)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        input_ids, attention_mask = _pad([encoded[k] for k in chosen])
        states = body(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states
        for layer, hidden in enumerate(states):  # hidden: (B, T, D)
            rows[chosen, layer] = pool(hidden, attention_mask, how).numpy()
    return rows


def pool(hidden, attention_mask, how):
    """(B, T, D) and (B, T) -> (B, D). Padding may stand on either side."""
    mask = attention_mask.bool()
    if how == "mean":
        weights = mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    positions = torch.arange(hidden.shape[1]).expand_as(mask)
    if how == "cls":
        index = positions.masked_fill(~mask, hidden.shape[1]).min(dim=1).values
    else:
        index = positions.masked_fill(~mask, -1).max(dim=1).values
    return hidden[torch.arange(len(hidden)), index]


def _ids(model, text, number):
    if not isinstance(text, str) or not text.strip():
        raise LabkitError(f"Text number {number} is empty: {text!r}. Leave it out, or give it some words.")
    ids = model.tokenizer(text, verbose=False).input_ids
    if len(ids) > model.max_length:  # an encoder's closing [SEP] stays
        closing = ids[-1:] if model.kind == "encoder" else []
        ids = ids[: model.max_length - len(closing)] + closing
    return ids


def _pad(rows):
    """Lists of ids to (B, T) ids and mask, padded on the right; the padding's id is of no account."""
    length = max(len(row) for row in rows)
    input_ids = torch.zeros(len(rows), length, dtype=torch.long)
    attention_mask = torch.zeros_like(input_ids)
    for k, row in enumerate(rows):
        input_ids[k, : len(row)] = torch.tensor(row)
        attention_mask[k, : len(row)] = 1
    return input_ids, attention_mask
