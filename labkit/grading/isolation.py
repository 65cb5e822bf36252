"""What a student's process may not do, set by the process itself before the first line of theirs runs.

Linux only, and inside the bubblewrap sandbox of `labkit.grading.sandbox`, which has cut the network and
made the files read-only. Here each answer is parted from every other: own processes, own scratch folder,
limits on memory, processor time and file size, no privileges and no new processes.
"""

import ctypes
import os
import platform
import signal
import struct
from dataclasses import dataclass
from pathlib import Path

# linux/sched.h, sys/mount.h, sys/prctl.h, linux/seccomp.h
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x08000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CAPABILITY_VERSION_3 = 0x20080522
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # REFUSE: the call fails with EPERM
CLONE_THREAD = 0x10000
FOREIGN_CALL = 0x40000000  # x86_64's second set of numbers (x32), under which every call has another name
# Per architecture: (audit number, clone, clone3, and what is refused: fork, vfork, execve, execveat, mount,
# umount2, unshare, setns, pivot_root, ptrace, kill is harmless in an own pid namespace)
ARCHITECTURES = {
    "x86_64": (0xC000003E, 56, 435, (57, 58, 59, 322, 165, 166, 272, 308, 155, 101)),
    "aarch64": (0xC00000B7, 220, 435, (221, 281, 40, 39, 97, 268, 41, 117)),
}
# The newer calls for mounts, the same on both: open_tree, move_mount, fsopen to fspick, mount_setattr.
MOUNTING = (428, 429, 430, 431, 432, 433, 442)


@dataclass(frozen=True)
class Limits:
    """What a process may use beyond what it has when it is shut in."""

    memory: int  # bytes
    seconds: int  # of processor time
    file_size: int  # bytes, of one file
    scratch: int  # megabytes, of all files


def part_from_others(scratch, megabytes, only=None):
    """Enter namespaces of our own, with an empty `scratch` folder in memory. Goes on in a new process.

    only: a folder of which no other in the same place shall be seen.
    The calling process waits for the new one and ends with it. Raises OSError where the kernel forbids it.
    """
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    child = os.fork()
    if child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a notebook's interrupt goes to the whole group
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    end_with_parent()
    _mount_memory(scratch, megabytes)
    if only is not None:
        kept = os.open(only, os.O_PATH)
        _mount_memory(Path(only).parent, megabytes=1)
        os.mkdir(only)
        source = f"/proc/self/fd/{kept}".encode()
        _must(libc.mount(source, os.fsencode(only), None, MS_BIND, None), "mount")
        os.close(kept)
    os.chdir(scratch)


def _mount_memory(folder, megabytes):
    libc = ctypes.CDLL(None, use_errno=True)
    size = f"size={megabytes}m".encode()
    _must(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", MS_NOSUID | MS_NODEV, size), "mount")


def make_read_only(folder):
    """Let nobody in our namespace write to a folder that `part_from_others` has bound."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
    _must(libc.mount(None, os.fsencode(folder), None, flags, None), "mount")


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
    """Bound this process and take from it what no answer needs; nothing of it can be taken back."""
    limit(limits)
    drop_privileges()
    forbid_new_processes()


def limit(limits):
    """Bound this process."""
    import resource  # no such thing on Windows, where this module must be importable

    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, now + limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        resource.setrlimit(what, (most, most))


def drop_privileges():
    """Give up what a namespace of our own has brought: to mount, above all."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _must(ctypes.CDLL(None, use_errno=True).capset(header, bytes(24)), "capset")


def forbid_new_processes():
    """Let fork, exec, mount and their like fail with EPERM from now on; threads may still be started.

    A filter in the kernel (seccomp), which nothing in this process can take back.
    """
    audit, clone, clone3, refused = ARCHITECTURES[platform.machine()]
    load = lambda offset: _bpf(0x20, 0, 0, offset)  # A = word of struct seccomp_data
    program = [load(4), _bpf(0x15, 1, 0, audit), _bpf(0x06, 0, 0, REFUSE), load(0)]
    # clone3 hides its flags in memory, where a filter cannot look: ENOSYS makes libc fall back to clone.
    program += [_bpf(0x15, 0, 1, clone3), _bpf(0x06, 0, 0, 0x00050000 | 38)]
    program += [_bpf(0x35, 0, 1, FOREIGN_CALL), _bpf(0x06, 0, 0, REFUSE)]
    for number in (*refused, *MOUNTING):
        program += [_bpf(0x15, 0, 1, number), _bpf(0x06, 0, 0, REFUSE)]
    program += [_bpf(0x15, 0, 3, clone), load(16), _bpf(0x45, 1, 0, CLONE_THREAD), _bpf(0x06, 0, 0, REFUSE)]
    program += [_bpf(0x06, 0, 0, ALLOW)]
    code = b"".join(program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _must(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0), "seccomp")


def _bpf(code, if_true, if_false, value):
    return struct.pack("HBBI", code, if_true, if_false, value)


def _must(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
