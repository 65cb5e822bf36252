"""Which system calls a student's process may not make: a filter in the kernel (seccomp), for good.

Refused is what starts or touches another process, changes what is mounted, reaches a part of the kernel that
no answer has use for, takes memory that no limit counts, or leaves something behind for another answer to
find. Threads may still be started.
"""

import ctypes
import errno
import os
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
ALLOW, FAIL = 0x7FFF0000, 0x00050000
REFUSE = FAIL | errno.EPERM
UNKNOWN = FAIL | 38  # ENOSYS: libc then takes the older call
NO_SUCH_KIND = FAIL | 95  # EOPNOTSUPP: ZeroMQ, in a notebook's kernel, survives no other
PRETEND = FAIL | 0  # nothing is done, and the caller hears of success
CLONE_THREAD = 0x10000
FOREIGN_CALL = 0x40000000  # x86_64's second set of numbers (x32), under which every call has another name
AF_UNIX, SOL_SOCKET = 1, 1
# SO_SNDBUF, SO_RCVBUF and the same by force: how much a socket may hold beside all limits
SOCKET_MEMORY = (7, 8, 32, 33)
# F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW; F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
LOCKING, REFUSED_FCNTL = (6, 7, 37, 38), (1024, 1026, 1031)

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
# Calls by name: (number on x86_64, on aarch64; None: there is no such call). asm/unistd.h
REFUSED = {
    # other programs and processes
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # what is seen of the machine
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # the kernel's own affairs
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    # memory that no limit counts: files that lie nowhere, pages that a pipe or a socket holds on to, rules
    # without number, and descriptors on their way through a socket, each of which can be full
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),
    "splice": (275, 76),
    "tee": (276, 77),
    "sendfile": (40, 71),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    # what outlives who made it
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
# What waits in the queue of a socket with an address has left its sender, and is counted nowhere.
ADDRESSES = {"bind": (49, 200), "listen": (50, 201), "connect": (42, 203)}
CLONE, CLONE3 = (56, 220), (435, 435)
SOCKET, SOCKETPAIR, SETSOCKOPT = (41, 198), (53, 199), (54, 208)
FCNTL, FLOCK = (72, 25), (73, 32)


def filter_calls(families):
    """Put this process and all its threads to come under the filter; nothing in it can take it back.

    families: of the sockets that may be made; without any, pairs of connected ones can still be had.
    Raises OSError where the kernel knows no filters, or we don't know the machine's numbers.
    """
    code = b"".join(program(platform.machine(), families))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    must(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0), "seccomp")


def program(machine, families):
    """The filter as a list of instructions for the kernel. A call that no rule names is allowed."""
    if machine not in AUDIT:
        raise OSError(errno.ENOSYS, f"no numbers of system calls are known for {machine}")
    column = list(AUDIT).index(machine)
    rules = [_load(4), _step(EQUAL, AUDIT[machine], 1, 0), _give(REFUSE)]  # no other machine's calls
    rules += [_load(0), _step(AT_LEAST, FOREIGN_CALL, 0, 1), _give(REFUSE)]
    # clone3 hides its flags in memory, where a filter cannot look.
    rules += _when(CLONE3[column], [_give(UNKNOWN)])
    for numbers in (REFUSED if families else REFUSED | ADDRESSES).values():
        if numbers[column] is not None:
            rules += _when(numbers[column], [_give(REFUSE)])
    thread = [_argument(0), _step(ANY_BIT, CLONE_THREAD, 1, 0), _give(REFUSE), _give(ALLOW)]
    rules += _when(CLONE[column], thread)
    rules += _when(SOCKET[column], [_argument(0), *_each(families, ALLOW), _give(NO_SUCH_KIND)])
    rules += _when(SOCKETPAIR[column], [_argument(0), *_each((AF_UNIX,), ALLOW), _give(NO_SUCH_KIND)])
    size = [_argument(2), *_each(SOCKET_MEMORY, REFUSE), _give(ALLOW)]
    rules += _when(SETSOCKOPT[column], [_argument(1), *_when(SOL_SOCKET, size), _give(ALLOW)])
    # A lock on one of Python's files could be seen by every other answer. Who is alone needs none.
    rules += _when(FLOCK[column], [_give(PRETEND)])
    commands = [_argument(1), *_each(LOCKING, PRETEND), *_each(REFUSED_FCNTL, REFUSE), _give(ALLOW)]
    rules += _when(FCNTL[column], commands)
    return [*rules, _give(ALLOW)]


def _step(code, value, if_true=0, if_false=0):
    """One instruction; the last two say how many of the next ones are skipped."""
    return struct.pack("HBBI", code, if_true, if_false, value)


def _load(offset):
    """Take up a word of struct seccomp_data."""
    return _step(LOAD, offset)


def _argument(index):
    """Take up the lower half of an argument; both machines put it first."""
    return _load(16 + 8 * index)


def _give(verdict):
    return _step(RETURN, verdict)


def _when(value, steps):
    """The steps, only where `value` is what was taken up."""
    return [_step(EQUAL, value, 0, len(steps)), *steps]


def _each(values, verdict):
    return [step for value in values for step in _when(value, [_give(verdict)])]


def must(result, what):
    """Raise OSError where a call of libc's has failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
