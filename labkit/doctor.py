"""`labkit doctor`: what is right with this machine and what to fix, a line each.

`report()` gives the same lines as data; `labkit.start` shows those of them that need fixing. Nothing is
downloaded or changed, and torch is the only heavy import.
"""

import importlib.metadata
import os
import platform
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from labkit import models
from labkit.paths import cache_dir, models_dir
from labkit.safe_files import read_checksums, wrong_files

PYTHONS = ((3, 10), (3, 13))  # oldest and newest, as in pyproject.toml
MEMORY_NEEDED, MEMORY_FREE_NEEDED, DISK_NEEDED = 1.0e9, 0.5e9, 1.0e9  # bytes
NETWORK_SECONDS = 3.0
BUNDLED = tuple(models.BUNDLED.values())  # bert-mini, gpt-mini
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Line:
    """One finding: what was looked at, whether it is right, what is there, and what to do if not."""

    topic: str
    ok: bool
    text: str
    remedy: str = ""

    def __str__(self):
        said = f"{'[ok] ' if self.ok else '[fix]'} {self.topic}: {self.text}"
        return said if self.ok else f"{said}\n      {self.remedy}"


def report(quick=False):
    """Look at everything and return a list of `Line`.

    Args:
        quick: leave out what takes seconds (network, checksums) or matters to the disk alone.
    """
    checks = [check_python, check_packages, check_torch, check_memory, check_models]
    if not quick:
        checks += [check_torch_build, check_models_whole, check_network, check_downloads, check_disk]
    lines = []
    for check in checks:
        try:
            lines += check()
        except Exception as error:  # whatever is broken here, the other lines must still be said
            topic = check.__name__.removeprefix("check_").replace("_", " ")
            remedy = "Please report this line to the course's authors."
            lines.append(
                Line(topic, False, f"could not be looked at ({type(error).__name__}: {error})", remedy)
            )
    return lines


def check_python():
    oldest, newest = (".".join(map(str, version)) for version in PYTHONS)
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    ok = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    return [Line("Python", ok, text, f"labkit needs Python {oldest} to {newest}: install one of them.")]


def check_packages():
    """Compare what is installed with the ranges in pyproject.toml."""
    from packaging.requirements import Requirement

    try:
        declared = importlib.metadata.requires("labkit") or []
    except importlib.metadata.PackageNotFoundError:
        return [
            Line("packages", True, "labkit runs from a folder, not installed: versions were not compared")
        ]
    lines, good = [], []
    for text in declared:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        wanted = f"{requirement.name}{requirement.specifier}"
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            lines.append(
                Line(requirement.name, False, "is not installed", f'python -m pip install "{wanted}"')
            )
            continue
        if requirement.specifier.contains(version, prereleases=True):
            good.append(f"{requirement.name} {version}")
        else:
            remedy = f'python -m pip install "{wanted}"'
            lines.append(Line(requirement.name, False, f"{version} is here, {wanted} is needed", remedy))
    return [Line("packages", True, ", ".join(good)), *lines]


def check_torch():
    """Torch is the one package that can be installed and still not load (a missing system library)."""
    try:
        import torch
    except (ImportError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = (
            'Install it again: python -m pip install --force-reinstall "torch>=2.9". '
            "On Windows also install the Microsoft Visual C++ Redistributable."
        )
        return [Line("torch", False, f"does not load ({reason})", remedy)]
    cores = os.cpu_count()
    return [Line("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads on {cores} cores")]


def check_torch_build():
    """A CUDA build where no GPU can use it works, and takes several GB for nothing."""
    import torch

    if torch.version.cuda is None:
        return [Line("torch build", True, "CPU")]
    if torch.cuda.is_available():
        return [Line("torch build", True, f"CUDA {torch.version.cuda}; GPU {torch.cuda.get_device_name(0)}")]
    if "COLAB_RELEASE_TAG" in os.environ:
        return [Line("torch build", True, "CUDA, as Colab has it; the labs run on its CPU too")]
    remedy = (
        "The labs run with it, but it fills several GB of disk. To have the CPU build instead: python -m pip "
        "uninstall torch, then python -m pip install torch --index-url ADDRESS, with the address of the CPU "
        'index that PyTorch\'s page "Get Started" gives.'
    )
    text = f"{torch.__version__} is a CUDA build, and no GPU here can use it"
    return [Line("torch build", False, text, remedy)]


def check_memory():
    import psutil

    machine = psutil.virtual_memory()
    total, free = machine.total, machine.available
    limit, used = container_memory()
    where = ""
    if limit is not None and limit < total:
        total, free, where = limit, min(free, max(0, limit - used)), " (this container's limit)"
    text = f"{_size(free)} free of {_size(total)}{where}"
    if total < MEMORY_NEEDED:
        return [Line("memory", False, text, f"The labs need {_size(MEMORY_NEEDED)}: use a larger machine.")]
    if free < MEMORY_FREE_NEEDED:
        remedy = f"The labs need {_size(MEMORY_FREE_NEEDED)} free: shut down other notebooks and programs."
        return [Line("memory", False, text, remedy)]
    return [Line("memory", True, text)]


def container_memory(root=CGROUP, membership=Path("/proc/self/cgroup")):
    """(limit, used) in bytes of the control group this process is in, or (None, 0) where none limits it.

    Both generations of the Linux interface are read; of nested groups the tightest limit counts. What the
    kernel can give back at once (inactive file pages) does not count as used.
    """
    groups = [(root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")]
    try:
        paths = [
            line.split(":", 2)[2] for line in membership.read_text().splitlines() if line.startswith("0::")
        ]
    except OSError:
        paths = []
    for path in paths or ["/"]:
        inner = root / path.strip("/")
        for folder in (inner, *inner.parents):
            if folder == root or root in folder.parents:
                groups.append((folder, "memory.max", "memory.current", "inactive_file"))
    found = []
    for folder, limit_file, used_file, inactive in groups:
        limit, used = _number(folder / limit_file), _number(folder / used_file)
        if limit is not None and limit < 2**60:  # the first generation says "no limit" with a huge number
            found.append((limit, (used or 0) - _statistic(folder / "memory.stat", inactive)))
    return min(found, default=(None, 0))


def check_models():
    """Are both bundled models there? (Whether they are whole is `check_models_whole`.)"""
    missing = [name for name in BUNDLED if not (models_dir() / name / "config.json").is_file()]
    if missing:
        remedy = "Install labkit again, or get a whole copy of the repository: the models are part of it."
        return [Line("bundled models", False, f"{' and '.join(missing)} not found in {models_dir()}", remedy)]
    return [Line("bundled models", True, f"bert-mini and gpt-mini in {models_dir()}")]


def check_models_whole():
    """Compare the bundled models' files with their checksums."""
    lines = []
    for name in BUNDLED:
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
    folder = _existing(cache_dir())
    free = shutil.disk_usage(folder).free
    remedy = f"Downloads need up to {_size(DISK_NEEDED)}: make room, or set LABKIT_CACHE to another disk."
    return [Line("disk", free >= DISK_NEEDED, f"{_size(free)} free for downloads", remedy)]


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


def _number(path):
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _statistic(path, key):
    try:
        pairs = (line.split() for line in path.read_text().splitlines())
        return next((int(value) for name, value in pairs if name == key), 0)
    except (OSError, ValueError):
        return 0


def _size(size):
    return f"{size / 1e9:.1f} GB"
