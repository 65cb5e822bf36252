"""What belongs to a lab beside its source and its package, and files that no lab finds."""

import re

from labkit.authoring.protect import UNKNOWN, work_in

SOURCE_NAME = re.compile(r"[0-9]{2}_[a-z0-9]+(_[a-z0-9]+)*")
BESIDE = {  # what every lab has, by its number; each is found by this name
    "tests/exercises/test_lab{}.py": "STYLES: right answers of another style than ours, which must pass",
    "tests/browser/answers/lab{}.py": "ANSWER: the mistake and the right answer that a browser types in",
}


def missing(project, numbers=None):
    """Faults as lines FILE:LINE: message.

    numbers: of the labs that are asked about; None for all, and for files that belong to none.
    """
    found = []
    for number in numbers or project.numbers():
        slugs = [slug for slug in project.slugs() if slug[:2] == number]
        package = f"labkit/exercises/lab{number}/__init__.py"
        if not slugs:
            said = f"a lab without a source; expected notebooks/source/{number}_NAME.py"
            found.append(f"{package}:1: {said} (`labkit new` writes a lab with all its files)")
        for slug in slugs[1:]:
            found.append(f"notebooks/source/{slug}.py:1: lab {number} has a source already: {slugs[0]}.py")
        for form, what in BESIDE.items():
            path = form.format(number)
            if slugs and not (project.root / path).is_file():
                found.append(f"{path}:1: missing. Every lab has it, with {what}; see the file of another lab")
    return found if numbers else found + _strays(project) + _left_over(project)


def _left_over(project):
    """Files of a lab that is gone. They are named and never deleted: a notebook may hold work."""
    found, slugs, numbers = [], project.slugs(), project.numbers()
    for path in sorted((project.root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if path.stem in slugs or not path.is_file():
            continue
        work = work_in(path.read_bytes().decode("utf-8", "replace"))
        copy = work and path.name[:2] in numbers  # 01_mine.ipynb, saved under another name as we advise
        if work != UNKNOWN and not copy:  # one that somebody wrote by hand is theirs
            keep = f"it is kept, for {work}: save it under another name" if work else "delete it"
            found.append(f"notebooks/{path.name}:1: no source gives this notebook; {keep}")
    for form in (
        "tests/exercises/test_lab*.py",
        "tests/browser/answers/lab*.py",
        "tests/notebooks/reference/*.json",
    ):
        for path in sorted(project.root.glob(form)):
            number = re.fullmatch(r"(?:test_lab|lab)?([0-9]{2})(?:_\w+)?", path.stem)
            if number and number[1] not in numbers and path.is_file():
                shown = path.relative_to(project.root).as_posix()
                found.append(f"{shown}:1: there is no lab {number[1]}; delete this file, or add its source")
    return found


def _strays(project):
    """Sources and packages whose names no lab finds."""
    found = []
    for path in sorted((project.root / "notebooks" / "source").glob("*.py")):
        hidden = path.name.startswith(".") or not path.is_file()  # an editor's lock, a link to nowhere
        if not hidden and not SOURCE_NAME.fullmatch(path.stem):
            said = "expected a name of two digits and small letters, as 06_my_lab.py"
            found.append(f"notebooks/source/{path.name}:1: not a lab's source: {said}")
    exercises = project.root / "labkit" / "exercises"
    for path in sorted(exercises.glob("lab*")):
        modules = sorted(path.glob("*.py"))
        shown = f"labkit/exercises/{path.name}"
        if modules and not (path / "__init__.py").is_file():
            found.append(f"{shown}/{modules[0].name}:1: {shown}/ has no __init__.py, so it is no lab")
        elif modules and not re.fullmatch("lab[0-9]{2}", path.name):
            found.append(
                f"{shown}/__init__.py:1: expected a lab's folder to be called labNN, with two digits"
            )
    return found
