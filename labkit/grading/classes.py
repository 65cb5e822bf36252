"""Folders and archives: which hold a class, and which one person's work."""

import functools
import re

from labkit.grading import looks, naming
from labkit.grading.exports import owner
from labkit.grading.words import COURSE, LOOSE_VERSIONS, NEVER, NUMBERED, PEOPLE, SECTIONS


class Classes:
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

    def owner(self, node, canvas=False, users=None):
        """The Owner of an exported name, or None."""
        name = node.name if not node.folder and not node.archive else node.text
        return owner(name, node.folder or node.archive, canvas, users)

    def once(self, what, node, tell):
        """What `tell` says of a node, told once."""
        key = (what, id(node))
        if key not in self.found:
            self.found[key] = tell(node)
        return self.found[key]

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

    def is_class(self, node, above, beside, top):
        """(does a folder or an archive hold several people's work, a doubt or "")."""
        if not node.children:
            return not self.read(node).name, ""  # "lab03", and nothing in it
        reduced = self.read(node)
        exported = self.exported_in(node)
        if is_number(node.text) and not exported and not re.fullmatch(naming.YEAR, node.text):
            return self.is_number_of_class(node, above, beside), ""
        if not reduced.name or self.is_section(node):
            return not self.is_own(node, beside, exported), ""
        if reduced.name and (self.known(reduced.name) or self.known(node.text)):
            return False, ""
        if {word.low for word in reduced.tokens} <= COURSE and not node.holds("notebook", "archive"):
            return True, ""
        if len(above.children) == 1 and naming.fold(node.text) == naming.fold(above.text) and above.name:
            return True, ""
        inner = self.inner(node)
        alone = top and self.once("alone", above, lambda _: len({self.read(o).name for o in beside}) == 1)
        told = alone or reduced.lab is not None or any(word.low in NEVER for word in naming.tokens(node.text))
        doubt = f"\u201c{quotable(node.name)}\u201d is taken for several people's work, by what is in it."
        if any(self.known(name) for name in inner):
            return True, ""
        if exported:
            others = all(self.exported_in(other) for other in beside if self.read(other).name)
            if alone or others or reduced.lab is not None:
                return True, ""
            if len(exported) > 1:
                return True, doubt
        direct = [c for c in node.children.values() if not c.folder and c.kinds & {"notebook", "archive"}]
        mine = f"\u201c{quotable(node.name)}\u201d is taken for one person's work, by what lies beside it."
        others = self.once("named", above, lambda _: [o for o in beside if self.read(o).name and o.children])
        people = self.likely(node)
        if people and not direct:
            if self.once(
                "groups of folders", above, lambda _: looks.are_groups(list(map(self.likely, others)))
            ):
                return True, "" if told and len(inner) > 2 else doubt
            if len(people) > 1 and all(people.values()):
                return True, doubt
            if len(people) > 1 or all(people.values()):
                return False, mine
        people = self.likely_files(node)
        if people:
            hint = len(node.text) == 1 or any(
                word.low in SECTIONS | PEOPLE | NUMBERED for word in naming.tokens(node.text)
            )
            groups, whole = self.once("groups of files", above, lambda _: self.groups_of_files(others))
            if (hint and groups) or (all(people.values()) and (hint or groups)):
                return True, doubt
            if whole or (groups and len(people) > 1 and not alone):
                return False, mine
        if told and len(direct) > 1 and not inner and (alone or reduced.lab is None):
            if self.are_peoples(direct, node.archive):
                return True, doubt
            return (
                False,
                f"\u201c{quotable(node.name)}\u201d is taken for one person's work." if alone else "",
            )
        return False, ""

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

    def is_number_of_class(self, node, above, beside):
        """Is a folder that is called by a number alone a lab's or a section's, and no student's?"""
        several = self.once(
            "several", above, lambda _: any(is_number(o.text) and len(self.likely(o)) > 1 for o in beside)
        )
        several |= any(self.inner(child) for child in node.children.values() if not self.read(child).name)
        if several or self.exported_in(node) or any(self.known(name) for name in self.inner(node)):
            return True
        files = [self.read(c) for c in node.children.values() if not c.folder and c.kinds & {"notebook"}]
        number = self.read(node).lab
        return bool(files) and all(
            looks.full(file) or (file.name and file.lab == number is not None) or self.known(file.name)
            for file in files
        )

    def are_peoples(self, nodes, archive):
        """Do the names of all these notebooks look like people's?  archive: do they lie in one?"""
        found = [self.read(node) for node in nodes]
        names = {reduced.name for reduced in found if not reduced.weak} - {""}
        if len(names) < len(nodes) or any(naming.low(name) in LOOSE_VERSIONS for name in names):
            return False
        framed = len({(reduced.before, reduced.after) for reduced in found}) == 1 and found[0].lab is not None
        return framed or len(names) > 3 or (archive and all(len(name) > 1 for name in names))

    def groups_of_files(self, nodes):
        """(do these folders hold notebooks of a group each, have all in them whole names of people)."""
        sets = [self.likely_files(node) for node in nodes]
        whole = len(sets) > 1 and all(some and all(some.values()) for some in sets)
        return looks.are_groups(sets), whole

    def likely(self, node):
        """{name: is it a whole one} of the folders in a folder that look like people's, unless files do."""
        return self.once("likely", node, self._likely)

    def _likely(self, node):
        if any(c.kinds & {"notebook", "archive"} for c in node.children.values() if not c.folder):
            return {}
        found = {name: self.reduced(name, True) for name in self.inner(node)}
        return {name: looks.full(reduced) for name, reduced in found.items() if looks.likely(reduced)}

    def likely_files(self, node):
        """{name: is it a whole one} of the notebooks that a folder holds, if all look like people's."""
        return self.once("likely files", node, self._likely_files)

    def _likely_files(self, node):
        files = [child for child in node.children.values() if child.holds("notebook", "archive")]
        found = {self.read(file).name: self.read(file) for file in files if not file.children}
        same = any(naming.fold(name) in naming.fold(node.text) for name in found)
        if same or len(found) < len(files) or not all(map(looks.likely, found.values())):
            return {}
        return {name: looks.full(reduced) for name, reduced in found.items()}

    def inner(self, node):
        """The names of folders, in a folder, that look like people's."""
        return self.once("inner", node, self._inner)

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


def is_number(text):
    """Is a name a number alone: "1", "#07"?"""
    words = naming.tokens(text[: naming.LONGEST])
    return len(words) == 1 and words[0].low.isdecimal()


def quotable(text):
    """At most 80 characters of a text, for a sentence."""
    return text if len(text) <= 80 else text[:79] + "\u2026"
