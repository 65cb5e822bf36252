"""Folders and archives: which hold a class, which one person's work; and the units of a class."""

import functools
from collections import defaultdict

from labkit.grading import naming
from labkit.grading.exports import CANVAS, owner
from labkit.grading.units import Unit, tree
from labkit.grading.words import COPIES, COURSE, LOOSE_VERSIONS, NEVER, PEOPLE, SECTIONS


def units(entries, slugs, known):
    """The Units of a class.  entries: (place, Entry).  known: is a name one of the roster's?"""
    return Rules(slugs, known).walk(tree(entries), (), (), top=True)


class Rules:
    """Which folders are a class, for one course and one roster."""

    def __init__(self, slugs, known):
        self.slugs, self.known = slugs, known
        self.reduced = functools.lru_cache(maxsize=None)(self._reduced)
        self.found = {}  # what `inner` and `exported_in` have told of a node

    def _reduced(self, text, folder):
        return naming.reduce(text, self.slugs, folder)

    def read(self, node):
        """What the name of a folder, an archive or a file holds."""
        return self.reduced(node.text, node.folder and not node.archive)

    def owner(self, node, canvas=False):
        """The Owner of an exported name, or None."""
        name = node.name if not node.folder and not node.archive else node.text
        return owner(name, node.folder or node.archive, canvas)

    def walk(self, node, place, labs, top=False):
        """The units in a class.  labs: of the folders above, from the outermost."""
        found, plain, loose = [], [], []
        nodes = [node.children[key] for key in sorted(node.children)]
        canvas = any(CANVAS.match(child.name) for child in nodes)
        for child in nodes:
            mine = self.owner(child, canvas)
            if mine:
                found.append(self.exported(child, mine, place, labs))
            elif child.folder:
                plain.append(child)
            else:
                loose.append(child)
        folders, doubts, top = [], {}, top and not found
        for child in plain:
            is_class, doubt = self.is_class(child, node, plain, top)
            if not is_class:
                folders.append(child)
                doubts[child.text] = doubt
                continue
            lab = self.read(child).lab
            below = labs if lab is None else (*labs, lab)
            inner = self.walk(child, (*place, child.name), below, top and len(nodes) == 1)
            for unit in inner:
                unit.doubt = unit.doubt or doubt
            found += inner
        for unit in self.people(folders, place, labs):
            unit.doubt = unit.doubt or doubts[unit.text]
            found.append(unit)
        found += self.loose(loose, place, labs)
        return found

    def exported(self, node, mine, place, labs):
        """The unit of a platform's name."""
        lab = naming.lab_in(node.text[len(mine.name) :], self.slugs)
        unit = Unit(place, node.text, mine.name, mine, id=mine.number, folder=node.folder)
        unit.core, unit.lab, unit.entries = node.text, lab, node.all_entries()
        group, dash, rest = mine.name.partition("-")
        if dash and PEOPLE & {word.low for word in naming.tokens(group[: naming.LONGEST])}:
            unit.aliases = (mine.name, rest)  # Moodle's "Group A-Jane Doe"
        unit.labs = self.labs(node, labs, lab)
        if mine.platform in ("blackboard", "sakai") and "@" in mine.number:
            unit.email = mine.number
        return unit

    def labs(self, node, above, own):
        """The labs that a folder's work is for: by the folders above, its own name, or the names in it.

        Of folders within folders ("week 1/lab 2") it is all numbers together.
        """
        if above:
            return frozenset(above if len(above) == 1 else [above])
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
        common, listed = self.common(nodes), self.listed(nodes)
        return [self.unit(node, place, labs, common, listed) for node in nodes]

    def listed(self, nodes):
        """Are numbers alone in these names no labs', but of a list of people: "abc_01" to "abc_30"?

        So it is where one is too large for a lab, and where all names but for numbers are one.
        """
        found = [self.read(node) for node in nodes]
        if any(naming.counts(reduced, len(self.slugs)) and reduced.lab is None for reduced in found):
            return True
        return len({r.name for r in found}) == 1 and len({r.full for r in found}) > 1

    def unit(self, node, place, labs, common, listed=False):
        """The unit of a name that only itself, and those beside it, explain."""
        reduced = self.read(node)
        name = reduced.name or node.text
        aliases = (name, node.text)
        if reduced.name and common and not self.known(name):
            name = naming.without(node.text, reduced, common)
        unit = Unit(place, node.text, name, id=reduced.id, email=reduced.email, folder=node.folder)
        unit.lab, unit.core, unit.entries = reduced.lab, reduced.core, node.all_entries()
        unit.form = (reduced.before != "", reduced.after != "") if reduced.lab is not None else ()
        unit.labs = self.labs(node, labs, reduced.lab)
        unit.aliases, unit.dropped = aliases, reduced.dropped
        if listed and reduced.full and not self.known(name):
            unit.name, unit.lab = reduced.full, None
            unit.doubt = (
                f"\u201c{_quotable(node.name)}\u201d has a number that is taken for a person's, not a lab's."
            )
        if not reduced.name:
            unit.whole = not node.folder
            unit.doubt = f"The name of \u201c{_quotable(node.name)}\u201d does not say whose it is."
        elif reduced.weak and not self.known(name):
            unit.doubt = f"\u201c{_quotable(name)}\u201d is taken for a name, and may be a word."
        return unit

    def common(self, nodes):
        """The words that all names have: they are no person's, if at least three people remain."""
        found = [self.read(node) for node in nodes]
        found = {reduced.name: reduced for reduced in found if reduced.name}
        if len(found) < 3:
            return frozenset()
        words = [{word.low for word in reduced.tokens} - PEOPLE for reduced in found.values()]
        common = frozenset.intersection(*map(frozenset, words))
        left = {tuple(w.low for w in r.tokens if w.low not in common) for r in found.values()}
        return common if all(left) and len(left) == len(found) else frozenset()

    def loose(self, nodes, place, labs):
        """The units of the files in a class."""
        wanted = [n for n in nodes if n.kinds & {"notebook", "archive"} or _is_archive(n.name)]
        common, listed, frames = self.common(wanted), self.listed(wanted), defaultdict(set)
        for node in wanted:
            reduced = self.read(node)
            if reduced.name and reduced.before + reduced.after:
                frames[reduced.before, reduced.after].add(reduced.name)
        frames = [frame for frame, some in frames.items() if len(some) > 1]
        found = []
        for node in nodes:
            if node in wanted:
                unit = self.unit(node, place, labs, common, listed)
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
        if not reduced.name or self.is_section(node):
            return not self.is_own(node, beside, exported), ""
        if reduced.name and (self.known(reduced.name) or self.known(node.text)):
            return False, ""
        if {word.low for word in reduced.tokens} <= COURSE and not node.holds("notebook", "archive"):
            return True, ""
        if len(above.children) == 1 and naming.fold(node.text) == naming.fold(above.text) and above.name:
            return True, ""
        inner = self.inner(node)
        alone = top and len({self.read(other).name for other in beside}) == 1
        told = alone or reduced.lab is not None or any(word.low in NEVER for word in naming.tokens(node.text))
        doubt = f"\u201c{_quotable(node.name)}\u201d is taken for several people's work, by what is in it."
        if any(self.known(name) for name in inner):
            return True, ""
        if exported:
            others = all(self.exported_in(other) for other in beside if self.read(other).name)
            if alone or others or reduced.lab is not None:
                return True, ""
            if len(exported) > 1:
                return True, doubt
        direct = [c for c in node.children.values() if not c.folder and c.kinds & {"notebook", "archive"}]
        if len(inner) > 1 and not direct:
            others = [self.inner(other) for other in beside if other is not node and self.read(other).name]
            if all(len(other) > 1 and not (other & inner) for other in others):
                return True, "" if told and len(inner) > 2 else doubt
        if told and len(direct) > 1 and not inner and (alone or reduced.lab is None):
            if self.are_peoples(direct, node.archive):
                return True, doubt
            return (
                False,
                f"\u201c{_quotable(node.name)}\u201d is taken for one person's work." if alone else "",
            )
        return False, ""

    def are_peoples(self, nodes, archive):
        """Do the names of all these notebooks look like people's?  archive: do they lie in one?"""
        found = [self.read(node) for node in nodes]
        names = {reduced.name for reduced in found if not reduced.weak} - {""}
        if len(names) < len(nodes) or any(naming.low(name) in LOOSE_VERSIONS for name in names):
            return False
        framed = len({(reduced.before, reduced.after) for reduced in found}) == 1 and found[0].lab is not None
        return framed or len(names) > 3 or (archive and all(len(name) > 1 for name in names))

    def is_section(self, node):
        """Does a name begin with a word for a part of a class: "Tutorium Mo"?"""
        words = naming.tokens(node.text[: naming.LONGEST])
        return bool(words) and words[0].low in SECTIONS - PEOPLE and not self.known(node.text)

    def is_own(self, node, beside, exported):
        """Is a folder named in common words a person's all the same: "3/lab01.ipynb", "Final/a.ipynb"?"""
        words = naming.tokens(node.text)
        if exported or self.inner(node) or any(word.low in NEVER for word in words):
            return False
        loose = [child for child in node.children.values() if not child.folder]
        works = [child for child in loose if child.kinds & {"notebook", "archive"}]
        if len(loose) < len(node.children) or not works:
            return False
        some = any(self.read(other).name and not self.is_section(other) for other in beside)
        if some and not self.is_section(node) and self.read(node).lab is None and len(works) == 1:
            return True  # those beside it are people's
        if any(self.read(child).name for child in works):
            return False
        bare = all(word.low.isdecimal() for word in words) or self.read(node).lab is None
        return bare or len(works) == 1

    def inner(self, node):
        """The names of folders, in a folder, that look like people's."""
        return self.once("inner", node, self._inner)

    def once(self, what, node, tell):
        """What `tell` says of a node, told once."""
        key = (what, id(node))
        if key not in self.found:
            self.found[key] = tell(node)
        return self.found[key]

    def _inner(self, node):
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
        return self.once("exported", node, self._exported_in)

    def _exported_in(self, node):
        found = set()
        for child in node.children.values():
            mine = self.owner(child)
            if mine:
                found.add((mine.platform, mine.number or mine.name))
            elif child.children and not self.read(child).name:
                found |= self.exported_in(child)
        return found


def _framed(text, frames):
    """What stands between a beginning and an end that are those of several names, or ""."""
    for before, after in frames:
        if text.startswith(before) and text.endswith(after) and len(text) > len(before) + len(after):
            middle = text[len(before) : len(text) - len(after)].strip()
            words = naming.tokens(middle)
            if words and not any(word.low in COPIES or word.low.isdecimal() for word in words):
                return middle
    return ""


def _is_archive(name):
    return name.lower().endswith(naming.ARCHIVES)


def _quotable(text):
    """At most 80 characters of a text, for a sentence."""
    return text if len(text) <= 80 else text[:79] + "\u2026"
