"""`labkit compare`: recipes side by side, each from the beginning on the same small budget of pieces.

What the comparison shows is kept in data/models/recipes.json and printed in the model cards; the recipe of
the long runs was chosen by it.
"""

import contextlib
import json
import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from labkit.arguments import at_least_one, seed, threads
from labkit.files import paths
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_json, writing
from labkit.pretraining.recipe import Recipe

PIECES = 1_000_000
LONG = ((128, 1),)
SHORT_TO_LONG = ((0.4, ((32, 1),), 2048), (0.7, ((64, 1),), 2048), (1.0, LONG, 2048))
GROWING = ((0.3, ((64, 1),), 1024), (0.6, ((64, 1),), 2048), (1.0, ((64, 1),), 4096))
T64 = ((64, 1),)
# name -> (kind, what differs from the base recipe). The base: see `base_recipe`.
VARIANTS = {
    "base": ("encoder", {}),
    "usual random start": ("encoder", {"positional": False, "cooccurrence": False}),
    "positional start alone": ("encoder", {"cooccurrence": False}),
    "AdamW alone, learning rate 3e-4": ("encoder", {"muon": None, "learning_rate": 3e-4}),
    "AdamW alone, learning rate 1e-3": ("encoder", {"muon": None}),
    "AdamW alone, learning rate 3e-3": ("encoder", {"muon": None, "learning_rate": 3e-3}),
    "Muon at 4 times the learning rate": ("encoder", {"muon": 4.0}),
    "windows of 64 only, 32 a step": ("encoder", {"lengths": T64}),
    "windows of 128 only, 16 a step": ("encoder", {"lengths": LONG}),
    "windows from 32 over 64 to 128": ("encoder", {"stages": SHORT_TO_LONG}),
    "windows of 64, 8 a step": ("encoder", {"lengths": T64, "pieces_per_step": 512}),
    "windows of 64, 64 a step": ("encoder", {"lengths": T64, "pieces_per_step": 4096}),
    "windows of 64, growing from 16 to 64 a step": ("encoder", {"stages": GROWING}),
    "masking rate 15%": ("encoder", {"mask_rate": 0.15}),
    "masking rate 30%": ("encoder", {"mask_rate": 0.30}),
    "masking rate 40%": ("encoder", {"mask_rate": 0.40}),
    "masking rate from 30% to 15%": ("encoder", {"mask_rate": 0.30, "mask_rate_end": 0.15}),
    "frequent pieces masked less": ("encoder", {"spare_frequent": 0.001}),
    "6 layers of width 216": ("encoder", {"shape": {"num_layers": 6, "width": 216}}),
    "no second objective": ("encoder", {"pairs": None}),
    "contrastive pairs in place of NSP": ("encoder", {"pairs": "contrastive"}),
    "decoder, base": ("decoder", {}),
    "decoder, usual random start": ("decoder", {"positional": False, "cooccurrence": False}),
    "decoder, positional start alone": ("decoder", {"cooccurrence": False}),
    "decoder, AdamW alone": ("decoder", {"muon": None}),
}


def base_recipe(pieces):
    """The recipe that the variants differ from: windows of 16 to 128 pieces, 2,048 pieces a step."""
    return Recipe(
        minutes=1e6,
        pieces=pieces,
        warmup_pieces=max(1, pieces // 7),
        mask_rate=0.20,
        pieces_per_step=2048,
        muon=2.0,
    )


def add_compare_arguments(parser):
    """Declare the options of `labkit compare` on an argparse parser."""
    parser.add_argument("--corpus", type=Path, required=True, metavar="FILE", help="the text to train on")
    parser.add_argument("--heldout", type=Path, required=True, metavar="FILE", help="the text to measure on")
    parser.add_argument(
        "--pieces", type=at_least_one, default=PIECES, metavar="N", help=f"each (default {PIECES:,})"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("build") / "recipes", metavar="DIR", help="folder of the runs"
    )
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these variants (default: all)")
    parser.add_argument(
        "--seeds", type=seed, nargs="+", default=[1], metavar="N", help="a run with each (default 1)"
    )
    parser.add_argument("--threads", type=threads, metavar="N", help="processor threads")
    parser.add_argument("--device", metavar="NAME", help="cpu or cuda (default: a GPU where there is one)")


def run_compare(args):
    """The command: run what has no result yet, print the table and say where it is kept; returns 0."""
    from labkit.pretraining.command import check_text
    from labkit.training.loop import keep_freed_memory

    check_text(args.corpus, "--corpus")
    check_text(args.heldout, "--heldout")
    unknown = [name for name in args.only or () if name not in VARIANTS]
    if unknown:
        raise LabkitError(f"--only: there is no variant {unknown[0]!r}. There is: {'; '.join(VARIANTS)}.")
    keep_freed_memory()
    machine = {"threads": args.threads, "device": args.device}
    results = compare(args.corpus, args.heldout, args.output, args.pieces, args.only, args.seeds, **machine)
    kept = args.output / "recipes.json"
    write_text(kept, json.dumps(results, indent=1) + "\n")
    print(f"{table(results)}\n\nKept in {kept}. In data/models/ the model cards take it up (labkit publish).")
    return 0


def compare(corpus, heldout, folder, pieces=PIECES, names=None, seeds=(1,), **machine):
    """Train each variant with each seed; a result that is there already is kept. Returns {name: result}.

    A result holds kind, pieces, minutes, the held-out figures, an encoder's cloze accuracy of lab 01 and,
    where the second objective differs, what the probe of the Amazon snippets gains over random weights: the
    mean over the seeds, their number, and the loss's standard deviation. Several of these may run at once in
    one folder.

    machine: threads and device, as `run.pretrain` takes them.
    """
    results = {}
    for name in names or VARIANTS:
        kind, changes = VARIANTS[name]
        found = []
        for chance in seeds:
            place = Path(folder) / f"{name.replace(' ', '-').replace(',', '').replace('%', '')}-{chance}"
            record = place / "result.json"
            with writing(place):
                place.mkdir(parents=True, exist_ok=True)
                done = record.exists()
            if not done:
                recipe = replace(base_recipe(pieces), seed=chance, **changes)
                write_text(record, json.dumps(run_variant(kind, corpus, heldout, place, recipe, **machine)))
            found.append(read_result(record))
        results[name] = mean_result(found)
    return results


def read_result(path):
    """One run's result. Raises LabkitError where the file does not hold one."""
    result = read_json(path)
    if not {"kind", "loss"} <= result.keys():
        raise LabkitError(f"{path} holds no result of labkit compare: delete it, and the run is made again.")
    return result


def mean_result(found):
    """Results of one variant with several seeds as one: means, and of the loss the standard deviation too."""
    mean = {"kind": found[0]["kind"], "seeds": len(found)}
    mean |= {key: statistics.fmean(one[key] for one in found) for key in found[0] if key != "kind"}
    if len(found) > 1:
        mean["loss_deviation"] = statistics.stdev(one["loss"] for one in found)
    return mean


def run_variant(kind, corpus, heldout, place, recipe, **machine):
    """One variant from the beginning; returns its result."""
    from labkit.models.loading import load
    from labkit.pretraining.bars import cloze_top5, sentiment_probe
    from labkit.pretraining.run import pretrain, tokenizer_and_text

    sister = paths.models_dir() / ("bert-mini" if kind == "encoder" else "gpt-mini")
    shared = place.parent / kind  # one tokenizer and one encoding of the text for all
    if not shared.exists():
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            tokenizer_and_text(kind, corpus, heldout, Path(scratch) / kind, parent=sister)
            with contextlib.suppress(OSError):  # another has been faster
                (Path(scratch) / kind).rename(shared)
    with writing(place):
        for file in shared.iterdir():
            shutil.copyfile(file, place / file.name)
    entry = pretrain(kind, corpus, heldout, place, recipe, resume=True, checkpoint_every=1e9, **machine)
    model = load(str(place / "model"))
    result = {"kind": kind, "pieces": entry["pieces"], "minutes": entry["minutes"], **entry["heldout"]}
    if kind == "encoder":
        result["cloze"] = cloze_top5(model)
    if recipe.pairs != "nsp" or recipe == replace(base_recipe(recipe.pieces), seed=recipe.seed):
        trained, blank = sentiment_probe(model)
        result["probe_gain"] = 100 * (trained - blank)
    return result


COLUMNS = {  # a result's key -> its heading and form in the table; the loss comes first
    "loss": ("loss", "{:.3f}"),
    "top1": ("top-1", "{:.3f}"),
    "top5": ("top-5", "{:.3f}"),
    "bits_per_char": ("bits per character", "{:.3f}"),
    "cloze": ("cloze top-5", "{:.3f}"),
    "probe_gain": ("probe, points", "{:+.1f}"),
}


def table(results):
    """The results as Markdown: encoders by loss and accuracies, decoders by loss and bits per character.

    Columns that nothing was measured for are left out.
    """
    measured = [key for key in COLUMNS if any(result.get(key) is not None for result in results.values())]
    lines = [
        "| recipe | " + " | ".join(COLUMNS[key][0] for key in measured) + " |",
        "|---" * (len(measured) + 1) + "|",
    ]
    for name, result in results.items():
        cells = ["" if result.get(key) is None else COLUMNS[key][1].format(result[key]) for key in measured]
        if "loss_deviation" in result:
            cells[0] += f" ± {result['loss_deviation']:.3f}"
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
