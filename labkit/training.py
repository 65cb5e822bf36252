"""One training loop for everything: pre-training, fine-tuning and the baselines.

`Optimisation` holds the parts that move (AdamW, the learning-rate schedule, gradient clipping) and can
be saved and restored, so that a run that was killed goes on as if nothing had happened.
"""

import json
import os
from contextlib import nullcontext
from pathlib import Path

import torch


def schedule(progress, warmup=0.1, shape="linear"):
    """The learning rate's factor at `progress` (0 at the start of training, 1 at its end).

    Rises linearly over the first `warmup` part, then falls to 0 linearly ("linear", as BERT) or along
    a cosine ("cosine", as GPT-3), or stays ("constant"). A network that starts from random weights
    needs the rise: without it the first, large steps all point the same way (towards the words'
    frequencies) and wipe out what distinguishes one position from another.
    """
    if shape not in ("linear", "cosine", "constant"):
        raise ValueError(f'shape is "linear", "cosine" or "constant", not {shape!r}')
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    left = min(1.0, max(0.0, (1 - progress) / (1 - warmup)))
    if shape == "linear":
        return left
    if shape == "cosine":
        return 0.5 * (1 - torch.cos(torch.tensor(torch.pi * left)).item())
    return 1.0


def has_fast_bfloat16():
    """True where the processor multiplies bfloat16 natively, so that autocast gains time."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


class Optimisation:
    """AdamW with decay on matrices alone, gradient clipping, a schedule, and optional bfloat16.

    Args:
        network: the module to train; parameters with requires_grad False stay frozen.
        learning_rate: the peak.
        weight_decay: on matrices other than embeddings; biases, norms and embeddings are not decayed.
        max_norm: gradients are clipped to this norm (Pascanu et al. 2013).
        bfloat16: run the forward pass under autocast; weights and moments stay float32.
    """

    def __init__(
        self,
        network,
        learning_rate,
        weight_decay=0.01,
        betas=(0.9, 0.98),
        max_norm=1.0,
        bfloat16=False,
    ):
        self.network, self.learning_rate, self.max_norm = network, learning_rate, max_norm
        self.bfloat16 = bfloat16
        named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self.names = [name for name, _ in named]
        decayed = [p for name, p in named if p.ndim > 1 and "embedding" not in name and ".wpe." not in name]
        ids = {id(p) for p in decayed}
        others = [p for _, p in named if id(p) not in ids]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.adam = torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=1e-8, fused=True)

    def forward_context(self):
        """The context to compute a loss in: autocast, or nothing."""
        return torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else nullcontext()

    def step(self, loss, factor=1.0):
        """One update from a scalar loss, at `factor` (see `schedule`) times the peak learning rate.

        Raises FloatingPointError when the loss is not finite.
        """
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"The loss is {loss.item()}: training has diverged. Lower the learning rate "
                f"(it was {self.learning_rate:g}) or resume from the last checkpoint."
            )
        for group in self.adam.param_groups:
            group["lr"] = self.learning_rate * factor
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.max_norm)
        self.adam.step()
        self.adam.zero_grad()

    def state(self):
        """The optimiser's moments by parameter name, as a flat dict of tensors for safetensors."""
        by_parameter = self.adam.state
        tensors = {}
        for name, parameter in self.network.named_parameters():
            for key, value in by_parameter.get(parameter, {}).items():
                tensors[f"{key}.{name}"] = value.clone()
        return tensors

    def load_state(self, tensors):
        """Restore what `state` returned."""
        for name, parameter in self.network.named_parameters():
            if f"step.{name}" in tensors:
                self.adam.state[parameter] = {
                    key: tensors[f"{key}.{name}"].clone() for key in ("step", "exp_avg", "exp_avg_sq")
                }


def save_checkpoint(path, network, optimisation, progress):
    """Write weights, moments and the `progress` dict to one safetensors file, whole or not at all.

    The file is written beside its place and renamed over it: whatever happens in between, the previous
    checkpoint stays readable.
    """
    from safetensors.torch import save_file

    tensors = {f"weights.{name}": tensor.detach() for name, tensor in network.named_parameters()}
    tensors |= {f"moments.{name}": tensor for name, tensor in optimisation.state().items()}
    path = Path(path)
    scratch = path.with_name(path.name + ".new")
    try:
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(tensors, scratch, {"progress": json.dumps(progress)})
        os.replace(scratch, path)
    except Exception as error:
        scratch.unlink(missing_ok=True)
        raise OSError(
            f"The checkpoint could not be written to {path}: {error}. The previous one is untouched. "
            "Make room on the disk and run the command again with --resume."
        ) from error


def load_checkpoint(path, network, optimisation):
    """Restore a checkpoint in place and return its `progress` dict.

    Raises ValueError when the file is damaged or belongs to a network of another shape.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            progress = json.loads(file.metadata()["progress"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        weights = {name: tensors[f"weights.{name}"] for name, _ in network.named_parameters()}
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if parameter.shape != weights[name].shape:
                    raise ValueError(f"{name} is {tuple(weights[name].shape)}, not {tuple(parameter.shape)}")
                parameter.copy_(weights[name])
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError, ValueError) as error:
        raise ValueError(
            f"{path} is not a whole checkpoint of this network ({error}). "
            "Delete it to begin again, or restore a copy."
        ) from error
    moments = {name.removeprefix("moments."): t for name, t in tensors.items() if name.startswith("moments.")}
    optimisation.load_state(moments)
    return progress
