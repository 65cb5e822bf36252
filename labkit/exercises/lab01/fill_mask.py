"""Exercise 1.5: fill a blank."""

import functools
import random
from collections.abc import Mapping

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab01.advice import advised
from labkit.exercises.lab01.fill_mask_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.small_models import random_network
from labkit.measures import cloze


def fill_mask(model, text, k):
    """labkit.cloze.fill_mask."""
    return cloze.fill_mask(model, text, k)


@functools.cache
def _bert():
    from labkit.models.loading import load

    return load("bert-mini")


PIECES = "cat the ##s [UNK] on mat [CLS] sat a [MASK] ##ing dog . it [SEP] ran [PAD] after play bird".split()
FAVOURED = {
    "##s": 3.0,
    "[SEP]": 2.5,
    "dog": 2.0,
    ".": 1.5,
    "cat": 2.2,
}  # pieces of every kind are among the best


@functools.cache
def _small():
    """A BERT of random weights with another vocabulary, and with dropout: what bert-mini hides shows."""
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    from labkit.models.loading import Model

    ids = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = BertTokenizer(vocab=ids, model_max_length=64)
    config = BertConfig(
        vocab_size=len(PIECES),
        max_position_embeddings=64,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.6,
        hidden_dropout_prob=0.3,
        attention_probs_dropout_prob=0.3,
        pad_token_id=ids["[PAD]"],
    )
    network = random_network(BertForMaskedLM, config, seed=3)
    with torch.no_grad():
        for piece, bias in FAVOURED.items():
            network.cls.predictions.bias[ids[piece]] += bias
    return Model(
        network, tokenizer, "encoder", "small", "built", "a tiny BERT with 20 pieces, random weights"
    )


LONG = "She had been walking through the rain for hours when at last she saw a light, opened the door of the house and went into the [MASK]."
FIXED = (
    ("bert", "The [MASK] sat on the mat.", 5),
    ("bert", "It was the worst [MASK] I have ever seen.", 3),
    ("bert", "[MASK] upon a time there was a little girl.", 1),
    ("bert", "Unluckily, the players' dog-house was [MASK]", 4),
    ("bert", LONG, 2),
    ("small", "the [MASK] sat on the mat.", 6),
    ("small", "it ran after a [MASK]", 3),
    ("small", "[MASK] cats sat playing on the mat.", 20),
)
MORE = (
    "I laughed, because the film was very [MASK] indeed, and so did my sister.",
    "He did not know what to [MASK].",
    "There was nothing [MASK] in the house, she said.",
    "The old man looked at the [MASK] and smiled.",
)


def _fill_cases(seed):
    models = {"bert": _bert(), "small": _small()}
    rows = [*FIXED, *(("bert", text, 7) for text in random.Random(seed).sample(MORE, 1))]
    return [
        Case(
            (models[name], text, k),
            f'fill_mask({name}, "{text}", k={k})'
            + (", with small a tiny BERT of 20 pieces and random weights" if name == "small" else ""),
        )
        for name, text, k in rows
    ]


_PAIRS = forms.list_of(forms.tuple_of(forms.text, forms.number))


def _as_pairs(value):
    """The list that is promised; a dict from word to probability, and zip, hold the same."""
    if isinstance(value, Mapping):
        value = list(value.items())
    return _PAIRS(list(value) if isinstance(value, zip) else value)


def _stripped(output, case):
    return [(word.strip(), probability) for word, probability in output]


def _words(pairs):
    return [word for word, _ in pairs]


def _probabilities(pairs):
    return [probability for _, probability in pairs]


def _advise_words(args, expected, seen):
    """What is visibly wrong with the words: how many, in which order, from which position."""
    model, text, k = args
    words, right = _words(seen), _words(expected)
    if len(words) != k:
        return f"{len(words)} words came back; k is {k}."
    if sorted(words) == sorted(right):
        return "They are the right words, in another order: the most probable comes first."
    batch = model.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        best = model.network(**batch).logits[0].topk(k).indices.tolist()
    tokens = model.tokenizer.convert_ids_to_tokens(batch.input_ids[0])
    blank = batch.input_ids[0].tolist().index(model.tokenizer.mask_token_id)
    for place, ids in enumerate(best):
        if [model.tokenizer.decode([number]).strip() for number in ids] == words and place != blank:
            return (
                f"These are the words of position {place}, {tokens[place]}; the blank is at position {blank}."
            )
    foreign = next((word for word in words if word not in model.tokenizer.get_vocab()), None)
    if foreign is not None:
        return f'"{foreign}" is no piece of the vocabulary: decode each id by itself, and change nothing.'
    absent = next((word for word in right if word not in words), None)
    return f'"{absent}" belongs to the {k} most probable pieces, and is missing.' if absent else ""


def _advise_probabilities(args, expected, seen):
    """What is visibly wrong with the probabilities."""
    given, right = _probabilities(seen), _probabilities(expected)
    if len(given) != len(right):
        return ""
    if any(not 0 <= p <= 1 for p in given):
        return "A probability lies between 0 and 1, and yours do not: what does softmax make of the logits?"
    if len(given) > 1 and abs(sum(given) - 1) < 1e-3 and abs(sum(right) - 1) > 1e-2:
        return "Yours add up to 1 over these words alone; the rest of the vocabulary has its share too."
    return ""


FILL_MASK = Exercise(
    name="fill_mask",
    title="Fill the blank",
    minutes=10,
    reference=fill_mask,
    cases=_fill_cases,
    form=forms.Form("a list of tuples (word: str, probability: float)", _as_pairs),
    observe=_stripped,
    properties=(
        advised(matches_reference("the k most probable words, best first", 2, project=_words), _advise_words),
        advised(
            matches_reference("each with its probability", 2, project=_probabilities), _advise_probabilities
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
