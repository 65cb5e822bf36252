"""Exercise 1.2: from two sentences to one input."""

import random

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab01.advice import advised
from labkit.exercises.lab01.encode_pair_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference

KEYS = ("input_ids", "token_type_ids", "attention_mask")


def encode_pair(pieces_a, pieces_b, vocab, max_length):
    """[CLS] a [SEP] b [SEP], cut and padded to max_length (Devlin et al. 2018, section 3, figure 2)."""
    a, b = list(pieces_a), list(pieces_b)
    while len(a) + len(b) + 3 > max_length:
        (a if len(a) > len(b) else b).pop()
    pieces = ["[CLS]", *a, "[SEP]", *b, "[SEP]"]
    num_padding = max_length - len(pieces)
    return {
        "input_ids": [vocab[piece] for piece in pieces] + [vocab["[PAD]"]] * num_padding,
        "token_type_ids": [0] * (len(a) + 2) + [1] * (len(b) + 1) + [0] * num_padding,
        "attention_mask": [1] * len(pieces) + [0] * num_padding,
    }


WORDS = "the cat sat on mat a dog ran after it very fast".split()
# The ids are as irregular as a vocabulary's can be: [PAD] is not 0, a word is, and no order tells a thing.
VOCAB = {word: 20 - k for k, word in enumerate(WORDS)} | {"[CLS]": 7, "[SEP]": 3, "[PAD]": 5, "a": 0}
OTHER = {"[PAD]": 30, "[UNK]": 1, "[SEP]": 2, "[CLS]": 4} | {word: 9 + k for k, word in enumerate(WORDS)}

# (a, b, max_length)
FIXED = (
    ("the cat", "sat", 6),
    ("the cat the", "a dog", 8),
    ("a cat sat", "it", 10),
    ("it", "the dog ran after it", 12),
    ("the the", "the the", 9),  # nothing but its place tells a piece of a from one of b
    ("the cat after the", "a a dog", 10),
    ("the cat", "", 7),  # an empty sentence keeps its [SEP]
    ("", "it ran", 7),
    ("on the cat on the mat", "it ran", 9),  # from here on: too long
    ("it ran", "the cat sat on the mat", 9),
    ("the dog ran", "it sat on", 8),  # equally long
    ("the dog ran", "a cat sat", 7),
    ("the cat sat on a mat", "it ran after the dog", 9),  # the longer one changes on the way
    ("the dog", "it ran after the cat on a mat", 8),
    ("a cat", "a dog", 5),
    ("a cat sat", "it", 4),
    ("the", "it", 3),
)


def _pair_cases(seed):
    triples = [(a.split(), b.split(), length) for a, b, length in FIXED]
    rng = random.Random(seed)
    for spare in (-4, -1, 3):
        a, b = rng.choices(WORDS, k=rng.randint(3, 7)), rng.choices(WORDS, k=rng.randint(3, 7))
        triples.append((a, b, len(a) + len(b) + 3 + spare))
    cases = []
    for number, (a, b, max_length) in enumerate(triples):
        vocab = OTHER if number % 3 == 2 else VOCAB
        special = ", ".join(f'"{name}": {vocab[name]}' for name in ("[CLS]", "[SEP]", "[PAD]"))
        shown = f"encode_pair({a}, {b}, vocab, {max_length}), with vocab {{{special}, ...}} of {len(vocab)}"
        cases.append(Case((a, b, vocab, max_length), shown))
    return cases


def _room(case):
    pieces_a, pieces_b, _, max_length = case.args
    return max_length - len(pieces_a) - len(pieces_b) - 3


def _three_lists(output, case):
    """What is compared; a further entry of the dict harms nobody."""
    return {key: output[key] for key in KEYS}


def _advise(args, expected, seen):
    """What is visibly wrong with the three lists."""
    _, _, vocab, max_length = args
    for key in KEYS:
        if len(seen[key]) != max_length:
            return f"{key} has {len(seen[key])} entries; it must have max_length, here {max_length}."
    names = {number: piece for piece, number in vocab.items()}
    if seen["input_ids"] != expected["input_ids"]:
        read = " ".join(names.get(number, f"(no piece has the id {number})") for number in seen["input_ids"])
        return f"Read back, your input_ids say: {read}"
    key = next(key for key in KEYS[1:] if seen[key] != expected[key])
    place = next(k for k in range(max_length) if seen[key][k] != expected[key][k])
    piece = names[expected["input_ids"][place]]
    return (
        f"{key} goes wrong at place {place}, which holds {piece}: it should be {expected[key][place]} there."
    )


ENCODE_PAIR = Exercise(
    name="encode_pair",
    title="Two sentences, one input",
    minutes=10,
    reference=encode_pair,
    cases=_pair_cases,
    form=forms.mapping_of(**{key: forms.list_of(forms.whole) for key in KEYS}),
    observe=_three_lists,
    seconds=5.0,
    properties=(
        advised(matches_reference("a pair that just fits", 1, lambda case: _room(case) == 0), _advise),
        advised(matches_reference("a short pair is padded", 2, lambda case: _room(case) > 0), _advise),
        advised(
            matches_reference(
                "a long pair is cut, the longer sentence first", 1, lambda case: _room(case) < 0
            ),
            _advise,
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
