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
        BertConfig(**dict(vocab_size=len(pieces), max_position_embeddings=32, **sizes) | config)
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
    network = GPT2LMHeadModel(GPT2Config(**dict(vocab_size=len(pieces), **sizes) | config))
    return _save(network, tokenizer, folder)


def _save(network, tokenizer, folder):
    from labkit.models.loading import quiet

    with quiet():
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def save_character_gpt(folder, eos=None, padded=0, **config):
    """A GPT2LMHeadModel of single characters, as a tutorial's: a space is a piece, and none is special.

    eos: a piece that ends texts, if there should be one. padded: rows of the network beyond the pieces.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    pieces = ["\n", " ", *string.ascii_letters, ".", ",", *([eos] if eos else [])]
    backend = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token=","))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    backend.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=32, eos_token=eos)
    torch.manual_seed(0)
    sizes = dict(n_embd=16, n_layer=2, n_head=2, n_positions=32, bos_token_id=None, eos_token_id=None)
    network = GPT2LMHeadModel(GPT2Config(vocab_size=len(pieces) + padded, **sizes | config))
    return _save(network, tokenizer, folder)


def save_sentencepiece_gpt(folder):
    """A GPT2LMHeadModel whose pieces begin words with "▁", and whose texts begin with <s>."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    pieces = ["<unk>", "<s>", "</s>", "▁", "▁the", "▁cat", "▁dog", "▁sat", *string.ascii_lowercase, "."]
    scores = [(piece, -float(i)) for i, piece in enumerate(pieces)]
    backend = Tokenizer(models.Unigram(scores, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    names = dict(unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=32, **names)
    torch.manual_seed(0)
    sizes = dict(n_embd=16, n_layer=2, n_head=2, n_positions=32, bos_token_id=1, eos_token_id=2)
    return _save(GPT2LMHeadModel(GPT2Config(vocab_size=len(pieces), **sizes)), tokenizer, folder)


def save_whole_word_bert(folder, special=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")):
    """A BertForPreTraining whose pieces are whole words, without ##, and these special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForPreTraining, PreTrainedTokenizerFast

    pieces = [*special, "[UNK]", *WORDS[:-2], "."]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.Fuse()
    if {"[CLS]", "[SEP]"} <= vocab.keys():
        ends = [(piece, vocab[piece]) for piece in ("[CLS]", "[SEP]")]
        backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ends)
    names = {f"{piece[1:-1].lower()}_token": piece for piece in special}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=32, **names)
    torch.manual_seed(0)
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    config = BertConfig(vocab_size=len(vocab), max_position_embeddings=32, **sizes)
    return _save(BertForPreTraining(config), tokenizer, folder)
