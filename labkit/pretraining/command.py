"""`labkit pretrain`: the options, and the checks that catch a mistake before hours are spent on it."""

import shlex
import sys
from pathlib import Path

from labkit.arguments import above_zero, at_least_one, seed, share, threads, weighted_lengths
from labkit.messages import LabkitError
from labkit.messages.named import reading, writing
from labkit.pretraining.recipe import Recipe
from labkit.pretraining.record import read_record

KINDS = {"bert": "encoder", "gpt": "decoder"}
SECONDS_BETWEEN_CHECKPOINTS = 120.0
RECIPE_OPTIONS = {  # field of the recipe -> (type, metavar, help)
    "minutes": (above_zero, "N", "training time"),
    "pieces": (at_least_one, "N", "stop after so many pieces of text"),
    "learning_rate": (above_zero, "X", "peak of the learning rate"),
    "warmup_pieces": (at_least_one, "N", "pieces until it has risen to its peak"),
    "pieces_per_step": (at_least_one, "N", "the batch, in pieces"),
    "lengths": (weighted_lengths, "N:W,...", "pieces in a window, each length with its weight"),
    "mask_rate": (share, "X", "bert: share of masked pieces"),
    "mask_rate_end": (share, "X", "bert: let that share go to this"),
    "spare_frequent": (share, "X", "bert: seldom mask what is more than this share of the text"),
    "seed": (seed, "N", "of all chance"),
}
OTHER_OPTIONS = {  # what else a resumed run has to be told: name of the value -> option
    "heldout": "--heldout",
    "output": "--output",
    "parent": "--from",
    "threads": "--threads",
    "device": "--device",
    "compile": "--compile",
}


def add_pretrain_arguments(parser):
    """Declare the options of `labkit pretrain` on an argparse parser."""
    parser.add_argument("model", choices=KINDS, help="bert (an encoder) or gpt (a decoder)")
    parser.add_argument("--corpus", type=Path, required=True, metavar="FILE", help="the text to train on")
    parser.add_argument(
        "--heldout",
        type=Path,
        metavar="FILE",
        help="text to measure on, never trained on (default: heldout.txt or .txt.xz beside the corpus)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder of the run (default build/pretrain-MODEL)"
    )
    parser.add_argument(
        "--from",
        dest="parent",
        type=Path,
        metavar="DIR",
        help="go on from a published model, as in data/models (default: begin at the beginning)",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in that folder")
    parser.add_argument("--threads", type=threads, metavar="N", help="processor threads (default: all cores)")
    parser.add_argument("--device", metavar="NAME", help="cpu or cuda (default: a GPU where there is one)")
    parser.add_argument(
        "--compile", action="store_true", help="a quarter faster after a minute (needs a C++ compiler)"
    )
    for name, (kind, metavar, text) in RECIPE_OPTIONS.items():
        default = getattr(Recipe(), name)
        text += "" if default is None else f" (default {_written(name, default)})"
        parser.add_argument(_option(name), type=kind, default=default, metavar=metavar, help=text)


def _option(name):
    return OTHER_OPTIONS.get(name, "--" + name.replace("_", "-"))


def _written(name, value):
    """A value as it is written on the command line."""
    if name == "lengths":
        return ",".join(f"{length}:{weight}" for length, weight in value)
    short = f"{value:g}" if isinstance(value, float) else None
    return short if short and float(short) == value else str(value)


def run_pretrain(args):
    """The command; returns its exit status. Raises LabkitError for what is wrong with the files."""
    check_text(args.corpus, "--corpus")
    heldout = args.heldout or find_heldout(args.corpus)
    check_text(heldout, "--heldout")
    if heldout.samefile(args.corpus):
        raise LabkitError(
            f"--corpus and --heldout are the same file, {heldout}: measured on what it was trained on, "
            "a model looks better than it is. Move some of the documents (1%) to a file of their own."
        )
    if args.parent is not None:
        check_parent(args.parent, KINDS[args.model])
    folder = args.output or Path("build") / f"pretrain-{args.model}"
    checkpoint = folder / "checkpoint.safetensors"
    with writing(folder, "--output"):
        folder.mkdir(parents=True, exist_ok=True)
    if args.resume and not checkpoint.exists():
        print(f"There is no checkpoint in {folder} yet: beginning at the beginning.", file=sys.stderr)

    from labkit.pretraining.run import pretrain
    from labkit.training.loop import keep_freed_memory

    keep_freed_memory()
    recipe = Recipe(**{name: getattr(args, name) for name in RECIPE_OPTIONS})
    try:
        entry = pretrain(
            KINDS[args.model],
            args.corpus,
            heldout,
            folder,
            recipe,
            resume=args.resume,
            parent=args.parent,
            checkpoint_every=SECONDS_BETWEEN_CHECKPOINTS,
            threads=args.threads,
            compiled=args.compile,
            device=args.device,
        )
    except KeyboardInterrupt:
        print(f"\n{stopped(args, checkpoint)}", file=sys.stderr)
        return 130
    measures = ", ".join(f"{key} {value:g}" for key, value in entry["heldout"].items())
    print(f"{entry['pieces']:,} pieces in {entry['minutes']:.1f} minutes; on held-out text: {measures}")
    print(f'The model is in {folder / "model"}: labkit.load("{(folder / "model").as_posix()}")')
    return 0


def find_heldout(corpus):
    """The held-out file beside the corpus. Raises LabkitError when there is none."""
    for name in ("heldout.txt", "heldout.txt.xz"):
        if (corpus.parent / name).is_file():
            return corpus.parent / name
    raise LabkitError(
        f"There is no heldout.txt beside {corpus}. Held-out text is needed, to measure on what the model "
        "was not trained on: move some of the documents (1%) from the corpus to a file of their own and "
        "give it with --heldout FILE."
    )


def check_text(path, option):
    """Raise LabkitError unless `path` is a readable UTF-8 text with something in it."""
    from labkit.pretraining.corpus import read_documents

    with reading(path, option):
        there = path.exists()
    if not there or path.is_dir():
        what = "it is a folder" if there else "there is no such file"
        raise LabkitError(f"{option} {path}: {what}. It is a text file with one document a line.")
    if next(read_documents(path, option), None) is None:
        raise LabkitError(f"{option} {path} is empty. It is a text file with one document a line.")


def check_parent(folder, kind):
    """Raise LabkitError unless `folder` is a published model of this kind, "encoder" or "decoder"."""
    with reading(folder, "--from"):
        there = (folder / "pretraining.json").is_file()
    if not there:
        raise LabkitError(
            f"--from {folder}: there is no pretraining.json in it. It is the folder of a published "
            "model: data/models/bert-mini, or one that labkit publish has written."
        )
    theirs = read_record(folder / "pretraining.json", "--from")["kind"]
    if theirs != kind:
        raise LabkitError(
            f"--from {folder} holds another kind of model ({theirs}) than is to be trained ({kind}): "
            f"name the folder of a {'bert' if kind == 'encoder' else 'gpt'}."
        )


def stopped(args, checkpoint):
    """What to say after Ctrl-C: what is kept, and how to go on."""
    if not checkpoint.exists():
        every = f"{SECONDS_BETWEEN_CHECKPOINTS / 60:g} minutes"
        return f"Stopped before the first checkpoint (one every {every}): there is nothing to keep yet."
    words = ["labkit", "pretrain", args.model, "--corpus", args.corpus]
    for name in (*OTHER_OPTIONS, *RECIPE_OPTIONS):
        value = getattr(args, name)
        if value is True:
            words.append(_option(name))
        elif value not in (None, False):
            words += [_option(name), _written(name, value)]
    command = shlex.join([*map(str, words), "--resume"])
    return f"Stopped. The last checkpoint is kept in {checkpoint}; go on with\n  {command}"
