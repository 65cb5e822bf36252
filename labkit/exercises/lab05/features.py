"""Exercise 5.1: one vector a text, from a frozen model."""

import functools
import random

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab05.features_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged, matches_reference
from labkit.measures.features import extract

TEXTS = (
    "The hose burst on the first day, and the shop has not answered since.",
    "A lovely lamp, bright and light.",
    "I did not expect much, but THIS kettle is quick, quiet and easy to clean.",
    "Loud, Slow, and dear.",
    "My brother says that the game is too long; we play it every week.",
)
DEAR = TEXTS[3]


def features(model, texts, layer, how):
    """One layer of labkit.features.extract."""
    return extract(model, texts, how)[:, layer]


@functools.cache
def _model(name):
    from labkit.models.loading import load

    return load(name)


def _feature_cases(seed):
    rng = random.Random(seed)
    cases = [
        ("bert", ["A lovely lamp."], 1, "mean"),
        ("gpt", [TEXTS[1], TEXTS[0], DEAR, TEXTS[0]], 3, "mean"),
        ("bert", [TEXTS[2], DEAR, TEXTS[1]], 2, "mean"),
        ("bert", [TEXTS[4], DEAR, TEXTS[4], TEXTS[1]], 4, "cls"),
        ("gpt", [TEXTS[1], TEXTS[2], DEAR], 0, "cls"),
        ("gpt", [TEXTS[3], TEXTS[0], TEXTS[1]], 4, "last"),
        ("bert", [TEXTS[1], TEXTS[0], DEAR, DEAR], 1, "last"),
        ("gpt", ["No"], 2, "last"),
    ]
    for how in ("mean", "cls", "last"):
        cases.append((rng.choice(("bert", "gpt")), rng.sample(TEXTS, 3), rng.randint(1, 4), how))
    return [_case(*case) for case in cases]


def _case(name, texts, layer, how):
    shown = f'features({name}, {texts}, layer={layer}, how="{how}")'
    return Case((_model(f"{name}-mini"), texts, layer, how), shown)


def _numbers(output, case):
    """What is not a number is a large one here: two answers that divide by 0 are alike."""
    return np.nan_to_num(output, nan=1e9, posinf=2e9, neginf=-2e9)


def _shape_differs(expected, seen):
    if seen.shape != expected.shape:
        return expected_got(f"shape {expected.shape}, a row for each text", f"shape {seen.shape}")
    if len(seen) > 1 and (seen == seen.flat[0]).all():
        return f"expected: a vector for each text\ngot:      the number {seen.flat[0]:.4g} everywhere"
    return ""


def _by(how):
    return lambda case: case.args[3] == how


FEATURES = Exercise(
    name="features",
    title="Texts to vectors",
    minutes=12,
    reference=features,
    cases=_feature_cases,
    form=forms.array(),
    observe=_numbers,
    properties=(
        compares("a matrix with one row a text", 1, _shape_differs, project=np.shape),
        matches_reference("the mean over the tokens", 2, where=_by("mean")),
        matches_reference("the first token", 1, where=_by("cls")),
        matches_reference("the last token", 1, where=_by("last")),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
