"""Two small networks with random weights: other numbers of layers and heads than the pair, and dropout.

What works for bert-mini and gpt-mini alone goes wrong on them.
"""

import functools

import torch

SHARP = 0.6  # the standard deviation of the weights: attention far from even
DROPOUT = 0.5  # in training mode alone


@functools.cache
def small_bert(tokenizer):
    """An encoder with 3 layers of 2 heads."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=128,
        hidden_dropout_prob=DROPOUT,
        attention_probs_dropout_prob=DROPOUT,
        initializer_range=SHARP,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _model(BertForMaskedLM, config, tokenizer, "encoder", "small-bert")


@functools.cache
def small_gpt(tokenizer):
    """A decoder with 2 layers of 3 heads, loaded with attentions=True: it is eager before every call."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=12,
        n_layer=2,
        n_head=3,
        n_positions=128,
        resid_pdrop=DROPOUT,
        embd_pdrop=DROPOUT,
        attn_pdrop=DROPOUT,
        initializer_range=SHARP,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = _model(GPT2LMHeadModel, config, tokenizer, "decoder", "small-gpt")
    model.network.set_attn_implementation("eager")
    return model


def _model(network_class, config, tokenizer, kind, name):
    from labkit.models import Model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        network = network_class(config).eval()
    return Model(network, tokenizer, kind, name, "folder")
