"""A warm Python that forks: torch, transformers, labkit and the models are loaded once, not for each answer.

Started by `labkit.grading.pool`, whose messages come through a socket that is our standard input: each brings
two more sockets, and a child is forked for it, with the inputs of the lab that it will be about. Through the
first (the job) the child hears what to do: a student's notebook to run (`worker`), such a process to examine
(`examiner`), a submission to read (`reading`) or a notebook's kernel to be (`kernel_child`). The second (the
monitor) stays here: what the pool writes there are numbers of signals for the child, and the child's exit
status goes back. A third descriptor, where one comes, is the child's: what it examines or reads. A child is
killed when its time is up, when its monitor is closed, and when we end; and we end with the pool.

By hand, because the standard library's forkserver sends pickles both ways and leaves no moment between the
fork and the first line in which the child can put up its own walls (`isolation`); `pool` says more.
"""

import gc
import os
import select
import socket
import struct
import sys
import time

from labkit.grading import isolation
from labkit.grading.sandbox import SCRATCH

WALLED, LIMITED, OPEN = "walled", "limited", "open"  # how a child is shut in
ANSWERS, KERNELS, READING = "answers", "kernels", "reading"  # what the children are for
# Seconds until the child is killed (0: it may stay); lab and seed of the inputs that it will want.
ANNOUNCEMENT = struct.Struct("d8sq")
STATUS = struct.Struct("i")
KILL = 9  # signal.SIGKILL, a name that Windows lacks: there the pool says so, and must be importable
TURN, REST = 0.1, 1.0  # seconds between two looks at the children, and where there seem to be none


def main():
    """Load everything, then serve until the pool is gone.  Arguments: how, and what for."""
    how, purpose = sys.argv[1:]
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"  # see `draw_afresh`
    if how == WALLED:
        isolation.become_nobody(SCRATCH)
    isolation.end_with_parent()
    isolation.adopt_orphans()
    threads = warm_up_reading() if purpose == READING else warm_up(purpose == KERNELS)
    control.sendall(b"r")
    serve(control, lambda job, seconds, extra: child(job, seconds, extra, how, threads))


def warm_up_reading():
    """Import what reads submissions: little, so it starts at once. There are no threads to speak of."""
    from labkit.grading import reading  # noqa: F401

    gc.freeze()
    return 0


def warm_up(kernels=False):
    """Import what answers use and load both models; returns the number of threads torch would have used.

    No thread is started: a process that has several cannot safely be forked.
    """
    import numpy  # noqa: F401
    import torch

    import labkit
    from labkit import exercises
    from labkit.grading import examiner, worker  # noqa: F401

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for number in exercises.labs():
        exercises.get(number)
    for name in ("bert", "gpt"):
        labkit.load(name)
    if kernels:
        import ipykernel.kernelapp  # noqa: F401

        import labkit.plotting
        from labkit.grading import kernel_child  # noqa: F401
    gc.collect()
    gc.freeze()  # what is there already is never looked at again, and stays shared between the children
    return threads


class Child:
    """A forked process: when it is to be killed (None: not by the clock), and the pool's line to it."""

    def __init__(self, monitor, seconds):
        self.monitor = monitor
        self.deadline = time.monotonic() + seconds if seconds else None


def serve(control, run):
    """Fork a child for each announcement and look after them all, until `control` is closed.

    run: (job socket, seconds, a descriptor or None) -> None, called in the child.
    """
    children = {}
    while True:
        monitors = {child.monitor: pid for pid, child in children.items()}
        ready, _, _ = select.select([control, *monitors], [], [], TURN if children else REST)
        for monitor in ready:
            if monitor is not control:
                pass_on_signals(monitor, monitors[monitor])
        if control in ready:
            received, descriptors, _, _ = socket.recv_fds(control, ANNOUNCEMENT.size, 3)
            if len(received) < ANNOUNCEMENT.size:
                break
            seconds, *wanted = ANNOUNCEMENT.unpack(received)
            prepare(*wanted)
            start(seconds, descriptors, control, children, run)
        look_after(children)
    for pid in children:
        kill_group(pid)


def prepare(lab, seed):
    """Draw a lab's inputs here, once for all notebooks: some of them hold a whole model."""
    lab = lab.rstrip(b"\0").decode()
    if not lab:
        return
    from labkit import exercises
    from labkit.grading import examiner

    try:
        before = examiner.expectation.cache_info().misses
        for task in exercises.get(lab).EXERCISES:
            examiner.expectation(lab, task.name, seed)
        if examiner.expectation.cache_info().misses > before:
            gc.freeze()
    except Exception:
        pass  # the child will try as well, and can say what is wrong


def start(seconds, descriptors, control, children, run):
    """Fork one child. Where the machine has no room for it, the job hears so."""
    job, monitor = (socket.socket(fileno=number) for number in descriptors[:2])
    extra = descriptors[2] if len(descriptors) > 2 else None
    try:
        pid = os.fork()
    except OSError as error:
        job.send(b'{"fault": "no process could be started: %s"}\n' % error.strerror.encode())
        job.close()
        monitor.close()
        close(extra)
        return
    if pid:
        children[pid] = Child(monitor, seconds)
        job.close()
        close(extra)
        return
    status = 1
    try:
        os.setsid()
        isolation.end_with_parent()
        for other in (control, monitor, *(child.monitor for child in children.values())):
            other.close()
        status = run(job, seconds, extra) or 0
    finally:
        os._exit(status)


def close(descriptor):
    """Close a descriptor, if there is one."""
    if descriptor is not None:
        os.close(descriptor)


def child(job, seconds, extra, how, threads):
    """In the child: make ready, hear what to do and do it; returns the exit status."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if threads:
        draw_afresh(threads)
    from labkit.grading.channel import Channel

    channel = Channel(job)
    job.close()  # what is left of it is the channel
    request = channel.receive() or {}
    if "kernel" in request:
        from labkit.grading import kernel_child

        return kernel_child.run(request["kernel"], channel, how == WALLED)
    isolation.offer_to_memory_killer()
    if how == WALLED and ("read" in request or extra is not None):
        isolation.drop_privileges()  # our own code, but it handles what students made
    if "read" in request:
        from labkit.grading import reading

        return reading.serve(request["read"], channel, extra)
    if extra is not None:
        from labkit.grading import examiner

        return examiner.serve(request, channel, socket.socket(fileno=extra))
    from labkit.grading import worker

    return worker.serve(request, channel, how, int(seconds) + 1)


def draw_afresh(threads):
    """Begin as a Python that has just been started would."""
    import random

    import numpy
    import torch

    for seed in (random.seed, numpy.random.seed, torch.default_generator.seed):
        seed()
    # Torch makes its thread pool anew after a fork, and not safely if several threads ask for it at once, as
    # the loading of a model does ("Invalid thread pool!", now and then). So ask alone, and load in one
    # thread (HF_DEACTIVATE_ASYNC_LOAD).
    torch.set_num_threads(threads)


def pass_on_signals(monitor, pid):
    """What the pool wants the child to get; a closed line means that nobody waits for it any more."""
    try:
        numbers = monitor.recv(64) or [KILL]
    except OSError:
        numbers = [KILL]
    for number in numbers:
        kill_group(pid, number)


def look_after(children):
    """Collect who has ended, end whose time is up, and end what they have left behind."""
    for pid, child in children.items():
        if child.deadline and time.monotonic() > child.deadline:
            kill_group(pid)
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] in children:
                report(children.pop(ended[0]), os.waitstatus_to_exitcode(ended[1]))
                kill_group(ended[0])
    except ChildProcessError:
        pass
    for pid in orphans(children):
        kill(pid)


def report(child, status):
    """Tell the pool how a child has ended."""
    try:
        child.monitor.send(STATUS.pack(status))
    except OSError:
        pass  # nobody is listening any more
    child.monitor.close()


def orphans(children):
    """Processes that came to us because who started them has ended. A live child's session is its own."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            ours = {int(word) for word in file.read().split()}
    except OSError:
        return []
    return [pid for pid in ours - set(children) if session(pid) not in children]


def session(pid):
    """The session that a process belongs to, or None when it is gone."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def kill(pid, number=KILL):
    """Send a signal to one process, if it is there."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def kill_group(pid, number=KILL):
    """Send a signal to a child and what it has started."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        kill(pid, number)  # it has only just been forked and leads no group yet


if __name__ == "__main__":
    main()
