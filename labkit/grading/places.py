"""The units of a class: what lies in its folders and archives for each person."""

from collections import Counter, defaultdict

from labkit.grading import looks, naming
from labkit.grading.classes import Classes, is_number, quotable
from labkit.grading.exports import CANVAS, blackboard_users
from labkit.grading.units import Unit, tree
from labkit.grading.words import COPIES, PEOPLE


def units(entries, slugs, known):
    """The Units of a class.  entries: (place, Entry).  known: is a name one of the roster's?"""
    return Rules(slugs, known).walk(tree(entries), (), (), top=True)


class Rules(Classes):
    """The units of a class, for one course and one roster."""

    def walk(self, node, place, labs, top=False):
        """The units in a class.  labs: of the folders above, from the outermost."""
        found, plain, loose = [], [], []
        nodes = [node.children[key] for key in sorted(node.children)]
        canvas = any(CANVAS.match(child.name) for child in nodes)
        users = blackboard_users([child.name for child in nodes])
        for child in nodes:
            mine = self.owner(child, canvas, users)
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
            bare = is_number(child.text) or naming.lab_in(child.text, self.slugs) is None
            if bare and self.labs(child, (), None) != {lab}:
                lab = None  # "1" and "export 1" may be a section's or a student's as well as a lab's
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

    def people(self, nodes, place, labs):
        """The units of folders and archives that are a person's each."""
        common, listed = self.common([node for node in nodes if node.archive]), self.listed(nodes)
        return [self.unit(n, place, labs, common if n.archive else (), listed) for n in nodes]

    def listed(self, nodes):
        """Are numbers alone in these names no labs', but of a list of people: "abc_01" to "abc_30"?

        So it is where one is too large for a lab, where all names but for numbers are one, and where one
        name has several and no two names have the same, or some have none.
        """
        found = [self.read(node) for node in nodes]
        bare = {(reduced.name, reduced.lab) for reduced in found if reduced.full}
        if len(bare) > len({name for name, _ in bare}):
            every = bare | {(reduced.name, reduced.lab) for reduced in found if reduced.name}
            numbers = Counter(lab for _, lab in every)
            if numbers[None] or max(numbers.values()) < 2:
                return True
        if any(naming.counts(reduced, len(self.slugs)) and reduced.lab is None for reduced in found):
            return True
        return len({r.name for r in found}) == 1 and len({r.full for r in found}) > 1

    def unit(self, node, place, labs, common, listed=False):
        """The unit of a name that only itself, and those beside it, explain."""
        reduced = self.read(node)
        name = reduced.called or reduced.name or node.text
        aliases = (name, reduced.name or node.text, node.text)
        if reduced.name and common and not self.known(name):
            name = naming.without(node.text, reduced, common)
        unit = Unit(place, node.text, name, id=reduced.id, email=reduced.email, folder=node.folder)
        unit.lab, unit.core, unit.entries = reduced.lab, reduced.core, node.all_entries()
        unit.form = (reduced.before != "", reduced.after != "") if reduced.lab is not None else ()
        unit.labs = self.labs(node, labs, reduced.lab)
        unit.aliases, unit.dropped, unit.short = aliases, reduced.dropped, reduced.name
        if reduced.lab is None:
            unit.short = self.reduced(node.text, False).name or reduced.name
        own = node.folder and self.labs(node, (), None) != {reduced.lab}
        if reduced.full and (own or listed):
            unit.name, unit.lab, unit.aliases = reduced.full, None, (reduced.full, *aliases)
            unit.labs = self.labs(node, labs, None)
            if listed and not self.known(reduced.full):
                file = quotable(node.name)
                unit.doubt = f"\u201c{file}\u201d has a number that is taken for a person's, not a lab's."
        if not reduced.name:
            if node.folder and is_number(node.text):
                unit.lab, unit.labs = None, self.labs(node, labs, None)
            unit.whole = not node.folder
            unit.doubt = f"The name of \u201c{quotable(node.name)}\u201d does not say whose it is."
        elif reduced.weak and not self.known(name):
            unit.doubt = f"\u201c{quotable(name)}\u201d is taken for a name, and may be a word."
        return unit

    def common(self, nodes):
        """The words with a number that all names have, no person's where at least three people remain."""
        found = [self.read(node) for node in nodes]
        found = {reduced.name: reduced for reduced in found if reduced.name}
        if len(found) < 3:
            return frozenset()
        common = looks.prefix([tuple(w.low for w in r.tokens) for r in found.values()]) - PEOPLE
        common |= looks.title([self.reduced(name, False) for name in found])
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
