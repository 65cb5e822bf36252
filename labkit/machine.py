"""What is right with this machine and what to fix, a line each: what `labkit.start` looks at in a moment.

`labkit doctor` says the same lines and those that take seconds (commands/doctor.py). Nothing is downloaded
or changed, and torch is the only heavy import.
"""

import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from labkit.files.paths import models_dir
from labkit.messages import causes, hiding
from labkit.models.loading import BUNDLED

PYTHONS = ((3, 10), (3, 14))  # oldest and newest, as in pyproject.toml
MEMORY_NEEDED, MEMORY_FREE_NEEDED = 1.0e9, 0.5e9  # bytes
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


def report():
    """What can be seen in a moment, as a list of `Line`."""
    quick = [check_python, check_packages, check_file_names, check_settings, check_torch, check_memory]
    return look([*quick, check_models])


def look(checks):
    """The lines of all the checks; of one that breaks, a line that says so."""
    lines = []
    for check in checks:
        try:
            lines += check()
        except Exception as error:  # whatever is broken here, the other lines must still be said
            topic = check.__name__.removeprefix("check_").replace("_", " ")
            remedy = causes.blamed(error) or "Please report this line to the course's authors."
            lines.append(
                Line(topic, False, f"could not be looked at ({type(error).__name__}: {error})", remedy)
            )
    return lines


def check_python():
    """Is it a Python that labkit supports?"""
    oldest, newest = (".".join(map(str, version)) for version in PYTHONS)
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    version = sys.version_info[:2]
    if PYTHONS[0] <= version <= PYTHONS[1]:
        return [Line("Python", True, text)]
    text += ", which is too old" if version < PYTHONS[0] else ", which is too new"
    return [Line("Python", False, text, f"labkit needs Python {oldest} to {newest}: install one of them.")]


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


def check_file_names():
    """A line for each file in the working folder that hides a module, as a `torch.py` hides torch."""
    return [
        Line("file names", False, f"{path} {hiding.WHY.format(name=name)}", hiding.REMEDY)
        for name, path in hiding.hiding()
    ]


def check_settings():
    """A line for each variable of the environment that is set to what nothing can be made of."""
    lines = []
    models = os.environ.get("LABKIT_MODELS", "")
    if models not in ("", "bundled", "hub"):
        remedy = 'It can be "bundled" (the default) or "hub": set it to one of them, or unset it.'
        lines.append(Line("LABKIT_MODELS", False, f"is {models!r}", remedy))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        threads = os.environ.get(name, "")
        if threads and not all(part.strip().isdigit() and int(part) > 0 for part in threads.split(",")):
            remedy = "It is a number of threads, 1 or more: set it to one, or unset it."
            lines.append(Line(name, False, f"is {threads!r}", remedy))
    for name in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):  # in seconds
        seconds = os.environ.get(name, "")
        if seconds and not (seconds.strip().isdecimal() and int(seconds) > 0):
            remedy = "It is a whole number of seconds, 1 or more: set it to one, or unset it."
            lines.append(Line(name, False, f"is {seconds!r}", remedy))
    return lines


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
        return [Line("torch", False, f"does not load ({reason})", causes.blamed(error) or remedy)]
    cores = os.cpu_count()
    return [Line("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads on {cores} cores")]


def check_memory():
    """Is there memory enough for the labs?"""
    import psutil

    machine = psutil.virtual_memory()
    total, free = machine.total, machine.available
    limit, used = container_memory()
    where = ""
    if limit is not None and limit < total:
        total, free, where = limit, min(free, max(0, limit - used)), " (this container's limit)"
    text = f"{size(free)} free of {size(total)}{where}"
    if total < MEMORY_NEEDED:
        return [Line("memory", False, text, f"The labs need {size(MEMORY_NEEDED)}: use a larger machine.")]
    if free < MEMORY_FREE_NEEDED:
        remedy = f"The labs need {size(MEMORY_FREE_NEEDED)} free: shut down other notebooks and programs."
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
    missing = [name for name in BUNDLED.values() if not (models_dir() / name / "config.json").is_file()]
    if missing:
        remedy = "Install labkit again, or get a whole copy of the repository: the models are part of it."
        return [Line("bundled models", False, f"{' and '.join(missing)} not found in {models_dir()}", remedy)]
    return [Line("bundled models", True, f"bert-mini and gpt-mini in {models_dir()}")]


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


def size(bytes_):
    """A number of bytes in GB, to be read."""
    return f"{bytes_ / 1e9:.1f} GB"
