"""What a student's process may not do, set by the process itself before the first line of theirs runs.

Linux only, and inside the bubblewrap sandbox of `labkit.grading.sandbox`, which has cut the network and
made the files read-only. Here each answer is parted from every other: own processes, own folders to write to,
limits on memory, processor time and file size, an ordinary user without privileges, and no new processes.

By hand: bubblewrap walls in a program that it starts, and here walls go up in a process that was forked and
has everything loaded. The packages that make such system calls need a compiler or another library of the
system, and each makes only some of them.
"""

import ctypes
import os
import platform
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from labkit.grading.syscalls import filter_calls, must

# linux/sched.h, sys/mount.h, sys/prctl.h, linux/capability.h
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x08000000, 0x10000000, 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP = 1, 36, 4, 8, 24
CAPABILITY_VERSION_3 = 0x20080522
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21
AF_UNIX, AF_INET, SIOCSIFFLAGS, IFF_UP = 1, 2, 0x8914, 1  # linux/socket.h, linux/sockios.h, linux/if.h
# Bytes in a socket: least, usual and most; connections that wait
SMALL_SOCKETS = {
    "ipv4/tcp_rmem": "4096 65536 65536",
    "ipv4/tcp_wmem": "4096 65536 65536",
    "core/somaxconn": "16",
}
NOBODY = 65534  # the user and group that answers run as where the grader is root, whatever its name is
MOST_FILES = 10240  # in all folders of an answer: each takes memory, however small it is
MOST_THREADS = 512  # each takes memory of the kernel's own
COUNTS_APART = (5, 14)  # since this version Linux counts a namespace's threads by themselves

GRACE = 3  # seconds in which a process can say itself that its time is up


@dataclass(frozen=True)
class Limits:
    """What a process may use beyond what it has when it is shut in."""

    memory: int  # bytes
    seconds: int  # of processor time
    file_size: int  # bytes, of one file
    scratch: int  # megabytes, of all files
    sockets: bool = False  # may it make some? What lies in them is counted less well


def is_able(capability):
    """May this process do what `capability` stands for? (Linux)"""
    with open("/proc/self/status") as file:
        held = next(line for line in file if line.startswith("CapEff:"))
    return bool(int(held.split()[1], 16) >> capability & 1)


def become_nobody(folder):
    """If this is root, be an ordinary user from now on, who can write to `folder` and part its children.

    For that, two privileges are kept until `drop_privileges`: there are systems on which only root can make
    namespaces, and set up what is in them.
    """
    if os.getuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    # Root's bubblewrap covers parts of /proc. Linux lets a user mount a /proc only who sees all of another.
    with open("/proc/self/mountinfo") as file:
        places = [line.split()[4] for line in file]
    for place in reversed(places):
        if place.startswith("/proc/"):
            must(libc.umount2(os.fsencode(place), 0), "umount")
    os.chmod(folder, 0o1777)
    _empty_bounding_set()
    must(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _set_capabilities(1 << CAP_SYS_ADMIN | 1 << CAP_NET_ADMIN)
    must(libc.prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), "keep capabilities")
    # Who has changed its user does not own its files in /proc, and could not describe a namespace in them.
    must(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")
    has_user_namespaces()  # once for all children


def part_from_others(scratch, megabytes, only=None, loopback=False):
    """Enter namespaces of our own. Goes on in a new process, which sees no other and has no network.

    `scratch`, /tmp (unless Python or labkit lies there) and /dev/shm are empty folders in memory then, of so
    many megabytes together, and /proc is one of our own that can't be written to.
    only: a folder of which no other in the same place shall be seen.
    loopback: it shall reach itself at 127.0.0.1.
    The calling process waits for the new one and ends with it. Raises OSError where the kernel forbids it.
    """
    # Without user namespaces, only who was root can have the others.
    _enter_namespaces(own_users=not is_able(CAP_SYS_ADMIN) or has_user_namespaces())
    if loopback:
        _start_loopback()
    kept = None if only is None else os.open(only, os.O_PATH)
    _go_on_in_a_child()  # the namespace's first process
    _mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for entry in os.scandir("/dev"):
        if not entry.is_symlink() and not entry.is_dir():
            make_read_only(entry.path)  # its times and mode: what is written goes to the device as before
    _mount_memory(scratch, megabytes)
    for name, place in (("shm", "/dev/shm"), ("tmp", "/tmp"), ("own", scratch)):
        if name == "tmp" and holds_our_own(place):
            continue
        inside = Path(scratch, name)
        inside.mkdir(mode=0o700)
        _mount(inside, place, None, MS_BIND)
    if only is not None:
        outer = Path(only).parent
        outer.mkdir(parents=True, exist_ok=True)
        _mount_memory(outer, megabytes=1)
        os.mkdir(only)
        _mount(f"/proc/self/fd/{kept}", only, None, MS_BIND)
        os.close(kept)
    # To its first process most signals mean nothing, one for too much processor time among them: so a second.
    _go_on_in_a_child()
    if only is None:
        os.setsid()  # a signal to its group is one to itself
    os.chdir(scratch)


def _go_on_in_a_child():
    """Fork: the child goes on and ends with its parent, which does nothing but wait and end as it does."""
    child = os.fork()
    if child:
        drop_privileges()
        # Nothing of this process is anybody's to look at; and a notebook's interrupt goes to the whole group.
        must(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    end_with_parent()


def holds_our_own(folder):
    """Does this Python, or labkit, lie in a folder? Then nothing may be put over it, and it is read-only."""
    ours = [sys.prefix, sys.base_prefix, __file__, *filter(None, sys.path)]
    return any(Path(path).resolve().is_relative_to(folder) for path in ours)


def _enter_namespaces(own_users):
    """Own namespaces for all that this process and its children see; one for users too, or not."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET
    must(libc.unshare(spaces | (CLONE_NEWUSER if own_users else 0)), "unshare")
    if own_users:
        ids = (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"))
        for name, text in ids:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


@lru_cache(maxsize=1)
def has_user_namespaces():
    """Does this system give a process the power over a user namespace of its own? Asked by trying it."""
    child = os.fork()
    if child == 0:
        try:
            _enter_namespaces(own_users=True)
            _mount_memory("/tmp", megabytes=1)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _start_loopback():
    """Let what is in our own network reach itself at 127.0.0.1, with little in its sockets."""
    import fcntl  # no such thing on Windows

    for name, value in SMALL_SOCKETS.items():
        Path("/proc/sys/net", name).write_text(value)
    with socket.socket(AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def _mount(source, folder, kind, flags, options=None):
    libc = ctypes.CDLL(None, use_errno=True)
    names = [None if name is None else os.fsencode(name) for name in (source, folder, kind)]
    must(libc.mount(*names, flags, options), f"mount {folder}")


def _mount_memory(folder, megabytes):
    options = f"size={megabytes}m,nr_inodes={MOST_FILES},mode=0700".encode()
    _mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options)


def make_read_only(place):
    """Let nobody in our namespace change what `part_from_others` or bubblewrap has bound at a place."""
    kept = os.statvfs(place).f_flag & (MS_NODEV | MS_NOEXEC)  # the machine's own prohibitions must stay
    _mount(None, place, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)


def end_with_parent():
    """Be killed when the parent process ends, however it ends (Linux; elsewhere nothing happens)."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans():
    """Become the parent of every process that a child of ours leaves behind (Linux)."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def offer_to_memory_killer():
    """Where the machine runs out of memory, this process shall be ended before any other."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass  # no Linux, or not ours to say: then the system chooses


def shut_in(limits):
    """Bound this process and take from it what no answer needs; nothing of it can be taken back.

    Raises OSError where that can't be done.
    """
    # Another thread would keep its privileges, and could be made to run whatever an answer likes.
    if len(os.listdir("/proc/self/task")) > 1:
        raise OSError("a process that has threads can't be shut in")
    limit(limits)
    limit_threads()
    drop_privileges()
    filter_calls((AF_UNIX, AF_INET) if limits.sockets else ())


def limit(limits):
    """Bound this process."""
    import resource  # no such thing on Windows, where this module must be importable

    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, now + limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 1),  # a byte: with 0, a program that collects dumps would still be sent them
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
    ):
        _at_most(what, most)


def _at_most(what, most):
    """Set a limit, unless a lower one is there already."""
    import resource

    _, now = resource.getrlimit(what)
    most = most if now == resource.RLIM_INFINITY else min(most, now)
    resource.setrlimit(what, (most, most))


def limit_threads():
    """Bound the threads of this process. Older systems count all of a user's, on the whole machine."""
    import resource

    version = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    if version >= COUNTS_APART:
        _at_most(resource.RLIMIT_NPROC, MOST_THREADS)


def allow(seconds):
    """Let this process be killed once it has used so many seconds more, and a few to say so itself.

    What an answer can't catch, unlike an exception. It may move this limit, but not beyond `limit`'s.
    """
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds + GRACE)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    soft = until if most == resource.RLIM_INFINITY else min(until, most)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


def drop_privileges():
    """Give up what a namespace of our own has brought, or `become_nobody` has left: to mount, above all."""
    _empty_bounding_set()
    _set_capabilities(0)


def _set_capabilities(wanted):
    """Hold these and no others, given as bits."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    low, high = wanted & 0xFFFFFFFF, wanted >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    must(ctypes.CDLL(None, use_errno=True).capset(header, data), "capset")


def _empty_bounding_set():
    """Let no program that is started later bring a capability. Only who has some can say so."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
