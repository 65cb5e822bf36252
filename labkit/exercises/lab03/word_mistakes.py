"""What goes wrong in exercise 3.7: each is one choice of `build` made wrongly."""

import re

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab03.small_models import model_named
from labkit.measures import features

# The states of each text: most mistakes do something to the same ones.
_SEEN: dict[tuple, torch.Tensor] = {}


def build(
    reads=lambda model, text, word: text,
    spans_of=lambda model, text: _spans(model, text),
    places=lambda text, word: [features.word_span(text, word)],
    overlap=lambda left, right, start, end: left < end and right > start,
    which=lambda pieces: pieces,
    shift=lambda model: 0,
    layers=lambda states: states,
    merge=lambda states, lengths: states.mean(dim=1),
    result=lambda vectors: vectors,
    vectors_of=lambda model: model,
):
    """token_vector with single choices made wrongly.

    reads: the text that goes in. spans_of: of the pieces. places: of the word, in characters. overlap: which
    pieces are the word's. which: of these. shift: what is added to their positions. layers: what of the
    states (L + 1, T, D) is used. merge: (L + 1, pieces, D) to one vector. vectors_of: the model asked.
    """

    def answer(model, text, word):
        text = reads(model, text, word)
        spans, found = spans_of(model, text), places(text, word)
        pieces = [
            k for k, (left, right) in enumerate(spans) if any(overlap(left, right, *place) for place in found)
        ]
        lengths = [spans[k][1] - spans[k][0] for k in which(pieces)]
        states = layers(_states(vectors_of(model), text))
        last = states.shape[-2] - 1
        chosen = [min(k + shift(model), last) for k in which(pieces)]
        return result(merge(states[..., chosen, :], lengths))

    return answer


def _states(model, text):
    """(L + 1, T, D) of one text."""
    key = (id(model.network), text)
    if key not in _SEEN:
        _SEEN[key] = features.hidden_states(model, [text])[0][:, 0]
    return _SEEN[key]


def _spans(model, text):
    return model.tokenizer(text, return_offsets_mapping=True).offset_mapping


def _bare_spans(model, text):
    return model.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False).offset_mapping


def _found(text, word):
    start = text.lower().find(word.lower())
    return [(start, start + len(word))]


def _indexed(text, word):
    start = text.index(word)
    return [(start, start + len(word))]


def _everywhere(text, word):
    return [found.span() for found in re.finditer(re.escape(word), text, flags=re.IGNORECASE)]


def _whole(text, word):
    return [
        found.span() for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags=re.IGNORECASE)
    ]


def _positions(choose, pad=True):
    """token_vector by positions that `choose` picks: (model, text, word) -> list of int."""

    def answer(model, text, word):
        states = _states(model, text)
        chosen = [min(k, states.shape[1] - 1) if pad else k for k in choose(model, text, word)]
        return states[:, chosen].mean(dim=1)

    return answer


def _word_number(model, text, word):
    words = [re.sub(r"\W", "", part).lower() for part in text.split()]
    return [words.index(word.lower()) + (model.kind == "encoder")]


def _words_before(model, text, word):
    return [len(text[: features.word_span(text, word)[0]].split())]


def _with_its_letters(model, text, word):
    pieces = model.tokenizer.convert_ids_to_tokens(model.tokenizer(text).input_ids)
    return [k for k, piece in enumerate(pieces) if word.lower() in piece.lower()]


def _by_ids(model, text, word):
    own = set(model.tokenizer(word, add_special_tokens=False).input_ids)
    return [k for k, number in enumerate(model.tokenizer(text).input_ids) if number in own]


def _id_of_word(model, text, word):
    return [model.tokenizer(text).input_ids.index(model.tokenizer.convert_tokens_to_ids(word.lower()))]


def _exact(model, text, word):
    return [_spans(model, text).index(features.word_span(text, word))]


def _alone(model, text, word):
    spans = _spans(model, word)
    return _states(model, word)[:, [k for k, (left, right) in enumerate(spans) if right > left]].mean(dim=1)


def _cut_to(number):
    def answer(model, text, word):
        pieces = features.word_pieces(model, text, word)
        ids = model.tokenizer(text, truncation=True, max_length=number, return_tensors="pt").input_ids
        with torch.inference_mode():
            states = torch.stack(model.network(ids, output_hidden_states=True).hidden_states)[:, 0]
        return states[:, [min(k, states.shape[1] - 1) for k in pieces]].mean(dim=1)

    return answer


def _by_letters(model, text, word):
    """A mean in which each piece counts as often as it has letters of the word."""
    start, end = features.word_span(text, word)
    shared = [max(0, min(right, end) - max(left, start)) for left, right in _spans(model, text)]
    return (_states(model, text) * torch.tensor(shared)[:, None]).sum(dim=1) / sum(shared)


def _words_and_cls(model, text, word):
    return [_words_before(model, text, word)[0] + (model.kind == "encoder")]


def _by_name(of_word, of_piece):
    """By one piece that is called like the word; an error where there is none."""

    def choose(model, text, word):
        pieces = model.tokenizer.convert_ids_to_tokens(model.tokenizer(text).input_ids)
        return [[of_piece(piece) for piece in pieces].index(of_word(word))]

    return _positions(choose)


def _without_space(piece):
    return piece.replace("\u0120", "")


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


def _m(name, first, second, third, wrong, *spellings):
    return Misconception(name, wrong, (first, second, third), spellings)


ALL = "Collect all pieces whose span overlaps the word's, then average."
OVERLAP = "Two spans overlap when each begins before the other ends: left < end and right > start."
SPANS = "Count in spans: which of offset_mapping overlap the word?"
WORD_SPAN = "labkit.features.word_span looks for whole words only, and takes the first."
MISTAKES = (
    _v(
        "only the first piece",
        "Of a word with several pieces you take only the first.",
        '"snow" is not "snowboarding": the rest of the word stands in the other pieces.',
        ALL,
        which=lambda pieces: pieces[:1],
    ),
    _v(
        "only the last piece",
        "Of a word with several pieces you take only the last.",
        "In a decoder only the last piece has read the whole word, so that is a sensible choice; asked is the mean, which serves both models.",
        ALL,
        which=lambda pieces: pieces[-1:],
    ),
    _v(
        "the last piece is missing",
        "Of a word with several pieces the last is missing.",
        "A slice [first:last] ends before last.",
        ALL,
        which=lambda pieces: pieces[: max(len(pieces) - 1, 1)],
    ),
    _v(
        "the last piece is missing, always",
        "You lose the last piece of every word; of a word of one piece nothing is left.",
        "A slice [first:last] ends before last.",
        ALL,
        which=lambda pieces: pieces[:-1],
    ),
    _v(
        "only the first and the last piece",
        "Of a word with three pieces or more you take only the first and the last.",
        "Those in between belong to the word as well.",
        ALL,
        which=lambda pieces: pieces[:1] + pieces[-1:],
    ),
    _v(
        "the sum of the pieces",
        "You add the pieces up.",
        "Then a word of three pieces is three times as long as a word of one.",
        "One call away from the sum is the mean.",
        merge=lambda states, lengths: states.sum(dim=1),
    ),
    _v(
        "the largest of the pieces",
        "Your vector holds the largest number of the pieces, column by column.",
        "That is max pooling; asked is the mean.",
        ".mean(dim=1)",
        merge=lambda states, lengths: states.amax(dim=1),
    ),
    _v(
        "longer pieces count more",
        "Longer pieces count more in your mean.",
        "Each piece counts once, however many letters it has.",
        ".mean(dim=1)",
        merge=lambda states, lengths: (states * torch.tensor(lengths)[:, None]).sum(dim=1) / sum(lengths),
        spellings=(_by_letters,),
    ),
    _v(
        "not averaged",
        "Of a word with several pieces you return all of them.",
        "One vector a layer: the mean over the pieces.",
        "On which axis are the pieces? .squeeze() drops it only where there is one.",
        merge=lambda states, lengths: states.squeeze(1),
        spellings=(build(merge=lambda states, lengths: states),),
    ),
    _v(
        "averaged over the layers",
        "You average over the layers: a vector for each piece.",
        "(L + 1, pieces, D): the layers are on axis 0, the pieces on axis 1.",
        ".mean(dim=1)",
        merge=lambda states, lengths: states.mean(dim=0),
    ),
    _v(
        "averaged over the numbers",
        "You average the numbers of each vector.",
        "(L + 1, pieces, D): the numbers are on axis 2, the pieces on axis 1.",
        ".mean(dim=1)",
        merge=lambda states, lengths: states.mean(dim=-1),
    ),
    _v(
        "pieces brought to length 1",
        "You bring each piece to length 1 before the mean.",
        "The cosine divides lengths away by itself, later.",
        "The mean of the pieces as they are.",
        merge=lambda states, lengths: torch.nn.functional.normalize(states, dim=-1).mean(dim=1),
    ),
    _v(
        "brought to length 1",
        "Your vectors have length 1.",
        "The cosine divides lengths away by itself, later.",
        "Return the mean of the pieces.",
        result=lambda vectors: torch.nn.functional.normalize(vectors, dim=-1),
    ),
    _v(
        "the axis of the texts is kept",
        "Your result has an axis of length 1 too many, that of the texts.",
        "hidden is (L + 1, B, T, D), and B is 1 here.",
        "hidden[:, 0] takes the only text.",
        result=lambda vectors: vectors.unsqueeze(1),
    ),
    _v(
        "only pieces that lie inside the word",
        "You lose pieces: some words of GPT have none left, or not their first.",
        "A byte-level piece begins with the space before its word: one character too early to lie inside the word, or to begin in it. "
        "(And special tokens have the span (0, 0).)",
        OVERLAP,
        overlap=lambda left, right, start, end: start <= left and right <= end and right > left,
        spellings=(build(overlap=lambda left, right, start, end: start <= left and right <= end),),
    ),
    _v(
        "one character earlier",
        "You also take a piece that stands right in front of the word, such as a bracket.",
        "Moving the start back by one lets GPT's pieces in, and a sign before the word as well.",
        OVERLAP,
        overlap=lambda left, right, start, end: left >= start - 1 and right <= end and right > left,
    ),
    _v(
        "only a piece that is the word",
        "You look for one piece whose span is exactly the word's: often there is none.",
        "A word can be several pieces, and GPT's begin with the space before it.",
        OVERLAP,
        overlap=lambda left, right, start, end: (left, right) == (start, end),
        spellings=(_positions(_exact),),
    ),
    _v(
        "the neighbours that touch the word",
        "You take pieces that only touch the word, in front of it and behind it.",
        "A piece that ends where the word begins has no letter in common with it.",
        "Overlap: left < end and right > start, without the =.",
        overlap=lambda left, right, start, end: left <= end and right >= start,
    ),
    _v(
        "the neighbour behind that touches the word",
        "You also take the piece that begins where the word ends.",
        "The word's end is the place of the first character behind it.",
        "Overlap: left < end and right > start, without the =.",
        overlap=lambda left, right, start, end: left <= end and right > start,
    ),
    _v(
        "the neighbour in front that touches the word",
        "You also take a piece that ends where the word begins.",
        "A bracket in front of the word ends there; and special tokens, (0, 0), in front of a word at the very beginning.",
        "Overlap: left < end and right > start, without the =.",
        overlap=lambda left, right, start, end: left < end and right >= start,
    ),
    _v(
        "or for and",
        "You take every piece of the text.",
        "With `or` in place of `and` every piece counts: each begins before the word ends or ends behind its beginning. "
        "A mean over all states takes everything in as well.",
        "Pick the word's pieces before the mean: left < end and right > start.",
        overlap=lambda left, right, start, end: left < end or right > start,
        spellings=(lambda model, text, word: _states(model, text).mean(dim=1),),
    ),
    _v(
        "everything up to the word",
        "You take all pieces from the beginning of the text up to the word.",
        "That a piece begins before the word ends is one half of overlapping.",
        OVERLAP,
        overlap=lambda left, right, start, end: left < end,
    ),
    _v(
        "everything from the word on",
        "You take all pieces from the word to the end of the text.",
        "That a piece ends behind the word's beginning is one half of overlapping.",
        OVERLAP,
        overlap=lambda left, right, start, end: right > start,
    ),
    _v(
        "[CLS] is forgotten",
        "In BERT you take the token before the word.",
        "[CLS] stands in front of everything; the hidden states count it.",
        "Take the spans from the same call that makes the ids: the special tokens are among them.",
        spans_of=_bare_spans,
        spellings=(build(shift=lambda model: -1 if model.kind == "encoder" else 0),),
    ),
    _v(
        "the spans are cut at both ends",
        "Your positions are one too small: the first span is cut off.",
        "spans[1:-1] drops [CLS] and [SEP], and in GPT two real pieces; the hidden states count all.",
        "Take the spans as they are.",
        spans_of=lambda model, text: _spans(model, text)[1:-1],
        spellings=(build(spans_of=lambda model, text: _spans(model, text)[1:]),),
    ),
    _v(
        "one added for [CLS]",
        "Your positions are one too large.",
        "The spans hold [CLS] already.",
        SPANS,
        shift=lambda model: 1,
        spellings=(build(shift=lambda model: 1 if model.kind == "encoder" else 0),),
    ),
    _v(
        "one added for a [CLS] that GPT has not",
        "In GPT your positions are one too large.",
        "GPT puts nothing in front of the text.",
        "Take the spans with the special tokens in them: then nothing has to be added in either model.",
        spans_of=_bare_spans,
        shift=lambda model: 1,
    ),
    _m(
        "characters for pieces",
        "You take the word's place in characters for its place in pieces.",
        "word_span counts characters; the hidden states have a vector for each piece.",
        SPANS,
        lambda model, text, word: _states(model, text)[:, slice(*features.word_span(text, word))].mean(dim=1),
    ),
    _m(
        "counted in words",
        "You count words, the model counts pieces.",
        "A word can be several pieces, a sign is one of its own, and BERT has [CLS] in front.",
        SPANS,
        _positions(_words_before),
        _positions(_words_and_cls),
        _positions(_word_number),
        _positions(
            lambda model, text, word: [_word_number(model, text, word)[0] - (model.kind == "encoder")]
        ),
    ),
    _v(
        "found inside another word",
        "You found the word inside another one.",
        '"banker" holds "bank", and comes first.',
        WORD_SPAN,
        places=_found,
    ),
    _v(
        "small and capital letters differ",
        "You look for the word in exactly its letters, and not as a whole word.",
        'A word at the beginning of a sentence has a capital; and "banker" holds "bank".',
        WORD_SPAN,
        places=_indexed,
        spellings=(build(places=lambda text, word: [(text.find(word), text.find(word) + len(word))]),),
    ),
    _v(
        "every place where the letters stand",
        "You average over every place where the word's letters stand, inside other words as well.",
        "A vector of a word in its sentence belongs to one place.",
        WORD_SPAN,
        places=_everywhere,
    ),
    _v(
        "every place of the word",
        "Where the word stands several times you average over all its places.",
        "A vector of a word in its sentence belongs to one place.",
        WORD_SPAN,
        places=_whole,
    ),
    _v(
        "the last place of the word",
        "Where the word stands several times you take the last.",
        "A vector of a word in its sentence belongs to one place, and the first is asked for.",
        WORD_SPAN,
        places=lambda text, word: _whole(text, word)[-1:],
    ),
    _m(
        "pieces that hold the word's letters",
        "You look for the letters of the word in the pieces.",
        'Of a word of several pieces no piece holds all its letters, and "banker" holds "bank".',
        SPANS,
        _positions(_with_its_letters),
    ),
    _m(
        "a piece with the word's name",
        "You look for one piece that is called like the word, and there is not always one.",
        'A word can be in several pieces, and BERT\'s are written small: no piece is called "snowboarding".',
        SPANS,
        _by_name(lambda word: word, _without_space),
        _by_name(str.lower, lambda piece: _without_space(piece).lower()),
        _by_name(str.lower, _without_space),
        _by_name(lambda word: word, lambda piece: piece),
        _by_name(lambda word: word, lambda piece: _without_space(piece).replace("##", "")),
    ),
    _m(
        "pieces with the word's ids",
        "You look for the ids that the word has when it stands alone.",
        "GPT's pieces differ with and without a space in front, and the same piece may stand elsewhere too.",
        SPANS,
        _positions(_by_ids),
    ),
    _m(
        "the id of the whole word",
        "You look for the id of the whole word among the ids.",
        "A word of several pieces has no id, and GPT's piece inside a sentence is \u0120bank, not bank.",
        SPANS,
        _positions(_id_of_word),
    ),
    _m(
        "the word without its sentence",
        "You give the model the word alone.",
        "Then its vector is the same in every sentence, and there was no need for a network: that is what a word embedding of 2013 was.",
        "The whole text goes in; the word's pieces are picked from what comes out.",
        _alone,
        lambda model, text, word: _states(model, word).mean(dim=1),
    ),
    _v(
        "the text ends with the word",
        "You cut the text off behind the word.",
        "A decoder does not see it, but BERT reads in both directions.",
        "The whole text goes in.",
        reads=lambda model, text, word: text[: features.word_span(text, word)[1]],
    ),
    _v(
        "the text begins with the word",
        "You cut the text off in front of the word.",
        "What stands before the word tells most about it.",
        "The whole text goes in.",
        reads=lambda model, text, word: text[features.word_span(text, word)[0] :],
    ),
    _v(
        "small letters",
        "You turn the text into small letters.",
        "BERT's tokenizer does that by itself; for GPT it makes other pieces.",
        "The text goes in as it is; word_span does not care about capitals.",
        reads=lambda model, text, word: text.lower(),
    ),
    _m(
        "cut to a fixed length",
        "You cut the text to a fixed number of pieces, fewer than it has.",
        "BERT misses what was cut off, and a word behind it is not found.",
        "labkit.features.hidden_states cuts only what the model can't take.",
        _cut_to(16),
        _cut_to(10),
        _cut_to(20),
        _cut_to(8),
    ),
    _v(
        "the embeddings are left out",
        "One layer is missing: the embeddings.",
        "Layer 0 is what goes into the first block; the lab compares it with the others.",
        "hidden has the layers on its first axis: keep all of them, (L + 1, D).",
        layers=lambda states: states[1:],
    ),
    _v(
        "the last layer is left out",
        "One layer is missing, the last.",
        "With the embeddings there are L + 1: range(model.num_layers) ends one too early.",
        "hidden has the layers on its first axis: keep all of them, (L + 1, D).",
        layers=lambda states: states[:-1],
    ),
    _v(
        "the last layer alone",
        "You return one vector, that of the last layer.",
        "The lab will ask in which layer the senses part: it needs them all.",
        "hidden has the layers on its first axis: keep it, (L + 1, D).",
        result=lambda vectors: vectors[-1],
    ),
    _v(
        "the first layer alone",
        "You return one vector, that of layer 0.",
        "The lab will ask in which layer the senses part: it needs them all. "
        "Is there a return inside a loop?",
        "hidden has the layers on its first axis: keep it, (L + 1, D).",
        result=lambda vectors: vectors[0],
    ),
    _m(
        "the first token",
        "You take the first token's vector, whatever the word is.",
        "That is one way to a vector of the text. Asked is the word's own, which has read the text.",
        SPANS,
        _positions(lambda model, text, word: [0]),
    ),
    _m(
        "the last token",
        "You take the last token's vector, whatever the word is.",
        "That is one way to a vector of the text. Asked is the word's own, which has read the text.",
        SPANS,
        _positions(lambda model, text, word: [len(_spans(model, text)) - 1]),
    ),
    _m(
        "a text in place of a list",
        "hidden_states gets a text where it wants a list of texts.",
        "It works on a batch, and a batch of one text is a list with one text in it.",
        "labkit.features.hidden_states(model, [text])",
        lambda model, text, word: features.hidden_states(model, text)[0],
    ),
    _m(
        "the pair in place of the vectors",
        "You index the pair that hidden_states returns, not the vectors in it.",
        "It returns two things, the vectors and the mask.",
        "hidden, mask = labkit.features.hidden_states(model, [text])",
        lambda model, text, word: features.hidden_states(model, [text])[:, 0],
    ),
    _m(
        'always "bank"',
        'You look for "bank", whatever the word is.',
        "That is the notebook's example; the argument is called word.",
        "labkit.features.word_span(text, word)",
        lambda model, text, word: build()(model, text, "bank"),
    ),
    _m(
        "always the same position",
        "You take the same position in every text.",
        '"bank" stands there in the notebook\'s example only.',
        SPANS,
        _positions(lambda model, text, word: [2 + (model.kind == "encoder")]),
        _positions(lambda model, text, word: [1 + (model.kind == "encoder")]),
        _positions(lambda model, text, word: [2]),
        _positions(lambda model, text, word: [3]),
        _positions(lambda model, text, word: [1]),
    ),
    _v(
        "always bert-mini's vectors",
        "The vectors are bert-mini's, whichever model is handed over.",
        "`bert` is a name of the notebook; the function is to work with any model.",
        "The argument is called model.",
        vectors_of=lambda model: model_named("bert-mini"),
        spellings=(lambda model, text, word: build()(model_named("bert-mini"), text, word),),
    ),
    _v(
        "always bert-mini's spans",
        "The spans are those of bert-mini's tokenizer, whichever model is handed over.",
        "Each model cuts the text into pieces of its own.",
        "model.tokenizer",
        spans_of=lambda model, text: _spans(model_named("bert-mini"), text),
    ),
)
