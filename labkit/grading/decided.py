"""Whom a names file speaks of, among the people that the rules have found."""

import unicodedata
from collections import defaultdict

from labkit.grading.persons import One, Person
from labkit.grading.units import Unit
from labkit.grading.whose import quoted


def matches(entries, names):
    """({place: Person}, {Person: doubts}) of the entries that a names file speaks of."""
    paths = {unicodedata.normalize("NFC", "!".join(entry.origin)) for entry in entries}
    named, doubts = {}, defaultdict(list)
    for place, entry in enumerate(entries):
        people = names.all_matches(entry.origin, paths)
        if people:
            named[place] = people[0]
        if len(people) > 1:
            others = ", ".join(quoted(person.student) for person in people[1:4])
            doubts[people[0]].append(
                f"Several lines of the names file speak of {quoted('!'.join(entry.origin))}: the first, "
                f"{quoted(people[0].student)}, counts, not {others}."
            )
    return named, doubts


def add_named(clusters, named, doubts, roster):
    """Add whom the names file speaks of, each as it is written: to the one that has the name, or by itself.

    named, doubts: as `matches` has them.
    """
    groups = defaultdict(list)
    for place, person in sorted(named.items()):
        groups[person].append(place)
    ones = []
    for person in sorted(groups, key=lambda person: (person.student, person.id, person.email)):
        ones.append(One([Unit.named(person, groups[person])], list(doubts.get(person, ())), named=person))
    shared = _say_shared(ones)
    if roster:
        _call(ones, roster, shared)
    written = []
    for one in sorted(ones, key=lambda one: (not one.id, not one.email)):  # those that say most come first
        same = [some for some in written if _are_one(some[0], one)]
        if len(same) > 1:
            one.doubts.append(f"The names file has several people called {quoted(one.name)}; kept apart.")
        same[0].append(one) if len(same) == 1 else written.append([one])
    fits = [[some for some in written if _is_same(cluster[0], some[0])] for cluster in clusters]
    for cluster, several in zip(clusters, fits, strict=True):
        if len(several) > 1 and not cluster[0].doubts:
            cluster[0].doubts.append(
                f"The names file has several people called {quoted(cluster[0].name)}; kept apart."
            )
    for some in written:
        mine = [c for c, several in zip(clusters, fits, strict=False) if several == [some]]
        mine[0].extend(some) if len(mine) == 1 else clusters.append(some)


def _say_shared(ones):
    """A doubt for people of different names who have one number or address in the names file; their names."""
    found = set()
    for key in ("id", "email"):
        shared = defaultdict(list)
        for one in ones:
            if value := getattr(one, key):
                shared[value.casefold()].append(one)
        for value, some in shared.items():
            names = sorted({one.name for one in some})
            if len(names) > 1:
                found |= set(names)
                shown = ", ".join(quoted(name) for name in names[:4])
                for one in some:
                    one.doubts.append(f"The names file has {quoted(value)} for several people: {shown}.")

    return found


def _call(ones, roster, shared):
    """Give each their line of the roster; of several, those have it whose name it has.

    shared: names of those whose numbers tell nothing.
    """
    claims = defaultdict(list)
    for one in ones:
        person = Person(one.named.student) if one.name in shared else one.named
        listed, doubt = roster.look_up(person)
        one.doubts += [doubt] if doubt else []
        if listed:
            claims[listed].append(one)
    for listed, some in claims.items():
        named = [one for one in some if roster.find(Person(one.named.student)) == listed]
        for one in some:
            if len(some) == 1 or not named or one in named:
                one.listed = listed
            else:
                one.doubts.append(
                    f"{quoted(one.name)} of the names file has the number of {quoted(listed.student)}."
                )


def _are_one(one, other):
    """Are two of the names file one person: of one name, or one line of the roster, and no two numbers?"""
    if one.listed or other.listed:
        return one.listed == other.listed
    pairs = ((one.id, other.id), (one.email, other.email))
    return one.name == other.name and all(not (a and b) or a.casefold() == b.casefold() for a, b in pairs)


def _is_same(one, named):
    """Is somebody whom the rules have found one of the names file?"""
    if one.listed or named.listed:
        return one.listed == named.listed
    told = [
        a.casefold() == b.casefold()
        for a, b in ((one.id, named.id), (one.email, named.email))
        if a and b and not (one.first.owner and not one.first.owner.stable)
    ]
    return any(told) or (one.name == named.name and not told)
