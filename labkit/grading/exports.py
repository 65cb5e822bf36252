"""How learning platforms name what they export: whose a file or a folder is, by its name alone.

    platform      a name, as exported                                           whose it is
    Moodle        Jane Doe_123456_assignsubmission_file_                        Jane Doe, 123456
    Moodle        Jane Doe_123456_assignsubmission_onlinetext_                  Jane Doe, 123456
    Moodle        Jane Doe_assignsubmission_file_lab01.ipynb                    Jane Doe
    Moodle        Participant_123_assignsubmission_file_                        Participant 123, 123
    Canvas        doejane_LATE_12345_67890_lab02-1.ipynb                        doejane, 12345
    Canvas        anon_9Ux2f_67890_lab02.ipynb                                  anon 9Ux2f, 9Ux2f
    Canvas        doejane_12345_text.html                                       doejane, 12345
    Blackboard    Lab 01_jdoe1_attempt_2024-10-01-12-00-00_lab01.ipynb          jdoe1, jdoe1
    Blackboard    Lab 01_jdoe1_attempt_2024-10-01-12-00-00.txt                  jdoe1, jdoe1
    Brightspace   12345-678910 - Jane Doe - Oct 1, 2024 1200 PM                 Jane Doe, 12345
    Brightspace   12345-678910 - Jane Doe - Oct 1, 2024 1200 PM - lab01.ipynb   Jane Doe, 12345
    Brightspace   Jane Doe - Oct 1, 2024 1200 PM                                Jane Doe
    Sakai         Doe, Jane(jdoe1)                                              Doe, Jane, jdoe1

The numbers of Canvas and Brightspace and the user names of Blackboard and Sakai are a person's own, the same
in every export. Moodle's number is a person's in one assignment. Google Classroom adds nothing to a file's
name: there, as in a folder of files by hand, the name is all there is (`naming`).

No pattern can be made to try one text twice: every name is read in a time proportional to its length.
"""

import re
from collections import Counter
from dataclasses import dataclass

from labkit.grading.naming import LONGEST, is_wordy, tokens

MOODLE = re.compile(r"_assign(?:submission|feedback)_[a-z]")
ANONYMOUS = re.compile(
    r"participant|teilnehmer|deelnemer|participante?|uczestnik|partecipante", re.IGNORECASE
)
CANVAS = re.compile(r"([^_]+)(?:_LATE)?_([0-9]{1,18})_([0-9]{1,18})_.", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(
    r"anon(?:ymous)?(?:_LATE)?_([A-Za-z0-9]{5})(?:_LATE)?_([0-9]{1,18})_.", re.DOTALL
)
CANVAS_TEXT = re.compile(r"([^_]+)(?:_LATE)?_([0-9]{2,18})_(?:text|url|media)\.[a-z]+\Z", re.DOTALL)
BLACKBOARD = re.compile(r"_attempt_[0-9]{4}(?:-[0-9]{2}){5}(?=[_.]|\Z)")
BRIGHTSPACE = re.compile(r"([0-9]{2,18})-([0-9]{2,18}) - ")
BRIGHTSPACE_DATE = re.compile(
    r" - [^\W\d_]{3,10}\.? [0-9]{1,2}, 20[0-9]{2} [0-9]{1,2}:?[0-9]{2} [AP]M(?= - |\Z)"
)
DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
SAKAI = re.compile(r"[^()]+,[^()]*\(([\w.@-]{2,80})\)\Z")


@dataclass(frozen=True)
class Owner:
    """Whose a name is. number: as the platform knows them, or "".  stable: is it theirs in every export?"""

    platform: str
    name: str
    number: str = ""
    stable: bool = True


def owner(name, folder, canvas=False, users=None):
    """The Owner that an exported name tells of, or None where it is no platform's.

    folder: is it a folder's (or a whole archive's)?  canvas: do files of Canvas lie beside it?
    users: what `blackboard_users` has found of the names beside it.
    """
    if found := MOODLE.search(name):
        return _moodle(name[: found.start()])
    if found := BLACKBOARD.search(name):
        head = name[: found.start()]
        user = (users or {}).get(head)
        return Owner("blackboard", user, user) if user else _blackboard(head)
    if found := BRIGHTSPACE.match(name):
        return _brightspace(found[1], name[found.end() :], folder)
    if (found := BRIGHTSPACE_DATE.search(name)) and name[: found.start()].strip():
        return Owner("brightspace", name[: found.start()].strip(), stable=False)
    return _sakai(name) if folder and name.endswith(")") else _canvas(name, canvas)


def _moodle(head):
    name, _, number = head.rpartition("_")
    if not (name.strip() and number.isdecimal() and number.isascii()):
        return Owner("moodle", head.strip(), stable=False) if head.strip() else None
    if ANONYMOUS.match(name):
        return Owner("moodle", f"{name.strip()} {number}", number)
    return Owner("moodle", name.strip(), number, stable=False)


def _canvas(name, canvas):
    if found := CANVAS_ANONYMOUS.match(name):
        return Owner("canvas", f"anon {found[1]}", found[1])
    if found := CANVAS.match(name):
        user, number, file = found.groups()
        padded = any(one.startswith("0") for one in (number, file))
        short = len(number) < 4 and len(file) < 4
        date = len(number) == 4 and number[:2] in ("19", "20") and len(file) <= 2
        if user.strip() and not (padded or date or (short and is_wordy(user))):
            return Owner("canvas", user.strip(), number)
        return None
    found = CANVAS_TEXT.match(name)
    if found and found[1].strip() and canvas:
        return Owner("canvas", found[1].strip(), found[2])
    return None


def blackboard_users(names):
    """{what stands before the attempt: user name} where others tell how long an assignment's name is.

    "Lab_01_Fill_in_jdoe1" and "Lab_01_Fill_in_jdoe2" are jdoe1 and jdoe2. An assignment's name that has
    spaces in it has no underscores for them.
    """
    found = (BLACKBOARD.search(name[:LONGEST]) for name in names)
    heads = {match.string[: match.start()] for match in found if match}
    heads = {head: head.split("_") for head in heads if " " not in head.partition("_")[0]}
    counts = Counter("_".join(parts[:n]) for parts in heads.values() for n in range(1, len(parts)))
    users = {}
    for head, parts in heads.items():
        known = _blackboard(head)
        cut = len(parts) - len(known.name.split("_")) if known else 0
        if cut < 1:
            continue
        longest = cut
        while longest < len(parts) - 1 and (
            1 < counts["_".join(parts[: longest + 1])] == counts["_".join(parts[:cut])]
        ):
            longest += 1
        if longest > cut and "_".join(parts[longest:]).strip():
            users[head] = "_".join(parts[longest:]).strip()
    return users


def _blackboard(head):
    """The user name in "Lab 01_jdoe1": what the assignment's name, and other words, leave of it."""
    parts = [part for part in head.split("_") if part.strip()]
    if len(parts) > 3 and parts[0].casefold() == "gradebook":
        parts = parts[2:]
    parts = parts[1:] if len(parts) > 1 else parts
    while len(parts) > 1 and (is_wordy(parts[0]) or _is_small_number(parts[0])):
        parts = parts[1:]
    user = "_".join(parts).strip()
    return Owner("blackboard", user, user) if user else None


def _is_small_number(text):
    return text.isdecimal() and len(text) <= 2


def _brightspace(number, rest, folder):
    parts = rest.split(" - ")
    dated = next((place for place in range(1, len(parts)) if DATE.search(parts[place])), None)
    if dated is None and not folder:
        return None
    name = " - ".join(parts[:dated]).strip()
    return Owner("brightspace", name, number) if name else None


def _sakai(name):
    found = SAKAI.match(name)
    if not found or found[1].isdecimal() or not tokens(name[: found.start(1) - 1]):
        return None
    return Owner("sakai", name[: found.start(1) - 1].strip(), found[1])
