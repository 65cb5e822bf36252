"""Between two sets of weights: part of a finished run, the rest the model that it went on from.

    python -m labkit.pretraining.average RUN --parent FOLDER --share 0.6 --heldout FILE --output NEW-FOLDER

A long run on a short text learns much, and learns some of it by heart; weights part of the way back know most
of what is new and less by heart (Wortsman et al. 2022, "Robust Fine-Tuning of Zero-Shot Models", section 3).
What is written is a finished run, for `labkit publish`; its figures are measured anew.
"""

import argparse
import sys
from pathlib import Path

import torch

from labkit.arguments import share
from labkit.messages import LabkitError, program
from labkit.messages.named import reading, writing
from labkit.pretraining.command import check_text
from labkit.pretraining.corpus import encode_corpus
from labkit.pretraining.evaluate import log_figures
from labkit.pretraining.publish import finished_run
from labkit.pretraining.record import read_record
from labkit.pretraining.run import read_network, save_model, write_json


@torch.no_grad()
def average_weights(network, parent, part):
    """Move `network` towards `parent`, in place: `part` of its own weights and 1 - `part` of the parent's.

    Raises LabkitError when the two are not of one shape.
    """
    theirs = dict(parent.named_parameters())
    for name, parameter in network.named_parameters():
        if name not in theirs or theirs[name].shape != parameter.shape:
            raise LabkitError(f"The two models are not of one shape: they differ in {name}.")
        parameter.lerp_(theirs[name], 1 - part)


def average(run_folder, parent, part, heldout, output):
    """Write the average of a finished run and its parent to the folder `output`; returns its log entry.

    parent: the folder of a published model. part: of the run, between 0 and 1. Raises LabkitError for an
    unfinished run, a kind of model that differs, and an `output` that is there already.
    """
    from transformers import AutoTokenizer

    run_folder, parent, output = Path(run_folder), Path(parent), Path(output)
    model, record = finished_run(run_folder)
    with reading(parent, "--parent"):
        published = (parent / "pretraining.json").is_file()
    if not published:
        raise LabkitError(f"{parent} is not the folder of a published model: no pretraining.json in it.")
    with writing(output, "--output"):
        taken = output.exists()
    if taken:
        raise LabkitError(f"{output} is there already: name a new folder.")
    kind, other = record["kind"], read_record(parent / "pretraining.json")["kind"]
    if kind != other:
        raise LabkitError(f"The run's model ({kind}) and the parent ({other}) can't be averaged.")
    network, tokenizer = read_network(kind, model), AutoTokenizer.from_pretrained(model)
    average_weights(network, read_network(kind, parent), part)

    measured = log_figures(network, kind, encode_corpus(heldout, tokenizer), tokenizer)
    entry = {**record["log"][-1], **measured}
    record["log"].append(entry)
    record["recipes"].append({"average": part})
    with writing(output, "--output"):
        save_model(network, tokenizer, output / "model")
        write_json(output / "log.json", record)
    return entry


def main(arguments):
    """The command. Raises LabkitError."""
    parser = argparse.ArgumentParser(
        prog="python -m labkit.pretraining.average", description="Part of a run, the rest its parent."
    )
    parser.add_argument("run", type=Path, help="the folder of a finished run of labkit pretrain")
    parser.add_argument(
        "--parent", type=Path, required=True, metavar="DIR", help="the model that it went on from"
    )
    parser.add_argument("--share", type=share, required=True, metavar="X", help="of the run, between 0 and 1")
    parser.add_argument("--heldout", type=Path, required=True, metavar="FILE", help="text to measure on")
    parser.add_argument("--output", type=Path, required=True, metavar="NEW-DIR", help="where to write it")
    args = parser.parse_args(arguments)
    check_text(args.heldout, "--heldout")
    entry = average(args.run, args.parent, args.share, args.heldout, args.output)
    measures = ", ".join(f"{key} {value:g}" for key, value in entry["heldout"].items())
    print(f"{args.output}: on held-out text: {measures}")


if __name__ == "__main__":
    sys.exit(program.run("python -m labkit.pretraining.average", lambda: main(sys.argv[1:])))
