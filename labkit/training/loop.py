"""One training loop for everything: pre-training, fine-tuning and the baselines.

`Optimisation` holds the parts that move (AdamW or Muon, the learning-rate schedule, gradient clipping)
and can be saved and restored, so that a run that was killed goes on as if nothing had happened.
"""

import ctypes
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from labkit.files.safe_files import replacing
from labkit.messages import LabkitError


def schedule(progress: float, warmup: float = 0.1, shape: str = "linear") -> float:
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


def pick_device(name: str | None = None) -> torch.device:
    """The torch.device to train on: a GPU where torch finds one (CUDA), else the processor; or the named one.

    Raises LabkitError for a device that is not there.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise LabkitError(
            f"torch finds no device {name!r} here ({str(error).splitlines()[0]}). "
            "Leave --device out, or name another: cpu, cuda."
        ) from error
    return torch.device(name)


def has_fast_bfloat16(device: str | torch.device = "cpu") -> bool:
    """True where the processor, or the GPU, multiplies bfloat16 natively, so that autocast gains time."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees for its next step; True where that can be had (glibc).

    Every step frees and allocates the same tensors. By default glibc hands large ones back to the system at
    once, and the next step waits for fresh pages, zeroed one by one. For a process that does nothing but
    train: what the largest step needed stays taken to the end.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not the GNU C library: macOS, Windows, musl
        return False
    trim_threshold, mmap_max = -1, -4  # mallopt(3): M_TRIM_THRESHOLD of -1 never trims, M_MMAP_MAX
    return bool(mallopt(mmap_max, 0) and mallopt(trim_threshold, -1))


class Optimisation:
    """AdamW with decay on matrices alone, gradient clipping, a schedule, and optional bfloat16.

    network: the module to train; parameters with requires_grad False stay frozen.
    learning_rate: the peak.
    weight_decay: on the layers' matrices; biases, norms, embeddings and classifiers are not decayed.
    max_norm: gradients are clipped to this norm (Pascanu et al. 2013).
    bfloat16: run the forward pass under autocast; weights and moments stay float32.
    muon: update the layers' matrices with Muon (Jordan et al. 2024: the momentum is made orthogonal before it
        is applied), at `muon` times the learning rate; everything else stays with AdamW.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        learning_rate: float,
        weight_decay: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.98),
        max_norm: float = 1.0,
        bfloat16: bool = False,
        muon: float | None = None,
    ) -> None:
        self.network, self.learning_rate, self.max_norm = network, learning_rate, max_norm
        self.bfloat16 = bfloat16
        trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        matrices = [p for name, p in trained if _is_hidden_matrix(name, p)]
        ids = {id(p) for p in matrices}
        others = [p for _, p in trained if id(p) not in ids]
        self.optimisers: list[torch.optim.Optimizer] = []
        groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 0.0, "scale": 1.0}]
        if muon and matrices:
            scaled = [{"params": matrices, "scale": muon}]
            self.optimisers.append(
                torch.optim.Muon(scaled, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            )
        else:
            groups.append({"params": matrices, "weight_decay": weight_decay, "scale": 1.0})
        self.optimisers.append(torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=1e-8, fused=True))

    def forward_context(self) -> AbstractContextManager:
        """The context to compute a loss in: autocast, or nothing."""
        device = next(self.network.parameters()).device.type
        return torch.autocast(device, torch.bfloat16) if self.bfloat16 else nullcontext()

    def step(self, loss: torch.Tensor, factor: float = 1.0) -> None:
        """One update from a scalar loss, at `factor` (see `schedule`) times the peak learning rate.

        Raises LabkitError when the loss is not finite.
        """
        if not torch.isfinite(loss):
            raise LabkitError(
                f"The loss is {loss.item()}: training has diverged. Lower the learning rate "
                f"(it was {self.learning_rate:g}) or resume from the last checkpoint."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.max_norm)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.learning_rate * factor * group["scale"]
            optimiser.step()
            optimiser.zero_grad()

    def state(self) -> dict[str, torch.Tensor]:
        """The optimiser's moments by parameter name, as a flat dict of tensors for safetensors."""
        tensors = {}
        for name, parameter in self.network.named_parameters():
            for optimiser in self.optimisers:
                for key, value in optimiser.state.get(parameter, {}).items():
                    tensors[f"{key}.{name}"] = value.clone()
        return tensors

    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Restore what `state` returned."""
        for optimiser in self.optimisers:
            keys = MOMENTS[type(optimiser)]
            for name, parameter in self._parameters_of(optimiser):
                if f"{keys[0]}.{name}" in tensors:
                    optimiser.state[parameter] = {
                        key: tensors[f"{key}.{name}"].to(parameter.device, copy=True) for key in keys
                    }

    def _parameters_of(self, optimiser: torch.optim.Optimizer) -> list[tuple[str, torch.nn.Parameter]]:
        ids = {id(p) for group in optimiser.param_groups for p in group["params"]}
        return [(name, p) for name, p in self.network.named_parameters() if id(p) in ids]


MOMENTS = {torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"), torch.optim.Muon: ("momentum_buffer",)}


def _is_hidden_matrix(name: str, parameter: torch.Tensor) -> bool:
    """True for the matrices inside the layers; False for embeddings and for a classifier's few rows."""
    outside = ("embedding", ".wpe.", ".wte.", "seq_relationship", "classifier", "score")
    return parameter.ndim == 2 and not any(word in name for word in outside)


def save_checkpoint(
    path: str | Path, network: torch.nn.Module, optimisation: Optimisation, progress: dict[str, Any]
) -> None:
    """Write weights, moments and the `progress` dict to one safetensors file, whole or not at all.

    Whatever happens in between, the previous checkpoint stays readable.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {f"weights.{name}": tensor.detach() for name, tensor in network.named_parameters()}
    tensors |= {f"moments.{name}": tensor for name, tensor in optimisation.state().items()}
    try:
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        with replacing(path) as scratch:
            save_file(tensors, scratch, {"progress": json.dumps(progress)})
    except (OSError, SafetensorError) as error:
        raise LabkitError(
            f"The checkpoint could not be written to {path}: {error}. The previous one is untouched. "
            "Make room on the disk and run the command again with --resume."
        ) from error


def load_checkpoint(path: str | Path, network: torch.nn.Module, optimisation: Optimisation) -> dict[str, Any]:
    """Restore a checkpoint in place and return its `progress` dict.

    Raises LabkitError when the file is damaged or belongs to a network of another shape.
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
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise LabkitError(
            f"{path} is not a whole checkpoint of this network ({error}). "
            "Delete it to begin again, or restore a copy."
        ) from error
    moments = {name.removeprefix("moments."): t for name, t in tensors.items() if name.startswith("moments.")}
    optimisation.load_state(moments)
    return progress
