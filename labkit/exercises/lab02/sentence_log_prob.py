"""Exercise 2.6: how likely is a sentence?"""

import math
import random

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab02.decoders import gpt, small_decoder
from labkit.exercises.lab02.sentence_log_prob_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.models import generation


def sentence_log_prob(model, text):
    """labkit.generation.sentence_log_prob."""
    return generation.sentence_log_prob(model, text)


ONE_TOKEN = ("The", " no")
SENTENCES = (
    "It was the worst film I have ever seen.",
    "Once upon a time there was a little girl.",
    "I laughed so much that I cried.",
)
LONG = "No, no, no, said the cat, and the dog said no as well. There was no mat."
TEXTS = (  # (which decoder, text): a token that comes twice, spaces at both ends, capitals, a long text
    ("small", "There was no cat, no, no."),
    ("gpt", "The cat sat on the mat."),
    ("gpt", "The"),
    ("small", " no"),
    ("gpt", " She opened the door "),
    ("small", LONG),
)


def _sentence_cases(seed):
    decoders = {"gpt": gpt(), "small": small_decoder()}
    cases = []
    for name, text in (*TEXTS, ("gpt", random.Random(seed).choice(SENTENCES))):
        shown = f'sentence_log_prob({name}, "{text}")'
        if name == "small":
            end_id = small_decoder().tokenizer.eos_token_id
            shown += f", a small random decoder whose end-of-text token is {end_id}"
        cases.append(Case((decoders[name], text), shown))
    return cases


def _one_number(value):
    """A tensor or array that holds one number is meant as that number, whatever its axes."""
    shape = getattr(value, "shape", ())
    return forms.number(value.reshape(()) if shape and math.prod(shape) == 1 else value)


def _observe(number, case):
    return "not a number (NaN)" if math.isnan(number) else number


SENTENCE_LOG_PROB = Exercise(
    name="sentence_log_prob",
    title="How likely is a sentence?",
    minutes=8,
    reference=sentence_log_prob,
    cases=_sentence_cases,
    observe=_observe,
    form=forms.Form(forms.number.name, _one_number),
    properties=(
        matches_reference("the sum of log P over all tokens", 3, lambda case: case.args[1] not in ONE_TOKEN),
        matches_reference("a text of a single token too", 1, lambda case: case.args[1] in ONE_TOKEN),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
