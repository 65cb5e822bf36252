"""Does a name look like a person's? And do several of them look like people, or like parts of one's work?"""

from collections import Counter

from labkit.grading import naming
from labkit.grading.words import LOOSE_VERSIONS, NUMBERED, PEOPLE, SECTIONS, VERSIONS, WORDS

STRUCTURE = NUMBERED | PEOPLE | SECTIONS | WORDS | VERSIONS | LOOSE_VERSIONS


def likely(reduced):
    """Is nothing of a name (`naming.Reduced`) a word for parts of somebody's work?"""
    words = {word.low.rstrip("0123456789") for word in reduced.tokens}
    return bool(reduced.name) and not reduced.weak and not words & STRUCTURE


def full(reduced):
    """Does it look like a person's whole name: "Jane Doe", "Doe, J.", in scripts without capitals too?"""
    if not likely(reduced) or any(sign in reduced.name for sign in "()[]"):
        return False
    words = [word for word in _words(reduced.name) if word.replace("'", "").replace("\u2019", "").isalpha()]
    if len(words) == 1 and not words[0].isascii() and words[0].lower() == words[0].upper():
        return 2 <= len(words[0]) <= 4
    return (
        2 <= len(words) <= 5 and words[0][0] != words[0][0].lower() and words[-1][0] != words[-1][0].lower()
    )


def _words(text):
    return [text[word.start : word.end] for word in naming.tokens(text)]


def are_groups(sets):
    """Do folders with these names in them hold a group each, rather than one person's work?

    sets: of each folder, {name: is it a whole one}.  What most folders have in them is one's way of working.
    """
    if not all(sets) or max(map(len, sets)) < 2:
        return False
    counts = Counter(name for some in sets for name in some)
    once = sum(many for many in counts.values() if many == 1)
    return all(whole for some in sets for whole in some.values()) or once * 2 >= sum(counts.values())


def title(found):
    """The words before " - " or behind it that all names have, if what is left are whole names."""
    for cut in (lambda text: text.partition(" - "), lambda text: text.rpartition(" - ")[::-1]):
        parts = [cut(reduced.name) for reduced in found]
        if len({head for head, _, _ in parts}) == 1 and all(_is_whole(name) for _, _, name in parts):
            return frozenset(word.low for word in naming.tokens(parts[0][0]))
    return frozenset()


def _is_whole(name):
    return full(naming.reduce(name))


def prefix(found):
    """The words with numbers that all names have, and those that begin them all: "NLP24", "CS 101".

    found: tuples of words, in order.
    """
    common = set.intersection(*map(set, found))
    words = found[0]
    numbered = [
        place for place, word in enumerate(words) if word in common and any(s.isdigit() for s in word)
    ]
    cut = {words[place] for place in numbered}
    for place in numbered:
        before = words[:place]
        if all(other[: place + 1] == words[: place + 1] for other in found):
            cut |= set(before)
    return frozenset(cut)
