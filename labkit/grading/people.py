"""Whose work is what: rules that read the names of files, folders and archives, and nothing else.

1. A file that a names file speaks of is whom that says (`names.Names`); this decides over all that follows.
2. From the top down, each folder or archive holds either a class or one person's work:
     - what a platform has exported carries its owner's name (`exports`); an archive of such is a class;
     - a folder whose name is common words alone ("lab01", "section 1", "submissions") is a class;
     - a folder that is a number alone is a student's, unless several people's folders are in it, or the
       files in it name people and its lab;
     - any other folder or archive is a person's: "amy", "amy.zip", "lab01-amy", with all that is in it,
       unless people's folders or files are in it, and in those beside it too ("Kurs Rot"), or what is in it
       has whole names ("Jane Doe"): then it is a class, with a doubt (`classes`);
     - a folder's name is kept whole where it names no lab: "Mark Lab", "Maria 1", "Jane Doe (late)";
     - a notebook or archive that lies in a class by itself is named after its person (`naming`).
3. What one place of a class has under one name is one person's: "jane_lab01" and "jane_lab02", and
   "jane_lab01 (1)". But numbers that a platform gives, names that differ in any letter, and two files for one
   lab that differ in more than numbering tell two people. So do spaces around a name, a number behind it that
   not all names have, and a word for a version that may be a surname ("Max Copy").
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

from labkit.grading import naming, places, units
from labkit.grading.decided import add_named, matches
from labkit.grading.persons import Entry, One, Person, told, told_apart
from labkit.grading.shown import people
from labkit.grading.whose import quoted, table

__all__ = ["Entry", "Person", "identify", "table"]


def identify(entries, slugs, names=None, roster=None):
    """A Person for each entry, in order, or None where it is nobody's work.

    slugs: of the labs ("01_mlm_fill_in_blank").  names, roster: as `names` reads them.
    """
    named, doubts = matches(entries, names) if names else ({}, {})
    known = (lambda text: roster.find(Person(text)) is not None) if roster else (lambda text: False)
    left = [place for place in range(len(entries)) if place not in named]
    found = places.units([(place, entries[place]) for place in left], tuple(slugs), known)
    ones = [one for some in _by_place(found).values() for one in _apart(some)]
    ones = sorted(ones, key=lambda one: one.key)
    if roster:
        _call(ones, roster)
    clusters = _together(ones)
    add_named(clusters, named, doubts, roster)
    return people(len(entries), clusters, roster)


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
    known = told(one, other)
    if known is not None:
        return not known
    if one.first.place != other.first.place:
        return False
    loose = not (one.first.folder or other.first.folder or one.first.owner or other.first.owner)
    return not (loose and _different_labs(one, other))


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
    known = told(one, other)
    if known is not None:
        return known
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
            sure = [c for c in fits if any(told(one, other) for other in c)]
            fits = sure or ([] if mixed else fits)
            if len(fits) > 1:  # "2024/lab02/amy" belongs to "2024/lab01/amy" rather than to "2023/lab01/amy"
                fits = [c for c in fits if _frame(c[0]) == _frame(one)]
            fits[0].append(one) if len(fits) == 1 else found.append([one])
        if len(found) > 1 and not told_apart(found):
            where = ", ".join(quoted("/".join(c[0].first.path)) for c in found[:4])
            doubt = f"{quoted(some[0].name)} is in several places ({where}); kept apart."
            if len({one.first.name for one in some}) > 1 and len(several) == 1:
                doubt = (
                    f"{quoted(some[0].name)} is spelled in different characters that look alike; kept apart."
                )
            elif len({(c[0].first.place, " ".join(c[0].first.text.split())) for c in found}) == 1:
                doubt = f"{quoted(some[0].name)} is written with different spaces ({where}); kept apart."
            for cluster in found:
                if not cluster[0].doubts:
                    cluster[0].doubts.append(doubt)
        clusters += found
    return clusters


def _frame(one):
    """The folders above a person that tell of no lab."""
    return [name for name in one.first.place if naming.reduce(name, folder=True).lab is None]
