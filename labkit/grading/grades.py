"""What a student reached in a lab: the form in which results are kept, reported and sent between machines."""

import hashlib
import re
from dataclasses import dataclass, field

NO_LAB = "??"  # stands for the lab of what can't be read

LINE_ENDS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Controls (C0, C1), and what sets the direction of writing or ends it.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
SURROGATE = re.compile("[\ud800-\udfff]")
PLAIN, DIGEST = re.compile(r"[a-z0-9_][a-z0-9_-]{0,59}"), re.compile(r"_[0-9a-f]{12}$")
# Names that Windows keeps for devices, whatever folder they stand in.
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass
class Grade:
    """One student's result in one lab.

    exercises: a dict for each exercise of the lab, in its order: what `Report.json` holds and
        text: the report as text;  printed: what the answer printed;
        code: the student's code as it was graded, "" where there was none;
        ended: how it ended where it did not come back with an answer: "syntax" (no Python), "error" (an
            exception wherever it is wrong), "time", "crash" (or too much memory), and "" otherwise.
    """

    student: str
    lab: str
    origin: str = ""  # the file that counts, for people
    problem: str = ""  # why nothing could be graded
    notes: list[str] = field(default_factory=list)
    exercises: list[dict] = field(default_factory=list)
    id: str = ""  # as the LMS or the roster knows them; "" where nobody said
    email: str = ""
    seed: int = 0
    version: str = ""  # of the course: its number, and a digest of what grades are made by
    date: str = ""  # on which it was graded, YYYY-MM-DD

    @property
    def points(self):
        """Points reached."""
        return sum(report["points"] for report in self.exercises)

    @property
    def max_points(self):
        """Points there are."""
        return sum(report["max_points"] for report in self.exercises)


def printable(text, lines=False, mark=""):
    """A text of anybody's without what a terminal or a page would obey.

    That is control characters, and those that turn the direction of writing. Half of a pair of surrogates
    becomes U+FFFD.

    lines: its lines and tabs stay; else it is one line. mark: what stands for each character taken out.
    """
    text = LINE_ENDS.sub("\n", str(text))
    if not lines:
        text = re.sub(r"[\n\t]", " ", text)
    return SURROGATE.sub("\ufffd", OBEYED.sub(mark, text))


def bounded(text, most):
    """At most `most` characters of a text; one that was cut ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def file_name(text):
    """A text as part of a file name, on every system: different texts stay different by more than case.

    A short name of small ASCII letters, digits, _ and - stays as it is. Every other ends in a digest of the
    text, and so does a plain one that looks as if it did.
    """
    if PLAIN.fullmatch(text) and not DIGEST.search(text) and text not in DEVICES:
        return text
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:60].lstrip("-")
    return f"{plain}_{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
