"""What was handed in, in whatever form an LMS exports it: folders by student, zip files, loose notebooks.

Everything is only read, zip files in memory: nothing is unpacked, so no name in an archive can lead anywhere.
"""

import io
import re
import stat
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from labkit.grading.cells import LARGEST
from labkit.messages import LabkitError

MOST_MEMBERS, DEEPEST = 20_000, 2  # of a zip file; zip files within zip files
IGNORED = re.compile(r"(^|/)(\.(?!\.?/)|__MACOSX/|__pycache__/)")
# Moodle: "Jane Doe_123456_assignsubmission_file_"; Canvas: "doejane_LATE_12345_67890_lab02-1.ipynb"
MOODLE = re.compile(r"^(?P<student>.+?)_\d+_assignsubmission_file_?.*$")
CANVAS = re.compile(r"^(?P<student>[^_]+)(_LATE)?_\d+_\d+_.*$")
NAMED = re.compile(r"^(?P<student>.+?)[-_ ]+(lab[-_ ]?)?\d\d([-_ .].*)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """One notebook that was handed in. `data` is None, and `problem` says why, where it can't be read."""

    student: str
    origin: str  # where it was found, for people: the path, and the path within a zip file
    data: bytes | None = None
    problem: str = ""


def collect(folder):
    """Every notebook in `folder`, by student: a sorted list of Found. Raises LabkitError when there is none.

    The student is the first folder's name, or a loose notebook's own, without what Moodle and Canvas add.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LabkitError(f"{folder} is not a folder. Give the folder that holds the submissions.")
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if IGNORED.search(name) or path.suffix.lower() not in (".ipynb", ".zip"):
            continue
        if path.is_symlink() or any(parent.is_symlink() for parent in path.parents if parent != folder):
            found.append(
                Found(student_of(name), name, problem="It is a link to another file; links are not read.")
            )
        elif path.is_file():
            found += _read(name, path)
    if not found:
        raise LabkitError(
            f"There is no notebook in {folder}. Expected: a folder for each student, zip files, or notebooks "
            "(.ipynb) named after their students."
        )
    return sorted(found, key=lambda f: (f.student, f.origin))


def collect_one(folder, student):
    """Every notebook in one student's folder. Where there is none, that is what was handed in."""
    try:
        return [replace(found, student=student) for found in collect(folder)]
    except LabkitError:
        if not Path(folder).is_dir():
            raise
        return [Found(student, ".", problem="There is no notebook (.ipynb) in what was handed in.")]


def student_of(name):
    """The student whose file this is, from its path: "Jane Doe_12_assignsubmission_file_/lab02.ipynb"."""
    parts = PurePosixPath(name).parts
    first = parts[0] if len(parts) > 1 else PurePosixPath(name).stem
    for pattern in (MOODLE, CANVAS, NAMED) if len(parts) == 1 else (MOODLE, CANVAS):
        if match := pattern.match(first):
            return match["student"].strip()
    return first.strip()


def _read(name, path):
    try:
        if path.stat().st_size > LARGEST:
            return [
                Found(student_of(name), name, problem=f"The file has {path.stat().st_size / 1e6:.0f} MB.")
            ]
        data = path.read_bytes()
    except OSError as error:
        return [Found(student_of(name), name, problem=f"The file can't be read: {error.strerror}.")]
    if path.suffix.lower() == ".zip":
        return _unzip(name, data, level=1)
    return [Found(student_of(name), name, data)]


def _unzip(name, data, level):
    """The notebooks in a zip file. Its own name is the student's unless it holds several first folders."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = [m for m in archive.infolist() if not m.is_dir() and not IGNORED.search(m.filename)]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        return [Found(student_of(name), name, problem=f"The zip file is damaged: {error}.")]
    if len(members) > MOST_MEMBERS:
        return [Found(student_of(name), name, problem=f"The zip file holds {len(members)} files.")]
    wanted = [m for m in members if m.filename.lower().endswith((".ipynb", ".zip"))]
    if not wanted:
        return [Found(student_of(name), name, problem="There is no notebook in the zip file.")]
    export = PurePosixPath(name).parent == PurePosixPath(".") and _is_export(wanted)
    found = []
    for member in sorted(wanted, key=lambda m: m.filename):
        within = f"{name}!{member.filename}"
        student = student_of(member.filename if export else name)
        problem, content = _member(archive, member)
        if problem:
            found.append(Found(student, within, problem=problem))
        elif member.filename.lower().endswith(".zip"):
            if level < DEEPEST:
                inner = _unzip(PurePosixPath(member.filename).name, content, level + 1)
                found += [Found(student, f"{within}!{f.origin}", f.data, f.problem) for f in inner]
            else:
                found.append(Found(student, within, problem="Zip files within zip files are not read."))
        else:
            found.append(Found(student, within, content))
    return found


def _is_export(members):
    """Does a zip file hold a class (several first folders, or names as Canvas gives them), not a student?"""
    names = [m.filename for m in members]
    firsts = {PurePosixPath(n).parts[0] for n in names if len(PurePosixPath(n).parts) > 1}
    loose = [PurePosixPath(n).name for n in names if len(PurePosixPath(n).parts) == 1]
    return len(firsts) > 1 or any(MOODLE.match(f) for f in firsts) or any(CANVAS.match(n) for n in loose)


def _member(archive, member):
    """("", bytes) or (why it is not read, None)."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a link to another file; links are not read.", None
    if ".." in parts or member.filename.startswith("/"):
        return "Its name leads out of the zip file; it was not read.", None
    if member.file_size > LARGEST:
        return f"The file has {member.file_size / 1e6:.0f} MB.", None
    try:
        with archive.open(member) as file:
            content = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        return f"It can't be read from the zip file: {error}.", None
    except Exception as error:  # zlib.error and lzma.LZMAError have no common parent
        return f"It can't be read from the zip file: {type(error).__name__}.", None
    return ("", content) if len(content) <= LARGEST else ("It is larger than it says.", None)
