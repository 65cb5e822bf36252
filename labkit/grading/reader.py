"""Has files that were handed in read, each in a process of its own, and keeps what was found in them."""

import hashlib
import json
import os
import shutil
import signal
import stat
import tempfile
from pathlib import Path

from labkit.files.safe_files import write_text
from labkit.grading import zygote
from labkit.grading.cells import LARGEST, Unreadable, too_large
from labkit.grading.pool import Ended, WarmPython
from labkit.grading.reading import TOO_MUCH
from labkit.grading.sandbox import can_shut_in
from labkit.messages import LabkitError

SECONDS = 20  # of own time, for one file or one member of an archive
CLOCK = 4  # times as many by the clock
OVERTIME = {-signal.SIGXCPU, -zygote.KILL} if hasattr(signal, "SIGXCPU") else set()
CRASHED = (
    "Reading it ended the program that reads: it is nested more deeply, or larger, than a notebook ever is."
)


class Reader:
    """Reads files within limits; use it as a context. Threads may share it.

    labs: their facts (`facts`).  wanted: the labs that are graded, or None.
    folder: where what was read is kept for the next run; None: for this one only.
    key: of the rules by which is read; what other rules have found is not taken.
    sandbox: "if there is one" or a choice, as `WarmPython` takes it; nothing of a file is run here.
    """

    def __init__(self, labs, wanted=None, folder=None, key="", sandbox=True, user=None, seconds=SECONDS):
        self.labs, self.wanted, self.key, self.seconds = labs, wanted, key, seconds
        self.python = WarmPython(sandbox and can_shut_in(), user, purpose=zygote.READING)
        self.own = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="labkit-")) if self.own else Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def members(self, path, inside, known_names=()):
        """What `archives.members` says of an archive. Raises Unreadable.

        path: of a file.  inside: places of members, to an archive within archives.
        """
        with opened(path) as file:
            said = self.ask({"path": list(inside), "members": list(known_names)}, file)
        if "members" not in said:
            raise Unreadable(said["problem"])
        return said["members"]

    def notebook(self, path, inside):
        """(a digest of the file, where its submissions lie as JSON).

        The file: {"submissions": [...]}, or {"problem", "lab", "other_lab"} where nothing could be read.
        Raises Unreadable where it can't be opened, or changes while it is read.
        """
        with opened(path) as file:
            before = os.fstat(file.fileno())
            if not inside and before.st_size > LARGEST:
                raise Unreadable(too_large(before.st_size))
            digest = hashlib.sha256(f"{self.key} {self.wanted} {inside}\0".encode())
            while part := file.read(2**20):
                digest.update(part)
            kept = self.folder / f"{digest.hexdigest()}.json"
            if not is_json(kept):
                file.seek(0)
                said = self.ask({"path": list(inside), "labs": self.labs, "wanted": self.wanted}, file)
                after = os.fstat(file.fileno())
                if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                    raise Unreadable("The file changed while it was read. Start the grader again.")
                write_text(kept, json.dumps(said))
            return digest.hexdigest(), kept

    def ask(self, request, file):
        """What the process says that reads the file."""
        request["seconds"], clock = self.seconds, CLOCK * self.seconds
        for _ in range(3):
            with self.python.begin({"read": request}, clock, extra=file.fileno()) as conversation:
                try:
                    return conversation.receive(clock)
                except Ended as end:
                    status = conversation.poll(wait=5.0)
                    if conversation.lost:
                        continue
                    late = str(end) == "out of time" or status in OVERTIME
                    problem = TOO_MUCH.format(what="time") if late else CRASHED
            return {"problem": problem, "lab": None, "other_lab": False}
        raise LabkitError("The program that reads submissions was ended again and again.")

    def close(self):
        """End it; forget what was to be kept for this run only."""
        self.python.close()
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def opened(path):
    """An ordinary file, opened to be read. Raises Unreadable for anything else, and never waits."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except (OSError, ValueError) as error:
        raise Unreadable(f"The file can't be read: {getattr(error, 'strerror', error)}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("It is no ordinary file.")
    return os.fdopen(descriptor, "rb")


def is_json(path):
    """Is there a file that holds an object, whole?"""
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        return False
