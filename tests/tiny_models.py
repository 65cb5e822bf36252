"""Tiny random models in the hub's format, made from configs: a BERT and a GPT-2 of a few thousand weights."""

import string

import torch

WORDS = ["the", "cat", "dog", "sat", "on", "mat", "a", "b", "c", "##s", "."]


def save_tiny_bert(folder, **config):
    """A BertForPreTraining and its WordPiece tokenizer, saved into `folder`; returns the folder."""
    from transformers import BertConfig, BertForPreTraining, BertTokenizer

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, model_max_length=32)
    torch.manual_seed(0)
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    network = BertForPreTraining(
        BertConfig(vocab_size=len(pieces), max_position_embeddings=32, **sizes | config)
    )
    return _save(network, tokenizer, folder)


def save_tiny_gpt(folder, **config):
    """A GPT2LMHeadModel and its byte-level tokenizer, saved into `folder`; returns the folder."""
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

    pieces = ["<|endoftext|>", *string.ascii_letters, "Ġ", "Ġt", "Ġa", ".", ","]
    merges = [("Ġ", "t"), ("Ġ", "a")]
    tokenizer = GPT2Tokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges, model_max_length=32
    )
    torch.manual_seed(0)
    sizes = dict(n_embd=16, n_layer=2, n_head=2, n_positions=32, bos_token_id=0, eos_token_id=0)
    network = GPT2LMHeadModel(GPT2Config(vocab_size=len(pieces), **sizes | config))
    return _save(network, tokenizer, folder)


def _save(network, tokenizer, folder):
    from labkit.models.loading import quiet

    with quiet():
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder
