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

from labkit.grading.labels import (
    LABEL,
    NUMBER,
    YEAR,
    Token,
    bare_number,
    cut_up,
    is_short,
    labelled,
    low,
    marked,
    tokens,
    with_email,
)
from labkit.grading.words import (
    BEFORE_NAMES,
    BRANCHES,
    COPIES,
    LINKS,
    LOOSE_VERSIONS,
    PEOPLE,
    SECTIONS,
    SURNAMES,
    VERSIONS,
    WORDS,
)

LONGEST = 400  # characters of a name that is looked into; a longer one is taken as a whole
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json")
ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz")

VERSION = re.compile(r"(?:v|ver|rev)[0-9]{1,3}\Z")
TERM = re.compile(r"(?:ws|ss|wise|sose|fs|hs|fall|spring|autumn|winter|summer)(?:19|20)?[0-9]{2}\Z")
NUMBERING = re.compile(r"[ _]?\([0-9]{1,3}\)\Z")
MAY_BE_NAMES = {word for word in WORDS | VERSIONS | LOOSE_VERSIONS if word.isalpha()}
PERSONAL = re.compile(r"[a-z]{0,3}[0-9]{5,12}\Z")


@dataclass(frozen=True)
class Reduced:
    """What a name holds. name: a person's, or "".  lab: a number, or None.

    before, after: what stands around the person's name.
    core: the whole without what only numbers versions.
    weak: is the name a word of the course?
    dropped: words that are no part of the name here, and could be.
    full: the name with the number that is taken for a lab's because nothing else is, or "".
    called: the name with the common words beside it that may belong to it ("Mark Lab"), or "".
    """

    name: str
    lab: int | None
    core: str
    before: str = ""
    after: str = ""
    id: str = ""
    email: str = ""
    weak: bool = False
    tokens: tuple[Token, ...] = ()
    full: str = ""
    dropped: frozenset[str] = frozenset()
    called: str = ""


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


def fold(text):
    """A text without case, accents, spaces and signs: names that are alike but for these are equal."""
    text = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in text if unicodedata.category(sign)[0] in "LN")
    return kept or low(text)


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
    words, email = with_email(core, cut_up(core))
    words, lab = labelled(core, words, slugs)
    words = _common(core, words, slugs, lab)
    full, bare = "", False
    if lab is None:
        before = [word for word in words if not word.kind]
        words, lab = bare_number(core, words, len(slugs))
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
    if email and any(word.low.isalpha() for word in left if word.kind != "email" and "@" not in word.low):
        left = [word for word in left if "@" not in word.low]  # "Jane Doe (jdoe@uni.edu)"
    name = _joined(text, words, left) if len(left) < len(words) or numbered else text.strip()
    dropped = {word.low for word in words if word.kind == "word" and word.low in SURNAMES}
    beside, called = _beside(text, words, left, folder)
    if lab is None or called:
        dropped |= beside
    if called and lab is None:
        dropped -= {word.low for word in tokens(called)}
    if lab is None and text != text.strip():
        dropped.add(f"{text[: len(text) - len(text.lstrip())]}|{text[len(text.rstrip()) :]}")
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
        frozenset(dropped),
        called if lab is None else "",
    )


def _beside(text, words, left, folder):
    """(the versions' words right behind a name, the name with all common words that may belong to it or "").

    In a file's name a word may belong to it where it is written as a name is: "Will Final", not "will_final".
    """
    first, last = words.index(_same(words, left[0])), words.index(_same(words, left[-1]))
    start, behind = first, set()
    while last + 1 < len(words) and words[last + 1].kind in ("version", "word"):
        word = words[last + 1]
        if word.low not in (MAY_BE_NAMES if folder else SURNAMES | VERSIONS):
            break
        if word.low in VERSIONS:
            behind.add(word.low)
        between = text[words[last].end : word.start]
        if not folder and not (
            between == " " and text[word.start].isupper() and text[left[0].start].isupper()
        ):
            break
        last += 1
    while folder and first and words[first - 1].kind in ("version", "word"):
        word = words[first - 1]
        if word.low not in MAY_BE_NAMES or word.low in COPIES:
            break
        first -= 1
    ends = words.index(_same(words, left[-1]))
    return behind, text[words[first].start : words[last].end] if (first, last) != (start, ends) else ""


def _same(words, wanted):
    return next(word for word in words if word.start == wanted.start)


def lab_in(text, slugs):
    """The lab that a text names by a word for it, or None: "Jane_1_file_lab02" -> 2."""
    return labelled(text, cut_up(text[-LONGEST:]), slugs)[1]


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
        elif word.low in SECTIONS - PEOPLE and is_short(after):
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
    return marked(words, kinds)


def _is_common(word):
    return bool(word.kind) or word.low in WORDS | VERSIONS | LOOSE_VERSIONS | LINKS or word.low.isdecimal()
