"""What was handed in, as a tree of names; and a unit of it: what lies in a class for one person."""

import functools
import unicodedata
from dataclasses import dataclass, field

from labkit.grading import naming
from labkit.grading.exports import Owner
from labkit.grading.words import SECTIONS

DEEPEST = 30  # folders, of those that are looked at


@dataclass
class Node:
    """A file, or a folder or archive with what is in it."""

    name: str
    archive: bool = False
    children: dict[str, "Node"] = field(default_factory=dict)
    entries: list[int] = field(default_factory=list)  # places of those that end here
    kinds: set[str] = field(default_factory=set)  # of these entries

    @property
    def folder(self):
        """Does it hold something, or could it?"""
        return bool(self.children) or "empty" in self.kinds

    @property
    def text(self):
        """The name without an archive's ending."""
        return naming.stem(self.name) if self.archive or not self.folder else self.name

    def all_entries(self):
        """The places of all entries in it."""
        found, waiting = [], [self]
        while waiting:
            node = waiting.pop()
            found += node.entries
            waiting += node.children.values()
        return sorted(found)

    def holds(self, *kinds):
        """Is there anything of these kinds in it?"""
        return bool(self.kinds & set(kinds)) or any(child.holds(*kinds) for child in self.children.values())


@dataclass
class Unit:
    """What stands in a class for one person: a folder, an archive or a file, with all that is in it.

    place: the folders above it.  text: its name without an ending.  owner: of an exported name, else None.
    lab: the lab that its own name tells of.  core, form: its name without numbering, and without the lab.
    labs: those that its work is for.  whole: is its name all there is, and no person's?
    dropped: words that are no part of the name here, and could be.
    short: the name without words or a number that are part of it here, and may be none.
    """

    place: tuple[str, ...]
    text: str
    name: str
    owner: Owner | None = None
    id: str = ""
    email: str = ""
    lab: int | None = None
    labs: frozenset[int] = frozenset()
    core: str = ""
    form: tuple[bool, ...] = ()
    folder: bool = False
    whole: bool = False
    dropped: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    short: str = ""
    entries: list[int] = field(default_factory=list)
    doubt: str = ""

    @property
    def path(self):
        """The folders above it, and itself."""
        return (*self.place, self.text)

    @property
    def own_id(self):
        """A number that is the person's own, the same everywhere, or ""."""
        return self.id if not self.owner or self.owner.stable else ""

    @property
    def all_labs(self):
        """The labs, {None} where none is told."""
        return set(self.labs) or {None}

    @property
    def key(self):
        """The same for what one place has of one person."""
        if self.whole:
            return ("whole", self.text, tuple(self.entries))
        if self.owner:
            name = unicodedata.normalize("NFC", self.name) if self.owner.number else self.name
            again = () if self.owner.number or self.owner.platform == "moodle" else self.text
            return (self.owner.platform, self.owner.number, name, again)
        return ("", self.dropped, self.name, self.email.casefold())

    @classmethod
    def named(cls, person, entries):
        """What a names file has decided."""
        return cls(("",), person.student, person.student, id=person.id, email=person.email, entries=entries)


def tree(entries):
    """The Node of a whole folder.  entries: (place, Entry)."""
    root = Node("")
    for place, entry in entries:
        _add(root, place, entry)
    return root


def sections(place):
    """The folders above that are one of several sorts of a class: "section 1", "Kurs A"."""
    return tuple(name for name in place if _is_section(name))


@functools.lru_cache(maxsize=4096)
def _is_section(name):
    name = name[: naming.LONGEST]
    words = {word.low.rstrip("0123456789") for word in naming.tokens(name)}
    return bool(words & SECTIONS) and naming.reduce(name).lab is None


def _add(root, place, entry):
    node = root
    for depth, path in enumerate(entry.origin):
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        parts = parts[:DEEPEST] + (["/".join(parts[DEEPEST:])] if len(parts) > DEEPEST else [])
        for number, part in enumerate(parts):
            archive = number == len(parts) - 1 and depth < len(entry.origin) - 1
            node = node.children.setdefault((part, archive), Node(part, archive))
    if node is root:
        node = root.children.setdefault((".", False), Node("."))
    node.entries.append(place)
    node.kinds.add(entry.kind)
