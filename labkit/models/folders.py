"""What is in a model's folder, checked before a network is made of it: config.json and the weights' file."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from labkit.messages import LabkitError
from labkit.models import architectures
from labkit.models.tokenizers import first_line


def model_type(folder: Path) -> str:
    """The kind of network that config.json names: "bert" or "gpt2".

    Raises LabkitError for another, for one with options that are not computed here, and for a damaged file.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError(f"it holds a {type(config).__name__}, not an object")
    except FileNotFoundError:
        raise LabkitError(
            f"{folder} has no config.json, so it is not a model's folder (save_pretrained writes one)."
        ) from None
    except (ValueError, OSError) as error:
        raise LabkitError(f"{folder / 'config.json'} can't be read as JSON ({first_line(error)}).") from None
    architectures.refuse(config, folder)
    return config["model_type"]


def require_used(name: str, folder: Path, unexpected: Iterable[str]) -> None:
    """Refuse a file whose layers hold more than the network computes with: it is another architecture."""
    masks = re.compile(r"\.attn\.(masked_)?bias$")  # older files keep GPT-2's triangle, which is no weight
    layers = re.compile(r"\b(layer|h)\.\d+\.")
    inside = [weight for weight in sorted(unexpected) if layers.search(weight) and not masks.search(weight)]
    if inside:
        raise LabkitError(
            f"The weights of {name} in {folder} hold {inside[0]}"
            f"{f' and {len(inside) - 1} more' if len(inside) > 1 else ''}, which no ordinary "
            f"{' or '.join(architectures.SUPPORTED)} has. Without them its numbers would be others."
        )


def weight_names(folder: Path) -> list[str]:
    """The names of the tensors in the folder's safetensors files, which are checked for being whole."""
    from safetensors import SafetensorError, safe_open

    names, files = [], sorted(folder.glob("model*.safetensors"))
    if not files:
        pickles = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        raise LabkitError(
            f"{folder} has no model.safetensors."
            + (" Pickled weights are not loaded: a pickle can run any code." if pickles else "")
        )
    for file in files:
        try:
            with safe_open(file, framework="numpy") as tensors:
                names += tensors.keys()
        except (SafetensorError, OSError) as error:
            raise LabkitError(
                f"{file} is damaged or half a download ({first_line(error)}). Fetch or save it again."
            ) from None
    return names
