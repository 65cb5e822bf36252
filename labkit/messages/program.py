"""What every command does around its work: `labkit NAME` and `python -m labkit.ROOM.MODULE` alike.

Exit status: 0 well, 1 something is wrong that the message says how to mend, 2 misused, 130 stopped by Ctrl-C,
70 a fault of labkit's (a bug; the number is EX_SOFTWARE of BSD's sysexits).
"""

import errno
import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable

from labkit.messages import LabkitError
from labkit.messages.causes import GONE, blamed, folder_is_gone
from labkit.messages.hiding import files

MISUSED, BUG, STOPPED = 2, 70, 130
INSTALL = 'In the course\'s folder: python -m pip install -c constraints.txt -e ".[lab,author,test]"'
MACHINE = {  # of an error of the system's that is about no file in particular -> what to do
    errno.ENOSPC: "The disk is full: make room, and run it again.",
    errno.EDQUOT: "Your share of the disk is used up: make room, and run it again.",
    errno.ENOMEM: "There is not enough memory: shut down other programs and notebooks, and run it again.",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n 4096), and run it again.",
    errno.ENFILE: "Too many files are open: close other programs, and run it again.",
    errno.EIO: "The disk or the terminal fails: look at it, and run it again.",
}

# Every module of another package that labkit imports anywhere. Any other that is not found is a slip of ours.
PACKAGES = set(
    "IPython accelerate bs4 distributed httpx2 huggingface_hub ipykernel jinja2 jupyter_client jupytext "
    "latex2mathml lazy_loader markupsafe nbclient nbconvert nbformat numpy packaging platformdirs plotly "
    "psutil pytest safetensors scipy sklearn tokenizers torch tqdm traitlets "
    "transformers umap unearth".split()
)
NO_MEMORY = re.compile(r"DefaultCPUAllocator|CUDA out of memory")  # torch's words, which have no class


def run(name: str, work: Callable[[], int | None]) -> int:
    """Do a program's work; returns the exit status, which is what `work` returns if all is well.

    What a user can act on is one message on stderr; LABKIT_TRACEBACK=1 shows the traceback as well. Any other
    error is a bug: its traceback, and where to report it.
    """
    prepare_streams()
    try:
        _require_folder()
        try:
            status = work() or 0
        except SystemExit:  # argparse has printed a help or the version, perhaps to a full disk
            _flush()
            raise
        _flush()
        return status
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # the reader went away, as in `labkit doctor | head -1`
        _give_up_stdout()
        return 1
    except Exception as error:
        said = plain(error)
        if said and not os.environ.get("LABKIT_TRACEBACK"):
            print(f"{name}: {said}", file=sys.stderr)
            if isinstance(error, OSError):
                _give_up_stdout()
            return 1
        traceback.print_exc()
        if said:
            return 1
        print(f"\n{where_to_report()}", file=sys.stderr)
        return BUG


def plain(error: BaseException) -> str:
    """What to say of an error that a user can act on; "" for a fault of ours."""
    if said := blamed(error):
        return said
    if isinstance(error, LabkitError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (is_package(error.name) or _is_of_a_library(error)):
        return f"it needs the package {error.name}, which is not installed. {INSTALL}"
    if isinstance(error, MemoryError) or isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)):
        return MACHINE[errno.ENOMEM]
    if isinstance(error, OSError) and error.errno in MACHINE:
        about = f" ({error.filename})" if error.filename is not None else ""
        return f"{error.strerror}{about}. {MACHINE[error.errno]}"
    return ""


def is_package(module: str | None) -> bool:
    """Is a module that was not found a package that can be installed?"""
    top, _, inner = (module or "labkit").partition(".")
    return top in PACKAGES and not (inner and sys.modules.get(top))


def _is_of_a_library(error):
    """Was it a library, and not labkit, that imported what was not found?"""
    asking = [file for file in files(error) if "importlib" not in file]
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return (
        bool(asking) and "site-packages" in asking[-1] and not asking[-1].startswith(os.path.join(ours, ""))
    )


def where_to_report() -> str:
    """One line for below a traceback: whose fault it is, and who wants to know of it."""
    import platform

    from labkit import __version__

    # By its name: the rooms come after this one, and this module must work when they do not.
    repository = importlib.import_module("labkit.authoring.address").REPOSITORY
    to = "to the course's authors"
    if repository != "OWNER/REPO":
        to = f"at https://github.com/{repository}/issues"
    versions = f"labkit {__version__}, Python {platform.python_version()}, {platform.system()}"
    return (
        f"This is a fault of labkit's, not yours. Please report it {to}, with the lines above ({versions})."
    )


def prepare_streams():
    """Let nothing that is printed fail for the letters in it, nor for a stream that was closed."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        # In place of those that are closed: else the next file that is opened gets their number.
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
        sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)
        sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _require_folder():
    if folder_is_gone():
        raise LabkitError(GONE)


def _flush():
    if sys.stdout is not None:
        sys.stdout.flush()


def _give_up_stdout():
    """Nothing more can be written there: Python would complain of it once more at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
