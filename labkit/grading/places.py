"""Folders and archives: which hold a class, which one person's work, and the units that a class consists of."""

import functools
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from labkit.grading import naming
from labkit.grading.exports import owner

DEEPEST = 30  # folders, of those that are looked at
# Names of folders that are never a person's, whatever lies beside them.
NEVER = set(
    "submission submissions submitted abgabe abgaben export exports download downloads class classes all "
    "archive students studenten notebooks labs assignments homeworks week section sections src code".split()
)
# A folder without a notebook under such a name is the course's, not somebody's who handed in nothing.
COURSE = set("data images image img figures docs doc materials material handout template templates src code".split())


@dataclass
class Node:
    """A file, or a folder or archive with what is in it."""

    name: str
    archive: bool = False
    children: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)  # places of those that end here
    kinds: set = field(default_factory=set)  # of these entries

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
    labs: all labs that names in and above it tell of.  whole: is its name all there is, and no person's?
    """

    place: tuple
    text: str
    name: str
    owner: object = None
    id: str = ""
    email: str = ""
    lab: int | None = None
    labs: frozenset = frozenset()
    core: str = ""
    form: tuple = ()
    folder: bool = False
    whole: bool = False
    aliases: tuple = ()
    entries: list = field(default_factory=list)
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
            name = naming.unicodedata.normalize("NFC", self.name) if self.owner.number else self.name
            return (self.owner.platform, self.owner.number, name)
        return ("", "", self.name)

    @classmethod
    def named(cls, person, entries):
        """What a names file has decided."""
        return cls(("",), person.student, person.student, id=person.id, email=person.email, entries=entries)


def units(entries, slugs, known):
    """The Units of a class.  entries: (place, Entry).  known: is a name one of the roster's?"""
    root = Node("", archive=False)
    for place, entry in entries:
        _add(root, place, entry)
    return Rules(slugs, known).walk(root, (), frozenset(), top=True)


def differ(one, other):
    """The first folders in which two places differ, "" for none."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return mine, theirs
    longer, shared = max(one, other, key=len), min(len(one), len(other))
    rest = longer[shared] if len(longer) > shared else ""
    return (rest, "") if longer is one else ("", rest)


def is_section(name):
    """Is a folder one of several sorts of a class: "section 1", "Kurs A"?"""
    return any(word.low in naming.SECTIONS for word in naming.tokens(name[: naming.LONGEST]))


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


class Rules:
    """Which folders are a class, for one course and one roster."""

    def __init__(self, slugs, known):
        self.slugs, self.known = slugs, known
        self.reduced = functools.lru_cache(maxsize=None)(self._reduced)

    def _reduced(self, text, folder):
        return naming.reduce(text, self.slugs, folder)

    def read(self, node):
        """What the name of a folder, an archive or a file holds."""
        return self.reduced(node.text, node.folder and not node.archive)

    def owner(self, node, beside=()):
        """The Owner of an exported name, or None."""
        name = node.name if not node.folder and not node.archive else node.text
        return owner(name, node.folder or node.archive, beside)

    def walk(self, node, place, labs, top=False):
        """The units in a class.  labs: of the folders above."""
        found, plain, loose = [], [], []
        nodes = [node.children[key] for key in sorted(node.children)]
        beside = [child.name for child in nodes if not child.folder]
        for child in nodes:
            mine = self.owner(child, beside)
            if mine:
                found.append(self.exported(child, mine, place, labs))
            elif child.folder:
                plain.append(child)
            else:
                loose.append(child)
        folders = []
        for child in plain:
            is_class, doubt = self.is_class(child, node, plain, top and not found)
            if not is_class:
                folders.append(child)
                continue
            lab = self.read(child).lab
            below = labs | {lab} if lab is not None else labs
            inner = self.walk(child, (*place, child.name), below, top and len(nodes) == 1)
            for unit in inner:
                unit.doubt = unit.doubt or doubt
            found += inner
        found += self.people(folders, place, labs)
        found += self.loose(loose, place, labs)
        return found

    def exported(self, node, mine, place, labs):
        """The unit of a platform's name."""
        reduced = naming.reduce(node.text[len(mine.name) :][-naming.LONGEST :], self.slugs)
        unit = Unit(place, node.text, mine.name, mine, id=mine.number, folder=node.folder)
        unit.core, unit.lab, unit.entries = node.text, reduced.lab, node.all_entries()
        unit.labs = labs or self.labs(node, reduced.lab)
        if mine.platform in ("blackboard", "sakai") and "@" in mine.number:
            unit.email = mine.number
        return unit

    def labs(self, node, own):
        """The labs that the names in a folder tell of; its own name's comes first."""
        if own is not None:
            return frozenset([own])
        found, waiting = set(), [*node.children.values()]
        while waiting:
            child = waiting.pop()
            lab = self.reduced(naming.stem(child.name)[-naming.LONGEST :], False).lab
            if lab is not None:
                found.add(lab)
            else:
                waiting += child.children.values()
        return frozenset(found)

    def people(self, nodes, place, labs):
        """The units of folders and archives that are a person's each."""
        common = self.common(nodes)
        return [self.unit(node, place, labs, common) for node in nodes]

    def unit(self, node, place, labs, common):
        """The unit of a name that only itself explains."""
        reduced = self.read(node)
        name = reduced.name or node.text
        aliases = (name, node.text)
        if reduced.name and common and not self.known(name):
            name = naming.without(node.text, reduced, common)
        unit = Unit(place, node.text, name, id=reduced.id, email=reduced.email, folder=node.folder)
        unit.lab, unit.core, unit.entries = reduced.lab, reduced.core, node.all_entries()
        unit.form = (reduced.before != "", reduced.after != "") if reduced.lab is not None else ()
        unit.labs = labs or self.labs(node, reduced.lab)
        unit.aliases = aliases
        if not reduced.name:
            unit.whole = not node.folder
            unit.doubt = f"The name of \u201c{naming_short(node.name)}\u201d does not say whose it is."
        elif reduced.weak and not self.known(name):
            unit.doubt = f"\u201c{naming_short(name)}\u201d is taken for a name, and may be a word."
        return unit

    def common(self, nodes):
        """The words that all names have: they are no person's, if at least three people remain."""
        found = [self.read(node) for node in nodes]
        found = {reduced.name: reduced for reduced in found if reduced.name}
        if len(found) < 3:
            return frozenset()
        words = [{word.low for word in reduced.tokens if word.kind != "people"} for reduced in found.values()]
        common = frozenset.intersection(*map(frozenset, words))
        left = {tuple(w.low for w in r.tokens if w.low not in common) for r in found.values()}
        return common if all(left) and len(left) == len(found) else frozenset()

    def loose(self, nodes, place, labs):
        """The units of the files in a class."""
        wanted = [n for n in nodes if n.kinds & {"notebook", "archive"} or _is_archive(n.name)]
        common, frames = self.common(wanted), defaultdict(set)
        for node in wanted:
            reduced = self.read(node)
            if reduced.name and reduced.before + reduced.after:
                frames[reduced.before, reduced.after].add(reduced.name)
        frames = [frame for frame, some in frames.items() if len(some) > 1]
        found = []
        for node in nodes:
            if node in wanted:
                unit = self.unit(node, place, labs, common)
                if unit.whole and (middle := _framed(node.text, frames)):
                    unit.name, unit.whole, unit.core = middle, False, node.text
                found.append(unit)
            elif self.is_document(node, frames):
                found.append(self.unit(node, place, labs, common))
        return found

    def is_document(self, node, frames):
        """Is a file that is no notebook somebody's: is it called as the notebooks beside it are?"""
        reduced = self.read(node)
        return bool(reduced.name) and (
            self.known(reduced.name) or (not reduced.weak and _framed(node.text, frames) == reduced.name)
        )

    def is_class(self, node, above, beside, top):
        """(does a folder or an archive hold several people's work, a doubt or "")."""
        if not node.children:
            return not self.read(node).name, ""  # "lab03", and nothing in it
        reduced = self.read(node)
        exported = self.exported_in(node)
        wordy = not reduced.name
        if wordy:
            return not self.is_own(node, beside, exported), ""
        if reduced.name and (self.known(reduced.name) or self.known(node.text)):
            return False, ""
        if {word.low for word in reduced.tokens} <= COURSE and not node.holds("notebook", "archive"):
            return True, ""
        if len(above.children) == 1 and naming.fold(node.text) == naming.fold(above.text) and above.name:
            return True, ""
        inner = self.inner(node)
        alone = len(beside) == 1 and top
        doubt = f"\u201c{naming_short(node.name)}\u201d is taken for several people's work, by what is in it."
        if any(self.known(name) for name in inner):
            return True, ""
        if len(exported) > 1 or (exported and alone):
            return True, "" if alone or reduced.lab is not None else doubt
        direct = [c for c in node.children.values() if not c.folder and c.kinds & {"notebook", "archive"}]
        if len(inner) > 1 and not direct:
            others = [self.inner(other) for other in beside if other is not node and self.read(other).name]
            if all(len(other) > 1 and not (other & inner) for other in others):
                return True, "" if alone and len(inner) > 2 else doubt
        if alone and len(direct) > 1 and not inner:
            names = {self.read(child).name for child in direct} - {""}
            if len(names) > 1 and len(names) == len(direct):
                return True, doubt
        return False, ""

    def is_own(self, node, beside, exported):
        """Is a folder whose name is common words a person's all the same: "3/lab01.ipynb", "Final/a.ipynb"?"""
        words = naming.tokens(node.text)
        if exported or self.inner(node) or any(word.low in NEVER for word in words):
            return False
        loose = [child for child in node.children.values() if not child.folder]
        works = [child for child in loose if child.kinds & {"notebook", "archive"}]
        if len(loose) < len(node.children) or not works:
            return False
        if any(self.read(child).name for child in works):
            return False
        bare = all(word.low.isdecimal() for word in words) or self.read(node).lab is None
        return bare or len(works) == 1

    def inner(self, node):
        """The names of folders, in a folder, that look like people's."""
        found = set()
        for child in node.children.values():
            if self.owner(child):
                found.add(child.text)
            elif child.children:
                reduced = self.read(child)
                own = naming.fold(child.text) == naming.fold(node.text)
                if not reduced.name or own:
                    found |= self.inner(child)
                elif child.holds("notebook", "archive") or self.known(reduced.name):
                    found.add(reduced.name)
        return found

    def exported_in(self, node):
        """The people whom exported names tell of, in a folder or in folders of common words in it."""
        found, sure = set(), False
        for child in node.children.values():
            mine = self.owner(child)
            if mine:
                found.add((mine.platform, mine.number or mine.name))
                sure |= mine.sure
            elif child.children and not self.read(child).name:
                found |= self.exported_in(child)
        return found


def _framed(text, frames):
    """What stands between a beginning and an end that are those of several names, or ""."""
    for before, after in frames:
        if text.startswith(before) and text.endswith(after) and len(text) > len(before) + len(after):
            middle = text[len(before) : len(text) - len(after)].strip()
            words = naming.tokens(middle)
            if words and not any(word.low in naming.COPIES or word.low.isdecimal() for word in words):
                return middle
    return ""


def _is_archive(name):
    return name.lower().endswith(naming.ARCHIVES)


def naming_short(text):
    """At most 80 characters of a text, for a sentence."""
    return text if len(text) <= 80 else text[:79] + "\u2026"
