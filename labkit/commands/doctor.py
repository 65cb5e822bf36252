"""`labkit doctor`: what is right with this machine and what to fix, a line each.

The lines of `labkit.start` (labkit/machine.py), and what takes seconds or matters to the disk alone.
"""

import importlib.metadata
import os
import shutil
import sys
import threading
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labkit import machine
from labkit.files.paths import cache_dir, models_dir
from labkit.files.safe_files import read_checksums, wrong_files
from labkit.machine import Line, size
from labkit.messages import LabkitError
from labkit.models.loading import BUNDLED

DISK_NEEDED = 1.0e9  # bytes
NETWORK_SECONDS = 3.0


def report():
    """Look at everything and return a list of `Line`."""
    slow = [check_torch_build, check_models_whole, check_network, check_downloads, check_disk, check_sandbox]
    return machine.report() + machine.look(slow)


def check_torch_build():
    """A CUDA build where no GPU can use it works, and takes several GB for nothing."""
    import torch

    if torch.version.cuda is None:
        return [Line("torch build", True, "CPU")]
    if torch.cuda.is_available():
        return [Line("torch build", True, f"CUDA {torch.version.cuda}; GPU {torch.cuda.get_device_name(0)}")]
    if "COLAB_RELEASE_TAG" in os.environ:
        return [Line("torch build", True, "CUDA, as Colab has it; the labs run on its CPU too")]
    names = " ".join(only_for("torch"))
    remedy = (
        "The labs run with it, but it fills several GB of disk. One command frees them: python -m pip "
        f"uninstall -y {names}. Labkit then needs the CPU build: python -m pip install uv, then python -m uv "
        f'pip install --python "{sys.executable}" --torch-backend cpu torch.'
    )
    text = f"{torch.__version__} is a CUDA build, and no GPU here can use it"
    return [Line("torch build", False, text, remedy)]


def only_for(package):
    """The package and all that was installed for it alone, to be uninstalled with it, by their metadata."""
    needs, always, asked = {}, {}, set()
    for found in importlib.metadata.distributions():
        name = canonicalize_name(found.metadata["Name"])
        needs[name] = [Requirement(text) for text in found.requires or ()]
        always[name] = {canonicalize_name(one.name) for one in _wanted(needs[name], ())}
        if found.read_text("REQUESTED") is not None:
            asked.add(name)  # somebody wanted it for itself
    gone, seen, waiting = {package}, set(), [(package, ())]
    while waiting:
        name, extras = waiting.pop()
        for one in _wanted(needs.get(name, ()), extras):  # cuda-toolkit's are extras that torch asks for
            step = canonicalize_name(one.name), tuple(sorted(one.extras))
            if step not in seen and step[0] in needs.keys() - asked:
                seen.add(step)
                gone.add(step[0])
                waiting.append(step)
    kept = True
    while kept:  # what something else needs stays, and so does what that needs
        others = set().union(*(always[name] for name in always.keys() - gone))
        kept = (gone & others) - {package}
        gone -= kept
    return [package, *sorted(gone - {package})]


def _wanted(requirements, extras):
    """Those that hold on this machine, with these extras."""
    return [
        one
        for one in requirements
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def check_models_whole():
    """Compare the bundled models' files with their checksums."""
    lines = []
    for name in BUNDLED.values():
        expected = read_checksums(models_dir() / name)
        wrong = wrong_files(models_dir() / name, expected) if expected else ["SHA256SUMS"]
        if wrong:
            remedy = (
                "Something was changed or cut short: install labkit again, or restore the files with git."
            )
            lines.append(Line(name, False, f"{', '.join(wrong)}: not as shipped", remedy))
        else:
            lines.append(Line(name, True, f"{len(expected)} files match their checksums"))
    return lines


def check_network():
    """Can the model hub be reached? Everything in lab 01 works without: this never needs fixing."""
    from huggingface_hub import constants

    without = 'labkit.load with a hub name works only for models downloaded before; "bert" and "gpt" work'
    if constants.HF_HUB_OFFLINE:
        return [Line("network", True, f"switched off by HF_HUB_OFFLINE: {without}")]
    if reachable(constants.ENDPOINT):
        return [Line("network", True, "the model hub can be reached")]
    return [Line("network", True, f"the model hub cannot be reached: {without}")]


def reachable(address, seconds=NETWORK_SECONDS):
    """True if a web server answers there in time (any answer will do). Proxies are respected."""
    import urllib.error
    import urllib.request

    answered = threading.Event()

    def ask():
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds).close()
        except urllib.error.HTTPError:
            pass  # an answer all the same
        except (OSError, ValueError):
            return
        answered.set()

    # In a thread of its own, because looking a name up can take far longer than the timeout.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answered.is_set()


def check_downloads():
    """Where are downloads kept, and can they be written there?"""
    existing = _existing(cache_dir())
    ok = existing.is_dir() and os.access(existing, os.W_OK)
    remedy = "Nothing can be written there: set LABKIT_CACHE to a folder of yours."
    return [Line("downloads", ok, f"are kept in {cache_dir()}", remedy)]


def check_disk():
    """Is there room for the downloads?"""
    folder = _existing(cache_dir())
    free = shutil.disk_usage(folder).free
    remedy = f"Downloads need up to {size(DISK_NEEDED)}: make room, or set LABKIT_CACHE to another disk."
    return [Line("disk", free >= DISK_NEEDED, f"{size(free)} free for downloads", remedy)]


def check_sandbox():
    """Can answers be shut in? Only who grades needs that, so it is never to be fixed."""
    from labkit.grading.sandbox import require_sandbox

    try:
        require_sandbox()
    except LabkitError as error:
        why = str(error).split("there is none here: ")[1].split("\n")[0]
        return [Line("sandbox", True, f"none, which matters only to who grades here: {why}")]
    return [Line("sandbox", True, "labkit grade can shut answers in")]


def run_doctor(args=None):
    """Print the report; return the exit status: 1 if anything is to be fixed."""
    lines = report()
    for line in lines:
        print(line)
    to_fix = sum(not line.ok for line in lines)
    print(f"{to_fix} to fix." if to_fix else "All is well.")
    return 1 if to_fix else 0


def _existing(folder):
    """The folder itself, or its nearest parent that exists."""
    return next((path for path in (folder, *folder.parents) if path.exists()), Path.cwd())
