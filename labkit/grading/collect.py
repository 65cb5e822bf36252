"""What was handed in, in whatever form an LMS exports it: folders by student, zip files, loose notebooks.

Everything is only read, zip files in memory: nothing is unpacked, so no name in an archive can lead anywhere.
One file after the other, so that a class of large notebooks needs the memory of one.
"""

import io
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from labkit.grading.cells import LARGEST, too_large
from labkit.messages import LabkitError

MOST_MEMBERS, DEEPEST = 20_000, 2  # of a zip file; zip files within zip files
MOST_NOTEBOOKS, MOST_BYTES = 20, 10 * LARGEST  # of a student; of a student's notebooks in one zip file
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # some browsers add what they think is missing
ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
IGNORED = re.compile(r"(^|/)(\.(?!\.?/)|__MACOSX/|__pycache__/)")
# Moodle: "Jane Doe_123456_assignsubmission_file_"; Canvas: "doejane_LATE_12345_67890_lab02-1.ipynb"
MOODLE = re.compile(r"^(?P<student>.+?)_\d+_assignsubmission_file_?.*$")
CANVAS = re.compile(r"^(?P<student>[^_]+)(_LATE)?_\d+_\d+_.*$")
NAMED = re.compile(r"^(?P<student>.+?)[-_ ]+(lab[-_ ]?)?\d\d([-_ .].*)?$", re.IGNORECASE)
LINK = "It is a link to another file; links are not read."


@dataclass(frozen=True)
class Found:
    """One notebook that was handed in. `data` is None, and `problem` says why, where it can't be read."""

    student: str
    origin: str  # where it was found, for people: the path, and the path within a zip file
    data: bytes | None = None
    problem: str = ""


def collect(folder):
    """Yield every notebook in `folder` as a Found. Raises LabkitError, at its end, when there was none.

    The student is the first folder's name, or a loose notebook's own, without what Moodle and Canvas add.
    Who handed in something, but no notebook, has a Found that says so.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LabkitError(f"{folder} is not a folder. Give the folder that holds the submissions.")
    others = {}
    students = yield from _at_most(_read_folder(folder, others))
    if not students:
        raise LabkitError(
            f"There is no notebook in {folder}. Expected: a folder for each student, zip files, or notebooks "
            "(.ipynb) named after their students."
        )
    yield from _without_notebook(others, students)


def collect_one(folder, student):
    """Every notebook in one student's folder. Where there is none, that is what was handed in."""
    others = {}
    if not Path(folder).is_dir():
        raise LabkitError(f"{folder} is not a folder. Give the folder that holds the submission.")
    mine = (replace(found, student=student) for found in _read_folder(Path(folder), others))
    if not (yield from _at_most(mine)):
        yield from _without_notebook({student: sum(others.values(), [])}, ())


def student_of(name):
    """The student whose file this is, from its path: "Jane Doe_12_assignsubmission_file_/lab02.ipynb"."""
    parts = PurePosixPath(unicodedata.normalize("NFC", name)).parts  # a Mac writes e and its accent apart
    first = parts[0]
    if len(parts) == 1:
        ending = next((e for e in NOTEBOOKS if first.lower().endswith(e)), PurePosixPath(first).suffix)
        first = re.sub(r" ?\(\d+\)$", "", first[: len(first) - len(ending)])
    for pattern in (MOODLE, CANVAS, NAMED) if len(parts) == 1 else (MOODLE, CANVAS):
        if match := pattern.match(first):
            return match["student"].strip()
    return first.strip()


def _at_most(found):
    """Pass on what is found, but no more than MOST_NOTEBOOKS of a student; returns {student: how many}."""
    students, origins = Counter(), Counter()
    for one in found:
        students[one.student] += 1
        origins[one.origin] += 1
        if origins[one.origin] > 1:  # a zip file may hold two members of one name
            one = replace(one, origin=f"{one.origin} ({origins[one.origin]})")
        if students[one.student] <= MOST_NOTEBOOKS:
            yield one
        elif students[one.student] == MOST_NOTEBOOKS + 1:
            problem = f"More than {MOST_NOTEBOOKS} notebooks were handed in; the others were not read."
            yield replace(one, data=None, problem=problem)
    return students


def _read_folder(folder, others):
    """Yield what the folder holds, and put the names of files that are no notebooks under their students."""
    for path in sorted(folder.rglob("*")):
        name = _readable(path.relative_to(folder).as_posix())
        if IGNORED.search(name):
            continue
        if path.is_symlink() and (path.is_dir() or _is_wanted(name)):
            yield Found(student_of(name), name, problem=LINK)
        elif path.is_file() and _is_wanted(name):
            yield from _read(name, path)
        elif path.is_file() and _is_somebodys(name):
            others.setdefault(student_of(name), []).append(name)


def _is_wanted(name):
    return name.lower().endswith((*NOTEBOOKS, ".zip"))


def _is_somebodys(name):
    return "/" in name or name.lower().endswith(ARCHIVES) or bool(CANVAS.match(name) or MOODLE.match(name))


def _without_notebook(others, students):
    """A Found for each student who handed in other files alone."""
    for student, names in others.items():
        if student not in students:
            shown = ", ".join([PurePosixPath(name).name for name in names[:3]] + ["..."] * bool(names[3:]))
            problem = f"There is no notebook (.ipynb) in what was handed in{': ' * bool(names)}{shown}."
            yield Found(student, names[0] if names else ".", problem=problem)


def _read(name, path):
    if name.lower().endswith(".zip"):
        yield from _unzip(name, path, level=1)
        return
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST else None
    except OSError as error:
        yield Found(student_of(name), name, problem=f"The file can't be read: {error.strerror}.")
        return
    yield Found(student_of(name), name, data, "" if data is not None else too_large(size))


def _unzip(name, file, level):
    """The notebooks in a zip file. Its own name is the student's unless it holds several first folders."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        yield Found(student_of(name), name, problem=f"The zip file is damaged: {error}.")
        return
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not IGNORED.search(_path(m))]
        if len(members) > MOST_MEMBERS:
            yield Found(student_of(name), name, problem=f"The zip file holds {len(members)} files.")
            return
        wanted = sorted((m for m in members if _is_wanted(m.filename)), key=_path)
        if not wanted:
            yield Found(student_of(name), name, problem="There is no notebook in the zip file.")
            return
        export = PurePosixPath(name).parent == PurePosixPath(".") and _is_export(wanted)
        spent, others = Counter(), {}
        for member in members:
            others.setdefault(student_of(_path(member) if export else name), []).append(_path(member))
        for member in wanted:
            student = student_of(_path(member) if export else name)
            yield from _member(archive, member, f"{name}!{_path(member)}", student, level, spent)
        yield from _without_notebook(others, spent)


def _member(archive, member, origin, student, level, spent):
    """The notebook, or the notebooks, in one member of a zip file; `spent` counts a student's bytes."""
    problem, content = _content(archive, member)
    spent[student] += len(content or b"")
    if not problem and spent[student] > MOST_BYTES:
        problem = f"The zip file holds more than {MOST_BYTES / 1e9:.0f} GB; this was not read."
    if not problem and member.filename.lower().endswith(".zip"):
        if level < DEEPEST:
            for found in _unzip(PurePosixPath(_path(member)).name, io.BytesIO(content), level + 1):
                yield Found(student, f"{origin}!{found.origin}", found.data, found.problem)
            return
        problem = "Zip files within zip files are not read."
    yield Found(student, origin, None if problem else content, problem)


def _is_export(members):
    """Does a zip file hold a class (several first folders, or names as Canvas gives them), not a student?"""
    names = [_path(m) for m in members]
    firsts = {PurePosixPath(n).parts[0] for n in names if len(PurePosixPath(n).parts) > 1}
    loose = [PurePosixPath(n).name for n in names if len(PurePosixPath(n).parts) == 1]
    return len(firsts) > 1 or any(MOODLE.match(f) for f in firsts) or any(CANVAS.match(n) for n in loose)


def _content(archive, member):
    """("", bytes) or (why it is not read, None)."""
    if stat.S_ISLNK(member.external_attr >> 16):
        return LINK, None
    if ".." in PurePosixPath(_path(member)).parts or _path(member).startswith("/"):
        return "Its name leads out of the zip file; it was not read.", None
    if member.file_size > LARGEST:
        return too_large(member.file_size), None
    try:
        with archive.open(member) as file:
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        return f"It can't be read from the zip file: {error}.", None
    except Exception as error:  # zlib.error and lzma.LZMAError have no common parent
        return f"It can't be read from the zip file: {type(error).__name__}.", None
    return ("", content) if len(content) <= LARGEST else ("It is larger than it says.", None)


def _path(member):
    return member.filename.replace("\\", "/")  # as some Windows programs write it


def _readable(name):
    """A file name as text, whatever bytes an old system made it of."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("latin-1")
    return name
