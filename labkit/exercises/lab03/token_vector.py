"""Exercise 3.7: one word in its sentence, whatever its pieces."""

import random

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.cosine_similarity_matrix import say_nan
from labkit.exercises.lab03.small_models import described, model_named
from labkit.exercises.lab03.word_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import features


def token_vector(model, text, word):
    """labkit.features.token_vector."""
    return features.token_vector(model, text, word)


# (model, text, word). The smallest first; then what each of the prose's sentences is about.
FIXED = (
    ("bert-mini", "The bank was flooded.", "bank"),
    ("gpt-mini", "The bank was flooded.", "bank"),
    ("gpt-mini", "We went snowboarding on the mountain.", "snowboarding"),  # three pieces
    ("bert-mini", "Unhappiness came over the old king.", "unhappiness"),  # at position 0, in other letters
    ("bert-mini", "She said that the bank's vault was empty", "bank"),  # a sign right behind
    ("bert-mini", "A note (bank) was in the book", "bank"),  # a sign right in front
    ("gpt-mini", "The banker left the bank, and nobody saw him.", "bank"),  # inside another word first
    ("bert-mini", "The banker left the bank, and nobody saw him.", "bank"),
    ("gpt-mini", "A bank is no bank. The Bank closed.", "bank"),  # three times
    ("small-bert", "In the snow \u2603 stood a trunkful of keyboards", "keyboards"),  # at the end
    ("gpt-mini", "In the snow \u2603 stood a trunkful of keyboards", "keyboards"),
    ("small-gpt", "Snow fell (snow!) on Unhappiness", "Unhappiness"),
    # behind the 16th piece
    ("bert-mini", "One day in the old town by the river, long before the war, an old man kept a bat.", "bat"),
)
DRAWN = (
    ("The bank was flooded by the river.", "flooded"),
    ("Two men robbed the bank in spring.", "spring"),
    ("She found the old letter in a keyboard case.", "keyboard"),
    ("He was snowboarding when the unhappiness left him.", "unhappiness"),
)


def _cases(seed):
    drawn = random.Random(seed).sample(DRAWN, 2)
    drawn = [(name, *pair) for name, pair in zip(("bert-mini", "gpt-mini"), drawn, strict=True)]
    return [_case(*each) for each in (*FIXED, *drawn)]


def _case(name, text, word):
    model = model_named(name)
    return Case((model, text, word), f"token_vector({described(model)}, {text!r}, {word!r})")


def _several_pieces(case):
    return len(features.word_pieces(*case.args)) > 1


TOKEN_VECTOR = Exercise(
    name="token_vector",
    title="A word in its sentence",
    minutes=12,
    reference=token_vector,
    cases=_cases,
    form=forms.tensor(torch.float32),
    observe=say_nan,
    properties=(
        matches_reference("words of one piece, in both models", 2, lambda case: not _several_pieces(case)),
        matches_reference("words of several pieces: the mean of all of them", 2, _several_pieces),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
