"""Who may look at whom: the causal mask, padding, attention behind a mask, and a model behind another's mask.

Lab 02 asks students to write `causal_mask`, `attention` and `combine_masks`; these are the functions it
compares with. A mask is True where query i may look at key j. Shapes: B batch, T tokens, D width.
"""

from __future__ import annotations

import copy
import dataclasses
from math import sqrt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from labkit.messages import LabkitError
from labkit.models.loading import require_model
from labkit.models.steady import steady

if TYPE_CHECKING:
    from labkit.models.loading import Model


@steady(gradients=None)
def causal_mask(length: int) -> torch.Tensor:
    """Each token sees itself and those before it (Radford et al. 2018, section 3.1): (T, T) bool.

    Raises LabkitError unless `length` is a whole number of at least 1.
    """
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise LabkitError(f"A mask's length is a whole number of tokens, at least 1; it was {length!r}.")
    return torch.ones(length, length, dtype=torch.bool).tril()


def combine_masks(causal: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
    """Looking is allowed where both masks allow it.

    causal: (T, T), True where query i may look at key j (all True for an encoder). padding: (B, T), 1 for a
    real token and 0 for padding, the attention_mask of a tokenizer.

    Returns (B, T, T) bool. Only keys are hidden: what a padding token itself computes is read by nobody.
    Raises LabkitError when the shapes don't fit.
    """
    if causal.ndim != 2 or padding.ndim != 2 or causal.shape != (padding.shape[1],) * 2:
        raise LabkitError(
            f"A causal mask is (T, T) and a padding mask (B, T); "
            f"these are {tuple(causal.shape)} and {tuple(padding.shape)}."
        )
    return causal.bool().to(padding.device) & padding.bool()[:, None, :]  # (B, T, T)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """softmax(q kᵀ / √D) v, looking only where the mask is True (Vaswani et al. 2017, section 3.2.1).

    q, k: (B, T, D). v: (B, T, E). mask: (T, T) or (B, T, T) bool.  -> (B, T, E)

    A row that may look nowhere gives the mean of all values and no NaN: it is padding, nobody reads it, but
    0 · NaN would carry it everywhere. Raises LabkitError when the shapes don't fit.
    """
    if q.shape != k.shape or v.shape[:-1] != k.shape[:-1] or mask.shape[-2:] != (q.shape[-2],) * 2:
        shapes = ", ".join(str(tuple(x.shape)) for x in (q, k, v, mask))
        raise LabkitError(
            f"q and k are (B, T, D), v is (B, T, E), the mask (T, T) or (B, T, T); got {shapes}."
        )
    scores = q @ k.transpose(-2, -1) / sqrt(q.shape[-1])  # (B, T, T)
    scores = scores.masked_fill(~mask.bool().to(scores.device), torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1) @ v  # (B, T, E)


@steady
def with_mask(model: Model, causal: bool) -> Model:
    """The same weights behind another mask: causal, or none. A Model with predictions and hidden states.

    It runs the readable Transformer (transformer.py), whose logits are those of `transformers`; only
    the triangle is added or taken away. What reaches into the layers (attention maps, ablation, explain) or
    rests on a cache (forced_and_free) says that it takes the model as it was loaded. Raises LabkitError for a
    model without a masked-word head, and for one that the readable Transformer does not compute.
    """
    from labkit.models.transformer import from_transformers

    require_model(model, "with_mask(labkit.load('bert'), causal=True)")
    if model.kind == "encoder" and not model.has_mlm_head:
        raise LabkitError(f"{model.name} has no masked-word head to read. Take labkit.load('bert').")
    if getattr(model.network, "behind_mask", False):
        network = copy.deepcopy(model.network.body.transformer)
    else:
        network = from_transformers(model.network)
    visible = lambda input_ids, attention_mask=None: _visible(input_ids, attention_mask, causal)
    network.visible = visible
    name = f"{model.name}, {'causal mask' if causal else 'no mask'}"
    return dataclasses.replace(model, network=_AsInTransformers(network, model.network), name=name)


def _visible(input_ids: torch.Tensor, attention_mask: torch.Tensor | None, causal: bool) -> torch.Tensor:
    length = input_ids.shape[1]
    mask = torch.ones(length, length, dtype=torch.bool, device=input_ids.device)
    mask = mask.tril() if causal else mask
    if attention_mask is None:
        attention_mask = torch.ones_like(input_ids)
    return combine_masks(mask, attention_mask)[:, None]  # (B, 1, T, T)


class _AsInTransformers(torch.nn.Module):
    """Our Transformer, called as a network of `transformers` is: `.logits` of what it returns."""

    behind_mask = True  # what asks for a network of transformers itself can tell
    base_model_prefix = "body"

    def __init__(self, network: torch.nn.Module, original: torch.nn.Module) -> None:
        super().__init__()
        self.body, self.config = _Body(network), original.config
        if hasattr(original, "cls"):
            self.cls = original.cls

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        use_cache: bool = False,
    ) -> SimpleNamespace:
        """(B, T) -> an object with .logits (B, T, V)."""
        return SimpleNamespace(logits=self.body.transformer(input_ids, attention_mask, token_type_ids))


class _Body(torch.nn.Module):
    """Our Transformer without its head, called as that of `transformers` is."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer: Any = transformer

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> SimpleNamespace:
        """(B, T) -> an object with .hidden_states, L + 1 of (B, T, D), and the last of them."""
        states = tuple(self.transformer.hidden_states(input_ids, attention_mask))
        return SimpleNamespace(hidden_states=states, last_hidden_state=states[-1])
