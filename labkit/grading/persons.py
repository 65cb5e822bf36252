"""What was handed in, and people: as they are told to others, and as the rules join them."""

import unicodedata
from dataclasses import dataclass, field

from labkit.grading.units import Unit


@dataclass(frozen=True)
class Entry:
    """Something that was handed in.

    origin: its path in the folder, then its path in each archive; "/" separates folders.
    kind: "notebook" (by its name), "archive" (nothing in it could be listed), "other" or "empty" (a folder).
    """

    origin: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Person:
    """Somebody who handed in something.

    student: the name that is shown; different people have different ones.
    id, email: as the platform or the roster has them, or "".
    doubt: a sentence for people where the rules could not tell, or "".
    """

    student: str
    id: str = ""
    email: str = ""
    doubt: str = ""


@dataclass
class One:
    """One person, as far as one place tells: the units (`units.Unit`) that are theirs."""

    units: list[Unit]
    doubts: list[str] = field(default_factory=list)
    listed: Person | None = None  # on the roster
    named: Person | None = None  # in the names file

    @property
    def first(self):
        """The unit that stands for all."""
        return self.units[0]

    @property
    def name(self):
        """The name, as it is compared between places."""
        return unicodedata.normalize("NFC", self.named.student if self.named else self.first.name)

    @property
    def id(self):
        """The number or user name by which somebody knows this person, or ""."""
        return next((unit.id for unit in self.units if unit.id), "")

    @property
    def email(self):
        """The e-mail address, or ""."""
        return next((unit.email for unit in self.units if unit.email), "")

    @property
    def labs(self):
        """The labs that this work is for; None stands for one that can't be told."""
        return set().union(*(unit.all_labs for unit in self.units))

    @property
    def key(self):
        """What orders people, whatever order they were found in."""
        return (self.name, min(unit.path for unit in self.units))


def told(one, other):
    """True or False where numbers or addresses say whether two are one person, else None."""
    mine, theirs = one.first.owner, other.first.owner
    if mine and theirs and mine.platform == theirs.platform and mine.number and theirs.number:
        if mine.number == theirs.number:
            return True
        if mine.stable or one.first.place == other.first.place:
            return False
    for a, b in ((one.email, other.email), (one.first.own_id, other.first.own_id)):
        if a and b:
            return a.casefold() == b.casefold()
    return None


def told_apart(clusters):
    """Is each cluster surely another person than every other?"""
    firsts = [cluster[0] for cluster in clusters]
    return all(told(a, b) is False for n, a in enumerate(firsts) for b in firsts[:n])
