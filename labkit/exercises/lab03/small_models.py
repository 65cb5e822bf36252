"""Two small random networks that are unlike the bundled pair: other sizes, dropout, a shorter "
"longest input."""

import functools

import torch

LONGEST = 24  # pieces
DROPOUT = 0.3  # in train mode only, and what is handed out is in eval mode


@functools.cache
def model_named(name):
    """A bundled model or a small one of here, made once for all checks."""
    from labkit.models import load

    if name in ("small-bert", "small-gpt"):
        return _small_bert() if name == "small-bert" else _small_gpt()
    return load(name)


def described(model):
    """The name, and for a small one what it is: reports say it once a case."""
    if not model.name.startswith("small"):
        return model.name
    sizes = f"{model.num_layers} layers, {model.width} numbers a token, at most {model.max_length} pieces"
    return f"{model.name} (random: {sizes})"


def _small_bert():
    from transformers import BertConfig, BertForMaskedLM

    tokenizer = model_named("bert-mini").tokenizer
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=12,
        num_hidden_layers=6,
        num_attention_heads=3,
        intermediate_size=20,
        max_position_embeddings=LONGEST,
        hidden_dropout_prob=DROPOUT,
        attention_probs_dropout_prob=DROPOUT,
        initializer_range=0.3,
    )
    return _model("small-bert", "encoder", BertForMaskedLM, config, tokenizer)


def _small_gpt():
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = model_named("gpt-mini").tokenizer
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=10,
        n_layer=2,
        n_head=2,
        n_positions=LONGEST,
        resid_pdrop=DROPOUT,
        embd_pdrop=DROPOUT,
        attn_pdrop=DROPOUT,
        initializer_range=0.3,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _model("small-gpt", "decoder", GPT2LMHeadModel, config, tokenizer)


def _model(name, kind, network, config, tokenizer):
    from labkit.models import Model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        made = network(config).eval()
    return Model(made, tokenizer, kind, name, "folder")
