"""What a function may not change behind the caller's back: models, tokenizers, PyTorch's settings, seeds.

What was changed is put back, so that the next cell of the notebook runs as if nothing had happened, and it is
said what it was.
"""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch

FLAGS = (
    "padding_side",
    "truncation_side",
    "pad_token_id",
    "eos_token_id",
    "mask_token_id",
    "model_max_length",
)
PRISTINE: weakref.WeakKeyDictionary[torch.nn.Module, tuple] = (
    weakref.WeakKeyDictionary()
)  # network -> (fingerprint, copy of its weights)


class Guard:
    """A picture of the state before a call: `changes()` compares, puts back, and says what it was.

    closely: whether changes of weights through `.data` are looked for, which takes a millisecond or two.
    """

    def __init__(self, args: Iterable, closely: bool = True) -> None:
        self.networks = [n for n in (getattr(arg, "network", arg) for arg in args) if _is_network(n)]
        self.networks = [_Network(network, closely) for network in self.networks]
        self.tokenizers = [t for t in (getattr(arg, "tokenizer", None) for arg in args) if t is not None]
        self.tokenizers = [(tokenizer, _flags(tokenizer)) for tokenizer in self.tokenizers]
        self.grad, self.dtype = torch.is_grad_enabled(), torch.get_default_dtype()
        self.seeds = len(RESEEDED)

    def changes(self) -> str:
        """Put back what was changed; returns a sentence about the first such thing, or ""."""
        said = [change for network in self.networks for change in network.changes()]
        for tokenizer, before in self.tokenizers:
            for name, value in _flags(tokenizer).items():
                if value != before[name]:
                    setattr(tokenizer, name, before[name])
                    said.append(f"left tokenizer.{name} at {value!r}.\nIt was {before[name]!r}: put it back.")
        if torch.is_grad_enabled() != self.grad:
            torch.set_grad_enabled(self.grad)
            said.append("left gradients switched off or on for everybody.\nUse `with torch.no_grad():`.")
        if torch.get_default_dtype() != self.dtype:
            torch.set_default_dtype(self.dtype)
            said.append(
                "left another default dtype for everybody.\nSay dtype=... or .double() where it is needed."
            )
        return said[0] if said else ""

    @property
    def reseeded(self) -> str:
        """The last function by which the random numbers of the whole notebook were seeded, or ""."""
        return RESEEDED[-1] if len(RESEEDED) > self.seeds else ""


class _Network:
    """The state of one network."""

    def __init__(self, network: torch.nn.Module, closely: bool) -> None:
        self.network, self.closely = network, closely
        self.config = getattr(network, "config", None)
        self.fields = dict(vars(self.config)) if self.config is not None else {}
        self.modes = [(module, module.training) for module in network.modules()]
        self.hooks = [(hooks, set(hooks)) for module in network.modules() for hooks in _hooks(module)]
        self.params = list(network.parameters())
        self.dtypes = [parameter.dtype for parameter in self.params]
        self.wanted = [parameter.requires_grad for parameter in self.params]
        self.print = _fingerprint(self.params, closely)
        kept = PRISTINE.get(network)
        if kept is None or not _same_print(kept[0], self.print):
            PRISTINE[network] = (self.print, [parameter.detach().clone() for parameter in self.params])

    def changes(self) -> Iterator[str]:
        """Yield a sentence for each thing that was changed, after it is put back."""
        if any(module.training != mode for module, mode in self.modes):
            left = "training" if self.network.training else "evaluation"
            for module, mode in self.modes:
                module.training = mode
            call = ".train()" if left == "training" else ".eval()"
            yield f"left the model in {left} mode ({call}).\nLeave the mode as it came: dropout hangs on it."
        if self.fields:
            now = dict(vars(self.config))
            names = [name for name in {**self.fields, **now} if not _equal(now, self.fields, name)]
            if names:
                vars(self.config).clear()
                vars(self.config).update(self.fields)
                name = names[0].lstrip("_")
                yield f"left {name} of the model's config changed.\nSay it in the call, or put it back."
        new = [(hooks, key) for hooks, before in self.hooks for key in hooks if key not in before]
        new = [(hooks, key) for hooks, key in new if not _is_transformers(hooks[key])]
        for hooks, key in new:
            del hooks[key]
        if new:
            yield "left a hook in the model.\nIts handle's .remove() takes it away."
        if [parameter.requires_grad for parameter in self.params] != self.wanted:
            for parameter, wanted in zip(self.params, self.wanted, strict=True):
                parameter.requires_grad_(wanted)
            yield "left requires_grad of the model's weights changed.\n`with torch.no_grad():` is enough."
        if [parameter.dtype for parameter in self.params] != self.dtypes:
            self.network.to(self.dtypes[0])
            yield "left the model's weights in another dtype.\nConvert its results, not the model."
        if not _same_print(_fingerprint(self.params, self.closely), self.print):
            _, copies = PRISTINE[self.network]
            for parameter, copy in zip(self.params, copies, strict=True):
                parameter.data = copy.clone()
            PRISTINE.pop(self.network)
            yield "changed the model's weights.\nA function that measures a model leaves it as it is."


def _is_network(value: Any) -> bool:
    return isinstance(value, torch.nn.Module)


def _hooks(module: torch.nn.Module) -> Iterator[dict]:
    yield from (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)


def _is_transformers(hook: Any) -> bool:
    """Is a hook the library's own? It puts some in when hidden states are first asked for, to stay."""
    return str(getattr(hook, "__module__", "")).startswith("transformers")


def _fingerprint(
    params: list[torch.nn.Parameter], closely: bool
) -> tuple[list[tuple[int, int]], list[float] | None]:
    """Version counters see every change but those through `.data`, which the norms see."""
    seen = [(parameter._version, parameter.data_ptr()) for parameter in params]
    if not closely or not params:
        return seen, None
    with torch.no_grad():
        return seen, [norm.item() for norm in torch._foreach_norm(tuple(params))]


def _same_print(a: tuple, b: tuple) -> bool:
    """Are two fingerprints of the same weights? What only one of them looked at is not compared."""
    return a[0] == b[0] and (None in (a[1], b[1]) or a[1] == b[1])


def _equal(now: dict[str, Any], before: dict[str, Any], name: str) -> bool:
    missing = object()
    a, b = now.get(name, missing), before.get(name, missing)
    return a is b or (type(a) is type(b) and a == b)


def _flags(tokenizer: Any) -> dict[str, Any]:
    # Of the object, not of its class: transformers gives the ids of special tokens by __getattr__.
    return {name: getattr(tokenizer, name) for name in FLAGS if hasattr(tokenizer, name)}


RESEEDED: list[str] = []


def seed_all(seed: int) -> None:
    """Seed the three sources of random numbers that everybody shares: random, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextmanager
def drawn_alike(seed: int) -> Iterator[None]:
    """Seed torch, numpy and random for the block, note who seeds them anew, and put all three back.

    An answer that draws without a generator of its own draws the same in every check, and a check leaves the
    notebook's own random numbers as they were.
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed_all(seed)
    kept = {(module, name): getattr(module, name) for module, name in _SEEDERS}
    for (module, name), seeder in kept.items():
        setattr(module, name, _noting(seeder, module, name))
    try:
        yield
    finally:
        for (module, name), seeder in kept.items():
            setattr(module, name, seeder)
        RESEEDED.clear()
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])


_SEEDERS = ((random, "seed"), (np.random, "seed"), (torch, "manual_seed"))


def _noting(seeder: Callable, module: ModuleType, name: str) -> Callable:
    def seed(*args: Any, **options: Any) -> Any:
        RESEEDED.append(f"{module.__name__}.{name}")
        return seeder(*args, **options)

    return seed
