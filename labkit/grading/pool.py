"""Starts the warm process and talks to it: one connection is one answer in a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import labkit
from labkit.grading.sandbox import bubblewrap, require_sandbox
from labkit.grading.worker import Channel
from labkit.messages import LabkitError

START_SECONDS = 300.0
MOST_BYTES = 256 * 1024**2  # of everything that one answer may send


class Ended(Exception):
    """The student's process is gone, or has said more than it may; the message says which."""


class WarmPython:
    """A forking Python in the sandbox; use it as a context. Connections may be opened from several threads.

    sandbox: False only where every submission is trusted. Raises LabkitError where there is no sandbox.
    user: the machine is a container with one student's work in it, which is the sandbox. Answers run as this
        user, without a wall of our own but with limits on memory, time and processes. Only root can start
        another user's process.
    """

    def __init__(self, sandbox=True, user=None):
        identity = {} if user is None else as_user(user)
        if sandbox and user is None:
            require_sandbox()
        self.folder = Path(tempfile.mkdtemp(prefix="labkit-grading-"))
        self.address = str(self.folder / "socket")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address)
        listener.listen(64)
        argv = [sys.executable, "-m", "labkit.grading.zygote"]
        # One thread: a process that has started others cannot safely be forked.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        if user is not None:
            argv.append("--limits-only")
            environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/tmp", "OMP_NUM_THREADS": "1"}
            environment["PYTHONPATH"] = str(Path(labkit.__file__).parents[1])
            identity["cwd"] = "/tmp"
        else:
            argv = bubblewrap(argv) if sandbox else [*argv, "--no-isolation"]
        try:
            self.process = subprocess.Popen(
                argv,
                stdin=listener,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
                **identity,
            )
        except PermissionError as error:
            raise LabkitError(f"The user {user} may not run {sys.executable}: {error.strerror}.") from None
        listener.close()
        if self.process.stdout.readline().strip() != "ready":
            said = self.process.stderr.read().strip().split("\n")[-1]
            self.close()
            raise LabkitError(f"The grader's Python could not be started: {said or 'no message'}")

    def ask(self, request):
        """Open a connection and send the request; returns a Conversation."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(START_SECONDS)
        connection.connect(self.address)
        conversation = Conversation(connection)
        conversation.channel.send(request)
        return conversation

    def close(self):
        """End the process and everything that it has started."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
    """The grader's end of one connection; use it as a context."""

    def __init__(self, connection):
        self.connection, self.channel, self.left = connection, Channel(connection), MOST_BYTES

    def receive(self, seconds):
        """The next message, a dict. Raises Ended when none comes in time, or too much, or no JSON."""
        self.connection.settimeout(seconds)
        try:
            line = self.channel.file.readline(self.left + 1)
            self.left -= len(line)
            if not line.endswith(b"\n"):
                raise Ended("said too much" if self.left < 0 else "ended")
            message = self.channel.parse(line)
        except TimeoutError:
            raise Ended("out of time") from None
        except (OSError, ValueError, RecursionError) as error:
            raise Ended(f"sent something unreadable ({type(error).__name__})") from None
        if not isinstance(message, dict):
            raise Ended("sent something unreadable")
        return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.file.close()
        self.connection.close()
