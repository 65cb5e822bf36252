"""One process, or several started by `accelerate launch`: each takes its rows of the same batch."""

import os
from contextlib import nullcontext

from labkit.messages import LabkitError


class Processes:
    """What a training loop needs to know of its sisters; without any it costs nothing.

    Every process draws the whole batch, which depends on (seed, step) alone, and keeps every n-th row;
    Accelerate averages the gradients. So N processes are the same as one with N times the recipe's batch.
    """

    def __init__(self):
        told = os.environ.get("WORLD_SIZE", "1")
        if not (told.isdecimal() and int(told) > 0):
            raise LabkitError(
                f"WORLD_SIZE is {told!r}; it is the number of processes, set by accelerate launch. Unset it."
            )
        self.number = int(told)
        self.rank, self.accelerator = 0, None
        if self.number > 1:
            try:
                from accelerate import Accelerator, DistributedDataParallelKwargs
            except ImportError:
                raise LabkitError(
                    "Several processes need the package accelerate: pip install accelerate"
                ) from None
            # Steps with short windows have no pairs: the next-sentence head is without a gradient then.
            unused = DistributedDataParallelKwargs(find_unused_parameters=True)
            self.accelerator = Accelerator(cpu=True, kwargs_handlers=[unused])
            self.rank = self.accelerator.process_index

    @property
    def is_first(self):
        """The one that writes logs and checkpoints."""
        return self.rank == 0

    def first_comes_first(self):
        """A context that the first process enters before the others: what it makes, they find."""
        return self.accelerator.main_process_first() if self.accelerator else nullcontext()

    def prepare(self, module):
        """The module whose backward pass averages the gradients over all processes."""
        return self.accelerator.prepare(module) if self.accelerator else module

    def share(self, batch):
        """This process's rows of a batch, a dict of tensors."""
        return {name: tensor[self.rank :: self.number] for name, tensor in batch.items()}
