"""`make bench`: what should stay fast, as ratios within one run, so that any machine can be compared.

Each pair is measured in turns (a, b, a, b, ...), and the ratio of the medians is printed: another program
running beside it then slows both down alike.
"""

import statistics
import subprocess
import sys
import time

import numpy as np
import torch

from labkit.pretraining import run
from labkit.pretraining.batches import PretrainingLoss, decoder_batch, encoder_batch
from labkit.pretraining.corpus import Corpus, Windows
from labkit.pretraining.start import SHAPE, new_network
from labkit.training import Optimisation, has_fast_bfloat16

STARTS, STEPS = 5, 12


def import_seconds(statement):
    """Wall-clock time of a fresh Python that runs one statement."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - begin


def bench_import():
    """`import labkit` against starting Python at all, and against `import torch`."""
    statements = ("pass", "import labkit", "import torch")
    times = {statement: [] for statement in statements}
    for _ in range(STARTS):
        for statement in statements:
            times[statement].append(import_seconds(statement))
    bare, ours, torch_alone = (statistics.median(times[statement]) for statement in statements)
    print(f"import labkit: {ours * 1000:.0f} ms, {ours / bare:.2f} x an empty Python, ", end="")
    print(f"{ours / torch_alone:.3f} x import torch")


class Trainer:
    """Pre-training steps of one kind on random text, with or without bfloat16 autocast."""

    def __init__(self, kind, bfloat16):
        from labkit import load

        rng = np.random.default_rng(0)
        self.kind, self.recipe = kind, run.Recipe()
        self.tokenizer = load("bert" if kind == "encoder" else "gpt").tokenizer
        ids = rng.integers(5, len(self.tokenizer), size=200_000).astype(np.uint16)
        corpus = Corpus(ids, np.arange(0, len(ids), 12), num_chars=4 * len(ids))
        self.windows = Windows(corpus, ((128, 1),), self.recipe.pieces_per_step, seed=0)
        self.network = new_network(kind, self.tokenizer, 0, positional=False, **SHAPE)
        self.optimisation = Optimisation(self.network, 1e-4, bfloat16=bfloat16)
        self.loss = PretrainingLoss(self.network)
        self.make_batch = encoder_batch if kind == "encoder" else decoder_batch

    def pieces_per_second(self, step):
        begin = time.perf_counter()
        batch = self.make_batch(self.windows, self.tokenizer, self.recipe, step)
        with self.optimisation.forward_context():
            loss = self.loss(**batch)
        self.optimisation.step(loss)
        return batch["input_ids"].numel() / (time.perf_counter() - begin)


def bench_pretraining(kind):
    """`labkit pretrain`'s step under bfloat16 autocast against the same step in float32."""
    plain, autocast = Trainer(kind, bfloat16=False), Trainer(kind, bfloat16=True)
    speeds = ([], [])
    for step in range(STEPS):
        for trainer, column in zip((plain, autocast), speeds, strict=True):
            column.append(trainer.pieces_per_second(step))
    # The first steps build kernels and touch memory for the first time.
    float32, bfloat16 = (statistics.median(column[2:]) for column in speeds)
    used = "bfloat16" if has_fast_bfloat16() else "float32"
    print(f"pre-training {kind}: {float32:,.0f} pieces/s in float32, ", end="")
    print(f"{bfloat16 / float32:.2f} x that under bfloat16 autocast (labkit pretrain uses {used} here)")


if __name__ == "__main__":
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    bench_import()
    for kind in ("encoder", "decoder"):
        bench_pretraining(kind)
