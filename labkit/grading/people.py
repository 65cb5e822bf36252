"""Whose work is what: rules that read the names of files, folders and archives, and nothing else.

1. A file that a names file speaks of is whom that says (`names.Names`); this decides over all that follows.
2. From the top down, each folder or archive holds either a class or one person's work:
     - what a platform has exported carries its owner's name (`exports`); an archive of such is a class;
     - a folder whose name is common words alone ("lab01", "section 1", "submissions") is a class;
     - any other folder or archive is a person's: "amy", "amy.zip", "lab01-amy", with all that is in it,
       unless people's folders are in it, and those beside it hold people's folders too ("Kurs Rot");
     - a notebook or archive that lies in a class by itself is named after its person (`naming`).
3. What one place of a class has under one name is one person's: "jane_lab01" and "jane_lab02", and
   "jane_lab01 (1)". But numbers that a platform gives, names that differ in any letter, and two files for one
   lab that differ in more than numbering tell two people.
4. The same name in two places is one person where the places or the files are of different labs, or a number
   or an e-mail address says so. Two sections, or one lab twice, are two people.
5. A roster says who there is: whoever it knows has its name, number and e-mail address (`names.Roster`).
6. Where these rules can't tell, people are kept apart, and a doubt says so.

    amy/lab01.ipynb, section 1/bob/a.ipynb, lab01/cat/b.ipynb         amy, bob, cat
    class.zip!Jane Doe_12_assignsubmission_file_/lab01.ipynb          Jane Doe
    Lab 01 - Jane.ipynb, Lab 01 - John.ipynb                          Jane, John
    README.txt, lab01/instructions.pdf                                nobody
    lab01.ipynb                                                       lab01, with a doubt
"""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from labkit.grading import naming, places, units
from labkit.grading.grades import printable
from labkit.grading.whose import LONGEST, digest, quoted, shorter, table

__all__ = ["Entry", "Person", "identify", "table"]


@dataclass(frozen=True)
class Entry:
    """Something that was handed in.

    origin: its path in the folder, then its path in each archive; "/" separates folders.
    kind: "notebook" (by its name), "archive" (nothing in it could be listed), "other" or "empty" (a folder).
    """

    origin: tuple
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

    units: list
    doubts: list = field(default_factory=list)
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


def identify(entries, slugs, names=None, roster=None):
    """A Person for each entry, in order, or None where it is nobody's work.

    slugs: of the labs ("01_mlm_fill_in_blank").  names, roster: as `names` reads them.
    """
    named = {place: names.match(entry.origin) for place, entry in enumerate(entries)} if names else {}
    named = {place: person for place, person in named.items() if person is not None}
    known = (lambda text: roster.find(Person(text)) is not None) if roster else (lambda text: False)
    left = [place for place in range(len(entries)) if place not in named]
    found = places.units([(place, entries[place]) for place in left], tuple(slugs), known)
    ones = [one for some in _by_place(found).values() for one in _apart(some)]
    ones = sorted(ones, key=lambda one: one.key)
    if roster:
        _call(ones, roster)
    clusters = _together(ones)
    _add_named(clusters, named, roster)
    return _people(len(entries), clusters, roster)


def _by_place(units):
    found = defaultdict(list)
    for unit in units:
        found[unit.place].append(unit)
    return found


def _apart(units):
    """The people of one place."""
    same = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.path):
        same[unit.key].append(unit)
    found = []
    for some in same.values():
        parts = _by_form(some)
        doubts = []
        if len(parts) > 1:
            files = ", ".join(quoted(part[0].text) for part in parts[:4])
            doubts = [
                f"Several files for one lab have the name {quoted(some[0].name)} ({files}); kept apart."
            ]
        found += [One(part, doubts + [unit.doubt for unit in part if unit.doubt]) for part in parts]
    return found


def _by_form(units):
    """Units of one name, in parts: two for one lab that differ in more than numbering are two people's."""
    if units[0].owner:
        return [units]
    forms = defaultdict(set)
    for unit in units:
        forms[unit.lab].add(unit.core)
    if all(len(some) == 1 for some in forms.values()):
        return [units]
    for form in (lambda unit: unit.form, lambda unit: unit.core):
        parts = defaultdict(list)
        for unit in units:
            parts[form(unit)].append(unit)
        if all(len({(u.lab, u.core) for u in some}) == len({u.lab for u in some}) for some in parts.values()):
            break
    return list(parts.values())


def _call(ones, roster):
    """Give each person their line of the roster, where it can be told."""
    claims = defaultdict(list)
    for one in ones:
        found, doubt = None, ""
        for name in dict.fromkeys([one.first.name, *one.first.aliases]):
            found, doubt = roster.look_up(Person(name, one.id, one.email))
            if found or doubt:
                break
        if doubt:
            one.doubts.append(doubt)
        if found:
            claims[found].append(one)
    for listed, some in claims.items():
        winners = some
        if any(_rivals(a, b) for n, a in enumerate(some) for b in some[:n]):
            sure = [one for one in some if _by_number(one, listed)]
            sure = sure or [one for one in some if one.name == unicodedata.normalize("NFC", listed.student)]
            winners = sure if not any(_rivals(a, b) for n, a in enumerate(sure) for b in sure[:n]) else []
            shown = ", ".join(sorted({quoted(one.first.text) for one in some})[:4])
            for one in some:
                if one not in winners:
                    one.doubts.append(f"Several could be {quoted(listed.student)} of the roster: {shown}.")
        for one in winners:
            one.listed = listed


def _by_number(one, listed):
    return any(
        mine and theirs and mine.casefold() == theirs.casefold()
        for mine, theirs in ((one.id, listed.id), (one.email, listed.email))
    )


def _rivals(one, other):
    """Do two, of whom one line of the roster could speak, have to be two people?"""
    told = _told(one, other)
    if told is not None:
        return not told
    if one.first.place != other.first.place:
        return False
    loose = not (one.first.folder or other.first.folder or one.first.owner or other.first.owner)
    return not (loose and _different_labs(one, other))


def _told(one, other):
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


def _different_labs(one, other):
    mine, theirs = one.labs, other.labs
    if any(isinstance(lab, tuple) for lab in mine) != any(isinstance(lab, tuple) for lab in theirs):
        mine, theirs = _single(mine), _single(theirs)
    return None not in mine | theirs and not mine & theirs


def _single(labs):
    return {number for lab in labs for number in (lab if isinstance(lab, tuple) else (lab,))}


def _compatible(one, other):
    """Are two of the same name in different places one person?"""
    if one.listed or other.listed:
        return one.listed == other.listed
    told = _told(one, other)
    if told is not None:
        return told
    if one.first.place == other.first.place or one.first.dropped != other.first.dropped:
        return False
    if one.first.whole or other.first.whole:
        return False
    mine, theirs = units.sections(one.first.place), units.sections(other.first.place)
    if mine and theirs and mine != theirs:
        return False
    return _different_labs(one, other)


def _together(ones):
    """Lists of One: each is one person in all places."""
    groups = defaultdict(list)
    for one in ones:
        groups[one.listed or one.name].append(one)
    clusters = []
    for some in groups.values():
        if some[0].listed:
            clusters.append(some)
            continue
        several = Counter((one.first.place, one.first.dropped) for one in some)
        mixed = max(several.values()) > 1 and len(several) > 1
        found = []
        for one in some:
            fits = [c for c in found if all(_compatible(one, other) for other in c)]
            sure = [c for c in fits if any(_told(one, other) for other in c)]
            fits = sure or ([] if mixed else fits)
            if len(fits) > 1:  # "2024/lab02/amy" belongs to "2024/lab01/amy" rather than to "2023/lab01/amy"
                fits = [c for c in fits if _frame(c[0]) == _frame(one)]
            fits[0].append(one) if len(fits) == 1 else found.append([one])
        if len(found) > 1 and not _told_apart(found):
            where = ", ".join(quoted("/".join(c[0].first.path)) for c in found[:4])
            doubt = f"{quoted(some[0].name)} is in several places ({where}); kept apart."
            if len({one.first.name for one in some}) > 1 and len(several) == 1:
                doubt = (
                    f"{quoted(some[0].name)} is spelled in different characters that look alike; kept apart."
                )
            for cluster in found:
                if not cluster[0].doubts:
                    cluster[0].doubts.append(doubt)
        clusters += found
    return clusters


def _frame(one):
    """The folders above a person that tell of no lab."""
    return [name for name in one.first.place if naming.reduce(name, folder=True).lab is None]


def _told_apart(clusters):
    firsts = [cluster[0] for cluster in clusters]
    return all(_told(a, b) is False for n, a in enumerate(firsts) for b in firsts[:n])


def _add_named(clusters, named, roster):
    """Add whom the names file speaks of: one of that name, unless a number speaks against it."""
    groups = defaultdict(list)
    for place, person in sorted(named.items()):
        groups[person].append(place)
    for person, some in sorted(groups.items(), key=lambda item: (item[0].student, item[0].id, item[0].email)):
        unit = units.Unit.named(person, some)
        one = One([unit], named=person)
        if roster:
            one.listed, doubt = roster.look_up(person)
            one.doubts += [doubt] if doubt else []
        fits = [c for c in clusters if _is_same(c[0], one)]
        fits[0].append(one) if len(fits) == 1 else clusters.append([one])


def _is_same(one, named):
    if one.listed or named.listed:
        return one.listed == named.listed
    told = [
        a.casefold() == b.casefold()
        for a, b in ((one.id, named.id), (one.email, named.email))
        if a and b and not (one.first.owner and not one.first.owner.stable)
    ]
    return any(told) or (one.name == named.name and not told)


def _people(many, clusters, roster):
    """The Person of each entry, by what was found."""
    shown = _shown(clusters, {person.student for person in roster.people} if roster else set())
    alike = defaultdict(list)
    for cluster, name in zip(clusters, shown, strict=True):
        alike[naming.fold(cluster[0].name)].append((name, cluster))
    for some in alike.values():
        if len({cluster[0].name for _, cluster in some}) > 1 and not _told_apart([c for _, c in some]):
            names = ", ".join(quoted(name) for name, _ in sorted(some, key=lambda pair: pair[0])[:4])
            for _, cluster in some:
                cluster[0].doubts.append(f"{names} differ only in how they are written; kept apart.")
    found = [None] * many
    for cluster, name in zip(clusters, shown, strict=True):
        doubts = dict.fromkeys(doubt for one in cluster for doubt in one.doubts)
        person = Person(name, doubt=printable(" ".join(doubts))[:1000])
        listed = next((one.listed for one in cluster if one.listed), None)
        mine = [one.named for one in cluster if one.named]
        email = next((p.email for p in [*mine, listed] if p and p.email), "")
        email = email or next((one.email for one in cluster if one.email), "")
        fixed = next((p.id for p in [*mine, listed] if p and p.id), "")
        for one in cluster:
            for unit in one.units:
                number = fixed or unit.id or one.id
                one_person = replace(person, id=shorter(number), email=shorter(email))
                for place in unit.entries:
                    found[place] = one_person
    return found


def _shown(clusters, taken):
    """A name for each cluster, no two alike."""
    bases = [c[0].listed.student if c[0].listed else shorter(c[0].name) or "(no name)" for c in clusters]
    groups = defaultdict(list)
    for place, base in enumerate(bases):
        groups[base].append(place)
    found, used = list(bases), set(taken) | set(bases)
    for base, some in sorted(groups.items()):
        some = [place for place in some if not clusters[place][0].listed]
        if len(some) < 2 and not (some and base in taken):
            continue
        options = list(zip(*(_marks(clusters[place]) for place in some), strict=True))
        marks = next(
            marks
            for marks in options
            if all(marks) and len(set(marks)) == len(marks) and not used & {_marked(base, m) for m in marks}
        )
        for place, mark in zip(some, marks, strict=True):
            found[place] = _marked(base, mark)
            used.add(found[place])
    return found


def _marks(cluster):
    """What could tell a person from another of that name, the best first."""
    one = cluster[0]
    unit = one.first
    where = "/".join(unit.path)
    last = digest("\0".join([where, one.id, one.email, one.name]))
    options = [one.id, one.email, unit.place[-1] if unit.place else "", unit.text, where]
    return [*(shorter(option, 60) for option in options), last]


def _marked(base, mark):
    return f"{shorter(base, LONGEST - len(mark) - 3)} ({mark})"
