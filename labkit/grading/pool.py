"""Starts the warm Python and talks to it: each answer and each notebook's kernel is a process of its own.

By hand, though the standard library's forkserver, pebble and loky keep pools of processes: what theirs
return is a pickle, with which a student's process could have the grader run any code, and they can't be
walled in. Here JSON comes back (`channel`), and the warm Python starts inside bubblewrap.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labkit.grading import zygote
from labkit.grading.channel import Channel
from labkit.grading.folders import python_variables
from labkit.grading.sandbox import REPEATABLE, bubblewrap, require_sandbox, starter
from labkit.messages import LabkitError

START_SECONDS = 300.0
MOST_BYTES = 64 * 1024**2  # of everything that one process of ours may say
ATTEMPTS = 3  # at a process: the warm Python may be killed, or memory may be short for a moment
LOST = -1000  # in place of an exit status, where nobody is left who could know it


# Linux can end a process with the thread that started it, and bubblewrap asks for that. So one thread starts
# them all, and lives as long as this process, however it ends.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="labkit-starter")


class Ended(Exception):
    """A process is gone, or has said more than it may; the message says which."""


class WarmPython:
    """A forking Python in the sandbox; use it as a context. Threads may share it. Killed, it starts again.

    sandbox: False only where every submission is trusted. Raises LabkitError where there is no sandbox.
    user: the machine is a container with one student's work in it, which is the sandbox. Answers run as this
        user, without a wall of our own but with limits on memory, time and processes. Only root can start
        another user's process.
    purpose: what its children are for, as `zygote` names it.
    executable, environment: of the Python to keep warm where there is no sandbox; ours by default.
    """

    def __init__(self, sandbox=True, user=None, purpose=zygote.ANSWERS, executable=None, environment=None):
        if not hasattr(os, "fork"):
            raise LabkitError(
                "Answers run in processes that are forked, which this system cannot do. Run the grader in a "
                'Linux container or virtual machine (README, "Grading a class").'
            )
        if sandbox and user is None:
            require_sandbox()
        self.sandbox, self.user, self.purpose = sandbox, user, purpose
        self.executable = executable or sys.executable
        # Answers get one thread: then their speed does not depend on how many are graded at once.
        own = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **REPEATABLE}
        self.environment = environment or own
        # Of kernels' sockets; or, where there is no sandbox with a folder of its own, of what answers write.
        self.folder = None if sandbox and user is None and purpose != zygote.KERNELS else new_folder(user)
        self.lock, self.closed = threading.Lock(), False
        self.process = self.control = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        """Start the process and wait until it is warm. Raises LabkitError with what it said last."""
        self.control, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as said:  # a pipe that nobody reads could fill up
            options = {"stdin": theirs, "stdout": subprocess.DEVNULL, "stderr": said}
            try:
                starting = _STARTER.submit(subprocess.Popen, self.command(), **options, **self.identity())
                self.process = starting.result()
            except OSError as error:
                raise LabkitError(f"{self.executable} can't be run: {error.strerror}.") from None
            finally:
                theirs.close()
            self.control.settimeout(START_SECONDS)
            try:
                warm = self.control.recv(1)
            except OSError:
                warm = b""
            if not warm:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().split("\n")[-1]
                raise LabkitError(f"The grader's Python could not be started: {last or 'no message'}")

    def command(self):
        """The argv of the process."""
        how = zygote.LIMITED if self.user is not None else zygote.WALLED if self.sandbox else zygote.OPEN
        argv = [self.executable, "-m", "labkit.grading.zygote", how, self.purpose]
        if how != zygote.WALLED:
            return argv
        return bubblewrap(argv, shared=self.folder)

    def identity(self):
        """Whose process it is and what it knows of the machine: arguments of subprocess.Popen."""
        scratch = {"TMPDIR": str(self.folder)} if self.folder and self.purpose != zygote.KERNELS else {}
        if self.user is None:
            return {"env": self.environment | scratch, **(starter() if self.sandbox else {})}
        variables = {"PATH": os.environ.get("PATH", ""), "HOME": "/tmp", "OMP_NUM_THREADS": "1", **REPEATABLE}
        variables |= python_variables() | scratch
        return {"env": variables, "cwd": "/tmp", **as_user(self.user)}

    def begin(self, request, seconds, lab="", seed=0, extra=None):
        """Have a process of its own begin on the request; returns a Conversation.

        seconds: until the process is killed; 0: it may stay.
        lab, seed: of the inputs that it will want.
        extra: a descriptor that it gets as well.
        Raises LabkitError when none can be begun: a fault of the machine, not of a submission.
        """
        announcement = zygote.ANNOUNCEMENT.pack(seconds, lab.encode(), seed % 2**63)
        problem = ""
        for _ in range(ATTEMPTS):
            conversation = self.connect(announcement, extra)
            try:
                conversation.channel.send(request)
                message = conversation.receive(START_SECONDS)
                if message.get("ready"):
                    return conversation
                problem = str(message.get("fault", "an answer before its time"))
            except (Ended, OSError) as error:
                problem = str(error)
            conversation.close()
        raise LabkitError(f"The grader could not begin a process: {problem}.")

    def connect(self, announcement, extra=None):
        """A Conversation with a new process; where the warm Python is gone, with one of a new warm Python."""
        job, theirs = socket.socketpair()
        monitor, watched = socket.socketpair()
        descriptors = [theirs.fileno(), watched.fileno(), *([] if extra is None else [extra])]
        try:
            with self.lock:
                for _ in range(2):
                    if self.closed:
                        raise LabkitError("The grader was stopped.")
                    try:
                        socket.send_fds(self.control, [announcement], descriptors)
                        break
                    except OSError:
                        self.end()
                        self.start()
        finally:
            theirs.close()
            watched.close()
        return Conversation(job, monitor)

    def end(self):
        """End the process and everything that it has started."""
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def close(self):
        """End it for good, whoever is waiting for it."""
        self.closed = True
        self.end()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def new_folder(user=None):
    """A new folder, of this user: in /tmp, for a path to a socket has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="labkit-", dir="/tmp" if os.path.isdir("/tmp") else None))
    folder.chmod(0o711)  # answers may run as another user, who finds a folder here but lists none
    if owner := as_user(user) if user else {}:
        os.chown(folder, owner["user"], owner["group"])
    return folder


def as_user(name):
    """What subprocess.Popen needs to start a process as the user `name`; {} if we are that user already.

    Raises LabkitError when there is no such user, or when we may not.
    """
    import pwd  # no such thing on Windows

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise LabkitError(f"There is no user {name!r} on this machine.") from None
    if entry.pw_uid == os.getuid():
        return {}
    if os.getuid() != 0:
        raise LabkitError(f"Only root can run answers as the user {name!r}.")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Conversation:
    """Our end of one process: use it as a context. Once it is closed, the process is ended."""

    def __init__(self, connection, monitor):
        self.connection, self.channel, self.left = connection, Channel(connection), MOST_BYTES
        self.monitor, self.heard, self.status = monitor, b"", None

    def receive(self, seconds):
        """The next message, a dict. Raises Ended when none comes in time, or too much, or no JSON."""
        self.connection.settimeout(seconds)
        try:
            line = self.channel.file.readline(self.left + 1)
            self.left -= len(line)
            if not line.endswith(b"\n"):
                raise Ended("said too much") if self.left < 0 else self.ending()
            message = self.channel.parse(line)
        except TimeoutError:
            raise Ended("out of time") from None
        except ConnectionResetError:
            raise self.ending() from None
        except (OSError, ValueError, RecursionError) as error:
            raise Ended(f"sent something unreadable ({type(error).__name__})") from None
        if not isinstance(message, dict):
            raise Ended("sent something unreadable")
        return message

    def ending(self):
        """What to raise when nothing more comes. The status is known then, unless the process lives on."""
        self.poll(wait=5.0)
        return Ended("ended")

    @property
    def lost(self):
        """Is the process gone because the warm Python is? That says nothing about the answer."""
        return self.poll() == LOST

    def poll(self, wait=0.0):
        """The exit status, or None while the process lives; LOST when the warm Python is gone."""
        self.monitor.settimeout(wait)
        while self.status is None:
            try:
                part = self.monitor.recv(zygote.STATUS.size - len(self.heard))
            except (BlockingIOError, TimeoutError):
                return None
            except OSError:
                part = b""
            self.heard += part
            if not part:
                self.status = LOST
            elif len(self.heard) == zygote.STATUS.size:
                (self.status,) = zygote.STATUS.unpack(self.heard)
        return self.status

    def send_signal(self, number):
        """Send a signal to the process and what it has started."""
        try:
            self.monitor.send(bytes([number]))
        except OSError:
            pass  # it has ended

    def close(self):
        """Hang up, which ends the process."""
        try:
            self.channel.file.close()
        except OSError:
            pass  # what was still to be written has no reader
        self.connection.close()
        self.monitor.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
