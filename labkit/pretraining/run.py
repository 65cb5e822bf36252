"""`labkit pretrain`: train one of the pair, with checkpoints, a log and a progress bar.

A run lives in one folder: tokenizer, cached corpus, checkpoint, log.json, and at the end the model in
the usual file format (float16 safetensors). Killed and started again with --resume, it loses at most
the time since the last checkpoint and continues on the same batches.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from labkit.models import quiet
from labkit.objectives import mask_same_number, next_token_loss, sentence_pairs
from labkit.pretraining.corpus import Windows, encode_corpus, read_documents, train_tokenizer
from labkit.pretraining.evaluate import evaluate_decoder, evaluate_encoder, masked_logits, probe
from labkit.pretraining.start import SHAPE, frequency_start, new_network
from labkit.training import Optimisation, has_fast_bfloat16, load_checkpoint, save_checkpoint, schedule


@dataclass
class Recipe:
    """Everything that decides what is learnt; stored in the log and the model card."""

    minutes: float = 30.0
    pieces: int | None = None
    seed: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_pieces: int = 400_000
    mask_rate: float = 0.20
    lengths: tuple = ((16, 1), (32, 2), (64, 4), (128, 3))
    pieces_per_step: int = 2048
    positional: bool = True
    pairs: bool = True


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
):
    """Train an "encoder" or a "decoder" on a text file and save it in `folder`.

    The run ends when `recipe.minutes` have been spent or `recipe.pieces` seen, whichever is first; the
    learning rate falls to 0 there. Returns the last entry of the log.

    parent: a published model to go on from, its folder: weights and tokenizer are its, and the log goes on
        where its log ended. Its optimiser's state is not kept, so the learning rate rises anew.
    resume: go on from the checkpoint of a run that was killed, in the same `folder`.
    """
    from tqdm.auto import tqdm

    if threads:
        torch.set_num_threads(threads)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log_path = folder / "checkpoint.safetensors", folder / "log.json"
    if checkpoint.exists() and not resume:
        raise FileExistsError(
            f"{folder} already holds a run. Go on with --resume, or choose another folder with --output."
        )

    tokenizer = _tokenizer(kind, corpus_path, folder, parent)
    corpus, heldout = (
        encode_corpus(path, tokenizer, _separator(kind, tokenizer), folder / f"{name}.npz")
        for name, path in (("train", corpus_path), ("heldout", heldout_path))
    )
    state = {"step": 0, "pieces": 0, "seconds": 0.0, "log": [], "recipes": []}
    if parent is None:
        network = new_network(kind, tokenizer, recipe.seed, positional=recipe.positional, **SHAPE)
        if kind == "encoder":
            frequency_start(network, corpus.ids)
    else:
        network = read_network(kind, parent)
        state = _parents_state(parent)
    state["first"] = {"pieces": state["pieces"], "seconds": state["seconds"]}  # where this run began
    optimisation = Optimisation(
        network,
        recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        bfloat16=has_fast_bfloat16(),
    )
    if resume and checkpoint.exists():
        state = load_checkpoint(checkpoint, network, optimisation)

    windows = Windows(corpus, recipe.lengths, recipe.pieces_per_step, recipe.seed)
    batch_loss = _encoder_loss if kind == "encoder" else _decoder_loss
    budget, first = recipe.pieces or math.inf, state["first"]

    def progress():
        seconds, pieces = state["seconds"] - first["seconds"], state["pieces"] - first["pieces"]
        return max(seconds / (60 * recipe.minutes), pieces / budget)

    def record():
        measure = evaluate_encoder if kind == "encoder" else evaluate_decoder
        entry = {"step": state["step"], "pieces": state["pieces"], "minutes": round(state["seconds"] / 60, 2)}
        figures = measure(network, heldout, tokenizer)
        entry["heldout"] = {name: round(value, 4) for name, value in figures.items()}
        entry["probes"] = probe(network, kind, tokenizer)
        state["log"].append(entry)
        recipes = [*state["recipes"], asdict(recipe)]
        _write_json(log_path, {"kind": kind, "recipes": recipes, "shape": SHAPE, "log": state["log"]})
        return entry

    next_record = _next_record(state["step"])
    last_save = clock = time.monotonic()
    recent = []
    with tqdm(total=100, initial=round(100 * progress()), unit="%", desc=f"pre-training {kind}") as bar:
        while progress() < 1:
            with optimisation.forward_context():
                loss, size = batch_loss(network, windows, tokenizer, recipe, state["step"])
            rise = min(1.0, (state["pieces"] - first["pieces"]) / recipe.warmup_pieces)
            optimisation.step(loss, max(rise, 1e-3) * schedule(progress(), warmup=0.0))
            recent = [*recent[-49:], loss.item()]
            state["step"] += 1
            state["pieces"] += size
            now = time.monotonic()
            state["seconds"] += now - clock
            clock = now
            if state["step"] >= next_record:
                entry = record()
                bar.set_postfix(train=f"{np.mean(recent):.3f}", **entry["heldout"])
                next_record = _next_record(state["step"])
                clock = time.monotonic()
            if now - last_save > checkpoint_every:
                save_checkpoint(checkpoint, network, optimisation, state)
                last_save = clock = time.monotonic()
            bar.update(round(100 * progress()) - bar.n)
    entry = record()
    save_checkpoint(checkpoint, network, optimisation, state)
    save_model(network, tokenizer, folder / "model")
    return entry


def save_model(network, tokenizer, folder):
    """Write config, float16 weights and tokenizer in the format that `from_pretrained` reads."""
    from copy import deepcopy

    deepcopy(network).half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def read_network(kind, folder):
    """A published model as a network to train, in float32, with every head it was trained with."""
    from transformers import BertForPreTraining, GPT2LMHeadModel

    network_class = BertForPreTraining if kind == "encoder" else GPT2LMHeadModel
    with quiet():
        return network_class.from_pretrained(folder, dtype=torch.float32).train()


def _parents_state(parent):
    record = json.loads((Path(parent) / "pretraining.json").read_text())
    last = record["log"][-1]
    return {
        "step": last["step"],
        "pieces": last["pieces"],
        "seconds": 60 * last["minutes"],
        "log": record["log"],
        "recipes": record["recipes"],
    }


def _encoder_loss(network, windows, tokenizer, recipe, step):
    """MLM on every row, next-sentence prediction on the half that is laid out as pairs."""
    rng = windows.rng(step)
    length, starts = windows.starts(rng)
    cls_id, sep_id = tokenizer.cls_token_id, tokenizer.sep_token_id
    ids = windows.cut(starts, length)  # (B, T)
    ids[:, 1:] = ids[:, :-1].copy()
    ids[:, 0], ids[:, -1] = cls_id, sep_id
    token_type_ids = np.zeros_like(ids)
    num_pairs = len(starts) // 2 if recipe.pairs and length >= 64 else 0
    if num_pairs:
        pairs = sentence_pairs(windows, starts[:num_pairs], length, cls_id, sep_id, rng)
        ids[:num_pairs], token_type_ids[:num_pairs], is_random = pairs
    ordinary = (len(tokenizer.all_special_ids), len(tokenizer))
    ids, positions, labels = mask_same_number(ids, ordinary, tokenizer.mask_token_id, recipe.mask_rate, rng)

    output = network.bert(torch.from_numpy(ids), token_type_ids=torch.from_numpy(token_type_ids))
    logits = masked_logits(network, output.last_hidden_state, torch.from_numpy(positions))  # (B * M, V)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels).flatten())
    if num_pairs:
        verdict = network.cls.seq_relationship(output.pooler_output[:num_pairs]).float()  # (B/2, 2)
        loss = loss + torch.nn.functional.cross_entropy(verdict, torch.from_numpy(is_random))
    return loss, ids.size


def _decoder_loss(network, windows, tokenizer, recipe, step):
    """Next-token loss; half the rows begin with <|endoftext|>, half with a bare sentence start."""
    rng = windows.rng(step)
    length, starts = windows.starts(rng)
    ids = windows.cut(starts, length)  # (B, T)
    ids[:, 0] = _without_space(tokenizer)[ids[:, 0]]
    half = len(starts) // 2
    ids[:half, 1:] = ids[:half, :-1].copy()
    ids[:half, 0] = tokenizer.eos_token_id
    batch = torch.from_numpy(ids)
    return next_token_loss(network(batch, use_cache=False).logits, batch), ids.size


def _without_space(tokenizer):
    """For each id the same word without its leading space, as it stands at the start of a prompt."""
    if not hasattr(tokenizer, "_ids_without_space"):
        table = np.arange(len(tokenizer))
        vocab = tokenizer.get_vocab()
        for token, index in vocab.items():
            table[index] = vocab.get(token.removeprefix("\u0120"), index)
        tokenizer._ids_without_space = table
    return tokenizer._ids_without_space


def _tokenizer(kind, corpus_path, folder, parent):
    from transformers import AutoTokenizer

    if not (folder / "tokenizer.json").exists():
        if parent is None:
            tokenizer = train_tokenizer(kind, read_documents(corpus_path))
        else:
            tokenizer = AutoTokenizer.from_pretrained(parent)
        tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def _separator(kind, tokenizer):
    return tokenizer.sep_token_id if kind == "encoder" else tokenizer.eos_token_id


def _next_record(step):
    """About six records a decade up to step 2,000, then every 1,000: what is learnt early is learnt fast."""
    if step >= 2000:
        return (step // 1000 + 1) * 1000
    marks = sorted({round(10 ** (k / 6)) for k in range(6, 20)} | {2000})
    return next(mark for mark in marks if mark > step)


def _write_json(path, content):
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(json.dumps(content, indent=1))
    scratch.replace(path)
