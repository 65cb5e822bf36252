"""`labkit gradescope LAB`: the zip file that a Gradescope programming assignment asks for as its autograder.

It holds the course and two scripts: setup.sh installs it when Gradescope builds the image, run_autograder
grades one submission with `labkit grade`.
"""

import shlex
import zipfile
from pathlib import Path

from labkit import exercises
from labkit.authoring.project import Project
from labkit.files.safe_files import replacing
from labkit.grading.scripts import filled, lab_options
from labkit.messages import LabkitError
from labkit.messages.named import reading, writing

SCRIPTS = ("setup.sh", "run_autograder")
# What the course is installed from, and what `labkit grade` reads in a checkout.
COURSE = ("labkit", "data", "notebooks/source", "pyproject.toml", "constraints.txt", "README.md", "LICENSE")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
DATE = (1980, 1, 1, 0, 0, 0)  # the same course gives the same file


def add_gradescope_arguments(parser):
    """Declare the options of `labkit gradescope` on an argparse parser."""
    parser.add_argument("labs", nargs="+", metavar="LAB", help="what the assignment grades: 01, or 01 02")
    parser.add_argument(
        "--output", type=Path, default=Path("build") / "autograder.zip", metavar="FILE", help="what to write"
    )
    parser.add_argument(
        "--torch-index", default="", metavar="ADDRESS", help="PyTorch's CPU index (README: On Linux)"
    )


def run_gradescope(args, project=None):
    """The command; returns its exit status."""
    most = sum(task.points for number in args.labs for task in exercises.get(number).EXERCISES)
    path = write_zip(args.output, args.labs, project or Project.here(), args.torch_index)
    print(f"Wrote {path} ({path.stat().st_size / 1e6:.0f} MB).")
    print(f"In Gradescope: a programming assignment of {most} points; under Configure Autograder, upload it.")
    print("Give its container 1.5 GB of memory or more.")  # the solutions of all labs took 1.0 GB
    if not args.torch_index:
        print("Without --torch-index the image gets torch with CUDA, several GB that nobody needs there.")
    return 0


def write_zip(path, labs, project, torch_index=""):
    """Write the autograder for these labs, whole or not at all; returns its path.

    Raises LabkitError rather than replacing a file that is no autograder of ours.
    """
    path = Path(path)
    with reading(path, "--output"):
        taken = path.exists() and not _is_ours(path)
    if taken:
        raise LabkitError(f"{path} is a file that labkit gradescope has not made: choose another --output.")
    values = {"LABS": lab_options(labs), "TORCH_INDEX": shlex.quote(torch_index)}
    with (
        writing(path),
        replacing(path) as scratch,
        zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in SCRIPTS:
            _add(archive, name, filled(name, **values).encode(), mode=0o755)
        for file in course_files(project):
            with reading(file):
                content = file.read_bytes()
            _add(archive, file.relative_to(project.root).as_posix(), content, mode=0o644)
    return path


def course_files(project):
    """The course's own files, sorted."""
    found = []
    for name in COURSE:
        top = project.root / name
        found += [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file())
    return [path for path in found if not LEFT_OUT & set(path.parts)]


def _add(archive, name, content, mode):
    info = zipfile.ZipInfo(name, DATE)
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _is_ours(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return {*SCRIPTS, "labkit/grading/gradescope.py"} <= set(archive.namelist())
    except zipfile.BadZipFile:
        return False
