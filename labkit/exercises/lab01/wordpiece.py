"""Exercise 1.1: from a word to pieces."""

import random

from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference


def wordpiece(word, vocab):
    """Split a word greedily, longest match first (Devlin et al. 2018, section 3; Wu et al. 2016)."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if piece in vocab:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


def _greedy(word, vocab, look_up, written, ends=None, unknown=None):
    """The wrong answers differ from the right one in a single choice; this is what they share."""
    pieces, start = [], 0
    while start < len(word):
        for end in ends(start, len(word)) if ends else range(len(word), start, -1):
            if look_up(start, word[start:end]) in vocab:
                break
        else:
            if unknown is None:
                return ["[UNK]"]
            if unknown == "keep":
                return [*pieces, "[UNK]"]
            start += 1
            continue
        pieces.append(written(start, word[start:end]))
        start = end
    return pieces


def _marked(start, text):
    return text if start == 0 else "##" + text


def _plain(start, text):
    return text


def _wordpiece_cases(seed):
    vocab = {"play", "playing", "##er", "##ing", "##s", "un", "##ha", "##happy", "##ppi", "##ness", "##nes"}
    vocab |= {"p", "##l", "##a", "##y", "a", "ing", "happy", "er", "##n", "s"}
    words = ["playing", "player", "players", "unhappiness", "playx", "xplay", "playxs", "unhappys"]
    cases = [Case((word, vocab), f'wordpiece("{word}", {sorted(vocab)})') for word in words]

    rng = random.Random(seed)
    letters = "abc"
    for _ in range(12):
        some = {"".join(rng.choices(letters, k=rng.randint(1, 3))) for _ in range(9)}
        small = {piece if rng.random() < 0.4 else "##" + piece for piece in sorted(some)} | {
            "a",
            "##b",
            "##c",
        }
        word = "".join(rng.choices(letters, k=rng.randint(3, 7)))
        cases.append(Case((word, small), f'wordpiece("{word}", {sorted(small)})'))
    return cases


def _is_unknown(case):
    return wordpiece(*case.args) == ["[UNK]"]


WORDPIECE = Exercise(
    name="wordpiece",
    title="Words into pieces",
    minutes=15,
    reference=wordpiece,
    cases=_wordpiece_cases,
    properties=(
        matches_reference("known words: the same pieces as WordPiece", 2, lambda case: not _is_unknown(case)),
        matches_reference("words that cannot be spelt: [UNK], for the whole word", 1, _is_unknown),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "continuations looked up without ##",
            lambda word, vocab: _greedy(word, vocab, _plain, _marked),
            (
                "Your continuation pieces are looked up without their ##.",
                'In the vocabulary "ing" is a word of its own and "##ing" is the end of one: two entries.',
                "Where you test `in vocab`: which spelling do you test when start is not 0?",
            ),
        ),
        Misconception(
            "no ## at all",
            lambda word, vocab: _greedy(word, vocab, _plain, _plain),
            (
                "Your pieces carry no ##.",
                "Without the mark nobody can tell where a word ends: play + er or player?",
                "Every piece but the first gets ## in front, both when you look it up and when you keep it.",
            ),
        ),
        Misconception(
            "## on the first piece as well",
            lambda word, vocab: _greedy(word, vocab, lambda s, t: "##" + t, lambda s, t: "##" + t),
            (
                "Your first piece is treated as a continuation.",
                "## means: glued to the piece before. Nothing stands before the first piece.",
                "Make the ## depend on where the piece starts.",
            ),
        ),
        Misconception(
            "shortest match first",
            lambda word, vocab: _greedy(
                word, vocab, _marked, _marked, lambda start, n: range(start + 1, n + 1)
            ),
            (
                "Your pieces are as short as possible.",
                "Greedy means longest first: a whole word in the vocabulary must come out whole.",
                "In which direction does your end run? It has to begin at the end of the word.",
            ),
        ),
        Misconception(
            "keeps the pieces found before an unknown part",
            lambda word, vocab: _greedy(word, vocab, _marked, _marked, unknown="keep"),
            (
                "When a word cannot be spelt to its end, you keep the pieces found so far.",
                "WordPiece gives up the whole word then: its pieces would say something the word does not.",
                'What do you return when no piece fits? It has to be ["[UNK]"] and nothing else.',
            ),
        ),
        Misconception(
            "skips letters that fit nothing",
            lambda word, vocab: _greedy(word, vocab, _marked, _marked, unknown="skip"),
            (
                "Where nothing fits, you skip a letter and go on.",
                "A skipped letter is lost without a trace; [UNK] at least says that something was there.",
                'When even a single letter is not in the vocabulary, return ["[UNK]"] at once.',
            ),
        ),
        Misconception(
            "never splits",
            lambda word, vocab: [word] if word in vocab else ["[UNK]"],
            (
                "A word that is not in the vocabulary as a whole becomes [UNK].",
                "That is a word-level vocabulary. WordPiece takes the longest known beginning and goes on.",
                "You need a loop around the look-up: take a piece, move start to its end, look again.",
            ),
        ),
    ),
)
