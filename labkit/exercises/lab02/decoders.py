"""The two decoders of the checks: the bundled one, and a small random one with another end-of-text token."""

import functools

import torch

from labkit.exercises.small_models import random_network

END = "<|endoftext|>"
END_PLACE = 5  # its id in the small decoder; in gpt-mini it is 0, in GPT-2 the last one
MERGES = (
    "Ġ t",
    "Ġt h",
    "Ġth e",
    "T h",
    "Th e",
    "Ġ w",
    "Ġw as",
    "a s",
    "Ġ a",
    "i n",
    "e r",
    "n o",
    "Ġ no",
    "Ġ f",
)


@functools.cache
def gpt():
    """The bundled decoder, loaded once."""
    from labkit.models.loading import load

    return load("gpt-mini")


@functools.cache
def small_decoder():
    """A decoder of a few thousand random weights: other pieces, other logits, another end-of-text id."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

    from labkit.models.loading import Model

    merges = [tuple(merge.split()) for merge in sorted(MERGES, key=lambda merge: len(merge))]
    pieces = [*sorted(ByteLevel.alphabet()), *dict.fromkeys("".join(merge) for merge in merges)]
    pieces.insert(END_PLACE, END)
    tokenizer = GPT2Tokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)}, merges=merges, model_max_length=256
    )
    sizes = dict(n_embd=16, n_layer=2, n_head=2, n_positions=256, initializer_range=0.6)
    config = GPT2Config(vocab_size=len(pieces), bos_token_id=END_PLACE, eos_token_id=END_PLACE, **sizes)
    network = random_network(GPT2LMHeadModel, config, seed=3)
    with torch.no_grad():
        network.transformer.wte.weight.data *= 4  # opinions as strong as those of a trained network
    return Model(network, tokenizer, "decoder", "small", "package", "a small random decoder")
