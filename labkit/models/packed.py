"""A frozen BERT or GPT-2 without padding: the hidden states of many texts at once, laid end to end.

All of a Transformer but attention works token by token, so texts of any lengths can go through it as one long
row; attention takes those of equal length together. What else is saved: query, key and value are one matrix
product, GPT-2's gelu is one operation (eight in `transformers`), the output head is left out, and on x86 the
weights are laid out once for oneDNN, which torch otherwise does not use for float32.

The numbers are those of `transformers` up to rounding. `labkit.features` uses it where `fits` says so.
"""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from labkit.messages import LabkitError
from labkit.models import architectures

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ONEDNN = (
    platform.machine() in ("x86_64", "AMD64")
    and torch.backends.mkldnn.is_available()
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # what torch.compile uses; there is no public name
)


def body_of(network: PreTrainedModel) -> PreTrainedModel:
    """The network without its output head."""
    return getattr(network, network.base_model_prefix, network)


def fits(network: PreTrainedModel) -> bool:
    """Whether `Packed` computes what this network does: an ordinary BERT or GPT-2, and nothing put inside."""
    config = network.config
    try:
        architectures.refuse(config, "The network")
    except LabkitError:
        return False
    if config.model_type == "bert":
        ordinary = config.hidden_act == "gelu"
    else:
        ordinary = (
            config.activation_function in ("gelu_new", "gelu_pytorch_tanh")
            and config.scale_attn_weights
            and not config.scale_attn_by_inverse_layer_idx
        )
    modules = list(body_of(network).modules())
    return ordinary and not any(_is_foreign(module) or _has_hook(module) for module in modules)


def _is_foreign(module: torch.nn.Module) -> bool:
    """Put there by somebody else, as an adapter (LoRA) is, or with a `forward` of its own."""
    return not type(module).__module__.startswith(("torch.nn.", "transformers.")) or "forward" in vars(module)


def _has_hook(module: torch.nn.Module) -> bool:
    """A hook of somebody's own. Those with which transformers collects hidden states stay in for good."""
    hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
    return any(not getattr(hook, "__module__", "").startswith("transformers.") for hook in hooks)


class Packed:
    """The weights of a network that `fits`, as they are now: what is trained later is not noticed."""

    def __init__(self, network: PreTrainedModel) -> None:
        body, config = body_of(network), network.config
        self.causal = config.model_type == "gpt2"
        self.num_heads = config.num_attention_heads
        if self.causal:
            self.words, self.positions, self.norm = body.wte.weight, body.wpe.weight, body.ln_f
            self.segment = 0.0
            self.blocks = [_gpt2_block(block) for block in body.h]
        else:
            parts = body.embeddings
            self.words, self.positions, self.norm = (
                parts.word_embeddings.weight,
                parts.position_embeddings.weight,
                parts.LayerNorm,
            )
            self.segment = parts.token_type_embeddings.weight[0]
            self.blocks = [_bert_block(layer) for layer in body.encoder.layer]

    @torch.inference_mode()
    def hidden_states(self, rows: Sequence[list[int]]) -> list[torch.Tensor]:
        """The embeddings' and every block's output, L + 1 tensors (T, D), T the tokens of all rows together.

        rows: lists of token ids, special tokens included; it is fastest when sorted by length.
        """
        lengths = [len(row) for row in rows]
        groups = [(size, len(list(same))) for size, same in itertools.groupby(lengths)]
        device = self.words.device
        ids = torch.tensor(list(itertools.chain.from_iterable(rows)), device=device)  # (T,)
        positions = torch.cat([torch.arange(size, device=device) for size in lengths])
        hidden = self.words[ids] + self.segment + self.positions[positions]  # (T, D)
        if not self.causal:
            hidden = self.norm(hidden)
        states = [hidden]
        for block in self.blocks:
            states.append(self._block(block, states[-1], groups))
        if self.causal:  # as in transformers, a decoder's last state has been through the final norm
            states[-1] = self.norm(states[-1])
        return states

    def _block(self, block: _Block, hidden: torch.Tensor, groups: list[tuple[int, int]]) -> torch.Tensor:
        if self.causal:  # layer norm before each part (GPT-2) or after it (BERT)
            hidden = hidden + self._attention(block, block.norm1(hidden), groups)
            return hidden + block.outer(block.inner(block.norm2(hidden)))
        hidden = block.norm1(hidden + self._attention(block, hidden, groups))
        return block.norm2(hidden + block.outer(block.inner(hidden)))

    def _attention(self, block: _Block, hidden: torch.Tensor, groups: list[tuple[int, int]]) -> torch.Tensor:
        """groups: (length, how many texts of it) in order.  (T, D) -> (T, D)"""
        mixed = []
        parts = block.query_key_value(hidden).split([size * count for size, count in groups])
        for part, (size, count) in zip(parts, groups, strict=True):  # (B * size, 3 D)
            heads = part.view(count, size, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
            q, k, v = heads  # (B, H, size, D/H)
            out = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
            mixed.append(out.transpose(1, 2).reshape(count * size, -1))
        return block.output(torch.cat(mixed))


@dataclass
class _Block:
    norm1: Any
    query_key_value: Any
    output: Any
    norm2: Any
    inner: Any
    outer: Any


def _bert_block(layer: Any) -> _Block:
    own, after = layer.attention.self, layer.attention.output
    three = (own.query, own.key, own.value)
    fused = _linear(
        torch.cat([part.weight for part in three]).detach(), torch.cat([part.bias for part in three])
    )
    return _Block(
        after.LayerNorm,
        fused,
        _linear(after.dense.weight, after.dense.bias),
        layer.output.LayerNorm,
        _linear(layer.intermediate.dense.weight, layer.intermediate.dense.bias, gelu="none"),
        _linear(layer.output.dense.weight, layer.output.dense.bias),
    )


def _gpt2_block(block: Any) -> _Block:
    """GPT-2 keeps its matrices transposed, and query, key and value in one already."""
    return _Block(
        block.ln_1,
        _linear(block.attn.c_attn.weight.T, block.attn.c_attn.bias),
        _linear(block.attn.c_proj.weight.T, block.attn.c_proj.bias),
        block.ln_2,
        _linear(block.mlp.c_fc.weight.T, block.mlp.c_fc.bias, gelu="tanh"),
        _linear(block.mlp.c_proj.weight.T, block.mlp.c_proj.bias),
    )


def _linear(
    weight: torch.Tensor, bias: torch.Tensor, gelu: str | None = None
) -> Callable[[torch.Tensor], torch.Tensor]:
    """x -> x weightᵀ + bias, through gelu ("none": exact, "tanh": GPT-2's approximation) where one is named.

    weight: (out, in). bias: (out,).
    """
    weight, bias = weight.detach().contiguous(), bias.detach()
    if ONEDNN and weight.dtype == torch.float32 and weight.device.type == "cpu":
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        after: tuple[str, list, str] = ("none", [], "") if gelu is None else ("gelu", [], gelu)
        return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, bias, *after)
    if gelu is None:
        return lambda x: F.linear(x, weight, bias)
    return lambda x: F.gelu(F.linear(x, weight, bias), approximate=gelu)
