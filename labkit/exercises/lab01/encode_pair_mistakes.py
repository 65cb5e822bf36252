"""What goes wrong when two sentences are laid out: one builder, and its choices made wrongly."""

from dataclasses import replace

from labkit.exercises.exercise import Misconception, variant


def _longer(a, b):
    return "a" if len(a) > len(b) else "b"


def encoder(
    choose=_longer,  # (a, b) -> which of the two loses a piece
    drop=lambda pieces: pieces[:-1],
    again=True,  # until it fits, not once
    special=3,  # tokens to make room for
    fits=lambda length, max_length: length <= max_length,
    first=lambda a: ["[CLS]", *a, "[SEP]"],
    second=lambda b: [*b, "[SEP]"],
    swap=False,
    segment=lambda place, first, second: int(place >= len(first)),
    pad_segment=0,
    attention=lambda token: 1,
    pad_attention=0,
    look_up=lambda vocab, token: vocab[token],
    pad_id=lambda vocab: vocab["[PAD]"],
    padding=lambda length, max_length: max_length - length,
    side="right",
    finish=lambda encoded, max_length: encoded,
):
    """encode_pair with single choices made wrongly."""

    def wrong(pieces_a, pieces_b, vocab, max_length):
        a, b = list(pieces_a), list(pieces_b)
        while not fits(len(a) + len(b) + special, max_length) and (a or b):
            loser = choose(a, b)
            loser = loser if {"a": a, "b": b}[loser] else {"a": "b", "b": "a"}[loser]
            a, b = (drop(a), b) if loser == "a" else (a, drop(b))
            if not again:
                break
        one, two = first(b if swap else a), second(a if swap else b)
        tokens = one + two
        spare = max(0, padding(len(tokens), max_length))
        encoded = {
            "input_ids": _padded([look_up(vocab, t) for t in tokens], pad_id(vocab), spare, side),
            "token_type_ids": _padded(
                [segment(k, one, two) for k in range(len(tokens))], pad_segment, spare, side
            ),
            "attention_mask": _padded([attention(t) for t in tokens], pad_attention, spare, side),
        }
        return finish(encoded, max_length)

    return wrong


def _padded(values, pad, spare, side):
    if side == "left":
        return [pad] * spare + values
    return values[:-1] + [pad] * spare + values[-1:] if side == "inside" else values + [pad] * spare


def _once_decided(pieces_a, pieces_b, vocab, max_length):
    loser = _longer(pieces_a, pieces_b)
    return encoder(choose=lambda a, b: loser)(pieces_a, pieces_b, vocab, max_length)


def _in_turn(pieces_a, pieces_b, vocab, max_length):
    total = len(pieces_a) + len(pieces_b)
    turn = lambda a, b: "ba"[(total - len(a) - len(b)) % 2]
    return encoder(choose=turn)(pieces_a, pieces_b, vocab, max_length)


def _half_each(larger):
    def wrong(pieces_a, pieces_b, vocab, max_length):
        room = max_length - 3
        half = {"a": room - room // 2, "b": room // 2}[larger]
        if len(pieces_a) + len(pieces_b) > room:
            pieces_a, pieces_b = pieces_a[:half], pieces_b[: room - half]
        return encoder()(pieces_a, pieces_b, vocab, max_length)

    return wrong


def _only_from(name, stop=False):
    """Cuts one sentence alone; when it is used up, the other, or (stop) nothing more."""
    choose = lambda a, b: name
    if not stop:
        return encoder(choose=choose)

    def wrong(pieces_a, pieces_b, vocab, max_length):
        room = max_length - 3
        if name == "b":
            pieces_b = pieces_b[: max(0, room - len(pieces_a))]
        else:
            pieces_a = pieces_a[: max(0, room - len(pieces_b))]
        return encoder(fits=lambda length, max_length: True)(pieces_a, pieces_b, vocab, max_length)

    return wrong


def _uncut_a(pieces_a, pieces_b, vocab, max_length):
    """The segments are counted with the length that a had before it was cut."""
    encoded = encoder()(pieces_a, pieces_b, vocab, max_length)
    num_real, num_first = sum(encoded["attention_mask"]), len(pieces_a) + 2
    segments = [int(num_first <= place < num_real) for place in range(max_length)]
    return {**encoded, "token_type_ids": segments}


def _last_alike(place, first, second):
    """The border is looked for as the first place of a's last piece."""
    return int(place > first.index(first[-2]) + 1)


def _popped_empty(pieces_a, pieces_b, vocab, max_length):
    """A second [CLS], and no room for it where both sentences are short."""
    if max_length < 4:
        raise IndexError("pop from empty list")
    encode = encoder(second=lambda b: ["[CLS]", *b, "[SEP]"], special=4)
    return encode(pieces_a, pieces_b, vocab, max_length)


def _single_when_empty(b):
    return [*b, "[SEP]"] if b else []


def _chopped(encoded, max_length):
    return {key: values[:max_length] for key, values in encoded.items()}


def _unequal(encoded, max_length):
    """Only the ids are padded."""
    num_real = sum(encoded["attention_mask"])
    return {key: values if key == "input_ids" else values[:num_real] for key, values in encoded.items()}


NEVER_LONG = dict(fits=lambda length, max_length: True)

MISCONCEPTIONS = (
    variant(
        encoder,
        "the last [SEP] is missing",
        (
            "There is no [SEP] at the end of your input.",
            "Both sentences end with [SEP]: BERT never saw a second sentence without one.",
            "Count the special tokens of [CLS] a [SEP] b [SEP]: how many are there, how many do you add?",
        ),
        second=lambda b: b,
        special=2,
    ),
    variant(
        encoder,
        "the last [SEP] is missing, though there is room for it",
        (
            "There is no [SEP] behind your second sentence.",
            "Both sentences end with [SEP]: BERT never saw a second sentence without one.",
            "Count the special tokens of [CLS] a [SEP] b [SEP]: how many are there, how many do you add?",
        ),
        second=lambda b: b,
    ),
    variant(
        encoder,
        "the middle [SEP] is missing",
        (
            "There is no [SEP] between your sentences.",
            "Without it nothing marks where the first ends: each sentence is closed by its own [SEP].",
            "[CLS] a [SEP] b [SEP]: the first [SEP] stands right behind a.",
        ),
        first=lambda a: ["[CLS]", *a],
    ),
    variant(
        encoder,
        "[CLS] is missing",
        (
            "There is no [CLS] at the beginning of your input.",
            "It opens every input; what is asked of the whole text is read there.",
            "[CLS] a [SEP] b [SEP]: what stands first?",
        ),
        first=lambda a: [*a, "[SEP]"],
    ),
    replace(
        variant(
            encoder,
            "a second [CLS]",
            (
                "There is a second [CLS], in front of the second sentence.",
                "[CLS] opens the input, and that has one beginning, however many sentences it holds.",
                "[CLS] a [SEP] b [SEP]: three special tokens, one of them [CLS].",
            ),
            second=lambda b: ["[CLS]", *b, "[SEP]"],
            special=4,
        ),
        spellings=(_popped_empty,),
    ),
    Misconception(
        "cut by the alphabet",
        encoder(choose=lambda a, b: "b" if b >= a else "a"),
        (
            "You cut the sentence that stands later in the alphabet, not the longer one.",
            "max(a, b) of two lists compares their first pieces, and no lengths.",
            "Compare len(a) with len(b).",
        ),
        (encoder(choose=lambda a, b: "a" if a >= b else "b"),),
    ),
    Misconception(
        "a list as a key",
        lambda pieces_a, pieces_b, vocab, max_length: vocab[["[CLS]", *pieces_a]],
        (
            "You look up a whole list at once.",
            "vocab has one id for each piece, so each piece has to be looked up by itself.",
            "[vocab[piece] for piece in pieces]",
        ),
    ),
    Misconception(
        "a number and a list are added",
        lambda pieces_a, pieces_b, vocab, max_length: vocab["[CLS]"] + [vocab[piece] for piece in pieces_a],
        (
            "You join a single number and a list with +.",
            "+ joins a list only with another list, and an id by itself is a number.",
            'Brackets around the single ones: [vocab["[CLS]"]] + ids.',
        ),
        (
            lambda pieces_a, pieces_b, vocab, max_length: (
                [vocab[piece] for piece in pieces_a] + vocab["[SEP]"]
            ),
        ),
    ),
    Misconception(
        "two separators",
        encoder(first=lambda a: ["[CLS]", *a, "[SEP]", "[SEP]"], special=4),
        (
            "There are two [SEP] between your sentences.",
            "That is the layout of RoBERTa; BERT closes each sentence with one.",
            "[CLS] a [SEP] b [SEP]: three special tokens.",
        ),
        (
            encoder(
                first=lambda a: ["[CLS]", *a, "[SEP]", "[SEP]"],
                special=4,
                segment=lambda place, first, second: 0,
            ),
            encoder(first=lambda a: ["[CLS]", *a, "[SEP]", "[SEP]"]),
        ),
    ),
    variant(
        encoder,
        "the sentences have changed places",
        (
            "Your second sentence stands first.",
            "pieces_a are the first sentence: they come right behind [CLS].",
            "[CLS] a [SEP] b [SEP]",
        ),
        swap=True,
    ),
    variant(
        encoder,
        "no [SEP] for an empty second sentence",
        (
            "When nothing is left of the second sentence, you leave out its [SEP].",
            "The layout is the same for every pair: each sentence, even an empty one, is closed.",
            "Take the special case out.",
        ),
        second=_single_when_empty,
    ),
    variant(
        encoder,
        "the first [SEP] counted to the second sentence",
        (
            "Your second segment begins one token too early.",
            "The [SEP] between the sentences closes the first one, so its segment is 0.",
            "How many zeros: one for [CLS], one for each piece of a, and one more.",
        ),
        segment=lambda place, first, second: int(place >= len(first) - 1),
    ),
    variant(
        encoder,
        "the second segment begins too late",
        (
            "Your second segment begins one token too late.",
            "It begins with the first piece of b, right behind the [SEP] of a.",
            "How many zeros: one for [CLS], one for each piece of a, and one more.",
        ),
        segment=lambda place, first, second: int(place > len(first)),
    ),
    variant(
        encoder,
        "the last [SEP] counted to the first sentence",
        (
            "The last [SEP] has segment 0 with you.",
            "It closes the second sentence, so it belongs to that one.",
            "How many ones: one for each piece of b, and one more.",
        ),
        segment=lambda place, first, second: int(len(first) <= place < len(first + second) - 1),
    ),
    variant(
        encoder,
        "segments of the pieces alone",
        (
            "Both [SEP] are in the wrong segment: 1 in the middle, 0 at the end.",
            "Each closes the sentence before it, and has that sentence's segment.",
            "[CLS] a [SEP] is 0, b [SEP] is 1.",
        ),
        segment=lambda place, first, second: int(len(first) - 1 <= place < len(first + second) - 1),
    ),
    variant(
        encoder,
        "no second segment",
        (
            "All your token_type_ids are 0.",
            "They tell the model which sentence a token belongs to: 0 for the first, 1 for the second.",
            "From the first piece of b to the last [SEP], the segment is 1.",
        ),
        segment=lambda place, first, second: 0,
    ),
    variant(
        encoder,
        "the segments exchanged",
        (
            "Your first sentence has segment 1, and the second 0.",
            "token_type_ids are 0 for the first sentence and 1 for the second.",
            "[CLS] a [SEP] is 0, b [SEP] is 1.",
        ),
        segment=lambda place, first, second: int(place < len(first)),
    ),
    variant(
        encoder,
        "segments 1 and 2",
        (
            "Your segments are numbered 1 and 2.",
            "BERT has two of them, and they are called 0 and 1.",
            "Subtract 1.",
        ),
        segment=lambda place, first, second: 1 + int(place >= len(first)),
    ),
    variant(
        encoder,
        "the border in the middle",
        (
            "Your segments change in the middle of the text, wherever the first sentence ends.",
            "The sentences are seldom equally long.",
            "The border is behind the [SEP] of a: len(a) + 2 tokens stand before it.",
        ),
        segment=lambda place, first, second: int(place >= len(first + second) - len(first + second) // 2),
    ),
    Misconception(
        "the border looked for by a piece",
        encoder(segment=_last_alike),
        (
            "Your segments change too early where a piece comes twice.",
            "list.index finds the first of them, which need not be the one at the border.",
            "Count: [CLS], the pieces of a, [SEP], that is len(a) + 2 zeros.",
        ),
    ),
    Misconception(
        "segments of the uncut sentence",
        _uncut_a,
        (
            "Where the first sentence is cut, your second segment begins too late.",
            "The length of pieces_a counts pieces that are no longer there.",
            "Count with the shortened list, after the cut.",
        ),
    ),
    variant(
        encoder,
        "padding attended to",
        (
            "Your attention_mask is 1 at the padding.",
            "The mask is there to hide the padding: attended to, it would change the result.",
            "1 for every real token, special ones included; 0 for what was only filled in.",
        ),
        pad_attention=1,
    ),
    variant(
        encoder,
        "attention exchanged",
        (
            "Your attention_mask is 1 at the padding and 0 at the text.",
            "Some parts of PyTorch mark what to leave out; here 1 says that there is something to read.",
            "1 for every real token, 0 for the padding.",
        ),
        attention=lambda token: 0,
        pad_attention=1,
    ),
    variant(
        encoder,
        "special tokens not attended to",
        (
            "Your attention_mask is 0 at [CLS] and [SEP].",
            "They are part of the text that the model reads; only the padding is hidden.",
            "As many ones as there are tokens before the padding, the special ones included.",
        ),
        attention=lambda token: int(token not in ("[CLS]", "[SEP]")),
    ),
    variant(
        encoder,
        "padding in segment 1",
        (
            "Your padding belongs to segment 1.",
            "Nothing reads it there, but BERT's tokenizer writes 0, and so does the exercise.",
            "token_type_ids behind the last [SEP] are 0.",
        ),
        pad_segment=1,
    ),
    variant(
        encoder,
        "padding in a segment of its own",
        (
            "Your padding has a segment of its own.",
            "BERT knows two segments, 0 and 1; padding has segment 0.",
            "token_type_ids behind the last [SEP] are 0.",
        ),
        pad_segment=2,
    ),
    variant(
        encoder,
        "padding is id 0",
        (
            "You pad with 0.",
            "In bert-base-uncased [PAD] happens to be 0; in this vocabulary it is not.",
            "Look the id up, as you do for the other tokens.",
        ),
        pad_id=lambda vocab: 0,
    ),
    variant(
        encoder,
        "ids of another vocabulary",
        (
            "Your [CLS] and [SEP] have ids that are not this vocabulary's.",
            "101 and 102 are those of bert-base-uncased; every vocabulary has its own.",
            'vocab["[CLS]"] and vocab["[SEP]"]',
        ),
        look_up=lambda vocab, token: {"[CLS]": 101, "[SEP]": 102}.get(token, vocab[token]),
    ),
    Misconception(
        "attention where the id is not 0",
        encoder(
            finish=lambda encoded, max_length: {
                **encoded,
                "attention_mask": [int(number != 0) for number in encoded["input_ids"]],
            }
        ),
        (
            "Your attention_mask follows from which ids are 0.",
            "Padding is not 0 in every vocabulary, and another piece may be.",
            "Count instead: as many ones as there are tokens, then zeros.",
        ),
    ),
    variant(
        encoder,
        "pieces instead of ids",
        (
            "input_ids holds pieces, not numbers.",
            "The model looks up vectors by number; the vocabulary says which number a piece has.",
            "vocab[piece] for every piece, [PAD] included.",
        ),
        look_up=lambda vocab, token: token,
        pad_id=lambda vocab: "[PAD]",
    ),
    variant(
        encoder,
        "padding in front",
        (
            "Your padding stands in front of the text.",
            "BERT has learnt its positions with [CLS] at place 0; the padding comes behind.",
            "Add the padding behind the last [SEP].",
        ),
        side="left",
    ),
    variant(
        encoder,
        "padding before the last [SEP]",
        (
            "Your padding stands before the last [SEP].",
            "[SEP] closes the second sentence, so it stands right behind it.",
            "Add the padding at the very end.",
        ),
        side="inside",
    ),
    variant(
        encoder,
        "no padding",
        (
            "A short pair stays short: there is no padding.",
            "All inputs of a batch must be equally long, or they form no tensor.",
            "Add max_length minus the number of tokens to each of the three lists.",
        ),
        padding=lambda length, max_length: 0,
    ),
    variant(
        encoder,
        "only the ids are padded",
        (
            "Your lists are not equally long: only input_ids is padded.",
            "The three lists go into the model together, one entry for each token, padding included.",
            "token_type_ids and attention_mask get as many zeros as input_ids gets [PAD].",
        ),
        finish=_unequal,
    ),
    variant(
        encoder,
        "padding counted without the special tokens",
        (
            "With padding your lists come out three tokens too long.",
            "[CLS] and the two [SEP] take room as well.",
            "Count the finished list of tokens: max_length minus its length is missing.",
        ),
        padding=lambda length, max_length: max_length - length + 3,
    ),
    variant(
        encoder,
        "one padding too many",
        (
            "With padding your lists come out one token too long.",
            "Count the finished list of tokens: how many are missing from max_length?",
            "max_length - len(tokens)",
        ),
        padding=lambda length, max_length: max_length - length + 1,
    ),
    variant(
        encoder,
        "one padding too few",
        (
            "With padding your lists come out one token too short.",
            "Count the finished list of tokens: how many are missing from max_length?",
            "max_length - len(tokens)",
        ),
        padding=lambda length, max_length: max_length - length - 1,
    ),
    variant(
        encoder,
        "always the notebook's length",
        (
            "Your lists are 14 long, whatever max_length is.",
            "14 is the length in the notebook's example; it is an argument.",
            "Use max_length.",
        ),
        padding=lambda length, max_length: 14 - length,
    ),
    variant(
        encoder,
        "a long pair stays too long",
        (
            "A pair that is too long comes out longer than max_length.",
            "The three lists must have exactly max_length entries.",
            "While there are more tokens than max_length: drop the last piece of the longer sentence.",
        ),
        **NEVER_LONG,
    ),
    variant(
        encoder,
        "cut after the special tokens were added",
        (
            "When the pair is too long, your last [SEP] is cut off.",
            "Cutting the finished list removes its end, and the end is a special token.",
            "Cut the two lists of pieces first (how much room is left for them?), then add the tokens.",
        ),
        **NEVER_LONG,
        finish=_chopped,
    ),
    variant(
        encoder,
        "one piece dropped at most",
        (
            "From a pair that is much too long, you drop one piece only.",
            "An `if` is asked once.",
            "`while` it is too long, drop another one.",
        ),
        again=False,
    ),
    variant(
        encoder,
        "room for two special tokens",
        (
            "A pair that is too long comes out one token too long.",
            "There are three special tokens: [CLS] and two [SEP].",
            "len(a) + len(b) + 3 must not be more than max_length.",
        ),
        special=2,
    ),
    variant(
        encoder,
        "no room for special tokens",
        (
            "A pair that is too long comes out three tokens too long.",
            "[CLS] and the two [SEP] take room as well.",
            "len(a) + len(b) + 3 must not be more than max_length.",
        ),
        special=0,
    ),
    variant(
        encoder,
        "room for four special tokens",
        (
            "You drop a piece too many: a pair that would fit is cut.",
            "There are three special tokens: [CLS] and two [SEP].",
            "Cut only while len(a) + len(b) + 3 is more than max_length; equal is fine.",
        ),
        fits=lambda length, max_length: length < max_length,
    ),
    variant(
        encoder,
        "equally long: the first loses",
        (
            "Where both are equally long, you cut the first sentence.",
            "The exercise says: of b when both are equally long.",
            "> or >= between the two lengths?",
        ),
        choose=lambda a, b: "a" if len(a) >= len(b) else "b",
    ),
    Misconception(
        "only the second sentence is cut",
        _only_from("b", stop=True),
        (
            "When the pair is too long, you cut only the second sentence.",
            "A long first sentence would leave nothing of the second.",
            "While it is too long: drop the last piece of the longer one (of b when they are equal).",
        ),
        (_only_from("b"),),
    ),
    Misconception(
        "only the first sentence is cut",
        _only_from("a", stop=True),
        (
            "When the pair is too long, you cut only the first sentence.",
            "A long second sentence would leave nothing of the first.",
            "While it is too long: drop the last piece of the longer one (of b when they are equal).",
        ),
        (_only_from("a"),),
    ),
    variant(
        encoder,
        "the shorter sentence is cut",
        (
            "When the pair is too long, you cut the shorter sentence.",
            "The longer one can spare a piece more easily.",
            "Which way round is your comparison of the two lengths?",
        ),
        choose=lambda a, b: "a" if len(a) < len(b) else "b",
    ),
    variant(
        encoder,
        "the shorter sentence is cut, of two equal ones the first",
        (
            "When the pair is too long, you cut the shorter sentence, and of two equal ones the first.",
            "The longer one can spare a piece more easily; of equal ones b loses.",
            "Which way round is your comparison of the two lengths?",
        ),
        choose=lambda a, b: "a" if len(a) <= len(b) else "b",
    ),
    Misconception(
        "which is longer is asked once",
        _once_decided,
        (
            "You decide once which sentence is longer, and cut all from that one.",
            "After some pieces the other is the longer one, and it is its turn then.",
            "Compare the two lengths anew for every piece that you drop.",
        ),
    ),
    Misconception(
        "half the room for each",
        _half_each("a"),
        (
            "You cut each sentence to half of the room.",
            "Where one is short, the other could use what it leaves free.",
            "Drop one piece at a time, from the longer one, and stop as soon as the pair fits.",
        ),
        (_half_each("b"),),
    ),
    Misconception(
        "the sentences are cut in turn",
        _in_turn,
        (
            "You drop a piece of b, then one of a, in turn.",
            "The longer one loses until both are equally long; only then do they alternate.",
            "Compare the two lengths for every piece that you drop.",
        ),
    ),
    variant(
        encoder,
        "cut at the front",
        (
            "You drop the first piece of a sentence, not the last.",
            "pop(0) and [1:] take from the front; the exercise drops the last piece.",
            "pop() or [:-1].",
        ),
        drop=lambda pieces: pieces[1:],
    ),
    variant(
        encoder,
        "a list in a list",
        (
            "Each of your lists stands in another list.",
            "One pair is asked for, not a batch: T numbers.",
            "Take a pair of brackets off.",
        ),
        finish=lambda encoded, max_length: {key: [values] for key, values in encoded.items()},
    ),
    variant(
        encoder,
        "another name for the segments",
        (
            "The second list has another name in your dict.",
            "The model's argument is called token_type_ids, and the dict is handed over by names.",
            'The three keys are "input_ids", "token_type_ids" and "attention_mask".',
        ),
        finish=lambda encoded, max_length: {
            "input_ids": encoded["input_ids"],
            "segment_ids": encoded["token_type_ids"],
            "attention_mask": encoded["attention_mask"],
        },
    ),
    variant(
        encoder,
        "three lists without names",
        (
            "You return the three lists without their names.",
            "The model takes them by name: network(**encoded).",
            'A dict: {"input_ids": ..., "token_type_ids": ..., "attention_mask": ...}.',
        ),
        finish=lambda encoded, max_length: tuple(encoded.values()),
    ),
    variant(
        encoder,
        "attention and segments exchanged",
        (
            "token_type_ids and attention_mask have changed places.",
            "The segment says which sentence, the mask says whether there is something to read.",
            "Look at the names in your dict.",
        ),
        finish=lambda encoded, max_length: {
            **encoded,
            "token_type_ids": encoded["attention_mask"],
            "attention_mask": encoded["token_type_ids"],
        },
    ),
    variant(
        encoder,
        "the mask used for the segments too",
        (
            "token_type_ids and attention_mask are the same list with you.",
            "The segment is 0 for the first sentence; the mask is 1 for both.",
            "Make each list by itself.",
        ),
        finish=lambda encoded, max_length: {**encoded, "token_type_ids": encoded["attention_mask"]},
    ),
)
