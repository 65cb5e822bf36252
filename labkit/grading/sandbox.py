"""The outer wall: bubblewrap shows a process Python, labkit and nothing else, and cuts the network."""

import shutil
import site
import subprocess
import sys
from pathlib import Path

import labkit
from labkit import paths
from labkit.messages import LabkitError

REPEATABLE = {"PYTHONHASHSEED": "0"}  # an answer that takes words out of a set takes the same in every run
SCRATCH = "/scratch"  # inside; each answer gets an empty one of its own
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
)
REFUSAL = """\
Submissions are other people's programs; they run only in a sandbox, and there is none here: {why}

  On Linux:            apt-get install bubblewrap
  On macOS, Windows:   run the grader in a Linux container or virtual machine (README, "Grading a class")
  Where you trust every submission:  --no-sandbox"""


def bubblewrap(command, environment=None, shared=None):
    """The argv that runs `command` in the sandbox.

    Inside are, read-only: the system's libraries, this Python, labkit and its data. There is no network, no
    home folder, no other process to see, and nothing to write to but `SCRATCH`, which is in memory.

    shared: a folder of the machine that can be read and written inside too.
    """
    argv = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    variables = {"PATH": "/usr/bin:/bin", "HOME": SCRATCH, "TMPDIR": SCRATCH, "OMP_NUM_THREADS": "1"}
    variables |= REPEATABLE | {"LANG": "C.UTF-8", "PYTHONPATH": str(Path(labkit.__file__).parents[1])}
    for name, value in (variables | (environment or {})).items():
        argv += ["--setenv", name, value]
    argv += ["--tmpfs", "/"]
    for path in SYSTEM:
        argv += ["--ro-bind-try", path, path]
    argv += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", SCRATCH]
    for path in visible_folders():
        argv += ["--ro-bind", str(path), str(path)]
    if shared is not None:
        argv += ["--bind", str(shared), str(shared)]
    return [*argv, "--remount-ro", "/", "--chdir", SCRATCH, *map(str, command)]


def visible_folders():
    """What of this machine a student's process can read: Python, its packages, labkit and its data."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix), *map(Path, site.getsitepackages())}
    wanted |= {Path(labkit.__file__).parent, paths.data_dir()}
    found = sorted({path.resolve() for path in wanted if path.exists()} | {p for p in wanted if p.exists()})
    system = [Path(path) for path in SYSTEM]
    return [p for p in found if not any(outer == p or outer in p.parents for outer in system)]


def require_sandbox():
    """Raise LabkitError, with the ways to go on, where answers can't be shut in."""
    if not sys.platform.startswith("linux"):
        raise LabkitError(REFUSAL.format(why=f"bubblewrap exists on Linux only; this is {sys.platform}."))
    if shutil.which("bwrap") is None:
        raise LabkitError(REFUSAL.format(why="bubblewrap (the program bwrap) is not installed."))
    probe = f"from labkit.grading.isolation import part_from_others; part_from_others({SCRATCH!r}, 1)"
    done = subprocess.run(
        bubblewrap([sys.executable, "-c", probe]), capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or "no message").split("\n")[-1]
        raise LabkitError(REFUSAL.format(why=f"this system does not let bubblewrap work ({said})."))
