"""Files in which an instructor says who is who: the class's roster, and a names file.

A roster holds a name a line, or is a CSV file with a header, as platforms export them:

    Jane Doe
    "Doe, Jane",1234567,jane.doe@uni.edu
    First name,Last name,ID number,Email address          (Moodle: participants, grades)
    Student,ID,SIS User ID,SIS Login ID,Section           (Canvas: gradebook)
    OrgDefinedId,Username,Last Name,First Name,Email      (Brightspace)

A names file says whose a file is, where the rules (`people`) can't tell. Each line holds a path as
`labkit grade --who` prints it, or a folder's, or a pattern over paths or bare file names, and a person:

    file,student,id,email
    class.zip!x/lab01 (3).ipynb,Jane Doe,1234567,jane.doe@uni.edu
    group 3/*,Group 3
    *_jd.ipynb,John Doe
"""

import fnmatch
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace

from labkit.grading import columns
from labkit.grading.grades import printable
from labkit.grading.naming import fold, low
from labkit.grading.persons import Person
from labkit.messages import LabkitError

LONGEST_PATH = 2000  # characters within which a folder's name ends
LONGEST_NAME = 300  # characters of a name that is compared in more ways than one
MOST = 100  # characters of a roster's name
POINTS_POSSIBLE = "points possible"  # Canvas's second row
LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


class Names:
    """What a names file decides. rows: (pattern, Person), of which the first that matches counts."""

    def __init__(self, rows):
        self.rows = [(_path(pattern), person) for pattern, person in rows]
        self.exact = {}
        for pattern, person in self.rows:
            self.exact.setdefault(pattern, person)
        self.patterns = [
            (re.compile(fnmatch.translate(pattern), re.DOTALL), person)
            for pattern, person in self.rows
            if any(sign in pattern for sign in "*?[")
        ]

    def match(self, origin, paths=()):
        """Whose a file is, as a Person, or None where no line speaks of it.

        A line with the whole path comes before one with a folder above it, and that before a pattern.
        A file's bare name stands for itself alone where it is one of the paths (of all files), else for any
        file of that name.
        """
        return next(iter(self.all_matches(origin, paths)), None)

    def all_matches(self, origin, paths=()):
        """The people of whom lines that come at the same place speak: the first counts."""
        whole, bare = _whole(origin)
        for path in (*_above(whole), *_above(whole.replace("!", "/"))):
            if path in self.exact:
                return [self.exact[path]]
        if bare in self.exact and bare not in paths:
            return [self.exact[bare]]
        forms = (whole, whole.replace("!", "/"), bare)
        found = [person for pattern, person in self.patterns if any(map(pattern.match, forms))]
        return list(dict.fromkeys(found))

    def unused(self, origins):
        """The lines' paths and patterns that no file has."""
        known, forms = set(), set()
        for origin in origins:
            whole, bare = _whole(origin)
            known |= {*_above(whole), *_above(whole.replace("!", "/")), bare}
            forms |= {whole, whole.replace("!", "/"), bare}
        left = dict.fromkeys(pattern for pattern, _ in self.rows if pattern not in known)
        signs = [pattern for pattern in left if any(sign in pattern for sign in "*?[")]
        for pattern in signs:
            expression = re.compile(fnmatch.translate(pattern), re.DOTALL)
            if any(map(expression.match, forms)):
                del left[pattern]
        return list(left)


class Roster:
    """Who is in a class.

    people: a Person for each line, in order; of two lines with one name, each name says more.
    doubled: a sentence for each number or address that several lines have.
    """

    def __init__(self, people, numbers=()):
        """numbers: for each person, all numbers and user names that are theirs."""
        numbers = list(numbers) or [()] * len(people)
        self.people = _distinct(people)
        self.by_id, self.by_email, self.by_name = defaultdict(set), defaultdict(set), defaultdict(set)
        for place, (person, more) in enumerate(zip(people, numbers, strict=True)):
            for number in {person.id, *more} - {""}:
                self.by_id[low(number)].add(place)
                if "@" in number:
                    self.by_email[low(number)].add(place)
            if person.email:
                self.by_email[low(person.email)].add(place)
            for key in _keys(person.student):
                self.by_name[key].add(place)
            for key in _keys(self.people[place].student)[:1]:
                self.by_name[key].add(place)
        several = {key: some for key, some in (*self.by_id.items(), *self.by_email.items()) if len(some) > 1}
        self.doubled = [
            f"The roster has {_quoted(key)} on several lines: "
            f"{', '.join(_quoted(self.people[place].student) for place in sorted(some)[:4])}."
            for key, some in several.items()
        ]
        self.by_user = defaultdict(set)
        for email, some in self.by_email.items():
            self.by_user[email.partition("@")[0]] |= some

    def find(self, person):
        """The roster's Person for somebody of whom a name, a number or an address is known, or None."""
        return self.look_up(person)[0]

    def look_up(self, person):
        """(as `find`, why several or contrary lines leave it open or "")."""
        told = set()
        for key, lines in ((person.id, self.by_id), (person.email, self.by_email)):
            told |= lines.get(low(key), set()) if key else set()
        name, doubt = self._by_name(person.student)
        shown = _quoted(person.student)
        if len(told) == 1:
            (place,) = told
            if name is not None and name != place:
                return None, f"{shown}: the roster has the name and the number on different lines."
            return self.people[place], ""
        if len(told) > 1:
            return None, f"{shown}: the roster has the number or address on several lines."
        if name is not None or doubt:
            return (None if name is None else self.people[name]), doubt
        for key, lines in ((person.student, self.by_id), (person.student, self.by_email)):
            if len(lines.get(low(key), ())) == 1:
                return self.people[min(lines[low(key)])], ""
        for key in (person.id, person.student):  # a user name that an e-mail address begins with
            if key and not key.isdecimal() and len(self.by_user.get(low(key), ())) == 1:
                return self.people[min(self.by_user[low(key)])], ""
        return None, ""

    def _by_name(self, name):
        for key in _keys(name):
            found = self.by_name.get(key, ())
            if len(found) == 1:
                return min(found), ""
            if found:
                return None, f"{_quoted(name)} could be several people of the roster."
        return None, ""


def read_names(path):
    """Names, from a names file. Raises LabkitError, with the line, where it can't be understood."""
    rows = columns.rows(path)
    header = columns.header(rows[0][1], with_file=True) if rows else None
    if header is not None and "file" not in header:
        header = None
    if header is None and rows and columns.looks_like_header(rows[0][1]):
        raise LabkitError(
            f"{path}, line {rows[0][0]}: expected the columns file, student, id, email; found "
            f"{_shown_row(rows[0][1])}."
        )
    found, seen = [], {}
    for line, cells in rows[1:] if header else rows:
        kinds = header or _guessed(cells, path, line)
        if len(cells) > len(kinds) and any(cells[len(kinds) :]):
            raise LabkitError(
                f"{path}, line {line}: there are more values than columns: {_shown_row(cells)}."
            )
        row = columns.record(kinds, cells)
        if not row["file"]:
            raise LabkitError(f"{path}, line {line}: it names no file.")
        name = row["name"] or row["id"] or row["email"]
        if not name:
            raise LabkitError(f"{path}, line {line}: it does not say whose {_quoted(row['file'])} is.")
        person = Person(_clean(name), row["id"], row["email"])
        before = seen.setdefault(_path(row["file"]), (line, person))
        if before[1] != person:
            raise LabkitError(
                f"{path}, line {line}: line {before[0]} says otherwise of {_quoted(row['file'])}."
            )
        found.append((row["file"], person))
    if not found:
        raise LabkitError(f"{path} names no file. Expected lines with: file, student, id, email.")
    return Names(found)


def read_roster(path):
    """Roster, from a file. Raises LabkitError, with the line, where it can't be understood."""
    rows = columns.rows(path)
    header = columns.header(rows[0][1]) if rows else None
    if header is None and rows and len(rows[0][1]) > 1 and columns.looks_like_header(rows[0][1]):
        raise LabkitError(
            f"{path}, line {rows[0][0]}: no column has the names. Expected one called Name or Student, or "
            f"First name and Last name; found {_shown_row(rows[0][1])}."
        )
    people, numbers = [], []
    for line, cells in rows[1:] if header else rows:
        row = columns.record(header, cells) if header else columns.unheaded(cells)
        if low(row["name"]).strip() in (POINTS_POSSIBLE, "student, test"):
            continue
        name = row["name"] or row["id"] or row["email"]
        if not _clean(name):
            raise LabkitError(f"{path}, line {line}: there is no name.")
        people.append(Person(_clean(name), row["id"], row["email"]))
        numbers.append(tuple(row["ids"]))
    if not people:
        raise LabkitError(f"{path} names nobody. Expected a name a line, or CSV with a column of names.")
    return Roster(people, numbers)


def _guessed(cells, path, line):
    """What the columns of a names file's line are, without a header: file, student, then by their look."""
    if len(cells) < 2 or len(cells) > 4:
        raise LabkitError(
            f"{path}, line {line}: expected file, student, id, email (a header line tells their order); "
            f"found {_shown_row(cells)}."
        )
    return ["file", "name", *("email" if "@" in cell else "id000" for cell in cells[2:])]


def _keys(name):
    """What a name is compared by, the closest first: as written, then in any order of words, then loosely."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if len(name) > LONGEST_NAME:
        return [("as written", name)]
    plain = low(name)
    last, comma, first = plain.partition(",")
    if comma and first.strip():
        plain = f"{first.strip()} {last.strip()}"
    keys = [("as written", name), ("case", plain)]
    words = re.split(r"[\s_.,]+", plain.strip(" _.,"))[:8]
    turned = [" ".join(words[n:] + words[:n]) for n in range(len(words))]
    keys += [("words", min(turned))]
    for table in (LETTERS, UMLAUTS):
        keys += [("loose", fold(text.translate(table))) for text in turned]
    return list(dict.fromkeys(keys))


def _distinct(people):
    """The people, with a number, an address or a line added to a name that several have."""
    several = Counter(person.student for person in people)
    found, used = [], set(several)
    for line, person in enumerate(people, 1):
        if several[person.student] > 1:
            for mark in (person.id, person.email, f"line {line}", f"line {line} of the roster"):
                name = f"{person.student} ({mark})"
                if mark and name not in used:
                    person = replace(person, student=name)
                    break
            used.add(person.student)
        found.append(person)
    return found


def _path(text):
    """A path as it is compared."""
    text = unicodedata.normalize("NFC", text).replace("\\", "/")
    return text.removeprefix("./").rstrip("/")


def _whole(origin):
    """(a file's path as it is compared, its bare name)."""
    whole = unicodedata.normalize("NFC", "!".join(origin))
    return whole, re.split("[/!]", whole)[-1]


def _above(path):
    """A path, and those of the folders and archives above it, the longest first."""
    yield path
    for place in range(min(len(path), LONGEST_PATH) - 1, 0, -1):
        if path[place] in "/!":
            yield path[:place]


def _clean(text):
    text = " ".join(printable(text).split())
    return text if len(text) <= MOST else text[: MOST - 1] + "\u2026"


def _quoted(text):
    return f"\u201c{_clean(text)}\u201d"


def _shown_row(cells):
    return _clean(", ".join(cells)) or "nothing"
