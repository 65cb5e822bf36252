"""The model card: everything with a number in it comes from the run's log or from the recipes compared."""

from statistics import fmean

from labkit.pretraining import compare

NAMES = {"encoder": "bert-mini", "decoder": "gpt-mini"}


def card(record, compared=None, mixtures=None):
    """The model card, in Markdown, from a run's record: everything with a number comes from the log.

    compared: the results of `labkit compare`, {name: result}, for the table of recipes.
    mixtures: the same of runs on several mixtures of the text.
    """
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
        steps=last["step"],
        recipe=recipe,
        runs="\n".join(_run(number, run) for number, run in enumerate(record["recipes"], 1)),
        rows=rows,
        fills=fills,
        continuations=_continuations(record),
        recipes=_recipes(compared, mixtures),
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
    "encoder": "The heads of the first layer begin by looking 1 and 2 places to either side, the word\n"
    "embeddings begin at a factorisation of the text's co-occurrence counts, and the output bias at the\n"
    "logarithm of each piece's frequency.",
    "decoder": "The heads of the first layer begin by looking 1 to 4 places back, and the word embeddings\n"
    "begin at a factorisation of the text's co-occurrence counts.",
}
FAILURES = {
    "encoder": "It knows little about the world, and its sentence-pair verdicts mostly follow the topic.",
    "decoder": "It drifts after a sentence or two, repeats itself under greedy decoding, and knows little "
    "about the world. It knows the stories that it has read many times by heart, and may recite them.",
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
A run on a mixture saw a part of the reviews and the stories several times (`labkit.pretraining.mixture`).

## How it was trained

{pieces:.1f} million pieces in {steps:,} steps. Windows begin where a sentence begins; weight decay
{recipe[weight_decay]:g}; bfloat16 in the forward pass where the machine has it.
{start}

{runs}

    labkit pretrain {command} --corpus FILE --heldout FILE --pieces N --from FOLDER

Every run but the first went on from the weights before it (`--from`); the figures in the list are the
other options. `pretraining.json` holds the recipes and the log: figures on held-out text, and guesses for ten
fixed sentences.

{recipes}
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
{continuations}
## Known failures

{failures}
"""


RECIPES = """## How the recipe was chosen

Small runs from the beginning, {pieces:g} million pieces each; where two seeds were run, their mean and
standard deviation. "Base" is what the others differ from: windows of 16 to 128 pieces, 2,048 pieces a step,
masking rate 20%, NSP, both starts, AdamW at 1e-3 and Muon at twice that. "Probe" is what the best layer's
features gain over random weights on the Amazon snippets. Most of them ran on a GPU; five that ran on a
processor as well differed by at most 0.013 in the loss.

{table}
{mixtures}
"""
MIXTURES = """
The text of the last run was chosen by {number} shorter runs of bert-mini from the weights before it, about
{pieces:.0f} million pieces each:

{table}
"""
CONTINUATIONS = """
## Three continuations

Of "Once upon a time", sampled with top-p 0.9, seeds 1 to 3; as they are, not picked.

{items}
"""


def _recipes(compared, mixtures):
    if not compared:
        return ""
    more = ""
    if mixtures:
        pieces = fmean(result["pieces"] for result in mixtures.values()) / 1e6
        more = MIXTURES.format(table=compare.table(mixtures), number=len(mixtures), pieces=pieces)
    return RECIPES.format(table=compare.table(compared), pieces=compare.PIECES / 1e6, mixtures=more)


def _continuations(record):
    items = "\n".join("1. " + " ".join(text.split()) for text in record.get("continuations", ()))
    return CONTINUATIONS.format(items=items) if items else ""


def _run(number, recipe):
    if "average" in recipe:
        part = recipe["average"]
        return (
            f"- Then {part:g} of these weights and {1 - part:g} of those that the last run began from were "
            "taken (`labkit.pretraining.average`), by which less is known by heart."
        )
    optimiser = f" and Muon at {recipe['muon']:g} times that" if recipe.get("muon") else ""
    second = {"nsp": "NSP", "contrastive": "contrastive pairs"}.get(recipe.get("pairs"), "no pairs")
    remark = f"; {recipe['remark']}" if recipe.get("remark") else ""  # what happened to this run, by hand
    end = recipe.get("mask_rate_end")
    masking = f"{recipe['mask_rate']:g}" + (f" falling to {end:g}" if end is not None else "")
    if recipe.get("spare_frequent"):
        masking += f", less for pieces above {recipe['spare_frequent']:g} of the text,"
    lengths = ", ".join(f"{length} ({weight})" for length, weight in recipe["lengths"])
    return (
        f"- Run {number}: AdamW at {recipe['learning_rate']:g}{optimiser} after {recipe['warmup_pieces']:,} "
        f"pieces of warm-up, then linearly to 0; {recipe['pieces_per_step']:,} pieces a step in windows of "
        f"{lengths} pieces (in brackets their weights); masking rate "
        f"{masking} and {second} (encoder); seed {recipe['seed']}{_spent(recipe.get('spent'))}{remark}."
    )


def _spent(spent):
    if not spent:
        return ""
    pieces, minutes = spent["pieces"] / 1e6, spent["minutes"]
    return f"; {pieces:.1f} million pieces in {minutes:.1f} minutes on {spent['machine']}"


def _pairs(probe):
    return zip(probe["words"], probe["probs"], strict=True)


def _share(word, prob):
    return f"{word or '(space)'} {prob:.2f}"


def _cell(text):
    return text.replace("|", "\\|")
