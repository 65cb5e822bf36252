"""`labkit evaluate`: how good the bundled pair is, against the bars that the course sets for it."""

from pathlib import Path

import numpy as np

from labkit.messages import LabkitError

NUM_WINDOWS = 512
PROBE_EXAMPLES, PROBE_SEEDS = 2000, range(10)
BARS = {  # what is measured -> (floor, goal); bits per character: the lower the better
    "bert-mini, top-1 at masked pieces": (0.36, 0.43),
    "bert-mini, top-5 at masked pieces": (0.58, 0.65),
    "gpt-mini, bits per character": (1.65, 1.40),
    "bert-mini, cloze set, full context, top-5": (0.50, 0.70),
    "bert-mini, probe above random weights, points": (4.0, 10.0),
}


def add_evaluate_arguments(parser):
    """Declare the options of `labkit evaluate` on an argparse parser."""
    parser.add_argument("--heldout", type=Path, required=True, metavar="FILE", help="text never trained on")


def run_evaluate(args):
    """The command: print each measurement with its bar; returns the exit status, 1 below a floor."""
    from labkit.pretraining.command import check_text

    check_text(args.heldout, "--heldout")
    figures = {**language_figures(args.heldout), **cloze_figures()}
    try:
        figures |= probe_figures()
    except LabkitError as error:
        print(f"The probe was left out: {error}")
    below = 0
    for name, value in figures.items():
        verdict = ""
        if name in BARS:
            verdict = judge(value, *BARS[name])
            below += verdict.startswith("below")
        print(f"{name:52} {value:8.3f}  {verdict}")
    return 1 if below else 0


def judge(value, floor, goal):
    """Where a value stands. A goal that is lower than its floor means: the lower the better."""
    sign = 1 if goal > floor else -1
    if sign * value >= sign * goal:
        return f"goal {goal:g} reached"
    if sign * value >= sign * floor:
        return f"above the floor {floor:g}, goal {goal:g}"
    return f"below the floor {floor:g}, goal {goal:g}"


def language_figures(heldout, num_windows=NUM_WINDOWS):
    """Both models on held-out text: the same windows and masks every time."""
    from labkit.models.loading import load
    from labkit.pretraining.corpus import encode_corpus
    from labkit.pretraining.evaluate import evaluate

    figures = {}
    for name in ("bert-mini", "gpt-mini"):
        model = load(name)
        corpus = encode_corpus(heldout, model.tokenizer)
        measured = evaluate(model.network, model.kind, corpus, model.tokenizer, num_windows)
        figures |= {f"{name}, {NAMES[model.kind, key]}": value for key, value in measured.items()}
    return figures


NAMES = {
    ("encoder", "loss"): "loss, nats a masked piece",
    ("encoder", "top1"): "top-1 at masked pieces",
    ("encoder", "top5"): "top-5 at masked pieces",
    ("decoder", "loss"): "loss, nats a piece",
    ("decoder", "top1"): "top-1 at the next piece",
    ("decoder", "bits_per_char"): "bits per character",
}


def cloze_figures():
    """The cloze set of lab 01: three readers, top five."""
    from labkit.measures import cloze
    from labkit.models.loading import load

    bert, gpt = load("bert-mini"), load("gpt-mini")
    return {
        "bert-mini, cloze set, full context, top-5": cloze_top5(bert),
        "bert-mini, cloze set, left context, top-5": cloze_top5(bert, cloze.left_context),
        "gpt-mini, cloze set, left context, top-5": cloze_top5(gpt, cloze.left_context),
    }


def cloze_top5(model, reader=None):
    """The share of lab 01's blanks with a right word among the top five.

    reader: labkit.cloze.full_context (the default) or left_context.
    """
    from labkit.measures import cloze
    from labkit.texts.datasets import load_cloze

    predict = (reader or cloze.full_context)(model)
    return cloze.cloze_accuracy(predict, load_cloze(), 5)[0]


def probe_figures():
    """`sentiment_probe` of both models. Raises LabkitError when the snippets cannot be had."""
    from labkit.models.loading import load

    figures = {}
    for name in ("bert-mini", "gpt-mini"):
        trained, blank = sentiment_probe(load(name))
        figures[f"{name}, probe, best layer, trained"] = trained
        figures[f"{name}, probe, best layer, random weights"] = blank
        figures[f"{name}, probe above random weights, points"] = 100 * (trained - blank)
    return figures


def sentiment_probe(model):
    """Sentiment of the Amazon snippets, read off the model's best layer, as trained and with random weights.

    Mean rating above 0.5 against below -0.5; mean pooling; balanced accuracy; 2,000 balanced training
    examples; mean over 10 seeds. Raises LabkitError when the snippets cannot be had.
    """
    import torch

    from labkit.measures.features import extract
    from labkit.measures.probing import layer_sweep
    from labkit.models.loading import Model
    from labkit.texts.datasets import amazon_snippets

    texts, ratings = amazon_snippets(progress=False)
    clear = [k for k, rating in enumerate(ratings) if abs(rating) > 0.5 and texts[k].strip()]
    texts, labels = [texts[k] for k in clear], np.array([ratings[k] > 0 for k in clear]).astype(int)
    torch.manual_seed(0)
    untrained = type(model.network)(model.network.config).eval()
    blank = Model(untrained, model.tokenizer, model.kind, "random", "random weights")
    best = []
    for some in (model, blank):
        best.append(layer_sweep(extract(some, texts), labels, PROBE_EXAMPLES, PROBE_SEEDS)[:, 0].max())
    return tuple(best)
