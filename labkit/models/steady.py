"""The same numbers whatever a notebook has set elsewhere, and its settings left as they are.

Gradients switched off or on, another default dtype or device, autocast, numpy's errors as exceptions, a
network in training mode: each would make a measurement another one, or stop it in the depth of a library. A
function under `@steady` computes as in a fresh session.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from labkit.messages import LabkitError
from labkit.messages.causes import explained

if TYPE_CHECKING:
    import torch

NUMPY_DEFAULT: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}

P = ParamSpec("P")
R = TypeVar("R")


@overload
def steady(function: Callable[P, R], *, gradients: bool | None = False) -> Callable[P, R]: ...
@overload
def steady(*, gradients: bool | None = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def steady(function: Callable | None = None, *, gradients: bool | None = False) -> Callable:
    """Decorator: the function computes as in a fresh session; networks among its arguments in eval mode.

    gradients: True for a function that needs them, even where the notebook has switched them off. False:
    nothing is recorded for them, and what is returned can be trained on. None: as the caller has it.

    Raises LabkitError, when it is called, for a network without numbers (on torch's "meta" device).
    """
    if function is None:
        return functools.partial(steady, gradients=gradients)

    @functools.wraps(function)
    def steadied(*args: Any, **kwargs: Any) -> Any:
        networks: list[Any] = [getattr(given, "network", None) for given in (*args, *kwargs.values())]
        settled = steady_state(*(n for n in networks if hasattr(n, "parameters")), gradients=gradients)
        with explained(), settled:
            return function(*args, **kwargs)

    return steadied


@contextlib.contextmanager
def steady_state(*networks: torch.nn.Module, gradients: bool | None = False) -> Iterator[None]:
    """The block computes as in a fresh session; see `steady`."""
    import numpy as np  # here, because `labkit.load` is under it, and importing labkit is cheap

    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate(**NUMPY_DEFAULT))
        if networks or "torch" in sys.modules:
            _settle_torch(stack, gradients)
        for network in networks:
            _require_numbers(network)
            stack.enter_context(_in_eval_mode(network))
        if networks:
            stack.enter_context(_without_advice())
        yield


def _settle_torch(stack: contextlib.ExitStack, gradients: bool | None) -> None:
    """Set torch as it is at its start; the ExitStack sets it back."""
    import torch

    if gradients is not None:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.set_grad_enabled(gradients))
    if torch.get_default_dtype() != torch.float32:
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        torch.set_default_dtype(torch.float32)
    if torch.get_default_device().type != "cpu":
        stack.enter_context(torch.device("cpu"))
    for kind in ("cpu", "cuda"):
        if torch.is_autocast_enabled(kind):
            stack.enter_context(torch.autocast(kind, enabled=False))


def device_of(network: torch.nn.Module) -> torch.device:
    """Where the network's weights are, and so where its inputs have to be."""
    return next(network.parameters()).device


@contextlib.contextmanager
def _in_eval_mode(network: torch.nn.Module) -> Iterator[None]:
    trained = [module for module in network.modules() if module.training]
    for module in trained:
        module.training = False
    try:
        yield
    finally:
        for module in trained:
            module.training = True


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """transformers warns of what is meant here, as of a text without an attention mask."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _require_numbers(network: torch.nn.Module) -> None:
    if any(parameter.is_meta for parameter in network.parameters()):
        raise LabkitError(
            "The network is on torch's device 'meta', where weights have a shape and no numbers. Load the "
            "model again: labkit.load(...)."
        )
