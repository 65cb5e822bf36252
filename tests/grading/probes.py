"""What an answer might try. The text of this file runs in the sandbox, where `test_walls` sends it.

REFUSED: attempts that have to end in an error of the system's.  SEEN: what an answer can find out, and
TAKEN: how much it can take; both give a value for `test_walls` to judge.
`leave` and `look` are two answers' attempts to talk to each other.
"""

import ctypes
import fcntl
import mmap
import os
import platform
import resource
import socket
import struct
import tempfile
import threading
import time

from labkit.grading import syscalls

libc = ctypes.CDLL(None, use_errno=True)
COLUMN = list(syscalls.AUDIT).index(platform.machine())
CALLS = syscalls.REFUSED | syscalls.ADDRESSES
MB = 2**20
MOST = 600  # megabytes that are tried for
REFUSED, SEEN, TAKEN = {}, {}, {}
FOLDERS = ("/scratch", "/tmp", "/dev/shm")


def in_table(table, name=None):
    return lambda function: table.setdefault(name or function.__name__, function)


def call(name, *arguments):
    """Make a system call by its name or number; raises OSError where it fails."""
    number = CALLS[name][COLUMN] if isinstance(name, str) else name
    if number is None:
        raise OSError("there is no such call on this machine")
    ctypes.set_errno(0)
    result = libc.syscall(number, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), str(name))
    return result


def outcome(function):
    """What came of an attempt, as plain data."""
    try:
        return {"value": function()}
    except (OSError, RuntimeError, MemoryError) as error:
        return {"error": type(error).__name__, "errno": getattr(error, "errno", None)}


# Writing

for path in (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/kernel/shmmax",
    "/proc/sys/kernel/msgmax",
    "/proc/sys/kernel/sem",
    "/proc/sys/fs/mqueue/msg_max",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/vm/panic_on_oom",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/proc/self/oom_score_adj",
    "/proc/self/oom_adj",
    "/proc/self/uid_map",
    "/proc/self/gid_map",
    "/proc/self/setgroups",
    "/proc/self/coredump_filter",
    "/proc/self/comm",
    "/proc/self/clear_refs",
    "/proc/self/timerslack_ns",
    "/proc/self/attr/current",
    "/proc/self/mem",
    "/proc/1/oom_score_adj",
    "/proc/timer_list",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/power/state",
    "/sys/fs/cgroup/cgroup.procs",
    "/dev/mem",
    "/dev/kmem",
    "/dev/kmsg",
    "/dev/port",
    "/dev/sda",
    "/dev/vda",
    "/dev/loop-control",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
    "/dev/ptmx",
    "/dev/pts/ptmx",
    "/dev/tty",
    "/dev/console",
    "/dev/tty0",
):
    REFUSED[f"write {path}"] = lambda path=path: open(path, "r+b", buffering=0)

for folder in ("/", "/dev", "/proc", "/etc", "/usr", "/usr/lib", "/bin", os.path.dirname(syscalls.__file__)):
    REFUSED[f"file in {folder}"] = lambda folder=folder: open(os.path.join(folder, "note"), "xb")
    REFUSED[f"folder in {folder}"] = lambda folder=folder: os.mkdir(os.path.join(folder, "notes"))
    REFUSED[f"mode of {folder}"] = lambda folder=folder: os.chmod(folder, 0o777)
    REFUSED[f"times of {folder}"] = lambda folder=folder: os.utime(folder)

for path in ("/var/tmp/note", "/run/note", "/mnt/note", "/var/lock/note"):
    REFUSED[f"file {path}"] = lambda path=path: open(path, "xb")

for name in ("null", "zero", "urandom"):
    REFUSED[f"mode of /dev/{name}"] = lambda name=name: os.chmod(f"/dev/{name}", 0o600)
    REFUSED[f"times of /dev/{name}"] = lambda name=name: os.utime(f"/dev/{name}")
    REFUSED[f"remove /dev/{name}"] = lambda name=name: os.remove(f"/dev/{name}")


@in_table(REFUSED)
def kill_the_parent():
    """It hears of it and goes on: else this process would end with it, and nothing come back."""
    os.kill(os.getppid(), 9)
    time.sleep(0.1)
    os.kill(os.getppid(), 0)
    raise PermissionError("it goes on")


@in_table(REFUSED)
def device_node():
    os.mknod("/scratch/disk", 0o60600, os.makedev(254, 0))


@in_table(REFUSED)
def times_of_a_python_file():
    os.utime(os.__file__)


@in_table(REFUSED)
def attribute_of_a_python_file():
    os.setxattr(os.__file__, "user.note", b"x")


@in_table(REFUSED)
def link_to_a_python_file():
    os.link(os.__file__, "/scratch/os.py")


# Powers

for name in CALLS:
    REFUSED[f"call {name}"] = lambda name=name: call(name, 0, 0, 0, 0, 0, 0)
REFUSED["call clone"] = lambda: call(syscalls.CLONE[COLUMN], 17, 0, 0, 0, 0)
REFUSED["call clone into a user namespace"] = lambda: call(syscalls.CLONE[COLUMN], 0x10000011, 0, 0, 0, 0)
REFUSED["call clone3"] = lambda: call(syscalls.CLONE3[COLUMN], 0, 0)
if platform.machine() == "x86_64":
    REFUSED["x32 getpid"] = lambda: call(syscalls.FOREIGN_CALL | 39)
    REFUSED["x32 memfd_create"] = lambda: call(syscalls.FOREIGN_CALL | 319, b"x", 0)

REFUSED |= {
    "fork": os.fork,
    "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "setuid": lambda: os.setuid(0),
    "setgid": lambda: os.setgid(0),
    "setresuid": lambda: os.setresuid(0, 0, 0),
    "setgroups": lambda: os.setgroups([0]),
    "chown": lambda: os.chown(tempfile.mkdtemp(), 0, 0),
    "nice": lambda: os.nice(-5),
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "kill all": lambda: os.kill(-1, 9),
    "hostname": lambda: socket.sethostname("mine"),
    "setns": lambda: call("setns", os.open("/proc/self/ns/mnt", os.O_RDONLY), 0),
    "chroot": lambda: os.chroot("/scratch"),
    "module": lambda: call("finit_module", os.open("/dev/null", os.O_RDONLY), b"", 0),
    "lock memory": lambda: syscalls.must(libc.mlockall(3), "mlockall"),
    "terminal input": lambda: fcntl.ioctl(0, 0x5412, b"x"),
    "new terminal": os.openpty,
    "inet": lambda: socket.create_connection(("1.1.1.1", 80), 2),
    "inet at home": lambda: socket.create_connection(("127.0.0.1", 22), 2),
    "inet6": lambda: socket.socket(socket.AF_INET6),
    "netlink": lambda: socket.socket(16, socket.SOCK_RAW, 0),
    "packet": lambda: socket.socket(17, socket.SOCK_RAW, 0x0300),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "address for a pair": lambda: socket.socketpair()[0].bind("/tmp/pair"),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "bluetooth": lambda: socket.socket(31, socket.SOCK_RAW),
    "alg": lambda: socket.socket(38, socket.SOCK_SEQPACKET),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "name service": lambda: socket.getaddrinfo("example.org", 80),
    "larger pipe": lambda: fcntl.fcntl(os.pipe()[0], 1031, MB),
    "larger socket": lambda: socket.socketpair()[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MB),
    "lease": lambda: fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, 0),
    "pass a descriptor": lambda: socket.send_fds(socket.socketpair()[0], [b"x"], [0]),
    "system log": lambda: call("syslog", 3, ctypes.create_string_buffer(99), 99),
    "kernel memory": lambda: open("/proc/kcore", "rb"),
    "kernel messages": lambda: open("/proc/kmsg", "rb"),
    "password file": lambda: open("/etc/shadow", "rb"),
    "another process": lambda: os.listdir("/proc/3"),
    "memory of the first process": lambda: open("/proc/1/mem", "rb"),
    "environment of the first process": lambda: open("/proc/1/environ", "rb"),
    "files of the first process": lambda: os.listdir("/proc/1/fd"),
}
for kind in "AS CPU FSIZE CORE NOFILE NPROC MSGQUEUE MEMLOCK NICE RTPRIO".split():
    limit = getattr(resource, f"RLIMIT_{kind}")

    def more(limit=limit):
        most = resource.getrlimit(limit)[1]
        if most == resource.RLIM_INFINITY:
            return "there is no limit"
        try:
            resource.setrlimit(limit, (most + 1, most + 1))
        except ValueError as error:  # "not allowed to raise maximum limit"
            raise PermissionError(1, str(error)) from None

    REFUSED[f"raise {kind}"] = more


# What can be seen


def status():
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def mounts():
    with open("/proc/self/mountinfo") as file:
        return [line.split()[4] for line in file]


SEEN |= {
    "user": lambda: [*os.getresuid(), *os.getresgid()],
    "groups": os.getgroups,
    "privileges": lambda: [int(status()[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")],
    "no new privileges": lambda: status()["NoNewPrivs"],
    "filter": lambda: status()["Seccomp"],
    "processes": lambda: [name for name in os.listdir("/proc") if name.isdigit()],
    "pid": os.getpid,
    "oom": lambda: open("/proc/self/oom_score_adj").read().strip(),
    "devices": lambda: sorted(os.listdir("/dev")),
    "networks": lambda: [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line],
    "sockets": lambda: len(open("/proc/net/unix").readlines()) - 1,
    "folders": lambda: {folder: os.listdir(folder) for folder in FOLDERS},
    "home": lambda: os.listdir("/home") if os.path.isdir("/home") else [],
    "environment": lambda: sorted(os.environ),
    "writable": lambda: sorted({place for place in mounts() if not os.statvfs(place).f_flag & os.ST_RDONLY}),
    "keys": lambda: len(open("/proc/keys").readlines()) if os.path.exists("/proc/keys") else 0,
}


# What can be taken, in megabytes or pieces


def fill(folders, keep_names, size=8 * MB):
    """Write files of `size` until it is refused; returns the megabytes. They are removed again."""
    block, written, made, opened = bytes(MB), 0, [], []
    try:
        for number in range(MOST * MB // size):
            path = os.path.join(folders[number % len(folders)], f"f{number}")
            file = open(path, "xb", buffering=0)
            opened.append(file)
            made.append(path)
            if not keep_names:
                os.remove(made.pop())
            for _ in range(size // MB):
                written += file.write(block)
    except OSError:
        pass
    for file in opened:
        file.close()
    for path in made:
        os.remove(path)
    return written / MB


for folder in FOLDERS:
    TAKEN[f"files in {folder}"] = lambda folder=folder: fill([folder], keep_names=True)
TAKEN["files in all folders"] = lambda: fill(FOLDERS, keep_names=True)
TAKEN["files without a name"] = lambda: fill(FOLDERS, keep_names=False)


@in_table(TAKEN, "number of files")
def many_files():
    folder, made = tempfile.mkdtemp(), 0
    try:
        while made < 10**5:
            os.mkdir(f"{folder}/{made}")
            made += 1
    except OSError:
        pass
    for number in range(made):
        os.rmdir(f"{folder}/{number}")
    return made


@in_table(TAKEN, "one file")
def one_file():
    with open("/scratch/one", "xb") as file:
        try:
            for _ in range(MOST):
                file.write(bytes(MB))
        except OSError:
            pass
    size = os.path.getsize("/scratch/one")
    os.remove("/scratch/one")
    return size / MB


@in_table(TAKEN, "pipes")
def pipes():
    taken, opened = 0, []
    try:
        while taken < MOST * MB:
            ends = os.pipe()
            opened += ends
            os.set_blocking(ends[1], False)
            try:
                while True:
                    taken += os.write(ends[1], bytes(4096))
            except BlockingIOError:
                pass
    except OSError:
        pass
    for end in opened:
        os.close(end)
    return taken / MB


@in_table(TAKEN, "sockets")
def sockets():
    taken, opened = 0, []
    try:
        while taken < MOST * MB:
            opened += socket.socketpair()
            for end in opened[-2:]:
                end.setblocking(False)
                try:
                    while True:
                        taken += end.send(bytes(32768))
                except BlockingIOError:
                    pass
    except OSError:
        pass
    for end in opened:
        end.close()
    return taken / MB


@in_table(TAKEN, "shared memory")
def shared_memory():
    kept = []
    try:
        while len(kept) < 3 * 1024 // 32:
            kept.append(mmap.mmap(-1, 32 * MB))
    except OSError:
        pass
    size = len(kept) * 32
    for area in kept:
        area.close()
    return size


@in_table(TAKEN, "threads")
def threads():
    threading.stack_size(32768)
    end, started = threading.Event(), []
    try:
        while len(started) < 3000:
            thread = threading.Thread(target=end.wait)
            thread.start()
            started.append(thread)
    except (RuntimeError, MemoryError):
        pass
    end.set()
    for thread in started:
        thread.join()
    threading.stack_size(0)
    return len(started)


@in_table(TAKEN, "descriptors")
def descriptors():
    opened = []
    try:
        while len(opened) < 5000:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for descriptor in opened:
        os.close(descriptor)
    return len(opened)


# Two answers

PLACES = [f"{folder}/note" for folder in (*FOLDERS, "/var/tmp", "/run/lock", "/dev/mqueue", "/dev", "/")]
KEPT = []


def write_note(path):
    with open(path, "x") as file:
        file.write("note")
    return True


def bind(address):
    KEPT.append(socket.socket(socket.AF_UNIX))
    KEPT[-1].bind(address)
    KEPT[-1].listen()
    return True


def lock(kind, path, exclusive):
    KEPT.append(open(path, "rb"))
    kind(KEPT[-1], (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    return True


def held(path):
    """Does another process hold a lock on a file, as the system tells who asks?"""
    question = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
    with open(path, "rb") as file:
        return struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, question))[0] != fcntl.F_UNLCK


def name_me(name):
    return libc.prctl(15, ctypes.c_char_p(name)) == 0


def leave():
    """Leave a note wherever that may be possible; returns where it was."""
    tries = {path: lambda path=path: write_note(path) for path in PLACES}
    tries |= {
        "abstract socket": lambda: bind("\0note"),
        "socket": lambda: bind("/tmp/socket"),
        "flock": lambda: lock(fcntl.flock, os.__file__, exclusive=True),
        "lock": lambda: lock(fcntl.lockf, os.__file__, exclusive=False),
        "shm": lambda: call("shmget", 4711, 4096, 0o1666) >= 0,
        "queue": lambda: call("msgget", 4711, 0o1666) >= 0,
        "semaphore": lambda: call("semget", 4711, 1, 0o1666) >= 0,
        "key": lambda: call("add_key", b"user", b"note", b"x", 1, -4) > 0,
        "name": lambda: name_me(b"note"),
        "fifo": lambda: os.mkfifo("/tmp/fifo") is None,
        "folder's mode": lambda: os.chmod("/scratch", 0o755) is None,
    }
    return {name: outcome(function) for name, function in tries.items()}


def look():
    """What of the notes another answer sees."""
    found = {path: os.path.exists(path) for path in (*PLACES, "/tmp/socket", "/tmp/fifo")}
    found["flock"] = "error" in outcome(lambda: lock(fcntl.flock, os.__file__, exclusive=True))
    found["lock"] = held(os.__file__)
    found["locks"] = len(open("/proc/locks").readlines()) > 0 if os.path.exists("/proc/locks") else False
    for kind in ("shm", "msg", "sem"):
        found[f"{kind} list"] = len(open(f"/proc/sysvipc/{kind}").readlines()) > 1
    found["key"] = "note" in open("/proc/keys").read() if os.path.exists("/proc/keys") else False
    names = [open(f"/proc/{pid}/comm").read() for pid in os.listdir("/proc") if pid.isdigit()]
    found["name"] = "note\n" in names
    found["folder's mode"] = os.stat("/scratch").st_mode & 0o777 != 0o700
    found["abstract socket"] = "value" in outcome(lambda: socket.socket(socket.AF_UNIX).connect("\0note"))
    found["unix sockets"] = "note" in open("/proc/net/unix").read()
    return [name for name, is_so in found.items() if is_so]


def reads_leave_no_trace():
    before = os.stat(os.__file__)
    with open(os.__file__, "rb") as file:
        file.read()
    after = os.stat(os.__file__)
    return (before.st_atime_ns, before.st_mtime_ns) == (after.st_atime_ns, after.st_mtime_ns)


SEEN["reads leave no trace"] = reads_leave_no_trace


def everything():
    """All attempts, one after the other."""
    tables = {"seen": SEEN, "refused": REFUSED, "taken": TAKEN}
    return {name: {key: outcome(probe) for key, probe in table.items()} for name, table in tables.items()}
