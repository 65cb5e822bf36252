"""What a student's process may not do, set by the process itself before the first line of theirs runs.

Linux only, and inside the bubblewrap sandbox of `labkit.grading.sandbox`, which has cut the network and
made the files read-only. Here each answer is parted from every other: own processes, own scratch folder,
limits on memory, processor time and file size, and no new processes.
"""

import ctypes
import os
import platform
import resource
import struct

# linux/sched.h, sys/mount.h, sys/prctl.h, linux/seccomp.h
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x08000000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV = 2, 4
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # REFUSE: the call fails with EPERM
CLONE_THREAD = 0x10000
# Per architecture: (audit number, clone, clone3, and what is refused: fork, vfork, execve, execveat, mount,
# umount2, unshare, setns, pivot_root, ptrace, kill is harmless in an own pid namespace)
ARCHITECTURES = {
    "x86_64": (0xC000003E, 56, 435, (57, 58, 59, 322, 165, 166, 272, 308, 155, 101)),
    "aarch64": (0xC00000B7, 220, 435, (221, 281, 40, 39, 97, 268, 41, 117)),
}


def part_from_others(scratch, megabytes):
    """Enter namespaces of our own, with an empty `scratch` folder in memory. Goes on in a new process.

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
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    size = f"size={megabytes}m".encode()
    _must(libc.mount(b"tmpfs", os.fsencode(scratch), b"tmpfs", MS_NOSUID | MS_NODEV, size), "mount")
    os.chdir(scratch)


def limit(memory, seconds, file_size):
    """Bound this process: bytes of memory beyond what it has now, seconds of processor, bytes a file."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, now + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        resource.setrlimit(what, (most, most))


def forbid_new_processes():
    """Let fork, exec, mount and their like fail with EPERM from now on; threads may still be started.

    A filter in the kernel (seccomp), which nothing in this process can take back.
    """
    audit, clone, clone3, refused = ARCHITECTURES[platform.machine()]
    load = lambda offset: _bpf(0x20, 0, 0, offset)  # A = word of struct seccomp_data
    program = [load(4), _bpf(0x15, 1, 0, audit), _bpf(0x06, 0, 0, REFUSE), load(0)]
    # clone3 hides its flags in memory, where a filter cannot look: ENOSYS makes libc fall back to clone.
    program += [_bpf(0x15, 0, 1, clone3), _bpf(0x06, 0, 0, 0x00050000 | 38)]
    for number in refused:
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
