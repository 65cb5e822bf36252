"""What of this machine a student's process can read: Python, its packages, labkit and its data.

Packages need not lie where Python does: `pip install --user`, a folder that a `.pth` file or PYTHONPATH
names, the system's packages under an environment. These are shown, read-only, and found in the same order;
never a whole home, and of a checkout of the course nothing but labkit and its data.
"""

import json
import os
import site
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import labkit
from labkit.files import paths

# What bubblewrap shows in any case: the system's programs and libraries
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
PARTS = ("bin", "lib", "lib64", "pyvenv.cfg")  # of an environment that was made of a home itself
ASK = "import json, sys; print(json.dumps(sys.path))"


def visible_folders():
    """The folders, and single files, that are shown, by every name that leads to them."""
    wanted = {Path(labkit.__file__).parent, paths.data_dir(), *package_folders()}
    for prefix in {Path(sys.prefix), Path(sys.base_prefix)}:
        wanted |= {prefix / name for name in PARTS} if is_too_much(prefix) else {prefix}
    found = sorted({path.resolve() for path in wanted if path.exists()} | {p for p in wanted if p.exists()})
    system = [Path(path) for path in SYSTEM]
    return [p for p in found if not any(outer == p or outer in p.parents for outer in system)]


def python_variables():
    """The variables with which Python finds inside what it finds here."""
    own = Path(labkit.__file__).parents[1]
    extra = [Path(text) for text in os.environ.get("PYTHONPATH", "").split(os.pathsep) if text]
    shown = [str(path) for path in extra if path in package_folders()]
    variables = {"PYTHONPATH": os.pathsep.join([str(own), *shown])}
    if site.ENABLE_USER_SITE and Path(site.getusersitepackages()) in package_folders():
        variables["PYTHONUSERBASE"] = site.getuserbase()
    return variables


def package_folders():
    """Where this Python looks for packages, in its order, as far as that may be shown."""
    checkout = {Path(labkit.__file__).parents[1]} if paths.is_checkout() else set()
    found = [*map(Path, search_path()), *map(Path, site.getsitepackages())]
    return [p for p in dict.fromkeys(found) if p.is_absolute() and p not in checkout and not is_too_much(p)]


@lru_cache(maxsize=1)
def search_path():
    """sys.path of a Python that starts now: without what this process has added, its own folder above all."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK], cwd="/", capture_output=True, text=True, timeout=60
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return ()  # a Python that is odd in some other way
    return tuple(path for path in found if path)


def is_too_much(path):
    """Is a folder a home, or does it hold one?"""
    return any(path.resolve() in (home, *home.parents) for home in homes())


def homes():
    """The home of who grades: what HOME says, and what the system knows."""
    found = set()
    for name in ("~", f"~{_user()}"):
        home = os.path.expanduser(name)
        if os.path.isabs(home):
            found.add(Path(home).resolve())
    return found


def _user():
    try:
        import pwd  # no such thing on Windows

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return ""
