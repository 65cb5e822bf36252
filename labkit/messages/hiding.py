"""Files of the user's that hide a module: a `torch.py` in the working folder is what `import torch` finds.

Notebooks, scripts and `python -m` look for modules in their own folder first. Only what Python's standard
library and the packages that labkit needs are called is of interest here.
"""

import importlib.machinery
import os
import sys
from collections.abc import Iterator

from labkit.messages import LabkitError

SUFFIXES = sorted(importlib.machinery.all_suffixes(), key=len, reverse=True)
WHY = "hides the module {name}, which labkit needs: Python finds yours and takes it for that"
REMEDY = "Rename it, and start again (in a notebook: restart the kernel)."
COURSE = os.path.join("authoring", "address.py")  # a folder labkit/ that has it is the course's own


def hiding() -> list[tuple[str, str]]:
    """[(module, path)] of files and folders that hide a module which labkit needs, in order of paths."""
    return [(name, path) for name, path, folder in _modules() if _is_needed(name, folder)]


def blamed(error: BaseException) -> str:
    """What to say of an error that came from a file which hides a module, or "" where none has caused it."""
    for name, path, folder in _modules():
        # What we have said of something ourselves is often right, whatever else was loaded.
        suspect = _lacks(error, name) if isinstance(error, LabkitError) else True
        # Whether it is needed comes last: to find out takes modules that may be hidden, too.
        if (_is_in(error, path) or suspect and _is_loaded(name, path)) and _is_needed(name, folder):
            return f"{path} {WHY.format(name=name)}. {REMEDY}"
    return ""


def _modules():
    """(name, path, folder) of every module that Python finds before its own, but for the course itself."""
    for folder in _folders():
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # gone, or not to be read: then nothing is imported from it either
            continue
        for entry in entries:
            name = _module(entry)
            if name and not _is_the_course(name, entry):
                yield name, entry.path, folder


def _folders():
    """The working folder, and what else Python looks into before its own library."""
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        return []
    folders = [here]
    for entry in sys.path:
        folder = os.path.abspath(entry)
        if _is_inside(folder, sys.base_prefix):
            break
        if folder not in folders and not _is_inside(folder, sys.prefix):
            folders.append(folder)
    return folders


def _is_inside(path, folder):
    return path == folder or path.startswith(os.path.join(folder, ""))


def _module(entry):
    """The name of the module that a file or a package's folder is, or ""."""
    if "." not in entry.name:
        inits = ("__init__" + suffix for suffix in SUFFIXES)
        return entry.name if any(os.path.isfile(os.path.join(entry.path, init)) for init in inits) else ""
    return next((entry.name.removesuffix(end) for end in SUFFIXES if entry.name.endswith(end)), "")


def _is_needed(name, folder):
    if name in sys.stdlib_module_names:
        # What is built in or frozen is found before any folder is looked into.
        finders = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
        return not any(finder.find_spec(name) for finder in finders)
    if name == "labkit":
        return True
    others = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    spec = importlib.machinery.PathFinder.find_spec(name, others)
    return spec is not None and spec.origin is not None and _is_of_a_needed_package(name)


def _is_of_a_needed_package(name):
    """Does a module belong to labkit's requirements, or to theirs? True where that can't be told."""
    import importlib.metadata as metadata

    from packaging.requirements import Requirement

    needed, waiting = set(), ["labkit"]
    while waiting:
        package = _canonical(waiting.pop())
        if package in needed:
            continue
        try:
            declared = metadata.requires(package) or []
        except metadata.PackageNotFoundError:
            if package == "labkit":
                return True  # it runs from a folder and declares nothing
            continue
        needed.add(package)
        for text in declared:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return any(_canonical(package) in needed for package in metadata.packages_distributions().get(name, ()))


def _canonical(package):
    return package.lower().replace("_", "-").replace(".", "-")


def _is_the_course(name, entry):
    return name == "labkit" and os.path.isfile(os.path.join(entry.path, COURSE))


def _is_loaded(name, path):
    """Is it this file, or a file of this folder, that Python has for the module?"""
    origin = getattr(sys.modules.get(name), "__file__", None)
    return bool(origin) and _is_inside(os.path.abspath(origin), path)


def _is_in(error, path):
    """Was this file, or a file of this folder, running or being read when the error came?"""
    for cause in chain(error):
        if isinstance(cause, SyntaxError) and cause.filename and _is_inside(cause.filename, path):
            return True
        if any(_is_inside(os.path.abspath(file), path) for file in files(cause)):
            return True
    return False


def _lacks(error, name):
    """Did something look in this module for what is not in it?"""
    for cause in chain(error):
        if isinstance(cause, ImportError) and (cause.name or "").split(".")[0] == name:
            return True
        if isinstance(cause, AttributeError) and cause.obj is not None and cause.obj is sys.modules.get(name):
            return True
    return False


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it came from, what that came from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def files(error: BaseException) -> Iterator[str]:
    """The files that were running when the error came, as Python names them; the outermost first."""
    frame = error.__traceback__
    while frame is not None:
        yield frame.tb_frame.f_code.co_filename
        frame = frame.tb_next
