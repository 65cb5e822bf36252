"""People as they are shown: a name for each, no two alike, and doubts where names are nearly alike."""

from collections import defaultdict
from dataclasses import replace

from labkit.grading import naming
from labkit.grading.grades import printable
from labkit.grading.persons import Person, told_apart
from labkit.grading.whose import LONGEST, digest, quoted, shorter


def people(many, clusters, roster):
    """The Person of each entry, by what was found."""
    shown = _shown(clusters, {person.student for person in roster.people} if roster else set())
    alike = defaultdict(list)
    for cluster, name in zip(clusters, shown, strict=True):
        alike[naming.fold(cluster[0].name)].append((name, cluster))
    for some in alike.values():
        if len({cluster[0].name for _, cluster in some}) > 1 and not told_apart([c for _, c in some]):
            names = ", ".join(quoted(name) for name, _ in sorted(some, key=lambda pair: pair[0])[:4])
            for _, cluster in some:
                cluster[0].doubts.append(f"{names} differ only in how they are written; kept apart.")
    _say_what_may_be_one(clusters, shown)
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


def _say_what_may_be_one(clusters, shown):
    """A doubt for those whose names differ only in words or numbers that may be no part of a name."""
    alike = defaultdict(list)
    for cluster, name in zip(clusters, shown, strict=True):
        if cluster[0].listed is None:
            shorts = {one.first.short or one.name for one in cluster if not one.first.whole}
            for short in {naming.fold(text) for text in shorts}:
                alike[short].append((name, cluster))
    for some in alike.values():
        bases = {naming.fold(cluster[0].name) for _, cluster in some}
        if len(bases) < 2 or told_apart([cluster for _, cluster in some]):
            continue
        names = ", ".join(quoted(name) for name, _ in sorted(some, key=lambda pair: pair[0])[:4])
        for _, cluster in some:
            if not cluster[0].doubts:
                cluster[0].doubts.append(f"{names} differ only in what may be no part of a name; kept apart.")


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
    own = one.id or one.email or unit.text if one.id or one.email or not any(unit.place) else ""
    options = [one.id, one.email, own, unit.place[-1] if unit.place else "", unit.text, where]
    return [*(shorter(option, 60) for option in options), last]


def _marked(base, mark):
    return f"{shorter(base, LONGEST - len(mark) - 3)} ({mark})"
