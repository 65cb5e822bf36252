"""What of BERT's and GPT-2's configurations is computed here, what is refused, and what makes no difference.

Every option of both classes stands in one of three tables, so that none is overlooked: a network with one
that is not computed is refused by name and never given other numbers.
"""

from pathlib import Path
from typing import Any

from labkit.messages import LabkitError

SUPPORTED = ("bert", "gpt2")

# From the config to the numbers: transformer.py follows each of these.
COMPUTED = {
    "bert": {
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "hidden_act", "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "tie_word_embeddings",
    },
    "gpt2": {
        "vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner", "activation_function",
        "layer_norm_epsilon", "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "tie_word_embeddings",
    },
}  # fmt: skip

_ALIKE = {
    "transformers_version": "says who wrote the file",
    "architectures": "says which heads the file has weights for",
    "output_hidden_states": "decides what is returned",
    "return_dict": "decides how it is returned (the loader asks for names)",
    "dtype": "how the file stores its numbers (the loader asks for float32)",
    "chunk_size_feed_forward": "the same sums in pieces, to save memory (the loader takes them whole)",
    "is_encoder_decoder": "is about caches of pairs of networks",
    "id2label": "names of classes",
    "label2id": "names of classes",
    "problem_type": "a classifier's loss",
    "initializer_range": "the start of training",
    "use_cache": "keeps keys and values instead of computing them again",
    "bos_token_id": "used by the tokenizer and when writing",
    "eos_token_id": "used by the tokenizer and when writing",
    "pad_token_id": "padding is hidden by the attention mask",
}
# What makes no difference to the numbers, and why.
IRRELEVANT = {
    "bert": _ALIKE
    | {
        "hidden_dropout_prob": "only in training",
        "attention_probs_dropout_prob": "only in training",
        "classifier_dropout": "a classifier's, in training",
    },
    "gpt2": _ALIKE
    | {
        "resid_pdrop": "only in training",
        "embd_pdrop": "only in training",
        "attn_pdrop": "only in training",
        "summary_type": "of the multiple-choice head",
        "summary_use_proj": "of the multiple-choice head",
        "summary_activation": "of the multiple-choice head",
        "summary_proj_to_labels": "of the multiple-choice head",
        "summary_first_dropout": "of the multiple-choice head",
        "reorder_and_upcast_attn": "the same product in another order, in float32",
    },
}

_CROSS = "attention to a second network's states"
# Option -> (the value that is computed, what another one means). Some are no longer fields of the classes but
# stand in older folders, where `transformers` passes over them in silence.
_LEGACY: dict[str, tuple[Any, str]] = {
    "position_embedding_type": ("absolute", "positions that enter the attention scores"),
    "per_layer_config": (None, "layers that differ from each other"),
    "pruned_heads": ({}, "layers that lack heads"),
    "quantization_config": (None, "weights of a few bits, which need a library of their own"),
}
REFUSED = {
    "bert": _LEGACY
    | {
        "is_decoder": (False, "a BERT that sees only what stands before a token"),
        "add_cross_attention": (False, _CROSS),
    },
    "gpt2": _LEGACY | {"add_cross_attention": (False, _CROSS)},
}


def refuse(config: Any, name: str | Path) -> None:
    """Raise LabkitError if a network with this configuration is not computed here, naming what is not.

    config: a config of `transformers`, or config.json as a dict. name: what the message calls it.
    """
    options = config if isinstance(config, dict) else vars(config) | {"model_type": config.model_type}
    kind = options.get("model_type")
    if kind not in SUPPORTED:
        raise LabkitError(
            f"{name} holds a model of type {kind!r}; labkit reads {' and '.join(SUPPORTED)} "
            "(config.json's model_type)."
        )
    for option, (computed, meaning) in REFUSED[kind].items():
        value = options.get(option) or computed
        if value != computed:
            raise LabkitError(
                f"{name} has {option}={value!r:.60} in its config: {meaning}. That is not computed here "
                f"(only {option}={computed!r} is), and other numbers than the model's own help nobody."
            )
