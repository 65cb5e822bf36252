"""From a finished run to a bundled model: weights, tokenizer, log, checksums and a model card."""

import json
import shutil
from pathlib import Path

from labkit.files import paths
from labkit.files.safe_files import write_checksums, write_text
from labkit.messages import LabkitError
from labkit.models.loading import quiet
from labkit.pretraining.card import NAMES, card


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
    run_folder = Path(run_folder)
    source = finished_model(run_folder)
    record = json.loads((run_folder / "log.json").read_text())
    if record["kind"] == "decoder":
        record["continuations"] = continuations(source)
    target = Path(models_folder) / NAMES[record["kind"]]
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        shutil.copyfile(file, target / file.name)
    write_text(target / "pretraining.json", json.dumps(record, indent=0) + "\n")
    compared, mixtures = (_read(Path(models_folder) / f"{name}.json") for name in ("recipes", "mixtures"))
    write_text(target / "README.md", card(record, compared, mixtures))
    write_checksums(target)
    return target


def finished_model(run_folder):
    """The folder of a run's model. Raises LabkitError when the run is not finished."""
    model = Path(run_folder) / "model"
    if not (model / "model.safetensors").exists():
        raise LabkitError(
            f"{run_folder} holds no finished model. Let labkit pretrain run to its end (--resume) first."
        )
    return model


def _read(path):
    return json.loads(path.read_text()) if path.exists() else None


def continuations(folder, prompt="Once upon a time", number=3, num_pieces=40):
    """What a decoder makes of a prompt: `number` samples (top-p 0.9), seeds 1, 2, 3, ..., none left out."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    with quiet():
        network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([tokenizer(prompt).input_ids])  # (1, T)
    options = dict(do_sample=True, top_p=0.9, top_k=0, max_new_tokens=num_pieces)
    options |= dict(attention_mask=torch.ones_like(ids), pad_token_id=tokenizer.eos_token_id)
    texts = []
    for seed in range(1, number + 1):
        torch.manual_seed(seed)
        texts.append(tokenizer.decode(network.generate(ids, **options)[0], skip_special_tokens=True))
    return texts
