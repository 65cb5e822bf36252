"""Who is who, as text for people: names at a length that can be shown, and the table of all files."""

import hashlib
import unicodedata

from labkit.grading.grades import printable

LONGEST = 120  # characters of a name that is shown
WIDEST = 60  # characters of a column of the table


def digest(text):
    """Twelve signs that differ where texts do."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def shorter(text, most=LONGEST):
    """A text as it can be shown, on one line, of at most so many characters: cut ones differ by a digest."""
    shown = " ".join(printable(unicodedata.normalize("NFC", text), mark="\ufffd").split())
    if len(shown) <= most:
        return shown
    return f"{shown[: max(1, most - 14)].rstrip()}\u2026 {digest(text)}"[:most]


def quoted(text):
    """A text in quotes, as a report shows it."""
    return f"\u201c{shorter(text, 80)}\u201d"


def _width(text):
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def doubts(people):
    """What could not be told of people, each sentence once."""
    return list(dict.fromkeys(person.doubt for person in people if person and person.doubt))


def table(entries, people, labs, absent=(), remarks=()):
    """Who each file is, for people: file, student, id, lab in columns, and then the doubts and remarks.

    labs: a text for each entry.  absent: people without a file, who get a line each.
    """
    rows = [("file", "student", "id", "lab")]
    for entry, person, lab in zip(entries, people, labs, strict=True):
        file = shorter("!".join(entry.origin), 200)
        rows.append(
            (file, person.student if person else "(nobody)", person.id if person else "", shorter(lab, 40))
        )
    rows += [("(no file)", person.student, person.id, "") for person in absent]
    widths = [min(WIDEST, max(_width(row[column]) for row in rows)) for column in range(3)]
    lines = []
    for row in rows:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
    if uncertain := doubts(people):
        lines += ["", "Not certain (a names file decides: --names FILE.csv):"]
        lines += [f"- {printable(doubt)}" for doubt in uncertain]
    if remarks:
        lines += ["", *(f"- {printable(remark)}" for remark in remarks)]
    return "\n".join(lines)
