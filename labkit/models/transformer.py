"""One readable Transformer: an encoder, or with `causal=True` a decoder.

It loads the weights of BERT (Devlin et al. 2018) and GPT-2 (Radford et al. 2019) as `transformers` stores
them, and gives the same logits. Read it from top to bottom: config, attention, block, model; how
the weights are called over there is in weight_maps.py.
Shapes: B batch, T tokens, D width, H heads, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from labkit.messages import LabkitError
from labkit.models import architectures, weight_maps

if TYPE_CHECKING:
    from typing import Any

    from transformers import PreTrainedModel


@dataclass
class TransformerConfig:
    """What decides the shape, and the three ways in which GPT-2 differs from BERT."""

    vocab_size: int
    width: int  # D
    num_layers: int
    num_heads: int  # H
    max_positions: int
    inner_width: int  # of the feed-forward layers, usually 4 D
    causal: bool = False  # a token sees only itself and those before it
    pre_norm: bool = False  # layer norm before each sub-layer (GPT-2) or after it (BERT)
    activation: str = "gelu"  # of the feed-forward layers, by its name in transformers; "gelu_new" is GPT-2's
    num_segments: int = 0  # BERT has two
    norm_eps: float = 1e-12
    tied: bool = True  # the output matrix is that of the word embeddings
    scale_scores: bool = True  # divide attention scores by the root of a head's width
    scale_by_layer: bool = False  # and by the layer's number, from 1 (a GPT-2 option for half precision)


def activation_of(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """The function that `transformers` knows by this name. Raises LabkitError where it has weights itself."""
    if name in ("gelu_new", "gelu_pytorch_tanh"):
        return partial(F.gelu, approximate="tanh")
    if name == "gelu":
        return F.gelu
    from transformers.activations import ACT2FN

    if name not in ACT2FN:
        raise LabkitError(f"There is no activation {name!r}; transformers has {', '.join(sorted(ACT2FN))}.")
    function = ACT2FN[name]
    if any(True for _ in function.parameters()):
        raise LabkitError(f"The activation {name!r} learns numbers of its own; that is not computed here.")
    return function


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, config: TransformerConfig, layer: int = 0) -> None:
        super().__init__()
        self.num_heads, self.causal = config.num_heads, config.causal
        self.divisor = sqrt(config.width // config.num_heads) if config.scale_scores else 1.0
        if config.scale_by_layer:
            self.divisor *= layer + 1
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def forward(self, hidden: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """hidden: (B, T, D). visible: (B, 1, T, T), True where query i may look at key j.  -> (B, T, D)"""
        q, k, v = (
            self._heads(layer(hidden)) for layer in (self.query, self.key, self.value)
        )  # (B, H, T, D/H)
        scores = q @ k.transpose(-2, -1) / self.divisor  # (B, H, T, T)
        weights = scores.masked_fill(~visible, torch.finfo(scores.dtype).min).softmax(dim=-1)
        mixed = weights @ v  # (B, H, T, D/H)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (B, T, D)

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Attention and a feed-forward network, each with a residual connection and a layer norm."""

    def __init__(self, config: TransformerConfig, layer: int = 0) -> None:
        super().__init__()
        self.pre_norm, self.activation = config.pre_norm, activation_of(config.activation)
        self.attention = Attention(config, layer)
        self.norm1 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.inner = nn.Linear(config.width, config.inner_width)
        self.outer = nn.Linear(config.inner_width, config.width)
        self.norm2 = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, hidden: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, T, D)"""
        if self.pre_norm:
            hidden = hidden + self.attention(self.norm1(hidden), visible)
            return hidden + self._feed_forward(self.norm2(hidden))
        hidden = self.norm1(hidden + self.attention(hidden, visible))
        return self.norm2(hidden + self._feed_forward(hidden))

    def _feed_forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.outer(self.activation(self.inner(hidden)))


class Transformer(nn.Module):
    """Token ids to logits over the vocabulary; output and word embeddings are the same matrix where tied.

    An encoder has BERT's masked-word head (dense, activation, norm, bias), a decoder GPT-2's final norm.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocab_size, config.width)
        self.positions = nn.Embedding(config.max_positions, config.width)
        if config.num_segments:
            self.segments = nn.Embedding(config.num_segments, config.width)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.num_layers))
        self.norm = nn.LayerNorm(config.width, eps=config.norm_eps)  # of the embeddings, or the last one
        if not config.causal:
            self.head = nn.Linear(config.width, config.width)
            self.head_norm = nn.LayerNorm(config.width, eps=config.norm_eps)
            self.activation = activation_of(config.activation)
            self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        if not config.tied:
            self.unembedding = nn.Linear(config.width, config.vocab_size, bias=False)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Logits of every position.

        input_ids: (B, T) int64. attention_mask: (B, T), 1 for real tokens and 0 for padding.
        token_type_ids: (B, T), for an encoder with segments; zeros when left out.

        Returns (B, T, V). Raises LabkitError when T exceeds max_positions.
        """
        return self.logits(self.hidden_states(input_ids, attention_mask, token_type_ids)[-1])

    def hidden_states(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
    ) -> list[torch.Tensor]:
        """The embeddings' and every block's output: a list of num_layers + 1 tensors (B, T, D).

        As in `transformers`, a decoder's last one has been through the final norm.
        """
        length = input_ids.shape[1]
        if length > self.config.max_positions:
            raise LabkitError(
                f"The text is {length} pieces long; the model takes at most {self.config.max_positions}."
            )
        hidden = self.words(input_ids) + self.positions.weight[:length]  # (B, T, D)
        if self.config.num_segments:
            segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            hidden = hidden + self.segments(segments)
        if not self.config.pre_norm:
            hidden = self.norm(hidden)
        visible = self.visible(input_ids, attention_mask)
        states = [hidden]
        for block in self.blocks:
            states.append(block(states[-1], visible))
        if self.config.pre_norm:
            states[-1] = self.norm(states[-1])
        return states

    def visible(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """True where query i may look at key j: not at padding, and not ahead if causal.  -> (B, 1, T, T)"""
        length = input_ids.shape[1]
        visible = torch.ones(length, length, dtype=torch.bool, device=input_ids.device)
        if self.config.causal:
            visible = visible.tril()
        visible = visible[None, None]  # (1, 1, T, T)
        if attention_mask is not None:
            visible = visible & attention_mask.bool()[:, None, None, :]  # (B, 1, T, T)
        return visible

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, T, V)"""
        matrix = self.words.weight if self.config.tied else self.unembedding.weight  # (V, D)
        if self.config.causal:
            return hidden @ matrix.T
        hidden = self.head_norm(self.activation(self.head(hidden)))
        return hidden @ matrix.T + self.bias


def from_transformers(network: PreTrainedModel) -> Transformer:
    """A Transformer with the weights of a BertForMaskedLM (or BertForPreTraining) or a GPT2LMHeadModel.

    It stands where the network does, in its dtype. Raises LabkitError for another kind of network, for an
    option that is not computed here (architectures.py), and for a weight that is missing or of another shape.
    """
    kind = network.config.model_type
    if kind not in architectures.SUPPORTED:
        raise LabkitError(f"from_transformers reads BERT and GPT-2, not {kind!r}.")
    architectures.refuse(network.config, "The network")
    config, theirs = network.config, network.state_dict()
    if kind == "bert":
        shape, names = _bert_shape(config), weight_maps.bert_names(config.num_hidden_layers)
    else:
        shape, names = _gpt2_shape(config), weight_maps.gpt2_names(config.n_layer)
        theirs = weight_maps.split_fused(theirs, config.n_layer)
    output = network.get_output_embeddings()
    shape.tied = output is None or output.weight is network.get_input_embeddings().weight
    with torch.device("meta"):  # every number is copied: drawing some first would use up the notebook's seed
        model = Transformer(shape)
    like = network.get_input_embeddings().weight
    model.to_empty(device=like.device).to(like.dtype)
    _copy(model, theirs, names)
    return model.eval()


def _bert_shape(config: Any) -> TransformerConfig:
    return TransformerConfig(
        config.vocab_size,
        config.hidden_size,
        config.num_hidden_layers,
        config.num_attention_heads,
        config.max_position_embeddings,
        config.intermediate_size,
        activation=config.hidden_act,
        num_segments=config.type_vocab_size,
        norm_eps=config.layer_norm_eps,
    )


def _gpt2_shape(config: Any) -> TransformerConfig:
    return TransformerConfig(
        config.vocab_size,
        config.n_embd,
        config.n_layer,
        config.n_head,
        config.n_positions,
        4 * config.n_embd if config.n_inner is None else config.n_inner,
        causal=True,
        pre_norm=True,
        activation=config.activation_function,
        norm_eps=config.layer_norm_epsilon,
        scale_scores=config.scale_attn_weights,
        scale_by_layer=config.scale_attn_by_inverse_layer_idx,
    )


@torch.no_grad()
def _copy(model: Transformer, theirs: dict[str, torch.Tensor], names: dict[str, str]) -> None:
    """Copy every parameter of `model` from the tensor that `names` gives for it."""
    for ours, parameter in model.named_parameters():
        name = names[ours]
        if name not in theirs:
            raise LabkitError(f"The weights have no {name}, which {ours} needs.")
        if theirs[name].shape != parameter.shape:
            raise LabkitError(
                f"{name} has shape {tuple(theirs[name].shape)}; {ours} needs {tuple(parameter.shape)}."
            )
        parameter.copy_(theirs[name])
