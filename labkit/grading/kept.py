"""Where a run's results are kept: one grader at a time, and nothing believed that is not whole."""

import json
import os
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from labkit import exercises
from labkit.files.safe_files import clear_unfinished, write_text
from labkit.grading.grades import Grade
from labkit.messages import LabkitError, named

TEXTS, NUMBERS = (
    ("status", "problem", "misconception", "text", "printed", "code", "ended"),
    ("points", "max_points"),
)


class Kept:
    """Results in a folder, each under a name and a key of what it was made of."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def read(self, name, key):
        """The Grade that is kept under this name, if its key is this one and it is whole; else None."""
        try:
            record = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            if not isinstance(record, dict) or not key or record.pop("key") != key:
                return None
            grade = Grade(**record)
            return grade if is_whole(grade) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def write(self, name, key, grade):
        """Keep a result, whole or not at all."""
        write_text(self.folder / f"{name}.json", json.dumps({"key": key, **asdict(grade)}, indent=1))

    def tidy(self):
        """Remove what a run that was killed has left half written."""
        clear_unfinished(self.folder)


def is_whole(grade):
    """Is a grade that was read from a file what a grader writes?"""
    texts = (
        grade.student,
        grade.lab,
        grade.origin,
        grade.problem,
        grade.id,
        grade.email,
        grade.version,
        grade.date,
    )
    if not all(isinstance(text, str) for text in texts) or not isinstance(grade.seed, int):
        return False
    if not isinstance(grade.notes, list) or not all(isinstance(note, str) for note in grade.notes):
        return False
    tasks = exercises.get(grade.lab).EXERCISES if grade.lab in exercises.labs() else ()
    if not isinstance(grade.exercises, list) or len(grade.exercises) != len(tasks):
        return False
    return all(map(_is_report, grade.exercises, tasks))


def _is_report(report, task):
    if not isinstance(report, dict) or report.get("exercise") != task.name:
        return False
    if not all(isinstance(report.get(key), str) for key in TEXTS):
        return False
    if not all(type(report.get(key)) is int for key in NUMBERS) or report["max_points"] != task.points:
        return False
    lists = (report.get("properties"), report.get("hints"))
    return 0 <= report["points"] <= task.points and all(isinstance(some, list) for some in lists)


@contextmanager
def only_one(output):
    """In this block no other grader works in the folder `output`. Raises LabkitError where one does."""
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        lock = os.open(output / ".lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        import fcntl  # no such thing on Windows, where no answers are run either

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabkitError(
                f"Another grader is at work in {output}. Wait until it is done, or name another --output."
            ) from None
        except OSError:
            pass  # a file system without locks: then nothing is known of others
        yield
    finally:
        os.close(lock)  # and with it the lock, however this process ends


@contextmanager
def writing(output):
    """What is wrong with the disk, while something is written below `output`, is one plain message."""
    try:
        with named.writing(output):
            yield
    except named.CannotWrite as error:
        raise LabkitError(
            f"{error} What was graded so far is kept: start the grader again when that is mended, or name "
            "another --output."
        ) from error
