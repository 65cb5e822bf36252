"""labkit pretrain against transformers.Trainer: the same network, windows and batch, in one run.

Two settings of Trainer are measured: as it comes (float32), and with bf16=True, where the processor has it.
"""

import statistics
import tempfile
import time

import torch
from torch.utils.data import Dataset

from tests.bench.pretraining import Steps, alone

NUM_STEPS, WARM_STEPS = 14, 4


class Windows(Dataset):
    """The windows that our own steps are cut from, as Trainer wants them."""

    def __init__(self, steps):
        length = steps.windows.lengths[0]
        rng = steps.windows.rng(0)
        starts = steps.windows.sentence_starts(rng, NUM_STEPS * steps.rows, length)
        self.rows = torch.from_numpy(steps.windows.cut(starts, length))  # (N, T)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return {"input_ids": self.rows[index]}


def trainer_pieces_per_second(kind, bf16):
    """Median over Trainer's steps, without the first ones."""
    from transformers import (
        BertForMaskedLM,
        DataCollatorForLanguageModeling,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    steps = Steps(kind, bfloat16=False)
    network = steps.network
    network.set_attn_implementation("sdpa")  # what Trainer's users get
    if kind == "encoder":
        network = BertForMaskedLM(steps.network.config)
        network.load_state_dict(steps.network.state_dict(), strict=False)
    times = []

    class Clock(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=steps.rows,
            max_steps=NUM_STEPS,
            learning_rate=1e-4,
            use_cpu=True,
            bf16=bf16,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        collator = DataCollatorForLanguageModeling(
            steps.tokenizer, mlm=kind == "encoder", mlm_probability=steps.recipe.mask_rate
        )
        if steps.tokenizer.pad_token is None:
            steps.tokenizer.pad_token = steps.tokenizer.eos_token
        Trainer(network, arguments, collator, Windows(steps), callbacks=[Clock()]).train()
    spent = [after - before for before, after in zip(times[:-1], times[1:], strict=True)][WARM_STEPS - 1 :]
    return steps.rows * steps.windows.lengths[0] / statistics.median(spent)


def our_pieces_per_second(kind, compiled):
    """Median over our steps, as labkit pretrain takes them here, without or with --compile."""
    from labkit.training.loop import has_fast_bfloat16, keep_freed_memory

    keep_freed_memory()
    steps = Steps(kind, bfloat16=has_fast_bfloat16(), compiled=compiled)
    return statistics.median([steps.pieces_per_second(step) for step in range(NUM_STEPS)][WARM_STEPS:])


def bench_against_trainer(kind):
    """Print our speed without and with --compile, each as a multiple of Trainer's two."""
    from labkit.training.loop import has_fast_bfloat16

    # Ours before and after, Trainer between: a machine that slows down shows.
    ours = {False: [], True: []}
    for compiled in ours:
        ours[compiled].append(alone(our_pieces_per_second, kind, compiled))
    plain = alone(trainer_pieces_per_second, kind, False)
    fast = alone(trainer_pieces_per_second, kind, True) if has_fast_bfloat16() else plain
    for compiled, name in ((False, "labkit pretrain"), (True, "labkit pretrain --compile")):
        speed = statistics.mean([*ours[compiled], alone(our_pieces_per_second, kind, compiled)])
        print(f"{name}, {kind}: {speed:,.0f} pieces/s, {speed / plain:.2f} x transformers.Trainer ", end="")
        print(f"as it comes, {speed / fast:.2f} x Trainer with bf16=True")
