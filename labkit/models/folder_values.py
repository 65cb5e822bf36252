"""The values in a model's folder, before a network is made of it: config.json's fields, and its weights.

A folder that was changed by hand is refused by file and field, in place of whatever a library says later.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.messages import LabkitError
from labkit.messages.named import read_json
from labkit.models.checks import is_number, is_whole

if TYPE_CHECKING:
    import torch

_FROM_ONE = {
    "bert": (
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "max_position_embeddings", "type_vocab_size",
    ),
    "gpt2": ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner"),
}  # fmt: skip
_MAY_BE_NULL = ("n_inner",)
_NORM = {"bert": "layer_norm_eps", "gpt2": "layer_norm_epsilon"}
_ACTIVATION = {"bert": "hidden_act", "gpt2": "activation_function"}
_VOCABULARY = {"bert": 30_522, "gpt2": 50_257}  # what the classes take where the file says nothing


def require_values(folder: Path, kind: str) -> None:
    """Raise LabkitError for a value in config.json that no network has, naming the file and the field.

    kind: "bert" or "gpt2". Fields that are left out take the class's own values.
    """
    import torch
    from transformers.activations import ACT2FN

    file = folder / "config.json"
    config: Any = read_json(file)

    def refuse(field: str, expected: str) -> None:
        raise LabkitError(
            f"{file} has {field} = {config[field]!r:.60}; expected {expected}. Correct the file, or save the "
            "model again (save_pretrained)."
        )

    for field in _FROM_ONE[kind]:
        empty = field in _MAY_BE_NULL and config.get(field) is None
        if field in config and not empty and not is_whole(config[field], 1):
            refuse(field, "a whole number from 1 on")
    norm, activation = _NORM[kind], _ACTIVATION[kind]
    eps = config.get(norm, 0.0)
    if not (isinstance(eps, float) and is_number(eps) and eps >= 0):
        refuse(norm, "a small number with a point, such as 1e-12")
    if activation in config and (not isinstance(config[activation], str) or config[activation] not in ACT2FN):
        refuse(activation, f"one of {', '.join(sorted(ACT2FN))}")
    size = config.get("vocab_size", _VOCABULARY[kind])
    padding = config.get("pad_token_id")
    if kind == "bert" and padding is not None and not is_whole(padding, -size, size - 1):
        refuse("pad_token_id", f"an id of the vocabulary, from 0 to {size - 1}")
    for field in ("dtype", "torch_dtype"):
        value = config.get(field)
        if value is not None and not (
            isinstance(value, str) and isinstance(getattr(torch, value, None), torch.dtype)
        ):
            refuse(field, 'a dtype of torch, such as "float32"')


def require_float_weights(folder: Path) -> None:
    """Raise LabkitError for a weight or bias that is stored as anything but floating-point numbers.

    Without it whole numbers, as a quantised network has, would be read as if they were the weights.
    """
    from safetensors import safe_open

    masks = re.compile(r"\.attn\.(masked_)?bias$")  # GPT-2's triangle, which is no weight
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            for name in tensors.keys():
                dtype = tensors.get_slice(name).get_dtype()
                ours = name.endswith((".weight", ".bias")) and not masks.search(name)
                if ours and not dtype.startswith(("F", "BF")):
                    raise LabkitError(
                        f"{file} holds {name} as {dtype}, no floating-point numbers: was the model "
                        "quantised? Save it in float32."
                    )


def require_finite(network: torch.nn.Module, name: str, folder: Path) -> None:
    """Raise LabkitError for a network whose weights hold NaN or an infinity."""
    import torch

    for weight, parameter in network.named_parameters():
        if not torch.isfinite(parameter.detach()).all():
            raise LabkitError(
                f"The weights of {name} in {folder} hold NaN or an infinity ({weight}): did its training "
                "diverge, or is the file damaged? Take an earlier checkpoint, or fetch it again."
            )


def require_tokenizer_files(folder: Path) -> None:
    """Raise LabkitError for a file of the tokenizer that is no JSON object, or that holds no tokenizer."""
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json"):
        if (folder / name).is_file():
            content: Any = read_json(folder / name)
            if name == "tokenizer.json" and not isinstance(content.get("model"), dict):
                raise LabkitError(
                    f'{folder / name} holds no tokenizer: "model" is missing from it. Save it again, with '
                    "tokenizer.save_pretrained(folder)."
                )
