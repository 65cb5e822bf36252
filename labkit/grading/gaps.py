"""Where a roster, a names file and the files that were handed in do not fit together, in sentences."""

from labkit.grading.whose import quoted

MOST = 30  # names in one sentence


def remarks(origins, people, names=None, roster=None):
    """The sentences, for `labkit grade --who`.

    origins, people: of each file, as `people.identify` takes and gives them.
    """
    found = []
    if names:
        unused = names.unused(origins)
        if unused:
            found.append(f"No file is called as these lines of the names file say: {_listed(unused)}.")
    if roster:
        found += roster.doubled
        known = {person.student for person in roster.people}
        strangers = dict.fromkeys(p.student for p in people if p and p.student not in known)
        if strangers:
            found.append(f"Not on the roster: {_listed(strangers)}.")
    return found


def absent(people, roster):
    """The people of a roster of whom there is no file."""
    there = {person.student for person in people if person}
    return [person for person in roster.people if person.student not in there] if roster else []


def _listed(texts):
    texts = list(texts)
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(quoted(text) for text in texts[:MOST]) + more
