"""Why answers can't be shut in here, and what to do about it: found out when bubblewrap has failed."""

import platform
import shutil
import sys
from pathlib import Path

REFUSAL = """\
Submissions are other people's programs; they run only in a sandbox, and there is none here: {why}

{todo}
  On another machine:                a Linux container or virtual machine (README, "Grading a class")
  Where you trust every submission:  --no-sandbox"""
INSTALL = "apt-get install bubblewrap   (or dnf, pacman, zypper, apk: the package has that name everywhere)"
CONTAINER = (
    "start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined, or with --privileged"
)
# Settings of Linux under which nobody but root can make user namespaces, or nobody at all: (hinders, frees)
SETTINGS = {
    "user/max_user_namespaces": ("0", "15000"),
    "kernel/unprivileged_userns_clone": ("0", "1"),
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "0"),
}
MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")  # files that only containers have


def before():
    """(why, what to do) where there can't be a sandbox whatever is tried, or None."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap exists on Linux only; this is {sys.platform}.", ()
    if shutil.which("bwrap") is None:
        return "bubblewrap (the program bwrap) is not installed.", (INSTALL,)
    return None


def after(said, folders, is_root, may_mount):
    """(why, what to do) where bubblewrap has been tried and has failed.

    said: what it or a process in it said last.  folders: that have to be read inside.
    is_root, may_mount: of who grades.
    """
    why, todo = f"bubblewrap is installed, and this system does not let it work ({said}).", []
    closed = next((str(path) for path in folders if str(path) in said), None) if is_root else None
    if closed:
        why += " Answers run as the user nobody, who has to be able to read Python and labkit."
        return why, (f"chmod -R a+rX '{closed}'   (or have the course outside of root's home)",)
    if not may_mount:
        for name, (hinders, frees) in settings():
            why += f" The setting {name}={hinders} forbids the namespaces that a sandbox consists of."
            todo.append(f"sysctl -w {name}={frees}   (as root; to stay, in a file of /etc/sysctl.d)")
    if "-Microsoft" in platform.release():  # version 2 says -microsoft-standard-WSL2
        why += " This is WSL 1, which has no namespaces."
        todo.append("wsl --set-version NAME 2   (in Windows; wsl --list gives the name)")
    if is_contained() or is_root and not may_mount:
        how = ", and its filter of system calls (seccomp) may forbid namespaces" if is_filtered() else ""
        why += f" This is a container{how}."
        todo.append(CONTAINER)
    return why, tuple(todo)


def refusal(why, todo):
    """The message."""
    return REFUSAL.format(why=why, todo="\n".join(f"  Here:  {one}" for one in todo)).replace(
        "\n\n\n", "\n\n"
    )


def settings(root=Path("/proc/sys")):
    """Those of SETTINGS that hinder here: (name as sysctl has it, (what it is, what it is to be))."""
    found = []
    for name, (hinders, frees) in SETTINGS.items():
        try:
            is_so = (root / name).read_text().strip() == hinders
        except OSError:
            continue
        if is_so:
            found.append((name.replace("/", "."), (hinders, frees)))
    return found


def is_contained(root=Path("/")):
    """Is this a container?"""
    return any((root / mark.lstrip("/")).exists() for mark in MARKS)


def is_filtered(status=Path("/proc/self/status")):
    """Does somebody filter the system calls of this process?"""
    try:
        return "Seccomp:\t2" in status.read_text()
    except OSError:
        return False
