"""The same numbers whatever a notebook has set elsewhere, and its settings left as they are.

Gradients switched off or on, another default dtype or device, autocast, numpy's errors as exceptions, a
network in training mode: each would make a measurement another one, or stop it in the depth of a library. A
function under `@steady` computes as in a fresh session.
"""

import contextlib
import functools

from labkit.messages import LabkitError

NUMPY_DEFAULT = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def steady(function=None, *, gradients=False):
    """Decorator: the function computes as in a fresh session; networks among its arguments in eval mode.

    gradients: the function needs them, and gets them even where the notebook has switched them off. Without,
    nothing is recorded for them, and what is returned can still be trained on.

    Raises LabkitError, when it is called, for a network without numbers (on torch's "meta" device).
    """
    if function is None:
        return functools.partial(steady, gradients=gradients)

    @functools.wraps(function)
    def steadied(*args, **kwargs):
        networks = [getattr(given, "network", None) for given in (*args, *kwargs.values())]
        with steady_state(*(n for n in networks if hasattr(n, "parameters")), gradients=gradients):
            return function(*args, **kwargs)

    return steadied


@contextlib.contextmanager
def steady_state(*networks, gradients=False):
    """The block computes as in a fresh session; see `steady`."""
    import numpy as np  # here, because `labkit.load` is under it, and importing labkit is cheap
    import torch

    with contextlib.ExitStack() as stack:
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
        stack.enter_context(np.errstate(**NUMPY_DEFAULT))
        for network in networks:
            _require_numbers(network)
            stack.enter_context(_in_eval_mode(network))
        if networks:
            stack.enter_context(_without_advice())
        yield


def device_of(network):
    """Where the network's weights are, and so where its inputs have to be."""
    return next(network.parameters()).device


@contextlib.contextmanager
def _in_eval_mode(network):
    trained = [module for module in network.modules() if module.training]
    for module in trained:
        module.training = False
    try:
        yield
    finally:
        for module in trained:
            module.training = True


@contextlib.contextmanager
def _without_advice():
    """transformers warns of what is meant here, as of a text without an attention mask."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _require_numbers(network):
    if any(parameter.is_meta for parameter in network.parameters()):
        raise LabkitError(
            "The network is on torch's device 'meta', where weights have a shape and no numbers. Load the "
            "model again: labkit.load(...)."
        )
