"""The outer wall: bubblewrap shows a process Python, labkit and nothing else, and cuts the network.

Whoever starts the grader, answers run as an ordinary user: the grader's own, or nobody where that is root. An
ordinary user's bubblewrap makes a user namespace, which most systems allow; root's needs none. A root that
may not mount (in a container) starts bubblewrap as nobody.
"""

import os
import subprocess
import sys
from pathlib import Path

from labkit.grading import hindrances
from labkit.grading.folders import SYSTEM, python_variables, visible_folders
from labkit.grading.isolation import CAP_SYS_ADMIN, NOBODY, is_able
from labkit.messages import LabkitError

# An answer that takes words out of a set takes the same in every run; scikit-learn's n_jobs=2, for which no
# process can be started, is n_jobs=1.
REPEATABLE = {"PYTHONHASHSEED": "0", "JOBLIB_MULTIPROCESSING": "0"}
SCRATCH = "/scratch"  # inside; each answer gets an empty one of its own
DEVICES = ("null", "zero", "full", "random", "urandom")  # no terminals: every answer would see the same ones
STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
POWERS = ("SYS_ADMIN", "NET_ADMIN", "SETUID", "SETGID", "SETPCAP")  # what `isolation.become_nobody` needs
# What a process of the sandbox does before an answer runs. Arguments: the scratch folder, what it must read.
REHEARSAL = """\
import os, sys
from labkit.grading import isolation
scratch, *places = sys.argv[1:]
isolation.become_nobody(scratch)
for place in places:
    os.close(os.open(place, os.O_RDONLY))
open(isolation.__file__).close()
isolation.part_from_others(scratch, 1)
isolation.shut_in(isolation.Limits(memory=2**30, seconds=60, file_size=2**20, scratch=1))
"""


def bubblewrap(command, environment=None, shared=None):
    """The argv that runs `command` in the sandbox; `starter` says who has to start it.

    Inside are, read-only: the system's libraries, this Python, labkit and its data. There is no network, no
    home folder, no other process to see, no device that keeps anything, and nothing to write to but
    `SCRATCH`, which is in memory.

    shared: a folder of the machine that can be read and written inside too.
    """
    argv = ["bwrap", "--die-with-parent", "--new-session", "--clearenv"]
    if mounts_as_root():
        argv += [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try")]
        argv += ["--cap-drop", "ALL", *(word for name in POWERS for word in ("--cap-add", f"CAP_{name}"))]
    else:
        argv += ["--unshare-all"]
    variables = {"PATH": "/usr/bin:/bin", "HOME": SCRATCH, "TMPDIR": SCRATCH, "OMP_NUM_THREADS": "1"}
    variables |= REPEATABLE | {"LANG": "C.UTF-8"} | python_variables()
    for name, value in (variables | (environment or {})).items():
        argv += ["--setenv", name, value]
    argv += ["--tmpfs", "/", "--dir", "/etc"]
    for path in SYSTEM:
        argv += ["--ro-bind-try", path, path]
    argv += ["--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in DEVICES:
        argv += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, stream in STREAMS.items():
        argv += ["--symlink", f"/proc/self/fd{stream}", f"/dev/{name}"]
    argv += ["--remount-ro", "/dev", "--proc", "/proc", "--tmpfs", SCRATCH, "--dir", "/tmp"]
    for path in visible_folders():
        # Folders on the way to one can be passed by everybody only where bubblewrap is told to make them.
        argv += ["--dir", str(path.parent), "--ro-bind", str(path), str(path)]
    if shared is not None:
        argv += ["--dir", str(Path(shared).parent), "--bind", str(shared), str(shared)]
    return [*argv, "--remount-ro", "/", "--chdir", SCRATCH, *map(str, command)]


def is_root():
    """Is the grader root? Then answers run as another user."""
    return hasattr(os, "getuid") and os.getuid() == 0


def mounts_as_root():
    """Is the grader a root that may mount?"""
    return is_root() and is_able(CAP_SYS_ADMIN)


def starter():
    """Who has to start bubblewrap: arguments of subprocess.Popen."""
    if is_root() and not mounts_as_root():
        return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
    return {}


def hand_over(folder):
    """Make a folder belong to the user that answers run as, if that is another."""
    if is_root():
        os.chown(folder, NOBODY, NOBODY)


def require_sandbox():
    """Raise LabkitError, with the ways to go on, where answers can't be shut in."""
    if problem := hindrances.before():
        raise LabkitError(hindrances.refusal(*problem))
    folders = visible_folders()
    command = bubblewrap([sys.executable, "-c", REHEARSAL, SCRATCH, *folders])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, **starter())
    except (OSError, subprocess.SubprocessError) as error:
        raise LabkitError(hindrances.refusal(f"bubblewrap could not be run ({error}).", ())) from None
    if done.returncode != 0:
        said = (done.stderr.strip() or "no message").split("\n")[-1]
        raise LabkitError(hindrances.refusal(*hindrances.after(said, folders, is_root(), mounts_as_root())))


def can_shut_in():
    """Is there a sandbox?"""
    try:
        require_sandbox()
    except LabkitError:
        return False
    return True
