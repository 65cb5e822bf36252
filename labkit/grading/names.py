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

import csv
import fnmatch
import io
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace

from labkit.grading.grades import printable
from labkit.grading.naming import fold, low
from labkit.grading.people import Person
from labkit.messages import LabkitError

LARGEST = 20_000_000  # bytes of a file
LONGEST_PATH = 2000  # characters within which a folder's name ends
LONGEST_NAME = 300  # characters of a name that is compared in more ways than one
MOST = 100  # characters of a roster's name
# What columns are called, in letters and digits alone. Of several numbers, the first in this order is shown.
FILE = "file path pattern origin files filename pathorpattern submission datei pfad muster fichier".split()
NAME = (
    "name student studentname fullname displayname studentfullname names students person participant "
    "surnamefirst surnamefirstname lastfirst lastnamefirstname lastnamefirst nachnamevorname namevorname "
    "vollstandigername teilnehmer teilnehmerin studierende nomcomplet nombrecompleto sortablename learner"
).split()
FIRST = "firstname first givenname givennames forename vorname prenom nombre firstnames rufname".split()
LAST = "lastname last surname familyname nachname familienname nom apellido apellidos apellidoss".split()
ID = (
    "idnumber studentid studentidnumber studentnumber studentno matrikelnummer matrikel matriculationnumber "
    "matnr sisuserid sisid orgdefinedid externalid numero number nummer idnummer personnummer id userid "
    "canvasuserid canvasid participantid identifier sisloginid loginid login username user netid uid uname "
    "benutzername anmeldename kennung"
).split()
EMAIL = "email emailaddress mail mailaddress emailadresse mailadresse adressemail correo emails".split()
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

    def match(self, origin):
        """Whose a file is, as a Person, or None where no line speaks of it.

        A line with the whole path comes before one with a folder above it, and that before a pattern.
        """
        whole = unicodedata.normalize("NFC", "!".join(origin))
        for path in _above(whole):
            if path in self.exact:
                return self.exact[path]
        bare = re.split("[/!]", whole)[-1]
        if bare in self.exact:
            return self.exact[bare]
        for pattern, person in self.patterns:
            if pattern.match(whole) or pattern.match(bare):
                return person
        return None


class Roster:
    """Who is in a class.

    people: a Person for each line, in order; of two lines with one name, each name says more.
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
    rows = _rows(path)
    header = _header(rows[0][1], with_file=True) if rows else None
    if header is not None and "file" not in header:
        header = None
    if header is None and rows and _looks_like_header(rows[0][1]):
        raise LabkitError(
            f"{path}, line {rows[0][0]}: expected the columns file, student, id, email; found "
            f"{_shown_row(rows[0][1])}."
        )
    found, seen = [], {}
    for line, cells in rows[1:] if header else rows:
        columns = header or _guessed(cells, path, line)
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise LabkitError(
                f"{path}, line {line}: there are more values than columns: {_shown_row(cells)}."
            )
        row = _record(columns, cells)
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
    rows = _rows(path)
    header = _header(rows[0][1]) if rows else None
    if header is None and rows and len(rows[0][1]) > 1 and _looks_like_header(rows[0][1]):
        raise LabkitError(
            f"{path}, line {rows[0][0]}: no column has the names. Expected one called Name or Student, or "
            f"First name and Last name; found {_shown_row(rows[0][1])}."
        )
    people, numbers = [], []
    for line, cells in rows[1:] if header else rows:
        row = _record(header, cells) if header else _unheaded(cells)
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


def _rows(path):
    """[(line, cells)] of a file's lines that are not empty and no comments."""
    text = _text(path)
    delimiter = _delimiter(text)
    found, before = [], 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if (
                any(cells)
                and not cells[0].startswith("# ")
                and not (before == 0 and cells[0].lower() == "sep=")
            ):
                found.append((before + 1, cells))
            before = reader.line_num
    except csv.Error as error:
        raise LabkitError(f"{path}, line {reader.line_num}: {error}.") from None
    return found


def _text(path):
    """A text file's content, in whatever encoding a spreadsheet has written it."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise LabkitError(f"{path} can't be read: {error.strerror}.") from None
    if len(data) > LARGEST:
        raise LabkitError(f"{path} is larger than {LARGEST // 10**6} MB. Is it the right file?")
    if data.startswith(b"PK"):
        raise LabkitError(f"{path} is a spreadsheet or a zip file. Save it as CSV.")
    encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data[:200] and len(data) % 2 == 0:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise LabkitError(f"{path} is no text file. Expected CSV, in UTF-8 best.")


def _delimiter(text):
    """What separates the columns: that of which the first lines have most, or nearly nothing has any."""
    # Excel's first line "sep=;" says it.
    lines = [line for line in text.splitlines() if line.strip()][:20]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4]
    counts = {sign: sum(sign in line for line in lines) for sign in "\t;,"}
    return max(counts, key=counts.get) if any(counts.values()) else ","


def _header(cells, with_file=False):
    """What each column holds ("" for nothing of use), where the first line is a header; else None."""
    kinds = [_kind(cell, with_file) for cell in cells]
    if "first" in kinds and "last" in kinds:
        kinds = ["" if kind == "name" else kind for kind in kinds]
    named = {"name", "last", "first"} & set(kinds)
    useful = [kind for kind in kinds if kind]
    if with_file:
        return kinds if "file" in kinds and len(useful) > 1 else None
    return kinds if named and len(useful) >= (1 if len(cells) == 1 else 2) else None


def _kind(cell, with_file):
    key = fold(cell).replace(" ", "")
    kinds = {"file": FILE if with_file else (), "first": FIRST, "last": LAST, "email": EMAIL, "name": NAME}
    for kind, known in kinds.items():
        if key in known:
            return kind
    return f"id{ID.index(key):03}" if key in ID else ""


def _looks_like_header(cells):
    return sum(bool(_kind(cell, True)) for cell in cells) > len(cells) / 2


def _record(columns, cells):
    """The values of one line by what they are: file, name, id (the best of several), ids, email."""
    row = defaultdict(str)
    ids = []
    for kind, cell in zip(columns, cells, strict=False):
        if kind.startswith("id") and cell.strip("#"):
            ids.append((kind, cell.strip("#")))  # as Brightspace marks numbers
        elif kind and not row[kind]:
            row[kind] = cell
    names = [row["first"], row["last"]]
    row["name"] = row["name"] or " ".join(name for name in names if name)
    row["ids"] = [number for _, number in sorted(ids)]
    row["id"] = row["ids"][0] if ids else ""
    if not row["email"]:
        row["email"] = next((number for number in row["ids"] if re.fullmatch(r"[^@\s]+@[^@\s]+", number)), "")
    return row


def _unheaded(cells):
    """A roster's line by what its values look like: addresses, numbers, and the rest is the name."""
    emails = [cell for cell in cells if "@" in cell]
    ids = [cell for cell in cells if re.fullmatch(r"[A-Za-z]{0,3}[0-9]{3,}", cell)] if len(cells) > 1 else []
    names = [cell for cell in cells if cell and cell not in emails and cell not in ids]
    row = {"name": ", ".join(names), "ids": ids, "id": ids[0] if ids else ""}
    return {**row, "email": emails[0] if emails else ""}


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
