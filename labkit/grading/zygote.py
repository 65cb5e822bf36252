"""A warm Python that forks: torch, transformers, labkit and the models are loaded once, not for each answer.

Started by `labkit.grading.pool` inside the sandbox, with a listening socket as its standard input. Each
connection is one answer: a forked child serves it and is gone, at the latest when its time is up.
"""

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time

PR_SET_PDEATHSIG = 1
GRACE = 3.0  # seconds beyond an answer's own limit, in which it can say itself that it ran out of time


def main():
    """Load everything, then serve until the listener is closed."""
    isolated = "--no-isolation" not in sys.argv and "--limits-only" not in sys.argv
    limited = "--no-isolation" not in sys.argv
    listener = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    warm_up()
    print("ready", flush=True)
    deadlines = {}
    while True:
        ready, _, _ = select.select([listener], [], [], 0.1)
        if ready:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            pid, seconds = fork(connection, listener, isolated, limited)
            deadlines[pid] = time.monotonic() + seconds
            connection.close()
        reap(deadlines)


def warm_up():
    """Import what answers use and load both models, so that every child has them."""
    import numpy  # noqa: F401
    import torch

    import labkit
    from labkit import exercises

    torch.set_num_threads(1)
    for number in exercises.labs():
        exercises.get(number)
    for name in ("bert", "gpt"):
        labkit.load(name)
    gc.collect()
    gc.freeze()  # what is there already is never looked at again, and stays shared between the children


def fork(connection, listener, isolated, limited):
    """Fork a child for one connection; returns (pid, seconds until it is killed)."""
    from labkit.grading.worker import Channel

    channel = Channel(connection)
    request = channel.receive() or {}
    seconds = float(request.get("seconds", 20)) * 2 + GRACE
    pid = os.fork()
    if pid == 0:
        try:
            listener.close()
            child(request, channel, isolated, limited, seconds)
        finally:
            os._exit(0)
    return pid, seconds


def child(request, channel, isolated, limited, seconds):
    """In the child: shut ourselves in and serve."""
    import torch

    from labkit.grading import isolation
    from labkit.grading.sandbox import SCRATCH
    from labkit.grading.worker import serve

    # Torch makes its thread pool anew after a fork, and not safely if several threads ask for it at once, as
    # the loading of a model does ("Invalid thread pool!", now and then). So ask alone, and load in one
    # thread.
    torch.set_num_threads(1)
    os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if isolated:
        isolation.part_from_others(SCRATCH, megabytes=64)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    def isolate():
        if limited:
            isolation.limit(memory=1024**3, seconds=int(seconds) + 1, file_size=16 * 1024**2)
            isolation.forbid_new_processes()

    serve(request, channel, isolate)


def reap(deadlines):
    """Collect children that have ended and kill those whose time is up, with all that they started."""
    while deadlines:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        deadlines.pop(pid, None)
    for pid, deadline in list(deadlines.items()):
        if time.monotonic() > deadline:
            for victim in [*children_of(pid), pid]:
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue


def children_of(pid):
    """The direct children of a process. The first process of a namespace takes all the others with it."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
