"""What of a file's or a folder's name is a person's: the rest is labs, dates, numbering and common words.

lab01 - Jane Doe            Jane Doe           a lab's number and the words for it
Copy of 01_mlm - Jane (1)   Jane               numbering, copies, words of the course
2024-10-01 Jane             Jane               a date
group_07_lab01              group_07           a number that belongs to a word for people stays
jane_1_lab01                jane_1             and so does one beside a name, once the lab is known
jane_1                      jane               where nothing else says which lab, it is the lab's
12-34-567_lab01             12-34-567          a number with dashes
jane.doe@uni.edu_lab01      jane.doe@uni.edu   an e-mail address
lab01_final                                    nothing is left: it names nobody
lab05_Bert                  Bert               a word of the course is a name where nothing else is
"""

import re
import unicodedata
from dataclasses import dataclass

from labkit.grading.words import (
    BEFORE_NAMES,
    BRANCHES,
    COPIES,
    LINKS,
    LOOSE_VERSIONS,
    NUMBERED,
    PEOPLE,
    SECTIONS,
    SURNAMES,
    VERSIONS,
    WORDS,
)

LONGEST = 400  # characters of a name that is looked into; a longer one is taken as a whole
SEPARATORS = r"\s_\-\u2010-\u2015,.+()\[\]{}~;!&#=:"
TOKEN = re.compile(f"[^{SEPARATORS}]+")
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json")
ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz")

VERSION = re.compile(r"(?:v|ver|rev)[0-9]{1,3}\Z")
TERM = re.compile(r"(?:ws|ss|wise|sose|fs|hs|fall|spring|autumn|winter|summer)(?:19|20)?[0-9]{2}\Z")
LABEL = re.compile(r"([^\W\d_]+)0*([0-9]{1,3})([a-z]?)\Z")
NUMBERED_END = re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(NUMBERED))})\Z")
GLUED_BEFORE = re.compile(r"(lab|assignment|homework)([0-9]{1,2})(?=[^\W\d_]{2})", re.IGNORECASE)
GLUED_AFTER = re.compile(r"(lab|assignment|homework)[0-9]{1,2}\Z", re.IGNORECASE)
NUMBERING = re.compile(r"[ _]?\([0-9]{1,3}\)\Z")
YEAR = r"(?:19|20)[0-9]{2}"
TIME = r"(?:[-_ .tT]+(?:at |um )?[0-9]{2}[-_.h: ]?[0-9]{2}(?:[-_. ]?[0-9]{2})?(?:Z(?:-[0-9]{1,3})*)?)?"
MONTH, DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
DATE = re.compile(
    rf"(?<![0-9])(?:{YEAR}([-_. ]?){MONTH}\1{DAY}|{YEAR}[-_]{MONTH}"
    rf"|{DAY}\.{MONTH}\.[0-9]{{2}}|{DAY}([-_./]){MONTH}\2{YEAR}|{MONTH}([-_./]){DAY}\3{YEAR}){TIME}(?![0-9])"
)
NUMBER_GROUP = re.compile(r"(?<![^\W_])[0-9]+(?:[-.][0-9]+)+(?![^\W_])")
NUMBER = re.compile(r"[0-9]+\Z")
PERSONAL = re.compile(r"[a-z]{0,3}[0-9]{5,12}\Z")
LOCAL, DOMAIN = re.compile(r"[\w.%+-]{1,64}\Z"), re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class Token:
    """A word of a name: where it stands, and as what it counts ("" for a person's)."""

    start: int
    end: int
    low: str
    kind: str = ""


@dataclass(frozen=True)
class Reduced:
    """What a name holds. name: a person's, or "".  lab: a number, or None.

    before, after: what stands around the person's name.
    core: the whole without what only numbers versions.
    weak: is the name a word of the course?
    dropped: words that are no part of the name here, and could be.
    full: the name with the number that is taken for a lab's because nothing else is, or "".
    """

    name: str
    lab: int | None
    core: str
    before: str = ""
    after: str = ""
    id: str = ""
    email: str = ""
    weak: bool = False
    tokens: tuple = ()
    full: str = ""
    dropped: frozenset = frozenset()


def stem(name):
    """A file's name without its ending: "lab.ipynb.txt" -> "lab"."""
    low = name.lower()
    for ending in (*NOTEBOOKS[::-1], *ARCHIVES):
        if low.endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            while ending in NOTEBOOKS and name.lower().endswith(".ipynb") and len(name) > 6:
                name = name[:-6]  # a browser's second ending
            return name
    head, dot, ending = name.rpartition(".")
    return head if dot and head and len(ending) <= 8 and ending.isalnum() else name


def low(text):
    """A text as words are compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def fold(text):
    """A text without case, accents, spaces and signs: names that are alike but for these are equal."""
    text = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in text if unicodedata.category(sign)[0] in "LN")
    return kept or low(text)


def tokens(text):
    """The words of a text."""
    return [Token(m.start(), m.end(), low(m[0])) for m in TOKEN.finditer(text)]


def is_wordy(text, slugs=()):
    """Does a name consist of common words, labs, dates and numbers of labs, and names nobody?"""
    return not reduce(text, slugs, folder=True).name


def reduce(text, slugs=(), folder=False):
    """Reduced: what a name without its ending holds.  slugs: of the labs.  folder: is it a folder's?"""
    if len(text) > LONGEST:
        return Reduced(text, None, text)
    core = text
    while not folder and (found := NUMBERING.search(core)):
        core = core[: found.start()]
    numbered = core != text
    words, email = _with_email(core, _cut(core))
    words, lab = _labels(core, words, slugs)
    words = _common(core, words, slugs, lab)
    full, bare = "", False
    if lab is None:
        before = [word for word in words if not word.kind]
        words, lab = _bare_number(core, words, len(slugs))
        bare = lab is not None
        full = _joined(text, words, before) if bare else ""
    left = [word for word in words if not word.kind]
    if folder and left and not any(word.kind == "lab" for word in words):
        left = [word for word in words if word.kind != "date"]  # a folder is called as its person is
    weak = not left
    if weak:
        left = [word for word in words if word.kind == "weak"]
    core = _without(core, [w for w in words if w.kind == "version"])
    if not left:
        return Reduced("", lab, core)
    name = _joined(text, words, left) if len(left) < len(words) or numbered else text.strip()
    ids = [word.low for word in left if PERSONAL.match(word.low)]
    return Reduced(
        name,
        lab,
        core,
        text[: left[0].start],
        text[left[-1].end :],
        text_of(text, left, ids),
        email,
        weak,
        tuple(left),
        full if bare and name else "",
        frozenset(word.low for word in words if word.kind == "word" and word.low in SURNAMES),
    )


def lab_in(text, slugs):
    """The lab that a text names by a word for it, or None: "Jane_1_file_lab02" -> 2."""
    return _labels(text, _cut(text[-LONGEST:]), slugs)[1]


def text_of(text, left, ids):
    """The only word that looks like a person's number, as it is written, or ""."""
    found = [text[word.start : word.end] for word in left if word.low in ids]
    return found[0] if len(found) == 1 else ""


def without(text, reduced, common):
    """A reduced name's text without some of its words."""
    left = [word for word in reduced.tokens if word.low not in common]
    return _joined(text, list(reduced.tokens), left)


def counts(reduced, labs):
    """Does a name begin or end in a number that is no lab's, as one of a list does: "12_amy", "abc_07"?"""
    ends = [reduced.tokens[0].low, reduced.tokens[-1].low] if len(reduced.tokens) > 1 else []
    return any(NUMBER.match(end) and len(end) < 4 and not 1 <= int(end) <= labs for end in ends)


def _joined(text, words, left):
    """The words that are left as they stand in the text; where one between was dropped, a space."""
    parts = [text[left[0].start : left[0].end]]
    place = {word.start: number for number, word in enumerate(words)}
    for one, other in zip(left, left[1:], strict=False):
        follows = place[other.start] == place[one.start] + 1
        between = text[one.end : other.start]
        parts.append(between if follows and between.strip(" ()[]{}") or between == " " else " ")
        parts.append(text[other.start : other.end])
    return "".join(parts)


def _without(text, dropped):
    """The text without these words and the separators before each."""
    for word in reversed(dropped):
        text = text[: word.start].rstrip(" _-.+~([") + text[word.end :]
    return text.strip(" _-.+~()[]")


def _cut(text):
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


def _with_email(text, words):
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


def _labels(text, words, slugs):
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
        elif word.low in NUMBERED and (ahead := _number_after(words, kinds, place)):
            kinds[place : ahead + 1] = ["lab"] * (ahead + 1 - place)
            lab = _number(words[ahead].low) if lab is None else lab
            place = ahead
        elif found and found[1] in NUMBERED:
            kinds[place] = "lab"
            lab = int(found[2]) if lab is None else lab
        elif word.low in PEOPLE and place + 1 < len(words) and _is_short(words[place + 1].low):
            kinds[place] = kinds[place + 1] = "people"
            place += 1
        place += 1
    return _marked(words, kinds), lab


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


def _is_short(text):
    return NUMBER.match(text) is not None or (len(text) == 1 and text.isalpha())


def _common(text, words, slugs, lab):
    """The words with the common ones marked."""
    course = {low(part) for slug in slugs for part in slug.split("_")}
    kinds = [word.kind for word in words]
    said = lab is not None and any(not _is_common(word) for word in words)
    for place, word in enumerate(words):
        after = words[place + 1].low if place + 1 < len(words) else ""
        if kinds[place]:
            kinds[place] = "" if kinds[place] in ("people", "email") else kinds[place]
        elif place and not after and word.low in BRANCHES and text[word.start - 1] == "-":
            kinds[place] = "version"
        elif said and word.low in SURNAMES:
            continue
        elif word.low in COPIES and after in LINKS:
            kinds[place] = kinds[place + 1] = "version"
        elif (
            word.low in VERSIONS
            or VERSION.match(word.low)
            or (place and kinds[place - 1] == "lab" and word.low in LOOSE_VERSIONS)
        ):
            kinds[place] = "version"
            if after.isdecimal() and len(after) < 3:
                kinds[place + 1] = "version"
        elif word.low in SECTIONS - PEOPLE and _is_short(after):
            kinds[place] = kinds[place + 1] = "word"
        elif (found := LABEL.match(word.low)) and found[1] in WORDS | SECTIONS - PEOPLE:
            kinds[place] = "word"  # "export2", "section1"
        elif word.low in WORDS or TERM.match(word.low) or re.match(rf"{YEAR}\Z", word.low):
            kinds[place] = "word"
        elif word.low in BEFORE_NAMES and after and (not place or kinds[place - 1]):
            kinds[place] = "word"  # "Lab 1 by Jane"
        elif word.low in course and not word.low.isdecimal():
            kinds[place] = "weak"
    last = len(words) - 1
    if last > 0 and kinds[last - 1] == "lab" and not kinds[last] and NUMBER.match(words[last].low):
        if len(words[last].low) <= 2 and text[words[last - 1].end : words[last].start] == "-":
            kinds[last] = "version"  # "lab01-1", as a platform numbers what is handed in again
    return _marked(words, kinds)


def _is_common(word):
    return bool(word.kind) or word.low in WORDS | VERSIONS | LOOSE_VERSIONS | LINKS or word.low.isdecimal()


def _bare_number(text, words, labs):
    """(the words, the lab): a lab's number alone at the start or the end, beside something that is left."""
    free = [place for place, word in enumerate(words) if not word.kind]
    for place in (free[0], free[-1]) if free else ():
        number = _number(words[place].low)
        own = place == 0 or words[place - 1].low not in PEOPLE
        own &= text[max(0, words[place].start - 1) : words[place].start] not in "([" or not words[place].start
        if number is not None and 1 <= number <= labs and len(words[place].low) <= 2 and own:
            kinds = [word.kind for word in words]
            kinds[place] = "lab"
            return _marked(words, kinds), number
    return words, None


def _marked(words, kinds):
    return [
        word if word.kind == kind else Token(word.start, word.end, word.low, kind)
        for word, kind in zip(words, kinds, strict=True)
    ]
