"""Which of our Transformer's parameters is which in `transformers`, for BERT and GPT-2: by name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def _both(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{part}" for part in ("weight", "bias")}


def bert_names(num_layers: int) -> dict[str, str]:
    """Our parameter names -> BertForMaskedLM's: a dict."""
    names = {
        "words.weight": "bert.embeddings.word_embeddings.weight",
        "positions.weight": "bert.embeddings.position_embeddings.weight",
        "segments.weight": "bert.embeddings.token_type_embeddings.weight",
        "bias": "cls.predictions.decoder.bias",
        "unembedding.weight": "cls.predictions.decoder.weight",
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


def gpt2_names(num_layers: int) -> dict[str, str]:
    """Our parameter names -> GPT2LMHeadModel's, once `split_fused` has taken its matrices apart: a dict."""
    names = {
        "words.weight": "transformer.wte.weight",
        "positions.weight": "transformer.wpe.weight",
        "unembedding.weight": "lm_head.weight",
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


def split_fused(theirs: dict[str, torch.Tensor], num_layers: int) -> dict[str, torch.Tensor]:
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
