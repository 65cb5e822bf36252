"""Switching heads off, and what that costs: the change in loss for each head of a model.

Lab 04 asks students to write `ablate_head`; this is the function it compares with. That most heads can go and
a few cannot: Michel et al. 2019 (arXiv:1905.10650), Voita et al. 2019 (arXiv:1905.09418).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from labkit.messages import LabkitError
from labkit.models import vocabulary
from labkit.models.checks import is_whole, require_seed, require_whole
from labkit.models.encoding import check_texts, encode, mask_id
from labkit.models.loading import require_model, require_own_mask
from labkit.models.packed import body_of
from labkit.models.steady import steady

if TYPE_CHECKING:
    Ablate = Callable[[torch.Tensor, int, int], torch.Tensor]  # as `ablate_head`
    from labkit.models.loading import Model

MASKED_SHARE = 0.15


def ablate_head(mixed: torch.Tensor, head: int, num_heads: int) -> torch.Tensor:
    """What an attention layer passes on when one head is silent: a copy with that head's numbers set to 0.

    A layer lays its heads' results side by side: the first D/H numbers of a token are head 0's, and so on.

    mixed: (B, T, D). head: int, from 0. num_heads: int, a divisor of D.  -> (B, T, D)
    """
    width = mixed.shape[-1] // num_heads  # D/H
    ablated = mixed.clone()
    ablated[..., head * width : (head + 1) * width] = 0.0
    return ablated


@contextmanager
def without_head(model: Model, layer: int, head: int, ablate: Ablate = ablate_head) -> Iterator[None]:
    """Within the block one head of the model is silent; afterwards the model is as before.

    ablate: what silences it, called with (mixed (B, T, D), head, num_heads) just before the layer's output
    projection. Raises LabkitError for a layer or head that the model does not have.
    """
    require_model(model, "without_head(labkit.load('bert'), layer, head)")
    require_own_mask(model, "without_head")
    for name, index, count in (("layer", layer, model.num_layers), ("head", head, model.num_heads)):
        if not is_whole(index, 0, count - 1):
            raise LabkitError(f"{model.name} has {name}s 0 to {count - 1}; there is no {name} {index!r}.")
    hook = lambda module, args: (ablate(args[0], head, model.num_heads), *args[1:])
    handle = _output_projection(model, layer).register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _output_projection(model: Model, layer: int) -> torch.nn.Module:
    """The matrix that reads all heads of a layer side by side."""
    body = body_of(model.network)
    if model.kind == "encoder":
        return body.encoder.layer[layer].attention.output.dense
    return body.h[layer].attn.c_proj


@steady
def text_losses(model: Model, texts: Sequence[str], seed: int = 0, batch_size: int = 64) -> torch.Tensor:
    """The mean loss of each text, in nats a predicted token: (N,).

    A decoder predicts every token but the first. An encoder predicts 15% of a text's ordinary tokens (at
    least one), which become [MASK]; which ones depends on the seed and on the text's place in the
    list: the same list with the same seed hides the same words, and a text alone may have others hidden.

    Raises LabkitError for no texts, a text that is empty, too long, or has nothing to predict, and for an
    encoder without its masked-word head.
    """
    require_model(model, "text_losses(labkit.load('bert'), texts)")
    require_seed(seed)
    require_whole("batch_size", batch_size, 1)
    texts = check_texts(texts, "Give a list of sentences to measure on.")
    if model.kind == "encoder" and not model.has_mlm_head:
        raise LabkitError(
            f"{model.name} has no masked-word head, so it has no such loss. Take labkit.load('bert')."
        )
    rows = [encode(model, text)[0] for text in texts]
    generator = torch.Generator().manual_seed(seed)
    examples = [_example(model, row, text, generator) for row, text in zip(rows, texts, strict=True)]
    losses = []
    for start in range(0, len(examples), batch_size):
        some = examples[start : start + batch_size]
        input_ids, labels = (
            torch.nn.utils.rnn.pad_sequence(list(part), True, -100) for part in zip(*some, strict=True)
        )
        attention_mask = (input_ids != -100).long()
        logits = vocabulary.logits(model, input_ids.clamp(min=0), attention_mask)  # (B, T, V)
        each = F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=-100, reduction="none")  # (B, T)
        losses.append(each.sum(dim=1) / (labels != -100).sum(dim=1))
    return torch.cat(losses)


def _example(
    model: Model, ids: torch.Tensor, text: str, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """(input_ids, labels) of one text, both (T,): the label stands where the answer is predicted."""
    if model.kind == "decoder":
        if len(ids) < 2:
            raise LabkitError(f"{text!r} is a single token: a decoder has nothing to predict in it.")
        return ids, torch.cat([ids[1:], torch.tensor([-100])])
    special = torch.tensor(
        model.tokenizer.get_special_tokens_mask(ids.tolist(), already_has_special_tokens=True)
    )
    ordinary = (special == 0).nonzero().flatten()
    if not len(ordinary):
        raise LabkitError(f"{text!r} has no ordinary token to hide.")
    order = torch.randperm(len(ordinary), generator=generator)
    hidden = ordinary[order[: max(1, round(MASKED_SHARE * len(ordinary)))]]
    input_ids, labels = ids.clone(), torch.full_like(ids, -100)
    labels[hidden], input_ids[hidden] = ids[hidden], mask_id(model)
    return input_ids, labels


@steady
def ablation_map(
    model: Model, texts: Sequence[str], ablate: Ablate = ablate_head, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """The change in loss when each head is switched off alone, with a 95% interval over the texts.

    The same texts and the same hidden words with and without the head, so that only the head differs.

    Returns (change, half): both (L, H) float32 in nats; the interval is change - half to change + half.
    """
    require_own_mask(model, "ablation_map")
    texts = check_texts(texts, "Give a list of sentences to measure on.")
    whole = text_losses(model, texts, seed)
    if len(texts) < 2:
        raise LabkitError("An interval needs at least two texts.")
    change, half = torch.zeros(2, model.num_layers, model.num_heads)
    for layer in range(model.num_layers):
        for head in range(model.num_heads):
            with without_head(model, layer, head, ablate):
                difference = text_losses(model, texts, seed) - whole  # (N,)
            change[layer, head] = difference.mean()
            half[layer, head] = 1.96 * difference.std() / len(texts) ** 0.5
    return change, half
