"""Tables that people and platforms write: rows of a CSV file in any encoding, and what its columns hold."""

import csv
import io
import re
from collections import defaultdict

from labkit.grading.naming import fold
from labkit.messages import LabkitError

LARGEST = 20_000_000  # bytes of a file
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


def rows(path):
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
        if "field limit" in str(error):
            raise LabkitError(
                f"{path}, line {before + 1}: a cell has more than {csv.field_size_limit():,} characters. "
                'Is a quotation mark (") missing, or one too many?'
            ) from None
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


def header(cells, with_file=False):
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


def looks_like_header(cells):
    """Do most of a line's cells name what a column holds?"""
    return sum(bool(_kind(cell, True)) for cell in cells) > len(cells) / 2


def record(columns, cells):
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


def unheaded(cells):
    """A roster's line by what its values look like: addresses, numbers, and the rest is the name."""
    emails = [cell for cell in cells if "@" in cell]
    ids = [cell for cell in cells if re.fullmatch(r"[A-Za-z]{0,3}[0-9]{3,}", cell)] if len(cells) > 1 else []
    names = [cell for cell in cells if cell and cell not in emails and cell not in ids]
    row = {"name": ", ".join(names), "ids": ids, "id": ids[0] if ids else ""}
    return {**row, "email": emails[0] if emails else ""}
