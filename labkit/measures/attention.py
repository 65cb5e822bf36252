"""Attention weights of a trained model: the maps, what sums up a head, patterns, and attention rollout.

Lab 04 asks students to write `attention_maps`, `head_entropy`, `mean_distance`, `find_heads` and
`attention_rollout`; these are the functions it compares with. Shapes: L layers, H heads, T tokens. In a map,
row i is the query: entry (i, j) says how much token i takes from token j, and every row sums to 1.

What heads look at: Clark et al. 2019 (arXiv:1906.04341), Vig 2019 (arXiv:1906.05714). Rollout: Abnar &
Zuidema 2020 (arXiv:2005.00928).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from labkit.messages import LabkitError
from labkit.models.checks import require_numbers, require_seed
from labkit.models.encoding import check_texts, encode
from labkit.models.loading import require_model, require_own_mask
from labkit.models.packed import body_of
from labkit.models.steady import device_of, steady
from labkit.models.vocabulary import word_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers import PreTrainedModel

    from labkit.models.loading import Model

PATTERNS = ("previous token", "next token", "same token", "separator sink")
SEPARATORS = ("[CLS]", "[SEP]", "<|endoftext|>", "<s>", "</s>")  # tokens that mark a place and mean nothing


@contextmanager
def eager(model: Model) -> Iterator[PreTrainedModel]:
    """Within the block the model has "eager" attention, which can be asked for its weights.

    The usual implementation, SDPA, is faster, never holds the weights as a whole and returns none. Afterwards
    the model is as before.
    """
    require_model(model, "attention_maps(labkit.load('bert'), text)")
    require_own_mask(model, "Attention")
    network: Any = model.network
    if not hasattr(network, "set_attn_implementation"):
        raise LabkitError(
            f"Attention is read from what labkit.load returns, not from {type(network).__name__}: "
            "attention_maps(labkit.load('bert'), text)"
        )
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        yield network
    finally:
        network.set_attn_implementation(before)


@steady
def attention_maps(model: Model, text: str) -> torch.Tensor:
    """All attention weights of one text, special tokens included.

    model: what labkit.load returns, of either kind. text: str.

    Returns (L, H, T, T) float32. Raises LabkitError for an empty text, a text longer than the model takes,
    and something that is not a model. The model is left as it was.
    """
    with eager(model) as network:
        input_ids = encode(model, text).to(device_of(network))
        layers = network(input_ids=input_ids, output_attentions=True).attentions  # L x (1, H, T, T)
    maps = require_numbers(model.name, torch.cat(layers))  # (L, H, T, T)
    if maps.dtype in (torch.bfloat16, torch.float16):  # rounded to 3 digits, a row misses 1 by as much
        maps = maps.float() / maps.float().sum(dim=-1, keepdim=True)
    return maps.float().cpu()


@steady
def queries_and_keys(model: Model, text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors whose products decide the attention: softmax(q k / sqrt(D/H)) gives the maps.

    A network that divides by something else (an option of GPT-2) has the difference in its queries here.
    Returns (queries, keys), both (L, H, T, D/H). Raises LabkitError as attention_maps does.
    """
    with eager(model) as network:  # checks the model; its attention is of no account here
        body, found = body_of(network), []
        if model.kind == "encoder":
            layers = [layer.attention.self for layer in body.encoder.layer]
            modules = [module for layer in layers for module in (layer.query, layer.key)]
        else:
            layers = [layer.attn for layer in body.h]
            modules = [layer.c_attn for layer in layers]
        keep = lambda module, args, output: found.append(output[0])  # (T, D), GPT-2's (T, 3 D)
        handles = [module.register_forward_hook(keep) for module in modules]
        try:
            network(input_ids=encode(model, text).to(device_of(network)))
        finally:
            for handle in handles:
                handle.remove()
    if model.kind == "decoder":  # one matrix makes query, key and value
        found = [part for output in found for part in output.chunk(3, dim=-1)[:2]]
    heads = torch.stack(found).unflatten(-1, (model.num_heads, -1)).transpose(1, 2)  # (2 L, H, T, D/H)
    heads = heads.float().cpu()
    usual = heads.shape[-1] ** -0.5
    if any(layer.scaling != usual for layer in layers):
        heads[0::2] *= torch.tensor([layer.scaling / usual for layer in layers])[:, None, None, None]
    return heads[0::2], heads[1::2]


@steady
def tokens(model: Model, text: str) -> list[str]:
    """The T tokens that the maps' rows and columns stand for, as strings; a word's beginning is bare.

    A byte-level tokenizer writes a space as a sign of its own and spells other scripts in bytes: here it
    reads like text, except for a character that is split between tokens.
    """
    require_model(model, "tokens(labkit.load('bert'), text)")
    ids = encode(model, text)[0].tolist()
    if model.kind == "encoder":
        return [name.removeprefix("\u2581") or name for name in model.tokenizer.convert_ids_to_tokens(ids)]
    return [word_of(model.tokenizer, index) for index in ids]


@steady
def over_texts(
    model: Model, texts: Iterable[str], statistic: Callable[[torch.Tensor, list[str]], torch.Tensor]
) -> torch.Tensor:
    """The mean over texts of statistic(maps, tokens), a tensor of the same shape for each text.

    Raises LabkitError when there are no texts.
    """
    texts = check_texts(texts, "Give a list of sentences to average over.")
    return torch.stack([statistic(attention_maps(model, text), tokens(model, text)) for text in texts]).mean(
        0
    )


@steady(gradients=None)
def head_entropy(maps: torch.Tensor) -> torch.Tensor:
    """How widely each head looks: the mean over queries of the entropy of a row, in nats.

    0 for a head that looks at one token, log T for one that looks at all alike. 0 log 0 counts as 0, which a
    causal model needs: it is certain of every later token.

    maps: (L, H, T, T).  -> (L, H)
    """
    return torch.special.entr(_checked(maps)).sum(dim=-1).mean(dim=-1)


@steady(gradients=None)
def mean_distance(maps: torch.Tensor) -> torch.Tensor:
    """How far each head looks: |i - j| weighted by attention, the mean over queries, in tokens.

    maps: (L, H, T, T).  -> (L, H)
    """
    positions = torch.arange(_checked(maps).shape[-1], device=maps.device)
    distance = (positions[:, None] - positions).abs()  # (T, T)
    return (maps * distance).sum(dim=-1).mean(dim=-1)


@steady(gradients=None)
def pattern_targets(names: Sequence[str], pattern: str) -> torch.Tensor:
    """Where a pattern says that each token looks: (T, T), True at (i, j) if j is a target of i.

    names: the T tokens. pattern: one of PATTERNS. "same token" is the token itself and its repetitions;
    "separator sink" is [CLS], [SEP] and <|endoftext|>.
    """
    positions = torch.arange(len(names))
    offsets = positions - positions[:, None]  # (T, T): j - i
    if pattern == "previous token":
        return offsets == -1
    if pattern == "next token":
        return offsets == 1
    if pattern == "same token":
        return torch.tensor([[left == right for right in names] for left in names])
    if pattern == "separator sink":
        return torch.tensor([name in SEPARATORS for name in names]).expand(len(names), -1)
    raise LabkitError(f"There is no pattern {pattern!r}; there are {', '.join(PATTERNS)}.")


@steady(gradients=None)
def pattern_share(maps: torch.Tensor, names: Sequence[str], pattern: str) -> torch.Tensor:
    """The share of its attention that each head gives to a pattern's targets, mean over tokens that have one.

    The first token has no previous one and does not count there. 0 where no token has a target.

    maps: (L, H, T, T). names: the T tokens. pattern: one of PATTERNS.  -> (L, H)
    """
    maps = _checked(maps)
    targets = pattern_targets(names, pattern).to(maps.device)  # (T, T)
    if len(names) != maps.shape[-1]:
        raise LabkitError(f"There are {len(names)} tokens for maps of {maps.shape[-1]} tokens.")
    rows = targets.any(dim=-1)  # (T,)
    if not rows.any():
        return torch.zeros(maps.shape[:-2], device=maps.device)
    return (maps * targets).sum(dim=-1)[..., rows].mean(dim=-1)


def find_heads(
    maps: torch.Tensor, names: Sequence[str], pattern: str, at_least: float = 0.5
) -> list[tuple[int, int, float]]:
    """The heads that follow a pattern, as [(layer, head, share), ...], the strongest first.

    maps: (L, H, T, T). names: the T tokens. pattern: one of PATTERNS. at_least: the share that a head must
    reach. Patterns as in Clark et al. 2019, section 3.
    """
    return strongest(pattern_share(maps, names, pattern), at_least)


def strongest(shares: torch.Tensor, at_least: float = 0.5) -> list[tuple[int, int, float]]:
    """The heads whose share is large enough, as [(layer, head, share), ...], the strongest first.

    shares: (L, H).
    """
    found = [
        (layer, head, float(shares[layer, head])) for layer, head in (shares >= at_least).nonzero().tolist()
    ]
    return sorted(found, key=lambda item: item[2], reverse=True)


def pattern_shares(model: Model, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """Every pattern's share for every head, the mean over texts: {pattern: (L, H)}."""
    share = lambda maps, names: torch.stack([pattern_share(maps, names, pattern) for pattern in PATTERNS])
    return dict(zip(PATTERNS, over_texts(model, texts, share), strict=True))


def habits(shares: dict[str, torch.Tensor], at_least: float = 0.4) -> dict[tuple[int, int], str]:
    """The pattern of each head that has one: {(layer, head): pattern}; of two patterns the stronger.

    shares: {pattern: (L, H)}, as pattern_shares gives them.
    """
    found: dict[tuple[int, int], tuple[str, float]] = {}
    for pattern, share in shares.items():
        for layer, head, value in strongest(share, at_least):
            if value > found.get((layer, head), ("", 0.0))[1]:
                found[layer, head] = pattern, value
    return {place: pattern for place, (pattern, _) in found.items()}


@steady(gradients=None)
def direction_shares(maps: torch.Tensor) -> torch.Tensor:
    """How much each head gives to the tokens before, to the token itself and to those after it.

    maps: (L, H, T, T).  -> (L, H, 3), summing to 1
    """
    parts = (_checked(maps).tril(-1), maps.tril().triu(), maps.triu(1))
    return torch.stack([part.sum(dim=-1).mean(dim=-1) for part in parts], dim=-1)


@steady(gradients=None)
def offset_shares(maps: torch.Tensor, offsets: Sequence[int]) -> torch.Tensor:
    """The share of its attention that each head gives to the token `offset` places away.

    maps: (L, H, T, T). offsets: list of O int, -1 for the token before.  -> (L, H, O)
    """
    shares = [_checked(maps).diagonal(offset, dim1=-2, dim2=-1) for offset in offsets]
    zero = maps.new_zeros(maps.shape[:-2])
    return torch.stack([share.mean(dim=-1) if share.shape[-1] else zero for share in shares], dim=-1)


@steady
def at_the_start(model: Model, seed: int = 0) -> Model:
    """A bundled model as it was before its training: the same shape, and the positional start.

    Head h of layer 0 begins by looking at one fixed offset; everything else is random (models/start.py).
    Only the seed of the random numbers is another than it was. Raises LabkitError for any other model.
    """
    from labkit.models.start import SHAPE, new_network

    require_model(model, "at_the_start(labkit.load('bert'))")
    require_own_mask(model, "at_the_start")
    require_seed(seed)
    if model.source != "bundled":
        raise LabkitError(f"How {model.name} began is not known; that of bert-mini and gpt-mini is.")
    with torch.random.fork_rng(devices=[]):  # the notebook's random numbers stay as they are
        network = new_network(model.kind, model.tokenizer, seed, **SHAPE).eval()
    return replace(model, network=network, name=f"{model.name} before training")


@steady(gradients=None)
def attention_rollout(maps: torch.Tensor) -> torch.Tensor:
    """Attention through all layers: how much of each last-layer token comes from each input token.

    A block adds its attention's output to what was there, so half of a layer's flow is the token itself: A =
    1/2 (mean over heads) + 1/2 identity; the rollout is the product A_L ... A_2 A_1 (Abnar & Zuidema 2020,
    section 3).

    maps: (L, H, T, T), the first layer first.  -> (T, T), rows sum to 1
    """
    identity = torch.eye(_checked(maps).shape[-1], dtype=maps.dtype, device=maps.device)
    rollout = identity
    for layer in maps.mean(dim=1):  # (T, T)
        rollout = (layer + identity) / 2 @ rollout
    return rollout


def _checked(maps: torch.Tensor) -> torch.Tensor:
    """The maps, if they are attention: (..., T, T), rows that sum to 1."""
    if not isinstance(maps, torch.Tensor) or maps.ndim < 3 or maps.shape[-1] != maps.shape[-2]:
        shape = tuple(maps.shape) if isinstance(maps, torch.Tensor) else type(maps).__name__
        raise LabkitError(
            f"maps must have the shape (L, H, T, T), as attention_maps gives them, not {shape}."
        )
    if not maps.is_floating_point():
        raise LabkitError(f"maps hold shares, numbers with a point; these are {maps.dtype}: maps.float()")
    sums = maps.sum(dim=-1)
    if not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        raise LabkitError(
            "The rows of the maps do not sum to 1: these are no attention weights. Are they scores before "
            "the softmax, or is there a NaN?"
        )
    if maps.numel() and maps.amin() < 0:
        raise LabkitError(
            "The maps hold numbers below 0: these are no attention weights. Are they scores before the "
            "softmax?"
        )
    return maps
