"""Exercise 1.1: from a word to pieces."""

import random

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab01.advice import advised
from labkit.exercises.lab01.wordpiece_mistakes import MISCONCEPTIONS
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


KNOWN = "known words: the same pieces as WordPiece"
UNKNOWN = "words that cannot be spelt: [UNK], for the whole word"

# Each pair shows what another leaves out: (word, vocabulary).
FIXED = (
    ("cats", "cat ##s"),
    ("dogs", "dog #s ##s s"),
    ("cat", "c ca cat ##at ##t"),  # a whole word comes out whole
    ("a", "a ##a"),  # a piece of one letter; nothing stands before it
    ("it", "i ##t"),
    ("unaffable", "un ##aff ##able"),
    ("player", "play er ##e ##er ##r"),  # the longest continuation, and "er" is another entry
    ("spiders", "sp iders ##id ##ers"),  # nor is one for a word a continuation
    ("ing", "##ing i ##ng"),  # an entry for an ending is no beginning
    ("banana", "b ##an ##a ##n"),  # pieces that come twice
    ("haha", "ha ##ha"),
    ("stressed", "st str ##es ##ess ##s ##ed ##ssed"),
    ("unhappiness", "un unh ##app ##happiness ##i ##ness"),  # greedy: not the fewest pieces
    ("incomprehensibly", "in ##com ##comp ##re ##rehen ##sibly"),
    ("xenophobically", "xenophobically xeno ##phobically"),
    ("players", "play ##er"),  # from here on: what cannot be spelt
    ("player", "play er"),
    ("xplay", "play ##play"),
    ("playxer", "play er ##er"),
    ("unable", "un una ##able ##bl"),  # greedy: no way back, though un ##able would do
    ("hat", ""),
    ("pet", "p # ## ##e"),  # entries of number signs alone are no continuations
)


def _wordpiece_cases(seed):
    pairs = [(word, set(vocab.split())) for word, vocab in FIXED]
    rng = random.Random(seed)
    for _ in range(3):
        some = {"".join(rng.choices("abc", k=rng.randint(1, 3))) for _ in range(9)}
        marked = {piece if rng.random() < 0.4 else "##" + piece for piece in sorted(some)}
        word = "".join(rng.choices("abc", k=rng.randint(5, 8)))
        pairs.append((word, marked | {"a", "b", "c", "##a", "##b", "##c"}))
    return [Case((word, vocab), f'wordpiece("{word}", {_written(vocab)})') for word, vocab in pairs]


def _written(vocab):
    return "{" + ", ".join(f'"{piece}"' for piece in sorted(vocab)) + "}" if vocab else "set()"


def _is_unknown(case):
    return wordpiece(*case.args) == ["[UNK]"]


def _is_whole_or_unknown(case):
    """[UNK] is worth a point only to who knows a word when there is one."""
    word, vocab = case.args
    return word in vocab or _is_unknown(case)


def _advise(args, expected, seen):
    """What is visibly wrong with a list of pieces."""
    word, vocab = args
    foreign = next((piece for piece in seen if piece not in vocab and piece != "[UNK]"), None)
    if not seen:
        return 'The list is empty. When nothing fits it has to be ["[UNK]"], else there is a piece at least.'
    if "[UNK]" in seen and len(seen) > 1:
        return "[UNK] stands for the whole word: nothing else is in the list then."
    if foreign is not None:
        return f'"{foreign}" is no entry of this vocabulary. Return what you have found `in vocab`, as it is.'
    if seen[0].startswith("##"):
        return f'A word\'s first piece is looked up without ##; "{seen[0]}" goes on behind another piece.'
    if expected == ["[UNK]"]:
        return "Take the longest beginning, then the longest continuation: at some point nothing fits here."
    if seen == ["[UNK]"]:
        return f"You give up, and yet it goes on: {' '.join(expected)}. Which look-up should have found it?"
    spelt = "".join(piece.removeprefix("##") for piece in seen)
    if spelt != word:
        return f'Put together, your pieces spell "{spelt}", not "{word}".'
    piece = next(e for e, g in zip(expected, seen, strict=False) if e != g)
    return (
        f'The letters are right, the cuts are not: "{piece}" is in the vocabulary, and the longest that fits.'
    )


WORDPIECE = Exercise(
    name="wordpiece",
    title="Words into pieces",
    minutes=15,
    reference=wordpiece,
    cases=_wordpiece_cases,
    form=forms.list_of(forms.text),
    seconds=5.0,
    properties=(
        advised(matches_reference(KNOWN, 2, lambda case: not _is_unknown(case)), _advise),
        advised(matches_reference(UNKNOWN, 1, _is_whole_or_unknown), _advise),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
