"""From a finished run to a bundled model: weights, tokenizer, log, checksums and a model card."""

import json
import shutil
from pathlib import Path

from labkit.files import paths
from labkit.files.safe_files import write_checksums, write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_json, reading, writing
from labkit.models.loading import load
from labkit.pretraining.card import NAMES, card
from labkit.pretraining.record import read_record


def add_publish_arguments(parser):
    """Declare the options of `labkit publish` on an argparse parser."""
    parser.add_argument("run", type=Path, help="the folder of a finished run of labkit pretrain")
    parser.add_argument(
        "--models", type=Path, default=None, metavar="DIR", help="where to (default: the bundled models)"
    )


def run_publish(args):
    """The command; returns its exit status."""
    print(f"wrote {publish(args.run, args.models or paths.models_dir())}")
    return 0


def publish(run_folder, models_folder):
    """Copy a finished run's model into `models_folder` under its name, with log, card and checksums.

    Raises LabkitError when the run is not finished. Returns the folder written.
    """
    source, record = finished_run(run_folder)
    if record["kind"] == "decoder":
        record["continuations"] = continuations(source)
    compared, mixtures = (_read(Path(models_folder) / f"{name}.json") for name in ("recipes", "mixtures"))
    target = Path(models_folder) / NAMES[record["kind"]]
    if target.exists() and target.samefile(source):
        raise LabkitError(f"{target} is the run's own model: name another folder with --models.")
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(source.iterdir()):
            shutil.copyfile(file, target / file.name)
        write_text(target / "pretraining.json", json.dumps(record, indent=0) + "\n")
        write_text(target / "README.md", card(record, compared, mixtures))
        write_checksums(target)
    return target


def finished_run(folder):
    """(folder of the model, record) of a finished run.

    Raises LabkitError when it is not finished, and when model or log are damaged or not of one kind.
    """
    model = finished_model(folder)
    record = read_record(Path(folder) / "log.json")
    kind = load(model).kind
    if kind != record["kind"]:
        raise LabkitError(f"{folder}: the kind of model in its log is {record['kind']}, the model is {kind}.")
    return model, record


def finished_model(run_folder):
    """The folder of a run's model. Raises LabkitError when the run is not finished."""
    model = Path(run_folder) / "model"
    with reading(run_folder):
        finished = (model / "model.safetensors").exists()
    if not finished:
        raise LabkitError(
            f"{run_folder} holds no finished model. Let labkit pretrain run to its end (--resume) first."
        )
    return model


def _read(path):
    with reading(path):
        there = path.exists()
    return read_json(path) if there else None


def continuations(folder, prompt="Once upon a time", number=3, num_pieces=40):
    """What a decoder makes of a prompt: `number` samples (top-p 0.9), seeds 1, 2, 3, ..., none left out."""
    import torch

    model = load(folder)
    network, tokenizer = model.network, model.tokenizer
    ids = torch.tensor([tokenizer(prompt).input_ids])  # (1, T)
    options = dict(do_sample=True, top_p=0.9, top_k=0, max_new_tokens=num_pieces)
    options |= dict(attention_mask=torch.ones_like(ids), pad_token_id=tokenizer.eos_token_id)
    texts = []
    for seed in range(1, number + 1):
        torch.manual_seed(seed)
        texts.append(tokenizer.decode(network.generate(ids, **options)[0], skip_special_tokens=True))
    return texts
