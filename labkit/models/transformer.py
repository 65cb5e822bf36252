"""One readable Transformer: an encoder, or with `causal=True` a decoder.

It loads the weights of BERT (Devlin et al. 2018) and GPT-2 (Radford et al. 2019) as `transformers` stores
them, and gives the same logits. Read it from top to bottom: config, attention, block, model, weight maps.
Shapes: B batch, T tokens, D width, H heads, V vocabulary.
"""

from dataclasses import dataclass
from math import sqrt

import torch
import torch.nn.functional as F
from torch import nn

from labkit.messages import LabkitError


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
    gelu: str = "none"  # "tanh" is GPT-2's approximation
    num_segments: int = 0  # BERT has two
    norm_eps: float = 1e-12


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, config):
        super().__init__()
        self.num_heads, self.causal = config.num_heads, config.causal
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def forward(self, hidden, visible):
        """hidden: (B, T, D). visible: (B, 1, T, T), True where query i may look at key j.  -> (B, T, D)"""
        q, k, v = (
            self._heads(layer(hidden)) for layer in (self.query, self.key, self.value)
        )  # (B, H, T, D/H)
        scores = q @ k.transpose(-2, -1) / sqrt(q.shape[-1])  # (B, H, T, T)
        weights = scores.masked_fill(~visible, torch.finfo(scores.dtype).min).softmax(dim=-1)
        mixed = weights @ v  # (B, H, T, D/H)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (B, T, D)

    def _heads(self, x):
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Attention and a feed-forward network, each with a residual connection and a layer norm."""

    def __init__(self, config):
        super().__init__()
        self.pre_norm, self.gelu = config.pre_norm, config.gelu
        self.attention = Attention(config)
        self.norm1 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.inner = nn.Linear(config.width, config.inner_width)
        self.outer = nn.Linear(config.inner_width, config.width)
        self.norm2 = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, hidden, visible):
        """(B, T, D) -> (B, T, D)"""
        if self.pre_norm:
            hidden = hidden + self.attention(self.norm1(hidden), visible)
            return hidden + self._feed_forward(self.norm2(hidden))
        hidden = self.norm1(hidden + self.attention(hidden, visible))
        return self.norm2(hidden + self._feed_forward(hidden))

    def _feed_forward(self, hidden):
        return self.outer(F.gelu(self.inner(hidden), approximate=self.gelu))


class Transformer(nn.Module):
    """Token ids to logits over the vocabulary; output and word embeddings are the same matrix.

    An encoder has BERT's masked-word head (dense, gelu, norm, bias), a decoder GPT-2's final norm.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocab_size, config.width)
        self.positions = nn.Embedding(config.max_positions, config.width)
        if config.num_segments:
            self.segments = nn.Embedding(config.num_segments, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.width, eps=config.norm_eps)  # of the embeddings, or the last one
        if not config.causal:
            self.head = nn.Linear(config.width, config.width)
            self.head_norm = nn.LayerNorm(config.width, eps=config.norm_eps)
            self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, input_ids, attention_mask=None, token_type_ids=None):
        """Logits of every position.

        input_ids: (B, T) int64. attention_mask: (B, T), 1 for real tokens and 0 for padding.
        token_type_ids: (B, T), for an encoder with segments; zeros when left out.

        Returns (B, T, V). Raises LabkitError when T exceeds max_positions.
        """
        return self.logits(self.hidden_states(input_ids, attention_mask, token_type_ids)[-1])

    def hidden_states(self, input_ids, attention_mask=None, token_type_ids=None):
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

    def visible(self, input_ids, attention_mask=None):
        """True where query i may look at key j: not at padding, and not ahead if causal.  -> (B, 1, T, T)"""
        length = input_ids.shape[1]
        visible = torch.ones(length, length, dtype=torch.bool)
        if self.config.causal:
            visible = visible.tril()
        visible = visible[None, None]  # (1, 1, T, T)
        if attention_mask is not None:
            visible = visible & attention_mask.bool()[:, None, None, :]  # (B, 1, T, T)
        return visible

    def logits(self, hidden):
        """(B, T, D) -> (B, T, V)"""
        if self.config.causal:
            return hidden @ self.words.weight.T
        hidden = self.head_norm(F.gelu(self.head(hidden)))
        return hidden @ self.words.weight.T + self.bias


def from_transformers(network):
    """A Transformer with the weights of a BertForMaskedLM (or BertForPreTraining) or a GPT2LMHeadModel.

    Raises LabkitError for another kind of network, and for a weight that is missing or of another shape.
    """
    kind = network.config.model_type
    if kind not in ("bert", "gpt2"):
        raise LabkitError(f"from_transformers reads BERT and GPT-2, not {kind!r}.")
    config, theirs = network.config, network.state_dict()
    if kind == "bert":
        model = Transformer(
            TransformerConfig(
                config.vocab_size,
                config.hidden_size,
                config.num_hidden_layers,
                config.num_attention_heads,
                config.max_position_embeddings,
                config.intermediate_size,
                num_segments=config.type_vocab_size,
                norm_eps=config.layer_norm_eps,
            )
        )
        names = _bert_names(config.num_hidden_layers)
    else:
        model = Transformer(
            TransformerConfig(
                config.vocab_size,
                config.n_embd,
                config.n_layer,
                config.n_head,
                config.n_positions,
                config.n_inner or 4 * config.n_embd,
                causal=True,
                pre_norm=True,
                gelu="tanh",
                norm_eps=config.layer_norm_epsilon,
            )
        )
        names = _gpt2_names(config.n_layer)
        theirs = _split_fused(theirs, config.n_layer)
    _copy(model, theirs, names)
    return model.eval()


@torch.no_grad()
def _copy(model, theirs, names):
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


def _both(ours, theirs):
    return {f"{ours}.{part}": f"{theirs}.{part}" for part in ("weight", "bias")}


def _bert_names(num_layers):
    """Our parameter names -> BertForMaskedLM's."""
    names = {
        "words.weight": "bert.embeddings.word_embeddings.weight",
        "positions.weight": "bert.embeddings.position_embeddings.weight",
        "segments.weight": "bert.embeddings.token_type_embeddings.weight",
        "bias": "cls.predictions.bias",
        **_both("norm", "bert.embeddings.LayerNorm"),
        **_both("head", "cls.predictions.transform.dense"),
        **_both("head_norm", "cls.predictions.transform.LayerNorm"),
    }
    for k in range(num_layers):
        ours, theirs = f"blocks.{k}", f"bert.encoder.layer.{k}"
        for part in ("query", "key", "value"):
            names |= _both(f"{ours}.attention.{part}", f"{theirs}.attention.self.{part}")
        names |= _both(f"{ours}.attention.output", f"{theirs}.attention.output.dense")
        names |= _both(f"{ours}.norm1", f"{theirs}.attention.output.LayerNorm")
        names |= _both(f"{ours}.inner", f"{theirs}.intermediate.dense")
        names |= _both(f"{ours}.outer", f"{theirs}.output.dense")
        names |= _both(f"{ours}.norm2", f"{theirs}.output.LayerNorm")
    return names


def _gpt2_names(num_layers):
    """Our parameter names -> GPT2LMHeadModel's, once `_split_fused` has taken its matrices apart."""
    names = {
        "words.weight": "transformer.wte.weight",
        "positions.weight": "transformer.wpe.weight",
        **_both("norm", "transformer.ln_f"),
    }
    for k in range(num_layers):
        ours, theirs = f"blocks.{k}", f"transformer.h.{k}"
        for part in ("query", "key", "value"):
            names |= _both(f"{ours}.attention.{part}", f"{theirs}.attn.{part}")
        names |= _both(f"{ours}.attention.output", f"{theirs}.attn.c_proj")
        names |= _both(f"{ours}.norm1", f"{theirs}.ln_1")
        names |= _both(f"{ours}.inner", f"{theirs}.mlp.c_fc")
        names |= _both(f"{ours}.outer", f"{theirs}.mlp.c_proj")
        names |= _both(f"{ours}.norm2", f"{theirs}.ln_2")
    return names


def _split_fused(theirs, num_layers):
    """GPT-2 keeps query, key and value in one matrix, and its matrices transposed: take both apart."""
    split = dict(theirs)
    for k in range(num_layers):
        block = f"transformer.h.{k}"
        weights = theirs[f"{block}.attn.c_attn.weight"].T.chunk(3)  # 3 x (D, D)
        biases = theirs[f"{block}.attn.c_attn.bias"].chunk(3)
        for part, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
            split[f"{block}.attn.{part}.weight"], split[f"{block}.attn.{part}.bias"] = weight, bias
        for name in ("attn.c_proj", "mlp.c_fc", "mlp.c_proj"):
            split[f"{block}.{name}.weight"] = theirs[f"{block}.{name}.weight"].T
    return split
