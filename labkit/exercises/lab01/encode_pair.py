"""Exercise 1.2: from two sentences to one input."""

import random

from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference


def encode_pair(pieces_a, pieces_b, vocab, max_length):
    """[CLS] a [SEP] b [SEP], cut and padded to max_length (Devlin et al. 2018, section 3, figure 2)."""
    a, b = _cut(pieces_a, pieces_b, max_length - 3)
    return _lay_out(["[CLS]", *a, "[SEP]"], [*b, "[SEP]"], vocab, max_length)


def _lay_out(first, second, vocab, max_length, pad_segment=0, pad_attention=0, pad_id=None):
    num_padding = max_length - len(first) - len(second)
    pad_id = vocab["[PAD]"] if pad_id is None else pad_id
    return {
        "input_ids": [vocab[piece] for piece in first + second] + [pad_id] * num_padding,
        "token_type_ids": [0] * len(first) + [1] * len(second) + [pad_segment] * num_padding,
        "attention_mask": [1] * (len(first) + len(second)) + [pad_attention] * num_padding,
    }


def _cut(pieces_a, pieces_b, room):
    """Both sentences, the longer one cut first, until they fit into `room` pieces."""
    a, b = list(pieces_a), list(pieces_b)
    while len(a) + len(b) > room:
        (a if len(a) > len(b) else b).pop()
    return a, b


def _wrong_layout(**changes):
    def wrong(pieces_a, pieces_b, vocab, max_length):
        a, b = _cut(pieces_a, pieces_b, max_length - 3)
        return _lay_out(["[CLS]", *a, "[SEP]"], [*b, "[SEP]"], vocab, max_length, **changes)

    return wrong


def _no_last_separator(pieces_a, pieces_b, vocab, max_length):
    a, b = _cut(pieces_a, pieces_b, max_length - 2)
    return _lay_out(["[CLS]", *a, "[SEP]"], b, vocab, max_length)


def _separator_in_second_segment(pieces_a, pieces_b, vocab, max_length):
    a, b = _cut(pieces_a, pieces_b, max_length - 3)
    return _lay_out(["[CLS]", *a], ["[SEP]", *b, "[SEP]"], vocab, max_length)


def _cuts_the_end_off(pieces_a, pieces_b, vocab, max_length):
    encoded = encode_pair(pieces_a, pieces_b, vocab, max(max_length, len(pieces_a) + len(pieces_b) + 3))
    return {key: values[:max_length] for key, values in encoded.items()}


def _cuts_only_the_second(pieces_a, pieces_b, vocab, max_length):
    room = max(0, max_length - 3 - len(pieces_a))
    first, second = ["[CLS]", *pieces_a, "[SEP]"], [*pieces_b[:room], "[SEP]"]
    return _lay_out(first, second, vocab, max_length)


def _segments_all_zero(pieces_a, pieces_b, vocab, max_length):
    encoded = encode_pair(pieces_a, pieces_b, vocab, max_length)
    return {**encoded, "token_type_ids": [0] * max_length}


def _pair_cases(seed):
    words = "the cat sat on mat a dog ran after it very fast".split()
    # [PAD] is deliberately not 0: an answer that writes 0 instead of looking it up must show.
    vocab = {token: 5 + k for k, token in enumerate(["[CLS]", "[SEP]", "[PAD]", *words])}
    rng = random.Random(seed)
    lengths = [(3, 2, 8), (1, 1, 8), (2, 4, 12), (5, 2, 9), (2, 6, 9), (4, 4, 8), (6, 2, 7)]
    lengths += [(rng.randint(1, 6), rng.randint(1, 6), rng.randint(7, 16)) for _ in range(8)]
    cases = []
    for num_a, num_b, max_length in lengths:
        a, b = rng.choices(words, k=num_a), rng.choices(words, k=num_b)
        cases.append(Case((a, b, vocab, max_length), f"encode_pair({a}, {b}, vocab, {max_length})"))
    return cases


def _room(case):
    pieces_a, pieces_b, _, max_length = case.args
    return max_length - len(pieces_a) - len(pieces_b) - 3


ENCODE_PAIR = Exercise(
    name="encode_pair",
    title="Two sentences, one input",
    minutes=10,
    reference=encode_pair,
    cases=_pair_cases,
    properties=(
        matches_reference("a pair that just fits", 1, lambda case: _room(case) == 0),
        matches_reference("a short pair is padded", 2, lambda case: _room(case) > 0),
        matches_reference("a long pair is cut, the longer sentence first", 1, lambda case: _room(case) < 0),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the last [SEP] is missing",
            _no_last_separator,
            (
                "There is no [SEP] at the end of your input.",
                "Both sentences end with [SEP]: BERT never saw a second sentence without one.",
                "Count the special tokens of [CLS] a [SEP] b [SEP]: how many are there, how many do you add?",
            ),
        ),
        Misconception(
            "the first [SEP] counted to the second sentence",
            _separator_in_second_segment,
            (
                "Your second segment begins one token too early.",
                "The [SEP] between the sentences closes the first one, so its segment is 0.",
                "How many zeros: one for [CLS], one for each piece of a, and one more.",
            ),
        ),
        Misconception(
            "padding attended to",
            _wrong_layout(pad_attention=1),
            (
                "Your attention_mask is 1 at the padding.",
                "The mask is there to hide the padding: attended to, it would change the result.",
                "1 for every real token, special ones included; 0 for what was only filled in.",
            ),
        ),
        Misconception(
            "padding in segment 1",
            _wrong_layout(pad_segment=1),
            (
                "Your padding belongs to segment 1.",
                "Nothing reads it there, but BERT's tokenizer writes 0, and checks compare.",
                "token_type_ids behind the last [SEP] are 0.",
            ),
        ),
        Misconception(
            "padding is id 0",
            _wrong_layout(pad_id=0),
            (
                "You pad with 0.",
                "In bert-base-uncased [PAD] happens to be 0; in this vocabulary it is not.",
                "Look the id up, as you do for the other tokens.",
            ),
        ),
        Misconception(
            "no second segment",
            _segments_all_zero,
            (
                "All your token_type_ids are 0.",
                "They tell the model which sentence a token belongs to: 0 for the first, 1 for the second.",
                "From the first piece of b to the last [SEP], the segment is 1.",
            ),
        ),
        Misconception(
            "cut after the special tokens were added",
            _cuts_the_end_off,
            (
                "When the pair is too long, your last [SEP] is cut off.",
                "Cutting the finished list removes its end, and the end is a special token.",
                "Cut the two lists of pieces first (how much room is left for them?), then add the tokens.",
            ),
        ),
        Misconception(
            "only the second sentence is cut",
            _cuts_only_the_second,
            (
                "When the pair is too long, you cut only the second sentence.",
                "A long first sentence would leave nothing of the second.",
                "While it is too long: drop the last piece of the longer one (of b when they are equal).",
            ),
        ),
    ),
)
