"""What was handed in, in whatever form an LMS exports it: a list of everything in a folder and its zip files.

Only names are looked at here; whose they are, `people` says. Zip files are listed by a process with limits
(`reader`), and nothing is ever unpacked to the disk, so no name in an archive can lead anywhere.
"""

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.grading.cells import Unreadable
from labkit.grading.people import Entry
from labkit.messages import LabkitError
from labkit.messages.named import reading

MOST_FILES, DEEPEST_FOLDER, DEEPEST_ARCHIVE = 200_000, 40, 2  # of all; zip files within zip files
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # some browsers add what they think is missing
IGNORED = re.compile(r"\.|__MACOSX$|__pycache__$|System Volume Information$|\$RECYCLE")
LINK = "It is a link to another file; links are not read."


@dataclass(frozen=True)
class Item:
    """A file that was handed in, or a folder where that matters.

    origin: where it is, for people: the path in the folder, then the path in each archive.
    kind: as `people.Entry` has it: "notebook", "archive", "other" or "empty".
    path: of the file on the disk.  inside: the places of members that lead to it, in archives.
    problem: why it can't be read, or "".
    """

    origin: tuple[str, ...]
    kind: str
    path: Path | None = None
    inside: tuple[int, ...] = ()
    problem: str = ""

    @property
    def shown(self):
        """The origin as one text."""
        return "!".join(self.origin)

    @property
    def entry(self):
        """What `people` looks at."""
        return Entry(self.origin, self.kind)


def survey(folder, reader, known_names=()):
    """Everything in a folder, as Items in a fixed order. Raises LabkitError when it is no folder.

    known_names: of people, which help to read the names in old zip files.
    """
    folder = Path(folder)
    with reading(folder):
        there = folder.is_dir()
        if there:
            os.listdir(folder)
    if not there:
        raise LabkitError(f"{folder} is not a folder. Give the folder that holds the submissions.")
    items, seen = [], Counter()
    for item in _folder(folder, "", reader, known_names, 0):
        seen[item.origin] += 1
        if seen[item.origin] > 1:  # a zip file may hold two members of one name
            item = replace(item, origin=(*item.origin[:-1], f"{item.origin[-1]} ({seen[item.origin]})"))
        items.append(item)
        if len(items) > MOST_FILES:
            raise LabkitError(f"There are more than {MOST_FILES} files in {folder}. Is it the right folder?")
    return items


def is_notebook(name):
    """Has a file the name of a notebook?"""
    return name.lower().endswith(NOTEBOOKS)


def _folder(folder, above, reader, known_names, depth):
    """Yield what a folder holds. `above`: its own path, ending in "/", or ""."""
    try:
        found = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield Item((above.rstrip("/"),), "archive", problem=f"The folder can't be read: {error.strerror}.")
        return
    found = [entry for entry in found if not IGNORED.match(entry.name)]
    if not found and above:
        yield _without_content(above)
    for entry in found:
        name, path = above + _readable(entry.name), Path(entry.path)
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError as error:
            yield Item((name,), _kind(name), problem=f"It can't be read: {error.strerror}.")
            continue
        if stat.S_ISDIR(mode) and depth < DEEPEST_FOLDER:
            inner = list(_folder(path, name + "/", reader, known_names, depth + 1))
            if is_notebook(name) and not any(item.kind == "notebook" for item in inner):
                yield Item((name,), "notebook", problem="It is a folder, not a notebook (.ipynb).")
            else:
                yield from inner
        elif stat.S_ISLNK(mode):
            yield Item((name,), "archive" if path.is_dir() else _kind(name), problem=LINK)
        elif not stat.S_ISREG(mode):
            yield Item((name,), _kind(name), problem="It is no ordinary file.")
        elif name.lower().endswith(".zip"):
            yield from _archive((name,), path, (), reader, known_names)
        else:
            yield Item((name,), _kind(name), path)


def _without_content(above):
    name = above.rstrip("/")
    if is_notebook(name):
        return Item((name,), "notebook", problem="It is an empty folder, not a notebook (.ipynb).")
    return Item((name,), "empty")


def _archive(origin, path, inside, reader, known_names):
    """Yield what a zip file holds, or why that can't be told."""
    if len(inside) >= DEEPEST_ARCHIVE:
        yield Item(origin, "archive", problem="Zip files within zip files within zip files are not read.")
        return
    try:
        members = reader.members(path, inside, known_names)
    except Unreadable as error:
        yield Item(origin, "archive", problem=str(error))
        return
    some = False
    names = {name for name, _, _ in members}
    for place, (name, _, problem) in enumerate(members):
        name = name.strip("/") if name.endswith("/") else name
        if not name or any(IGNORED.match(part) for part in name.split("/") if part not in (".", "..")):
            continue
        where = (*origin, name)
        if members[place][0].endswith("/"):
            if not any(other.startswith(name + "/") and other != name + "/" for other in names):
                some = True
                yield _within(_without_content(name), origin)
            continue
        some = True
        if problem or not name.lower().endswith(".zip"):
            yield Item(where, _kind(name), path, (*inside, place), problem)
        else:
            yield from _archive(where, path, (*inside, place), reader, known_names)
    if not some:
        yield Item(origin, "archive", problem="There is nothing in the zip file.")


def _within(item, origin):
    return replace(item, origin=(*origin, *item.origin))


def _kind(name):
    return "notebook" if is_notebook(name) else "archive" if name.lower().endswith(".zip") else "other"


def _readable(name):
    """A file name as text, whatever bytes an old system made it of."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("latin-1")
    return name
