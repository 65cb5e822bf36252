"""Exercise 5.1: the wrong ways of making vectors that students write."""

from dataclasses import replace

import numpy as np
import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.measures.features import encode_batch

# (model's name, text, options) -> what the network says of it
READ: dict[tuple, tuple[torch.Tensor, ...]] = {}


@torch.inference_mode()
def _states(model, text, options):
    """The hidden states of one text, a tuple of L + 1 tensors (T, D)."""
    key = (model.name, text, options)
    if key not in READ:
        batch = model.tokenizer(text, return_tensors="pt", **dict(options))
        body = model.network.base_model  # without the head, which is most of the arithmetic
        if len(READ) > 300:
            READ.clear()
        states = body(**batch, output_hidden_states=True).hidden_states
        READ[key] = tuple(state[0] for state in states)
    return READ[key]


@torch.inference_mode()
def _logits(model, text, options):
    """The logits (T, V), in the place of each layer."""
    batch = model.tokenizer(text, return_tensors="pt", **dict(options))
    return (model.network(**batch).logits[0],) * (model.num_layers + 1)


def _of_bert(model, text, options):
    from labkit.models.loading import load

    return _states(load("bert-mini"), text, options)


def _first(hidden, text, model):
    return hidden[0]


def _mean(hidden, text, model):
    return hidden.mean(dim=0)


def _last(hidden, text, model):
    return hidden[-1]


def _stacked(rows):
    return torch.stack(rows).numpy()


def extractor(
    layer=lambda states, k: states[k],
    cls=_first,
    mean=_mean,
    last=_last,
    texts=lambda texts: texts,
    text=lambda text: text,
    options=(),
    arrange=_stacked,
    edit=lambda rows: rows,
    read=_states,
):
    """features with single choices made wrongly."""

    def wrong(model, all_texts, number, how):
        pool = {"cls": cls, "mean": mean, "last": last}[how]
        rows = []
        for one in texts(list(all_texts)):
            hidden = layer(read(model, text(one), options), number)
            rows.append(pool(hidden, one, model))
        return edit(arrange(rows))

    return wrong


def _training_texts(texts):
    """The first training reviews, as many as there are texts."""
    from labkit.texts import reviews

    return reviews.texts_and_labels(reviews.split(reviews.load())["train"])[0][: len(texts)]


def _always(pool):
    return {"cls": pool, "mean": pool, "last": pool}


def _together(masked, pooled):
    """All texts in one padded batch. masked: does the network get the mask? pooled: over the padding too?"""

    def wrong(model, texts, layer, how):
        batch = encode_batch(model, list(texts))
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        if not masked:
            batch = {"input_ids": batch["input_ids"]}
        with torch.inference_mode():
            hidden = model.network(**batch, output_hidden_states=True).hidden_states[layer]
        rows = [row if pooled else row[:length] for row, length in zip(hidden, lengths, strict=True)]
        return _stacked([{"cls": _first, "mean": _mean, "last": _last}[how](row, "", model) for row in rows])

    return wrong


def _by_tokenizer(model, texts, layer, how):
    batch = model.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model.network(**batch, output_hidden_states=True).hidden_states[layer]
    return {"cls": hidden[:, 0], "last": hidden[:, -1], "mean": hidden.mean(dim=1)}[how].numpy()


def _batch_kept(model, texts, layer, how):
    """hidden keeps its first axis, of length 1: [0], [-1] and mean(dim=0) then give all tokens."""
    return _stacked([_states(model, text, ())[layer] for text in texts])


def _by_kind(encoder, decoder):
    return lambda hidden, text, model: (encoder if model.kind == "encoder" else decoder)(hidden, text, model)


def _cut(hidden, begin, end):
    return hidden[begin:end].mean(dim=0)


def _place(number):
    return lambda hidden, text, model: hidden[number]


def _last_of(number, summary):
    return lambda states, k: summary(torch.stack(states[-number:]), 0)


_LAYER = "hidden_states holds every layer, the embeddings first; `layer` says which of them is wanted."
_OTHERS = "A text's vector should not depend on which other texts are read with it."

# A model has to run for each: only the commonest are also tried two at a time.
_PAIRED = {
    "always the last layer",
    "layers counted from 1",
    "the embeddings left out",
    "the sum instead of the mean",
    "the largest instead of the mean",
    "the mean without the first and the last token",
    "the last token but one",
    "the second token",
    "sorted texts",
    "vectors scaled to length 1",
}

_ALL = (
    variant(
        extractor,
        "always the last layer",
        (
            "You read the last layer, whatever `layer` is.",
            "hidden_states holds every layer, and the middle ones often know more about a label.",
            "Index hidden_states with `layer`.",
        ),
        layer=lambda states, k: states[-1],
    ),
    Misconception(
        "always the same layer",
        extractor(layer=lambda states, k: states[2]),
        (
            "You read one and the same layer, whatever `layer` is.",
            _LAYER,
            "Index hidden_states with `layer`.",
        ),
        spellings=tuple(extractor(layer=lambda states, k, n=n: states[n]) for n in (0, 1, 3)),
        build=extractor,
        choices={"layer": lambda states, k: states[2]},
    ),
    variant(
        extractor,
        "layers counted from 1",
        (
            "You are one layer too low.",
            "hidden_states[0] is the embeddings, so block 1's output already stands at index 1.",
            "hidden_states[layer], with nothing taken away.",
        ),
        layer=lambda states, k: states[k - 1],
    ),
    Misconception(
        "the embeddings left out",
        extractor(layer=lambda states, k: states[k + 1]),
        (
            "You are one layer too high.",
            "Layer 0 is the embeddings here, before any attention; it is a fair baseline.",
            "Do not skip the first entry of hidden_states, nor add 1.",
        ),
        spellings=(extractor(layer=lambda states, k: states[min(k + 1, len(states) - 1)]),),
        build=extractor,
        choices={"layer": lambda states, k: states[min(k + 1, len(states) - 1)]},
    ),
    Misconception(
        "layers counted from the end",
        extractor(layer=lambda states, k: states[-k]),
        ("You count the layers from the other end.", _LAYER, "hidden_states[layer], without a minus."),
        spellings=(
            extractor(layer=lambda states, k: states[len(states) - 1 - k]),
            extractor(layer=lambda states, k: states[-k] if k else states[-1]),
        ),
        build=extractor,
        choices={"layer": lambda states, k: states[-k]},
    ),
    Misconception(
        "the last layers together",
        extractor(layer=_last_of(4, torch.sum)),
        (
            "You put several of the last layers together.",
            "A well-known tutorial does so. "
            "Here each layer is looked at by itself: which of them knows most?",
            "hidden_states[layer], one layer.",
        ),
        spellings=tuple(
            extractor(layer=_last_of(number, summary))
            for number, summary in ((4, torch.mean), (2, torch.sum), (2, torch.mean), (3, torch.mean))
        ),
        build=extractor,
        choices={"layer": _last_of(4, torch.sum)},
    ),
    Misconception(
        "several layers averaged",
        extractor(layer=lambda states, k: torch.stack(states[: k + 1]).mean(dim=0)),
        (
            "You average several layers.",
            "Each layer is looked at by itself here: which of them knows most?",
            "hidden_states[layer], without a colon.",
        ),
        spellings=(
            extractor(layer=lambda states, k: torch.stack(states).mean(dim=0)),
            extractor(layer=lambda states, k: torch.stack(states[: k + 1]).sum(dim=0)),
            extractor(layer=lambda states, k: torch.stack(states[k:]).mean(dim=0)),
        ),
        build=extractor,
        choices={"layer": lambda states, k: torch.stack(states[: k + 1]).mean(dim=0)},
    ),
    variant(
        extractor,
        "logits instead of hidden states",
        (
            "Your rows are as wide as the vocabulary: they are the output's logits.",
            "The first thing in the network's output are the logits; the vectors are in hidden_states.",
            "model.network(**batch, output_hidden_states=True).hidden_states[layer]",
        ),
        read=_logits,
    ),
    variant(
        extractor,
        "always the mean",
        (
            "You take the mean, whatever `how` is.",
            'With "cls" one token speaks for the text, with "last" another one; nothing is averaged.',
            "Three cases, told apart by `how`.",
        ),
        **_always(_mean),
    ),
    variant(
        extractor,
        "always the first token",
        (
            "You take the first token, whatever `how` is.",
            '(`how == "cls" or "mean"` is always true: a text that is not empty counts as True.)',
            'Three cases, told apart by `how`: if how == "cls", elif how == "last", else.',
        ),
        **_always(_first),
    ),
    variant(
        extractor,
        "always the last token",
        (
            "You take the last token, whatever `how` is.",
            "Three ways of pooling are asked for, and each gives another vector.",
            'Three cases, told apart by `how`: if how == "cls", elif how == "last", else.',
        ),
        **_always(_last),
    ),
    variant(
        extractor,
        "first and last mixed up",
        (
            "Your first and last token have changed places.",
            "An encoder's [CLS] stands in front; a decoder has read the whole text only at its last token.",
            '"cls" is position 0, "last" is position -1.',
        ),
        cls=_last,
        last=_first,
    ),
    variant(
        extractor,
        'the last token for "cls"',
        (
            'For "cls" you take the last token.',
            '"cls" is the first token in a decoder too, however little it has read. '
            '(Is `how` compared with just these words, "cls", "mean", "last"?)',
            'hidden[0] for "cls".',
        ),
        cls=_last,
    ),
    variant(
        extractor,
        'the first token for "last"',
        (
            'For "last" you take the first token.',
            "A decoder has read the whole text only at its last token. "
            '(Is `how` compared with just these words, "cls", "mean", "last"?)',
            'hidden[-1] for "last".',
        ),
        last=_first,
    ),
    variant(
        extractor,
        'the last token for "cls" of a decoder',
        (
            'In a decoder you take the last token for "cls".',
            "It is true that only that one has read the whole review. "
            "But what the first one knows is to be seen here.",
            '"cls" is the first token, whatever the model.',
        ),
        cls=_by_kind(_first, _last),
    ),
    variant(
        extractor,
        'the mean for "cls"',
        (
            'For "cls" you take the mean.',
            'With "cls" one token speaks for the text. '
            '(Is `how` compared with just these words, "cls", "mean", "last"?)',
            'hidden[0] for "cls".',
        ),
        cls=_mean,
    ),
    variant(
        extractor,
        'the mean for "last"',
        (
            'For "last" you take the mean.',
            'With "last" one token speaks for the text. '
            '(Is `how` compared with just these words, "cls", "mean", "last"?)',
            'hidden[-1] for "last".',
        ),
        last=_mean,
    ),
    variant(
        extractor,
        "the second token",
        (
            'For "cls" you take the second token.',
            "Positions are counted from 0: the first token, [CLS] in an encoder, is number 0.",
            "hidden[0]",
        ),
        cls=_place(1),
    ),
    variant(
        extractor,
        "the last token but one",
        (
            'For "last" you take the last token but one.',
            "In an encoder the last one is [SEP], and it counts as a token too; in a decoder it is the last piece of the text, the only one that has read all.",
            "hidden[-1]",
        ),
        last=_place(-2),
    ),
    variant(
        extractor,
        "the last token but one of an encoder",
        (
            'In an encoder you take the token before [SEP] for "last".',
            "[SEP] counts as a token too: the last one, whatever it is.",
            "hidden[-1], for both models.",
        ),
        last=_by_kind(_place(-2), _last),
    ),
    variant(
        extractor,
        "words counted instead of tokens",
        (
            "You count words to find the last token.",
            "A word may be several tokens, and an encoder adds [CLS] and [SEP].",
            "hidden[-1]",
        ),
        last=lambda hidden, text, model: hidden[len(text.split()) - 1],
    ),
    variant(
        extractor,
        "the sum instead of the mean",
        (
            "Your mean grows with the length of the text.",
            "You add the tokens up; then a long text differs from a short one, whatever it says.",
            "Divide by the number of tokens, or use .mean.",
        ),
        mean=lambda hidden, text, model: hidden.sum(dim=0),
    ),
    variant(
        extractor,
        "the largest instead of the mean",
        (
            "You keep each number's largest value over the tokens.",
            "That is max pooling; here every token is to count alike.",
            "Average over the tokens.",
        ),
        mean=lambda hidden, text, model: hidden.max(dim=0).values,
    ),
    variant(
        extractor,
        "the median instead of the mean",
        (
            "You take the median over the tokens.",
            "The mean is asked: every token counts alike.",
            ".mean(dim=0)",
        ),
        mean=lambda hidden, text, model: hidden.median(dim=0).values,
    ),
    variant(
        extractor,
        "the mean without the first and the last token",
        (
            "Your mean leaves out the first and the last token.",
            "In an encoder these are [CLS] and [SEP], which carry something too; in a decoder they are words.",
            "Average over all tokens.",
        ),
        mean=lambda hidden, text, model: _cut(hidden, 1, -1),
    ),
    variant(
        extractor,
        "the mean without [CLS] and [SEP]",
        (
            "In an encoder your mean leaves out [CLS] and [SEP].",
            "They are tokens like the others, and carry something too.",
            "Average over all tokens, for both models.",
        ),
        mean=_by_kind(lambda hidden, text, model: _cut(hidden, 1, -1), _mean),
    ),
    variant(
        extractor,
        "the mean without the first token",
        (
            "Your mean leaves out the first token.",
            "In an encoder that is [CLS], which carries something too; in a decoder it is a word.",
            "Average over all tokens.",
        ),
        mean=lambda hidden, text, model: _cut(hidden, 1, None),
    ),
    variant(
        extractor,
        "the mean without the last token",
        (
            "Your mean leaves out the last token.",
            "The end of a slice is left out; and the last token counts as well.",
            "Average over all tokens: .mean(dim=0).",
        ),
        mean=lambda hidden, text, model: _cut(hidden, None, -1),
    ),
    Misconception(
        "the mean over the features",
        extractor(mean=lambda hidden, text, model: hidden.mean(dim=1)),
        (
            "You take the mean over the features: one number for each token.",
            "hidden has shape (T, D); the mean over the tokens has D numbers, and is over the first axis.",
            ".mean(dim=0)",
        ),
        spellings=(extractor(mean=lambda hidden, text, model: hidden.mean(dim=-1)),),
        build=extractor,
        choices={"mean": lambda hidden, text, model: hidden.mean(dim=1)},
    ),
    variant(
        extractor,
        "a mean over everything",
        (
            "Your mean is one number for a text.",
            "Without an axis, .mean() goes over all of (T, D).",
            ".mean(dim=0)",
        ),
        mean=lambda hidden, text, model: hidden.mean(),
    ),
    variant(
        extractor,
        "a tanh",
        (
            'Your "cls" vectors went through a tanh.',
            "BERT's own pooler does so (behind a layer of its own); here the hidden state is wanted as it is.",
            "hidden[0]",
        ),
        cls=lambda hidden, text, model: torch.tanh(hidden[0]),
    ),
    Misconception(
        "the batch axis kept",
        _batch_kept,
        (
            "Your rows are all tokens of a text, not one vector.",
            "The network reads a batch of one text, so hidden_states[layer] has shape (1, T, D), and [0] takes the text out of the batch, not a token out of the text.",
            "hidden = hidden_states[layer][0], which has shape (T, D), and then the pooling.",
        ),
    ),
    Misconception(
        "an axis too many",
        extractor(arrange=lambda rows: torch.stack(rows).unsqueeze(1).numpy()),
        (
            "Your result has three axes, (N, 1, D).",
            "Each text is a batch of one, and its axis of length 1 is still there.",
            "hidden_states[layer][0] takes the text out of its batch.",
        ),
        spellings=(extractor(arrange=lambda rows: torch.stack(rows).unsqueeze(0).numpy()),),
    ),
    variant(
        extractor,
        "one long row",
        (
            "Your result has one axis: the vectors are strung together.",
            "cat joins along an axis that is there, stack along a new one.",
            "torch.stack(rows)",
        ),
        arrange=lambda rows: torch.cat([row.reshape(-1) for row in rows]).numpy(),
    ),
    variant(
        extractor,
        "texts as columns",
        (
            "Your texts are the columns, and should be the rows.",
            "The shape is (N, D): one row for each text.",
            "torch.stack(rows), along axis 0.",
        ),
        arrange=lambda rows: torch.stack(rows, dim=-1).numpy(),
    ),
    Misconception(
        "one vector for all texts",
        extractor(arrange=lambda rows: torch.stack(rows).mean(dim=0).numpy()),
        (
            "You return one vector for all texts together.",
            "A classifier needs a row for each text: it is the texts that have labels.",
            "Average over the tokens of one text, then stack the texts.",
        ),
        spellings=(
            extractor(arrange=lambda rows: torch.stack(rows).sum(dim=0).numpy()),
            extractor(arrange=lambda rows: rows[-1].numpy()),
            extractor(arrange=lambda rows: rows[0].numpy()),
        ),
    ),
    variant(
        extractor,
        "the first text only",
        (
            "You return the first text's vector only.",
            "A return inside the loop ends it at the first round.",
            "Move the return out of the loop, as far to the left as `for`.",
        ),
        texts=lambda texts: texts[:1],
    ),
    variant(
        extractor,
        "the last text only",
        (
            "You return the last text's vector only.",
            "What stands behind the loop happens once, with what the last round has left.",
            "rows.append(...) belongs into the loop.",
        ),
        texts=lambda texts: texts[-1:],
    ),
    Misconception(
        "sorted texts",
        extractor(texts=lambda texts: sorted(texts, key=len)),
        (
            "Your rows stand in another order than the texts.",
            "The labels stand in the order of the texts, and would meet other texts' vectors.",
            "Go through the texts as they come, or put the rows back at the end.",
        ),
        spellings=tuple(
            extractor(texts=texts)
            for texts in (
                sorted,
                lambda texts: texts[::-1],
                lambda texts: sorted(texts, key=len, reverse=True),
                lambda texts: sorted(set(texts)),
            )
        ),
        build=extractor,
        choices={"texts": lambda texts: sorted(texts, key=len)},
    ),
    variant(
        extractor,
        "equal texts once",
        (
            "A text that is there twice has one row only.",
            "A dict or a set keeps equal texts once; each of them has a label of its own.",
            "A list of rows, one appended for each text.",
        ),
        texts=lambda texts: list(dict.fromkeys(texts)),
    ),
    variant(
        extractor,
        "lower case",
        (
            "You make the texts lower-case.",
            "The tokenizer does what its model is used to; the decoder tells capitals.",
            "model.tokenizer(text, ...), the text as it is.",
        ),
        text=str.lower,
    ),
    variant(
        extractor,
        "a blank in front",
        (
            "You put a blank in front of each text.",
            "For a decoder the first piece is then another one.",
            "model.tokenizer(text, ...), the text as it is.",
        ),
        text=lambda text: " " + text,
    ),
    Misconception(
        "the first letter only",
        extractor(text=lambda text: text[:1]),
        (
            "Your network reads the first letter of a text only.",
            "A str is a row of letters: list(text), text[0] and `for t in text` go letter by letter.",
            'model.tokenizer(text, return_tensors="pt") with the whole text.',
        ),
        spellings=(extractor(text=lambda text: text.split()[0]),),
    ),
    Misconception(
        "cut off",
        extractor(options=(("truncation", True), ("max_length", 8))),
        (
            "Your texts are cut off after a few tokens.",
            "What stands behind is lost, and there often is the point of a review.",
            "Leave max_length out.",
        ),
        spellings=tuple(
            extractor(options=(("truncation", True), ("max_length", number))) for number in (4, 5, 10, 12, 16)
        ),
    ),
    variant(
        extractor,
        "without [CLS] and [SEP]",
        (
            "You tokenize without the special tokens.",
            'BERT has never read a text without [CLS] and [SEP], and "cls" is the first of them.',
            "Leave add_special_tokens out.",
        ),
        options=(("add_special_tokens", False),),
    ),
    variant(
        extractor,
        "vectors scaled to length 1",
        (
            "Your vectors all have length 1.",
            "That is for cosine similarity; a probe scales each feature by itself, later.",
            "Return the pooled hidden states as they are.",
        ),
        edit=lambda rows: rows / np.linalg.norm(rows, axis=-1, keepdims=True),
    ),
    Misconception(
        "centred",
        extractor(edit=lambda rows: rows - rows.mean(axis=0)),
        (
            "You take the mean over the texts off every vector.",
            _OTHERS + " Scaling comes later, by what is known of the training reviews.",
            "Return the pooled hidden states as they are.",
        ),
        spellings=(
            extractor(edit=lambda rows: (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-8)),
            extractor(
                edit=lambda rows: (rows - rows.mean(axis=0)) / np.where(rows.std(0) == 0, 1, rows.std(0))
            ),
        ),
        build=extractor,
        choices={"edit": lambda rows: rows - rows.mean(axis=0)},
    ),
    Misconception(
        "rounded",
        extractor(edit=lambda rows: rows.round(2)),
        (
            "Your numbers are rounded.",
            "What is rounded off is lost for whoever calls this function.",
            "Round where you print.",
        ),
        spellings=tuple(extractor(edit=lambda rows, n=n: rows.round(n)) for n in (0, 1, 3)),
    ),
    variant(
        extractor,
        "whole numbers",
        (
            "Your numbers are whole: all that stands behind the point is cut off.",
            "An array of int takes no others.",
            "np.zeros(...) without dtype=int, or torch.stack(rows).numpy().",
        ),
        edit=lambda rows: rows.astype(int),
    ),
    Misconception(
        "padding counted",
        _together(masked=True, pooled=True),
        (
            "Your vectors depend on which texts stand beside each other.",
            "In a batch the short texts are filled up, and you pool over the filling: its last position and its mean are not those of the text.",
            "Text by text there is no padding. (Or pool by attention_mask, as in lab 03.)",
        ),
        spellings=(_together(masked=False, pooled=True),),
    ),
    Misconception(
        "padding read",
        _together(masked=False, pooled=False),
        (
            "Your vectors depend on which texts stand beside each other, though you pool over the text alone.",
            "In a batch the short texts are filled up, and without the mask an encoder reads the filling.",
            "Text by text there is no padding. (Or hand the network the attention_mask: **batch.)",
        ),
    ),
    Misconception(
        "one model for all",
        extractor(read=_of_bert),
        (
            "You read the texts with bert, whatever model you are given.",
            "`bert` is the notebook's variable; the function gets its own, `model`.",
            "model.tokenizer and model.network",
        ),
    ),
    Misconception(
        "other texts than those given",
        extractor(texts=_training_texts),
        (
            "Your vectors are those of other texts: you read the training reviews, not `texts`.",
            "`train_texts` is the notebook's variable; the function gets its own texts, which may be any.",
            "for text in texts",
        ),
    ),
    Misconception(
        "the tokenizer's padding",
        _by_tokenizer,
        (
            "You let the tokenizer make one batch of all texts, filled up to the same length.",
            "A decoder's tokenizer has no padding token, and an encoder's [PAD] would be pooled too.",
            'Text by text there is no padding: model.tokenizer(text, return_tensors="pt").',
        ),
        spellings=(lambda model, texts, layer, how: model.tokenizer(list(texts), return_tensors="pt"),),
    ),
)

MISTAKES = tuple(wrong if wrong.name in _PAIRED else replace(wrong, build=None, choices={}) for wrong in _ALL)
