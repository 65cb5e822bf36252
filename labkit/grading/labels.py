"""The words of a file's or a folder's name, and which of them say which lab it is for."""

import re
import unicodedata
from dataclasses import dataclass

from labkit.grading.words import LINKS, NUMBERED, PEOPLE, SURNAMES, WORDS

SEPARATORS = r"\s_\-\u2010-\u2015,.+()\[\]{}~;!&#=:"
TOKEN = re.compile(f"[^{SEPARATORS}]+")
LABEL = re.compile(r"([^\W\d_]+)0*([0-9]{1,3})([a-z]?)\Z")
NUMBERED_END = re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(NUMBERED))})\Z")
GLUED_BEFORE = re.compile(r"(lab|assignment|homework)([0-9]{1,2})(?=[^\W\d_]{2})", re.IGNORECASE)
GLUED_AFTER = re.compile(r"(lab|assignment|homework)[0-9]{1,2}\Z", re.IGNORECASE)
YEAR = r"(?:19|20)[0-9]{2}"
TIME = r"(?:[-_ .tT]+(?:at |um )?[0-9]{2}[-_.h: ]?[0-9]{2}(?:[-_. ]?[0-9]{2})?(?:Z(?:-[0-9]{1,3})*)?)?"
MONTH, DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
DATE = re.compile(
    rf"(?<![0-9])(?:{YEAR}([-_. ]?){MONTH}\1{DAY}|{YEAR}[-_]{MONTH}"
    rf"|{DAY}\.{MONTH}\.[0-9]{{2}}|{DAY}([-_./]){MONTH}\2{YEAR}|{MONTH}([-_./]){DAY}\3{YEAR}){TIME}(?![0-9])"
)
NUMBER_GROUP = re.compile(r"(?<![^\W_])[0-9]+(?:[-.][0-9]+)+(?![^\W_])")
NUMBER = re.compile(r"[0-9]+\Z")
LOCAL, DOMAIN = re.compile(r"[\w.%+-]{1,64}\Z"), re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class Token:
    """A word of a name: where it stands, and as what it counts ("" for a person's)."""

    start: int
    end: int
    low: str
    kind: str = ""


def low(text):
    """A text as words are compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def tokens(text):
    """The words of a text."""
    return [Token(m.start(), m.end(), low(m[0])) for m in TOKEN.finditer(text)]


def cut_up(text):
    """The words, with numbers joined by dashes and dates as one each, and "lab01jane" as two."""
    spans = [(m.start(), m.end(), "date") for m in DATE.finditer(text)]
    for found in NUMBER_GROUP.finditer(text):
        number, _, rest = found[0].partition("-")
        before = low(text[: found.start()]).rstrip(" _-.#")
        if len(number) < 3 and rest.isdecimal() and NUMBERED_END.search(before):
            continue  # "Lab 01-123456": a lab and the number of an export
        if not any(start < found.end() and found.start() < end for start, end, _ in spans):
            spans.append((found.start(), found.end(), ""))
    words = [Token(start, end, low(text[start:end]), kind) for start, end, kind in spans]
    for word in tokens(text):
        if any(start < word.end and word.start < end for start, end, _ in spans):
            continue
        piece = text[word.start : word.end]
        cut = word.end
        if found := GLUED_BEFORE.match(piece):
            cut = word.start + found.end()
        elif (found := GLUED_AFTER.search(piece)) and found.start() > 1:
            cut = word.start + found.start()
        words.append(Token(word.start, cut, low(text[word.start : cut])))
        if cut < word.end:
            words.append(Token(cut, word.end, low(text[cut : word.end])))
    return sorted(words, key=lambda word: word.start)


def with_email(text, words):
    """(the words with an e-mail address as one of them, the address or "")."""
    at = text.find("@")
    if at < 1:
        return words, ""
    head = LOCAL.search(text[max(0, at - 64) : at])
    tail = DOMAIN.match(text[at + 1 :])
    if not head or not tail:
        return words, ""
    labels = tail[0].split(".")
    labels[-1] = labels[-1].partition("-")[0]
    while labels and not (labels[-1].isalpha() and len(labels[-1]) > 1 and labels[-1] != "ipynb"):
        labels.pop()
    if len(labels) < 2:
        return words, ""
    start, end = at - len(head[0]), at + 1 + len(".".join(labels))
    inside = [word for word in words if start <= word.start < at]
    for word, after in zip(inside, inside[1:], strict=False):  # "lab01_jane@uni.edu"
        if not (LABEL.match(word.low) or word.low in WORDS or NUMBER.match(word.low)):
            break
        start = after.start
    address = text[start:end].lstrip("_-.+%")
    whole = Token(end - len(address), end, low(address), "email")
    kept = [word for word in words if word.end <= whole.start or word.start >= end]
    return sorted([*kept, whole], key=lambda word: word.start), address


def labelled(text, words, slugs):
    """(the words with those that say which lab marked, the lab or None)."""
    kinds, lab = [word.kind for word in words], None
    parts = [[low(part) for part in slug.split("_")] for slug in slugs]
    place = 0
    while place < len(words):
        length, number = _slug_at(words, kinds, place, parts)
        if length:
            if place and NUMBER.match(words[place - 1].low) and _number(words[place - 1].low) == number:
                kinds[place - 1] = "lab"
            kinds[place : place + length] = ["lab"] * length
            lab = number if lab is None else lab
            place += length
            continue
        word = words[place]
        found = LABEL.match(word.low)
        if kinds[place]:
            pass
        elif place and word.low in SURNAMES and _is_apart(text, words, kinds, place, parts):
            pass  # "Mark Lab - 01_mlm_fill_in_blank"
        elif word.low in NUMBERED and (ahead := _number_after(words, kinds, place)):
            kinds[place : ahead + 1] = ["lab"] * (ahead + 1 - place)
            lab = _number(words[ahead].low) if lab is None else lab
            place = ahead
        elif found and found[1] in NUMBERED:
            kinds[place] = "lab"
            lab = int(found[2]) if lab is None else lab
        elif word.low in PEOPLE and place + 1 < len(words) and is_short(words[place + 1].low):
            kinds[place] = kinds[place + 1] = "people"
            place += 1
        place += 1
    return marked(words, kinds), lab


def _slug_at(words, kinds, place, parts):
    """(how many words from here are a lab's slug, at least two of its own words; the lab's number)."""
    best = (0, None)
    for slug in parts:
        number = _number(slug[0])
        start = place + (NUMBER.match(words[place].low) is not None and _number(words[place].low) == number)
        for first in range(1, len(slug)):
            length = 0
            while (
                first + length < len(slug)
                and start + length < len(words)
                and not kinds[start + length]
                and words[start + length].low == slug[first + length]
            ):
                length += 1
            total = length + start - place
            if (length >= 2 or (length == 1 and start > place)) and total > best[0]:
                best = (total, number)
    return best


def _is_apart(text, words, kinds, place, parts):
    """Does a dash, and then a lab's whole name, follow this word?"""
    gap = text[words[place].end : words[place + 1].start] if place + 1 < len(words) else ""
    return " - " in gap and not kinds[place - 1] and _slug_at(words, kinds, place + 1, parts)[0] > 1


def _number(text):
    return int(text) if NUMBER.match(text) and len(text) < 6 else None


def _number_after(words, kinds, place):
    """The place of the number that follows a word for a lab ("Lab No. 1", "lab 1-2"), or None."""
    ahead = place + 1
    if ahead < len(words) and words[ahead].low in LINKS:
        ahead += 1
    if (
        ahead < len(words)
        and not kinds[ahead]
        and re.match(r"[0-9]{1,2}([a-z]|-[0-9]{1,2})?\Z", words[ahead].low)
    ):
        return ahead
    return None


def is_short(text):
    """Is a text a number, or a single letter?"""
    return NUMBER.match(text) is not None or (len(text) == 1 and text.isalpha())


def bare_number(text, words, labs):
    """(the words, the lab): a lab's number alone at the start or the end, beside something that is left."""
    free = [place for place, word in enumerate(words) if not word.kind]
    for place in (free[0], free[-1]) if free else ():
        number = _number(words[place].low)
        own = place == 0 or words[place - 1].low not in PEOPLE
        own &= text[max(0, words[place].start - 1) : words[place].start] not in "([" or not words[place].start
        if number is not None and 1 <= number <= labs and len(words[place].low) <= 2 and own:
            kinds = [word.kind for word in words]
            kinds[place] = "lab"
            return marked(words, kinds), number
    return words, None


def marked(words, kinds):
    """The words, each of the kind beside it."""
    return [
        word if word.kind == kind else Token(word.start, word.end, word.low, kind)
        for word, kind in zip(words, kinds, strict=True)
    ]
