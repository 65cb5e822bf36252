"""Small networks with random weights, made in memory: what works for the bundled pair alone fails on them.

They have other sizes, dropout (in training mode alone; they come in evaluation mode), and weights so large
that nothing about them is even.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from labkit.models.loading import Model

SEED = 4


def small_bert(
    tokenizer: PreTrainedTokenizerBase,
    layers: int,
    width: int,
    heads: int,
    longest: int,
    dropout: float,
    spread: float,
) -> Model:
    """An encoder with the tokenizer's vocabulary; `spread` is the standard deviation of its weights."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * width,
        max_position_embeddings=longest,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=spread,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _model(BertForMaskedLM, config, tokenizer, "encoder", "small-bert")


def small_gpt(
    tokenizer: PreTrainedTokenizerBase,
    layers: int,
    width: int,
    heads: int,
    longest: int,
    dropout: float,
    spread: float,
) -> Model:
    """A decoder with the tokenizer's vocabulary; `spread` is the standard deviation of its weights."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        n_positions=longest,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        initializer_range=spread,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _model(GPT2LMHeadModel, config, tokenizer, "decoder", "small-gpt")


def _model(
    network_class: type[PreTrainedModel],
    config: PreTrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
    kind: str,
    name: str,
) -> Model:
    from labkit.models.loading import Model

    return Model(random_network(network_class, config), tokenizer, kind, name, "folder")


def random_network(
    network_class: type[PreTrainedModel], config: PreTrainedConfig, seed: int = SEED
) -> PreTrainedModel:
    """A network of random weights in evaluation mode, the same in every process; nobody's seed is touched."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return network_class(config).eval()
