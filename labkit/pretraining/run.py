"""`labkit pretrain`: train one of the pair, with checkpoints, a log and a progress bar.

A run lives in one folder: tokenizer, cached corpus, checkpoint, log.json, and at the end the model in
the usual file format (float16 safetensors). Killed and started again with --resume, it loses at most
the time since the last checkpoint and continues on the same batches.
"""

import json
import math
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import writing
from labkit.models.loading import load, quiet
from labkit.models.start import SHAPE, cooccurrence_start, frequency_start, new_network
from labkit.pretraining.batches import PretrainingLoss, decoder_batch, encoder_batch
from labkit.pretraining.corpus import Windows, encode_corpus, read_documents, train_tokenizer
from labkit.pretraining.evaluate import held_out_windows, log_figures
from labkit.pretraining.processes import Processes
from labkit.pretraining.record import read_record
from labkit.training.loop import (
    Optimisation,
    has_fast_bfloat16,
    load_checkpoint,
    pick_device,
    save_checkpoint,
    schedule,
)

CHECKPOINT = "checkpoint.safetensors"


def pretrain(
    kind,
    corpus_path,
    heldout_path,
    folder,
    recipe,
    resume=False,
    parent=None,
    checkpoint_every=120.0,
    threads=None,
    compiled=False,
    device=None,
):
    """Train an "encoder" or a "decoder" on a text file and save it in `folder`.

    The run ends when `recipe.minutes` have been spent or `recipe.pieces` seen, whichever is first; the
    learning rate falls to 0 there. Returns the last entry of the log.

    parent: a published model to go on from, its folder: weights and tokenizer are its, and the log goes on
        where its log ended. Its optimiser's state is not kept, so the learning rate rises anew.
    resume: go on from the checkpoint of a run that was killed, in the same `folder`.
    compiled: let torch.compile write the forward and backward pass for this processor. A quarter faster for
        a minute of compiling; needs a C++ compiler.
    device: "cpu" or "cuda"; a GPU where there is one when left out (see `training.pick_device`).

    Under `accelerate launch` the batch is as many times as large, and each process takes its rows of it;
    `recipe.pieces` is then required, and only the first process writes and returns something.
    """
    if threads:
        torch.set_num_threads(threads)
    processes = Processes()
    if processes.number > 1 and recipe.pieces is None:
        raise LabkitError(
            "Several processes read different clocks and would not stop together: say --pieces N."
        )
    device = pick_device("cpu" if processes.number > 1 else device)
    folder = Path(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if (folder / CHECKPOINT).exists() and not resume:
        raise LabkitError(
            f"{folder} already holds a run. Go on with --resume, or choose another folder with --output."
        )
    with processes.first_comes_first():
        tokenizer, corpus, heldout = tokenizer_and_text(kind, corpus_path, heldout_path, folder, parent)
    run = Run(kind, folder, recipe, tokenizer, corpus, heldout, parent, processes, compiled, device)
    if resume and (folder / CHECKPOINT).exists():
        run.state = load_checkpoint(folder / CHECKPOINT, run.network, run.optimisation)
    return run.train(checkpoint_every)


class Run:
    """One run: its network, its optimiser, and how far it has come."""

    def __init__(
        self,
        kind,
        folder,
        recipe,
        tokenizer,
        corpus,
        heldout,
        parent,
        processes,
        compiled=False,
        device="cpu",
    ):
        self.kind, self.folder, self.recipe, self.processes = kind, folder, recipe, processes
        self.tokenizer, self.heldout, self.device = tokenizer, heldout, torch.device(device)
        record = None if parent is None else read_record(Path(parent) / "pretraining.json")
        self.shape = {**SHAPE, **recipe.shape} if record is None else record["shape"]
        stages = recipe.stages or ((1.0, recipe.lengths, recipe.pieces_per_step),)
        self.stages = [
            (until, Windows(corpus, lengths, pieces * processes.number, recipe.seed))
            for until, lengths, pieces in stages
        ]
        self._check_texts(heldout)
        if record is None:
            self.state = {"step": 0, "pieces": 0, "seconds": 0.0, "log": [], "recipes": []}
            self.network = new_network(
                kind, tokenizer, recipe.seed, positional=recipe.positional, **self.shape
            )
            if kind == "encoder" and recipe.positional:
                frequency_start(self.network, corpus.ids)
            if recipe.cooccurrence:
                cooccurrence_start(self.network, corpus.ids, len(tokenizer.all_special_ids), recipe.seed)
        else:
            self.state = _parents_state(record)
            self.network = read_network(kind, parent)
        self.state["first"] = {key: self.state[key] for key in ("pieces", "seconds")}  # where this run began
        self.network.to(self.device)
        if self.device.type == "cpu":
            self.network.set_attn_implementation("eager")  # faster than the fused kernel's backward
        self.optimisation = Optimisation(
            self.network,
            recipe.learning_rate,
            recipe.weight_decay,
            bfloat16=has_fast_bfloat16(self.device),
            muon=recipe.muon,
        )
        self.loss = processes.prepare(PretrainingLoss(self.network, recipe.pairs))
        if compiled:
            self.loss = compile_loss(self.loss)
        self.make_batch = encoder_batch if kind == "encoder" else decoder_batch

    def _check_texts(self, heldout):
        """Raise LabkitError for what would else show deep in the network, or after hours."""
        longest = max(max(windows.lengths) for _, windows in self.stages)
        if longest > self.shape["max_positions"]:
            raise LabkitError(
                f"Windows of {longest} pieces are too long for a model of {self.shape['max_positions']} "
                "positions: give shorter --lengths."
            )
        if self.recipe.cooccurrence and len(self.tokenizer) < self.shape["width"]:
            raise LabkitError(
                f"The corpus has only {len(self.tokenizer)} different pieces; a model of width "
                f"{self.shape['width']} needs a text of more words."
            )
        held_out_windows(heldout)

    @property
    def progress(self):
        """0 where this run began, 1 at its end: by pieces or, in a single process, by time."""
        pieces = (self.state["pieces"] - self.state["first"]["pieces"]) / (self.recipe.pieces or math.inf)
        seconds = (self.state["seconds"] - self.state["first"]["seconds"]) / (60 * self.recipe.minutes)
        return pieces if self.processes.number > 1 else max(pieces, seconds)

    @property
    def windows(self):
        """The windows of the stage that the run is in."""
        return next(w for until, w in self.stages if self.progress < until or until >= 1)

    def train(self, checkpoint_every):
        """Train to the end; checkpoints every `checkpoint_every` seconds. Returns the log's last entry."""
        from tqdm.auto import tqdm

        next_record = _next_record(self.state["step"])
        last_save, recent = time.monotonic(), []
        title = f"pre-training {self.kind}"
        begin = round(100 * self.progress)
        with tqdm(total=100, initial=begin, unit="%", desc=title, disable=not self.processes.is_first) as bar:
            while self.progress < 1:
                recent = [*recent[-49:], self.step()]
                if self.state["step"] >= next_record and self.processes.is_first:
                    entry = self.record()
                    bar.set_postfix(train=f"{np.mean(recent):.3f}", **entry["heldout"])
                    next_record = _next_record(self.state["step"])
                if time.monotonic() - last_save > checkpoint_every:
                    self.save()
                    last_save = time.monotonic()
                bar.update(round(100 * self.progress) - bar.n)
        if not self.processes.is_first:
            return None
        entry = self.record()
        self.save()
        save_model(self.network, self.tokenizer, self.folder / "model")
        return entry

    def step(self):
        """One update; returns the loss. The rate rises over the warm-up, then falls linearly to 0."""
        begin = time.monotonic()
        recipe = self.recipe.at(min(1.0, self.progress))
        batch = self.make_batch(self.windows, self.tokenizer, recipe, self.state["step"])
        mine = {name: tensor.to(self.device) for name, tensor in self.processes.share(batch).items()}
        with self.optimisation.forward_context():
            loss = self.loss(**mine)
        warm = (self.state["pieces"] - self.state["first"]["pieces"]) / self.recipe.warmup_pieces
        factor = max(min(1.0, warm), 1e-3) * schedule(self.progress, warmup=0.0)
        self.optimisation.step(loss, factor)
        self.state["step"] += 1
        self.state["pieces"] += batch["input_ids"].numel()
        self.state["seconds"] += time.monotonic() - begin
        return loss.item()

    def record(self):
        """Measure on held-out text and write the log; returns the new entry."""
        state = self.state
        entry = {
            "step": state["step"],
            "pieces": state["pieces"],
            "minutes": round(state["seconds"] / 60, 2),
            **log_figures(self.network, self.kind, self.heldout, self.tokenizer),
        }
        state["log"].append(entry)
        recipes = [*state["recipes"], {**asdict(self.recipe), "spent": self.spent()}]
        content = {"kind": self.kind, "recipes": recipes, "shape": self.shape, "log": state["log"]}
        write_json(self.folder / "log.json", content)
        return entry

    def spent(self):
        """What this run alone has seen and taken, and on which machine."""
        seen, seconds = (self.state[key] - self.state["first"][key] for key in ("pieces", "seconds"))
        on_gpu = self.device.type == "cuda"
        machine = (
            torch.cuda.get_device_name(self.device) if on_gpu else f"{torch.get_num_threads()} CPU threads"
        )
        return {"pieces": seen, "minutes": round(seconds / 60, 2), "machine": machine}

    def save(self):
        """Write the checkpoint; only the first of several processes does."""
        if self.processes.is_first:
            save_checkpoint(self.folder / CHECKPOINT, self.network, self.optimisation, self.state)


def compile_loss(loss):
    """The loss's module, compiled for every shape of batch. Raises LabkitError without a C++ compiler."""
    if not any(map(shutil.which, ("g++", "clang++", "c++", "cl"))):
        raise LabkitError("--compile needs a C++ compiler (g++, clang++): install one, or leave it out.")
    torch._dynamo.config.recompile_limit = 64  # one for each length of windows, with pairs and without
    return torch.compile(loss, dynamic=False)


def save_model(network, tokenizer, folder):
    """Write config, float16 weights and tokenizer in the format that `from_pretrained` reads."""
    from copy import deepcopy

    with writing(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        deepcopy(network).cpu().half().save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def read_network(kind, folder):
    """A published model as a network to train, in float32, with every head it was trained with.

    Raises LabkitError where the folder holds no whole model of that kind.
    """
    from transformers import BertForPreTraining, GPT2LMHeadModel

    if load(folder).kind != kind:
        raise LabkitError(f"{folder} does not hold a model of the kind {kind}.")
    network_class = BertForPreTraining if kind == "encoder" else GPT2LMHeadModel
    with quiet():
        return network_class.from_pretrained(folder, dtype=torch.float32).train()


def _parents_state(record):
    last = record["log"][-1]
    return {
        "step": last["step"],
        "pieces": last["pieces"],
        "seconds": 60 * last["minutes"],
        "log": record["log"],
        "recipes": record["recipes"],
    }


def tokenizer_and_text(kind, corpus_path, heldout_path, folder, parent=None):
    """(tokenizer, corpus, held-out corpus), kept in `folder`. A parent gives its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(kind, corpus_path, folder, parent)
    corpus, heldout = (
        encode_corpus(path, tokenizer, folder / f"{name}.npz")
        for name, path in (("train", corpus_path), ("heldout", heldout_path))
    )
    return tokenizer, corpus, heldout


def _read_tokenizer(folder):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the Rust tokenizers raise bare Exception on a damaged file
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LabkitError(
            f"The tokenizer in {folder} can't be read ({said}). Choose another folder, or restore a copy."
        ) from error


def _tokenizer(kind, corpus_path, folder, parent):
    if not (folder / "tokenizer.json").exists():
        if parent is None:
            tokenizer = train_tokenizer(kind, read_documents(corpus_path))
        else:
            tokenizer = _read_tokenizer(parent)
        with writing(folder):
            tokenizer.save_pretrained(folder)
    tokenizer = _read_tokenizer(folder)
    if (tokenizer.mask_token_id is None) == (kind == "encoder"):
        raise LabkitError(
            f"The tokenizer in {folder} is not that of a {kind}: a run of another kind was begun there. "
            "Choose another folder with --output."
        )
    return tokenizer


def _next_record(step):
    """About six records a decade up to step 2,000, then every 1,000: what is learnt early is learnt fast."""
    if step >= 2000:
        return (step // 1000 + 1) * 1000
    marks = sorted({round(10 ** (k / 6)) for k in range(6, 20)} | {2000})
    return next(mark for mark in marks if mark > step)


def write_json(path, content):
    """Write a run's log, whole or not at all."""
    write_text(path, json.dumps(content, indent=1))
