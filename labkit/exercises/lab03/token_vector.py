"""Exercise 3.7: one word in its sentence, whatever its pieces."""

import random

import torch

from labkit import features
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.lab03.hidden_states import model_named
from labkit.exercises.properties import inputs_unchanged, matches_reference


def token_vector(model, text, word):
    """labkit.features.token_vector."""
    return features.token_vector(model, text, word)


# (text, word): a plain one; of several pieces in both models; at the start; before a sign; twice, and first
# inside another word; after a sign that is several pieces.
SENTENCES = (
    ("The bank was flooded.", "bank"),
    ("We went snowboarding on the mountain.", "snowboarding"),
    ("Unhappiness came over the old king.", "Unhappiness"),
    ("She said that the bank's vault was empty.", "bank"),
    ("The banker left the bank, and nobody saw him.", "bank"),
    ("In the snow \u2603 stood a trunk without a key.", "trunk"),
)


def _cases(seed):
    rng = random.Random(seed)
    sentences = list(SENTENCES) if seed == 1 else rng.sample(SENTENCES, len(SENTENCES))
    cases = []
    for text, word in sentences:
        for name in ("bert-mini", "gpt-mini"):
            cases.append(Case((model_named(name), text, word), f'token_vector({name}, "{text}", "{word}")'))
    return cases


def _several_pieces(case):
    return len(features.word_pieces(*case.args)) > 1


def _one_piece(case):
    return not _several_pieces(case)


def _states(model, text):
    """(L + 1, T, D) of one text."""
    return features.hidden_states(model, [text])[0][:, 0]


def _pieces_by(choose):
    """token_vector that takes the pieces that `choose` picks: (model, text, word) -> list of int."""

    def wrong(model, text, word):
        return _states(model, text)[:, choose(model, text, word)].mean(dim=1)

    return wrong


def _spans(model, text):
    return model.tokenizer(text, return_offsets_mapping=True).offset_mapping


def _inside(model, text, word):
    start, end = features.word_span(text, word)
    return [k for k, (left, right) in enumerate(_spans(model, text)) if start <= left and right <= end]


def _without_special(model, text, word):
    """Counted in a list of pieces that lacks the special tokens."""
    first = 1 if model.kind == "encoder" else 0
    return [k - first for k in features.word_pieces(model, text, word)]


def _counted_in_words(model, text, word):
    start, _ = features.word_span(text, word)
    return [len(text[:start].split())]


def _first_match(model, text, word):
    start = text.index(word)
    end = start + len(word)
    return [k for k, (left, right) in enumerate(_spans(model, text)) if left < end and right > start]


def _touching(model, text, word):
    start, end = features.word_span(text, word)
    return [k for k, (left, right) in enumerate(_spans(model, text)) if left <= end and right >= start]


def _summed(model, text, word):
    return _states(model, text)[:, features.word_pieces(model, text, word)].sum(dim=1)


def _out_of_context(model, text, word):
    return _states(model, word)[:, features.word_pieces(model, word, word)].mean(dim=1)


def _observed(output, case):
    """NaN equals nothing, so that two functions that both give it would not be seen to be alike: say it."""
    if isinstance(output, list | tuple):  # one vector a layer is as good as a stack of them
        output = torch.stack([torch.as_tensor(vector) for vector in output])
    vectors = torch.as_tensor(output).detach()
    return "NaN: a mean over no pieces at all" if vectors.isnan().any() else vectors


TOKEN_VECTOR = Exercise(
    name="token_vector",
    title="A word in its sentence",
    minutes=12,
    reference=token_vector,
    cases=_cases,
    observe=_observed,
    properties=(
        matches_reference("words of one piece, in both models", 2, _one_piece),
        matches_reference("words of several pieces: the mean of all of them", 2, _several_pieces),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "only the first piece",
            _pieces_by(lambda model, text, word: features.word_pieces(model, text, word)[:1]),
            (
                "Of a word with several pieces you take only the first.",
                '"snow" is not "snowboarding": the rest of the word stands in the other pieces.',
                "Collect all pieces whose span overlaps the word's, then average.",
            ),
        ),
        Misconception(
            "only the last piece",
            _pieces_by(lambda model, text, word: features.word_pieces(model, text, word)[-1:]),
            (
                "Of a word with several pieces you take only the last.",
                "In a decoder only the last piece has read the whole word, so that is a sensible choice; "
                "asked is the mean, which serves both models.",
                "Collect all pieces whose span overlaps the word's, then average.",
            ),
        ),
        Misconception(
            "the sum of the pieces",
            _summed,
            (
                "You add the pieces up.",
                "Then a word of three pieces is three times as long as a word of one.",
                "One call away from the sum is the mean.",
            ),
        ),
        Misconception(
            "only pieces that lie inside the word",
            _pieces_by(_inside),
            (
                "You lose pieces: some words of gpt-mini have none left.",
                "A byte-level piece begins with the space before its word, so its span begins one "
                "character too early to lie inside.",
                "Two spans overlap when each begins before the other ends.",
            ),
        ),
        Misconception(
            "[CLS] is forgotten",
            _pieces_by(_without_special),
            (
                "In bert-mini you take the token before the word.",
                "[CLS] stands in front of everything; the hidden states count it.",
                "Take the spans from the same call that makes the ids: the special tokens are among them.",
            ),
        ),
        Misconception(
            "counted in words",
            _pieces_by(_counted_in_words),
            (
                "You count words, the model counts pieces.",
                "A word can be several pieces, a sign is one of its own, and bert-mini has [CLS] in front.",
                "Count in spans: which of offset_mapping overlap the word?",
            ),
        ),
        Misconception(
            "found inside another word",
            _pieces_by(_first_match),
            (
                "You found the word inside another one.",
                '"banker" holds "bank", and comes first.',
                "labkit.features.word_span looks for whole words only.",
            ),
        ),
        Misconception(
            "the word without its sentence",
            _out_of_context,
            (
                "You give the model the word alone.",
                "Then its vector is the same in every sentence, and there was no need for a network: that "
                "is what a word embedding of 2013 was.",
                "The whole text goes in; the word's pieces are picked from what comes out.",
            ),
        ),
        Misconception(
            "the mean of the sentence",
            lambda model, text, word: _states(model, text).mean(dim=1),
            (
                "You average the whole sentence.",
                "That is a vector of the text. Asked is the word's own, which has read the text.",
                "Pick the word's pieces before the mean.",
            ),
        ),
        Misconception(
            "the last layer alone",
            lambda model, text, word: token_vector(model, text, word)[-1],
            (
                "You return one vector, that of the last layer.",
                "The lab will ask in which layer the senses part: it needs them all.",
                "hidden has the layers on its first axis: keep it, (L + 1, D).",
            ),
        ),
        Misconception(
            "the neighbours that touch the word",
            _pieces_by(_touching),
            (
                "You take pieces that only touch the word, such as the one before it.",
                "A piece that ends where the word begins has no letter in common with it.",
                "Overlap: left < end and right > start, without the =.",
            ),
        ),
    ),
)
