"""Exercise 5.1: one vector a text, from a frozen model."""

import functools
import random

import numpy as np
import torch

from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged, matches_reference
from labkit.features import extract, hidden_states


def features(model, texts, layer, how):
    """One layer of labkit.features.extract."""
    return extract(model, texts, how)[:, layer]


@functools.cache
def _model(name):
    from labkit.models import load

    return load(name)


TEXTS = (
    "A lovely lamp.",
    "The hose burst on the first day, and the shop has not answered since.",
    "I did not expect much, but this kettle is quick, quiet and easy to clean.",
    "Loud.",
    "My brother says that the game is too long; we play it every week.",
)


def _feature_cases(seed):
    rng = random.Random(seed)
    cases = []
    for name, layer, how in (
        ("bert-mini", 2, "mean"),
        ("gpt-mini", 3, "mean"),
        ("bert-mini", 4, "cls"),
        ("gpt-mini", 4, "last"),
        ("bert-mini", 1, "last"),
        ("gpt-mini", 0, "cls"),
    ):
        texts = list(TEXTS[:3]) if seed == 1 else rng.sample(TEXTS, 3)
        shown = f'features({name.split("-")[0]}, three texts, layer={layer}, how="{how}")'
        cases.append(Case((_model(name), texts, layer, how), shown))
    return cases


@torch.inference_mode()
def _states(model, text):
    """The hidden states of one text: a list of L + 1 tensors (T, D)."""
    batch = model.tokenizer(text, return_tensors="pt")
    return [state[0] for state in model.network(**batch, output_hidden_states=True).hidden_states]


POOL = {
    "cls": lambda hidden: hidden[0],
    "mean": lambda hidden: hidden.mean(dim=0),
    "last": lambda hidden: hidden[-1],
}


def _extractor(layer=lambda states, layer: states[layer], **other):
    """features with single choices made wrongly; `other` replaces a way of pooling."""
    pool = POOL | other

    def wrong(model, texts, number, how):
        rows = [pool[how](layer(_states(model, text), number)) for text in texts]
        return torch.stack(rows).numpy()

    return wrong


def _same_way(model, texts, layer, how):
    return _extractor(cls=POOL["mean"], last=POOL["mean"])(model, texts, layer, how)


def _normalised(model, texts, layer, how):
    rows = _extractor()(model, texts, layer, how)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _padded_together(model, texts, layer, how):
    hidden, _ = hidden_states(model, texts)
    pooled = {"cls": hidden[layer, :, 0], "last": hidden[layer, :, -1], "mean": hidden[layer].mean(dim=1)}
    return pooled[how].numpy()


def _averaged(model, texts, layer, how):
    return _extractor()(model, texts, layer, how).mean(axis=0)


def _matrix(output, case):
    if isinstance(output, list | tuple):
        output = [np.asarray(row.detach() if isinstance(row, torch.Tensor) else row) for row in output]
    if isinstance(output, torch.Tensor):
        output = output.detach()
    return np.asarray(output, dtype=float)


def _shape_differs(expected, seen):
    if not isinstance(seen, np.ndarray):
        return f"expected: a matrix of shape {expected.shape}\ngot:      {seen}"
    return (
        "" if seen.shape == expected.shape else expected_got(f"shape {expected.shape}", f"shape {seen.shape}")
    )


FEATURES = Exercise(
    name="features",
    title="Texts to vectors",
    minutes=12,
    reference=features,
    cases=_feature_cases,
    observe=_matrix,
    properties=(
        Property("a matrix with one row a text", 1, each_case(_shape_differs)),
        matches_reference("the mean over the tokens", 2, where=lambda case: case.args[3] == "mean"),
        matches_reference("the first token", 1, where=lambda case: case.args[3] == "cls"),
        matches_reference("the last token", 1, where=lambda case: case.args[3] == "last"),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "always the last layer",
            _extractor(layer=lambda states, layer: states[-1]),
            (
                "You read the last layer, whatever `layer` is.",
                "hidden_states holds every layer, and the middle ones often know more about a label.",
                "Index hidden_states with `layer`.",
            ),
        ),
        Misconception(
            "layers counted from 1",
            _extractor(layer=lambda states, layer: states[layer - 1]),
            (
                "You are one layer off.",
                "hidden_states[0] is the embeddings, so block 1's output already stands at index 1.",
                "hidden_states[layer], with nothing taken away.",
            ),
        ),
        Misconception(
            "the embeddings left out",
            _extractor(layer=lambda states, layer: states[min(layer + 1, len(states) - 1)]),
            (
                "You are one layer too high.",
                "Layer 0 is the embeddings here, before any attention; it is a fair baseline.",
                "Do not skip the first entry of hidden_states.",
            ),
        ),
        Misconception(
            "always the mean",
            _same_way,
            (
                "You take the mean, whatever `how` is.",
                'With "cls" one token speaks for the text, with "last" another one; nothing is averaged.',
                "Three cases, told apart by `how`.",
            ),
        ),
        Misconception(
            "first and last mixed up",
            _extractor(cls=POOL["last"], last=POOL["cls"]),
            (
                "Your first and last token have changed places.",
                "An encoder's [CLS] stands in front; a decoder has read the whole text only at its "
                "last token.",
                '"cls" is position 0, "last" is position -1.',
            ),
        ),
        Misconception(
            "the sum instead of the mean",
            _extractor(mean=lambda hidden: hidden.sum(dim=0)),
            (
                "Your mean grows with the length of the text.",
                "You add the tokens up; then a long text differs from a short one, whatever it says.",
                "Divide by the number of tokens, or use .mean.",
            ),
        ),
        Misconception(
            "the largest instead of the mean",
            _extractor(mean=lambda hidden: hidden.max(dim=0).values),
            (
                "You keep each number's largest value over the tokens.",
                "That is max pooling; here every token is to count alike.",
                "Average over the tokens.",
            ),
        ),
        Misconception(
            "the mean without the first and the last token",
            _extractor(
                mean=lambda hidden: hidden[1:-1].mean(dim=0) if len(hidden) > 2 else hidden.mean(dim=0)
            ),
            (
                "Your mean leaves out the first and the last token.",
                "In an encoder these are [CLS] and [SEP], which carry something too; in a decoder "
                "they are words.",
                "Average over all tokens.",
            ),
        ),
        Misconception(
            "vectors scaled to length 1",
            _normalised,
            (
                "Your vectors all have length 1.",
                "That is for cosine similarity; a probe scales each feature by itself, later.",
                "Return the pooled hidden states as they are.",
            ),
        ),
        Misconception(
            "one vector for all texts",
            _averaged,
            (
                "You return one vector for all texts together.",
                "A classifier needs a row for each text: it is the texts that have labels.",
                "Average over the tokens of one text, then stack the texts.",
            ),
        ),
        Misconception(
            "padding counted",
            _padded_together,
            (
                "Your vectors depend on which texts stand beside each other.",
                "In a batch the short texts are filled up, and you pool over the filling: its last position "
                "and its mean are not those of the text.",
                "Text by text there is no padding. (Or pool by attention_mask, as in lab 03.)",
            ),
        ),
    ),
)
