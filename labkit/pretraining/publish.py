"""From a finished run to a bundled model: weights, tokenizer, log, checksums and a model card."""

import json
import shutil
from pathlib import Path

from labkit import paths
from labkit.messages import LabkitError
from labkit.safe_files import write_checksums

NAMES = {"encoder": "bert-mini", "decoder": "gpt-mini"}


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
    source = run_folder / "model"
    if not (source / "model.safetensors").exists():
        raise LabkitError(
            f"{run_folder} holds no finished model. Let labkit pretrain run to its end (--resume) first."
        )
    record = json.loads((run_folder / "log.json").read_text())
    target = Path(models_folder) / NAMES[record["kind"]]
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        shutil.copyfile(file, target / file.name)
    (target / "pretraining.json").write_text(json.dumps(record, indent=0) + "\n")
    (target / "README.md").write_text(card(record))
    write_checksums(target)
    return target


def card(record):
    """The model card, in Markdown, from a run's record: everything with a number comes from the log."""
    last = record["log"][-1]
    shape, recipe, measured = record["shape"], record["recipes"][0], last["heldout"]
    encoder = record["kind"] == "encoder"
    name, sister = (NAMES["encoder"], NAMES["decoder"]) if encoder else (NAMES["decoder"], NAMES["encoder"])
    rows = "\n".join(f"| {LABELS[key]} | {value:.3f} |" for key, value in measured.items())
    fills = "\n".join(
        f"| {_cell(probe['text'])} | {_cell(', '.join(_share(w, p) for w, p in _pairs(probe)))} |"
        for probe in last["probes"]
    )
    return CARD.format(
        name=name,
        sister=sister,
        what=WHAT[record["kind"]],
        start=START[record["kind"]],
        failures=FAILURES[record["kind"]],
        command="bert" if encoder else "gpt",
        shape=shape,
        pieces=last["pieces"] / 1e6,
        minutes=last["minutes"],
        steps=last["step"],
        lengths=", ".join(str(length) for length, _ in recipe["lengths"]),
        recipe=recipe,
        runs="\n".join(_run(number, run) for number, run in enumerate(record["recipes"], 1)),
        rows=rows,
        fills=fills,
    )


LABELS = {
    "loss": "loss, nats a piece",
    "top1": "top-1 accuracy",
    "top5": "top-5 accuracy",
    "bits_per_char": "bits per character",
}
WHAT = {
    "encoder": (
        "An encoder (BertForPreTraining: masked words and sentence pairs; AutoModelForMaskedLM and the\n"
        "fill-mask pipeline read it as it is). WordPiece, uncased, 8,192 pieces"
    ),
    "decoder": (
        "A decoder (GPT2LMHeadModel; AutoModelForCausalLM and the text-generation pipeline read it as it\n"
        "is). Byte-level BPE, 8,192 pieces"
    ),
}
START = {
    "encoder": "The heads of the first layer begin by looking 1 and 2 places to either side, and the output\n"
    "bias begins at the logarithm of each piece's frequency.",
    "decoder": "The heads of the first layer begin by looking 1 to 4 places back.",
}
FAILURES = {
    "encoder": "It knows little about the world, prefers film words where a sentence leaves the choice open, "
    "and its sentence-pair verdicts mostly follow the topic.",
    "decoder": "It drifts after a sentence or two, repeats itself under greedy decoding, and knows little "
    "about the world.",
}
CARD = """# {name}

{what}. {shape[num_layers]} layers, width {shape[width]}, {shape[num_heads]} heads, at most
{shape[max_positions]} pieces of input. The matched partner of `{sister}`: the same depth, width, heads and
text; they differ in mask and objective.

Made for teaching. Do not use it to judge people or to make decisions.

## What it saw

Film reviews (the unlabelled part of the Large Movie Review Dataset and 20,000 of its training texts without
their labels, Maas et al. 2011; for research use), 71 Victorian children's books (public domain, CLiC corpora)
and excerpts of TinyStories (Eldan & Li 2023, CDLA-Sharing-1.0): 116 MB, about 28 million pieces. The review
set's test part is not in it. 1% of the documents was held out. The text itself is not part of this project.

## How it was trained

{pieces:.1f} million pieces in {steps:,} steps, {minutes:.0f} minutes on one core. Windows of {lengths}
pieces that begin where a sentence begins, about {recipe[pieces_per_step]:,} pieces a step; AdamW, weight
decay {recipe[weight_decay]:g}; bfloat16 in the forward pass where the processor has it.
{start}

{runs}

    labkit pretrain {command} --corpus FILE --heldout FILE --minutes N

`pretraining.json` holds the recipe and the log: held-out figures and the guesses for ten fixed sentences.

## Measured on held-out text

Windows of 128 pieces and masks fixed by a seed, float32 weights, before they were stored as float16.

| | |
|---|---|
{rows}

## Its guesses for the ten fixed sentences

As they are, not picked.

| text | top five |
|---|---|
{fills}

## Known failures

{failures}
"""


def _run(number, recipe):
    return (
        f"- Run {number}: peak learning rate {recipe['learning_rate']:g} after {recipe['warmup_pieces']:,} "
        f"pieces of warm-up, then linearly to 0; masking rate {recipe['mask_rate']:g} (encoder); "
        f"seed {recipe['seed']}."
    )


def _pairs(probe):
    return zip(probe["words"], probe["probs"], strict=True)


def _share(word, prob):
    return f"{word or '(space)'} {prob:.2f}"


def _cell(text):
    return text.replace("|", "\\|")
