"""The folders of a course, and the labs in them."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from labkit import exercises
from labkit.authoring.answers import answer_problems
from labkit.authoring.package import Package, is_whole
from labkit.authoring.source import SourceCell, read_source
from labkit.authoring.validate import problems
from labkit.exercises.report import passing_report
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_text, reading

ADDRESS_FILE = "labkit/authoring/address.py"
_ADDRESS = re.compile(r'^(REPOSITORY|BRANCH|TAG|HUB) = "([^"\n]*)"$', re.MULTILINE)
NOWHERE = "OWNER/REPO"  # the repository of a course that has not been published yet


@dataclass(frozen=True)
class Address:
    """Where the course is published: GitHub's OWNER/REPO and its branch.

    tag: of the release that the notebooks install and the badges open; "" for the newest state of the branch.
    hub: the class's own JupyterHub with nbgitpuller; "" where there is none.
    """

    repository: str
    branch: str
    tag: str = ""
    hub: str = ""

    @property
    def is_published(self):
        """Is there something behind the links?"""
        return self.repository != NOWHERE

    @property
    def ref(self):
        """What is opened: the release, or the branch."""
        return self.tag or self.branch


@dataclass(frozen=True)
class Lab:
    """A lab: its source cells and the module that holds its exercises (EXERCISES, TITLE, SLUG)."""

    number: str
    slug: str
    cells: list[SourceCell]
    module: ModuleType

    @property
    def exercises(self):
        """Exercise name -> (its place in the lab, counted from 1, and the exercise)."""
        return {task.name: (place, task) for place, task in enumerate(self.module.EXERCISES, 1)}


class Project:
    """A checkout of the course.

    root: its folder.
    lookup: lab number -> the lab's package (labkit.exercises.labNN).
    passing: exercise -> the mime bundle that its check shows for a right answer.
    """

    def __init__(self, root, lookup=exercises.get, passing=None):
        self.root = Path(root)
        self.lookup = lookup
        self.passing = passing or (lambda exercise: passing_report(exercise)._repr_mimebundle_())

    @classmethod
    def here(cls, folder=None):
        """The checkout that the current folder lies in. Raises LabkitError outside of one."""
        start = Path(folder or Path.cwd()).resolve()
        with reading(start):
            for candidate in (start, *start.parents):
                if (candidate / "notebooks" / "source").is_dir() and (candidate / ADDRESS_FILE).is_file():
                    return cls(candidate)
        raise LabkitError(
            f"{start} is not in a checkout of the course (no folder notebooks/source here or above). "
            "Clone the repository, go into its folder and run the command there."
        )

    def source_path(self, slug):
        """What the author writes."""
        return self.root / "notebooks" / "source" / f"{slug}.py"

    def student_path(self, slug):
        """What a student opens: committed."""
        return self.root / "notebooks" / f"{slug}.ipynb"

    def solution_path(self, slug):
        """With solutions and reference outputs: not committed."""
        return self.root / "build" / "solutions" / f"{slug}.ipynb"

    def reference_path(self, number):
        """The texts of a lab's key figures: committed."""
        return self.root / "tests" / "notebooks" / "reference" / f"{number}.json"

    @property
    def readme_path(self):
        """Holds the table of labs with their badges."""
        return self.root / "README.md"

    def slugs(self):
        """The labs that have a source: ["01_mlm_fill_in_blank", ...]."""
        sources = (self.root / "notebooks" / "source").glob("[0-9][0-9]_*.py")
        return sorted(path.stem for path in sources if path.is_file())

    def numbers(self):
        """The labs that have a source or a package: ["01", ...]."""
        packages = (self.root / "labkit" / "exercises").glob("lab[0-9][0-9]/__init__.py")
        return sorted({slug[:2] for slug in self.slugs()} | {path.parent.name[-2:] for path in packages})

    def slug(self, number):
        """A lab's source: "01" -> "01_mlm_fill_in_blank". Raises LabkitError where there is none."""
        found = [slug for slug in self.slugs() if slug[:2] == number]
        if not found:
            known = ", ".join(slug[:2] for slug in self.slugs()) or "none"
            raise LabkitError(f"There is no lab {number!r}. The labs are: {known}.")
        return found[0]

    def module(self, number):
        """A lab's package. Raises LabkitError that names every fault of it as FILE:LINE."""
        package = Package(self.root, number)
        module = package.load(self.lookup)
        found = package.problems(module)
        if found:
            raise LabkitError("\n".join(found))
        return module

    def lab(self, slug):
        """Read and validate one lab. Raises LabkitError that names every fault as FILE:LINE."""
        path, found, module = self.source_path(slug), [], None
        shown, package = path.relative_to(self.root).as_posix(), Package(self.root, slug[:2])
        try:
            module = package.load(self.lookup)
            found += package.problems(module)
        except LabkitError as error:
            located = re.match(r"\S+:\d+: ", str(error))
            found.append(str(error) if located else f"{shown}:1: {error} {self._package_advice(slug[:2])}")
        if not found:
            found += answer_problems(self.root, slug[:2], module)
        try:
            cells = read_source(read_text(path), shown)
        except UnicodeDecodeError as error:
            found.append(f"{shown}:1: not a text in UTF-8: {error}")
        except LabkitError as error:
            found.append(str(error))
        else:
            known = module if is_whole(module) else None
            found += [f"{shown}:{line}: {message}" for line, message in problems(cells, known, slug)]
        if found:
            raise LabkitError("\n".join(found))
        return Lab(slug[:2], slug, cells, module)

    def _package_advice(self, number):
        """Why a source has no package: it is to be written, or another copy of labkit is running."""
        folder = f"labkit/exercises/lab{number}"
        if not (self.root / folder / "__init__.py").is_file():
            return f"Expected its exercises in {folder}/ (`labkit new` writes a lab with all its files)."
        running = Path(exercises.__file__).parents[1]
        return (
            f"{folder}/ is there, but the labkit that runs is another copy, in {running}: install this one "
            "(`python -m pip install -e .` in its folder)."
        )

    def address(self):
        """The course's address, read from the file (a running process may have imported an older one)."""
        path = self.root / ADDRESS_FILE
        found = dict(_ADDRESS.findall(read_text(path)))
        missing = {"REPOSITORY", "BRANCH"} - set(found)
        if missing:
            raise LabkitError(f'{ADDRESS_FILE}: no line such as {sorted(missing)[0]} = "..." in it.')
        return Address(found["REPOSITORY"], found["BRANCH"], found.get("TAG", ""), found.get("HUB", ""))

    def set_address(self, repository, tag="", hub=""):
        """Write where the course is published into the one place; the branch stays."""
        self.address()
        path = self.root / ADDRESS_FILE
        text, new = read_text(path), {"REPOSITORY": repository, "TAG": tag, "HUB": hub}
        missing = new.keys() - dict(_ADDRESS.findall(text))  # of a copy older than these lines
        text += "".join(f'{name} = ""\n' for name in new if name in missing)
        write_text(path, _ADDRESS.sub(lambda m: f'{m[1]} = "{new.get(m[1], m[2])}"', text))
