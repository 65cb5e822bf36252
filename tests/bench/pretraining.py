"""Steps of labkit pretrain on random text: their speed, and their memory over a long run."""

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import psutil

from labkit import load
from labkit.models.start import SHAPE, new_network
from labkit.pretraining.batches import PretrainingLoss, decoder_batch, encoder_batch
from labkit.pretraining.corpus import Corpus, Windows
from labkit.pretraining.recipe import Recipe
from labkit.pretraining.run import compile_loss
from labkit.training.loop import Optimisation, has_fast_bfloat16, keep_freed_memory

NUM_STEPS, WARM_STEPS = 12, 2
MEMORY_STEPS, MEMORY_WARM = 2000, 200


class Steps:
    """Pre-training steps of one kind on random text, as `Run` takes them.

    bfloat16: under autocast or not. compiled: as with --compile.
    """

    def __init__(self, kind, bfloat16, lengths=((128, 1),), pieces_per_step=None, compiled=False):
        rng = np.random.default_rng(0)
        self.kind, self.recipe = kind, Recipe()
        self.tokenizer = load("bert" if kind == "encoder" else "gpt").tokenizer
        ids = rng.integers(5, len(self.tokenizer), size=200_000).astype(np.uint16)
        corpus = Corpus(ids, np.arange(0, len(ids), 12), num_chars=4 * len(ids))
        pieces_per_step = pieces_per_step or self.recipe.pieces_per_step
        self.rows = pieces_per_step // lengths[0][0]
        self.windows = Windows(corpus, lengths, pieces_per_step, seed=0)
        self.network = new_network(kind, self.tokenizer, 0, positional=False, **SHAPE)
        self.network.set_attn_implementation("eager")
        self.optimisation = Optimisation(self.network, 1e-4, bfloat16=bfloat16)
        self.loss = PretrainingLoss(self.network)
        if compiled:
            self.loss = compile_loss(self.loss)
        self.make_batch = encoder_batch if kind == "encoder" else decoder_batch

    def pieces_per_second(self, step):
        """Take one step."""
        begin = time.perf_counter()
        batch = self.make_batch(self.windows, self.tokenizer, self.recipe, step)
        with self.optimisation.forward_context():
            loss = self.loss(**batch)
        self.optimisation.step(loss)
        return batch["input_ids"].numel() / (time.perf_counter() - begin)


def bench_bfloat16(kind):
    """`labkit pretrain`'s step under bfloat16 autocast against the same step in float32."""
    plain, autocast = Steps(kind, bfloat16=False), Steps(kind, bfloat16=True)
    speeds = ([], [])
    for step in range(NUM_STEPS):
        for steps, column in zip((plain, autocast), speeds, strict=True):
            column.append(steps.pieces_per_second(step))
    # The first steps build kernels and touch memory for the first time.
    float32, bfloat16 = (statistics.median(column[WARM_STEPS:]) for column in speeds)
    used = "bfloat16" if has_fast_bfloat16() else "float32"
    print(f"pre-training {kind}: {float32:,.0f} pieces/s in float32, ", end="")
    print(f"{bfloat16 / float32:.2f} x that under bfloat16 autocast (labkit pretrain uses {used} here)")


def bench_memory(kind):
    """Resident memory over 2,000 small steps of the recipe's mixed window lengths."""
    after_warm_up, end = alone(memory_of_steps, kind)
    print(f"pre-training {kind}: {end / 1e6:,.0f} MB after {MEMORY_STEPS} steps, ", end="")
    print(f"{end / after_warm_up:.2f} x that after {MEMORY_WARM}")


def memory_of_steps(kind, num_steps=MEMORY_STEPS, warm=MEMORY_WARM):
    """Bytes of resident memory after `warm` steps and after all."""
    keep_freed_memory()
    steps = Steps(kind, has_fast_bfloat16(), lengths=Recipe.lengths, pieces_per_step=256)
    process, sizes = psutil.Process(), []
    for step in range(num_steps):
        steps.pieces_per_second(step)
        sizes.append(process.memory_info().rss)
    return sizes[warm], sizes[-1]


def alone(measure, *arguments):
    """The result of a call in a process of its own: how one program treats memory must not help another."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()
