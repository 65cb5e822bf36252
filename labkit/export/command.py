"""What `labkit export` exports: a lab as it is handed out, its solution, or a notebook of somebody's own."""

import os
from pathlib import Path

from labkit.authoring.notebook import student_notebook
from labkit.authoring.project import Project
from labkit.authoring.protect import work_in
from labkit.authoring.reference import run, solution_without_outputs
from labkit.authoring.solutions import BEGIN, END
from labkit.export.page import made_here, page, page_of, read
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import reading, writing


def add_export_arguments(parser):
    """Declare the options of `labkit export` on an argparse parser."""
    parser.add_argument(
        "what",
        metavar="LAB|NOTEBOOK",
        help="a lab's number, such as 02: the lab as handed out is run and written; "
        "or a notebook file: its outputs are written as they are, and nothing is run",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="what to write (default: build/export/, or beside the notebook)",
    )
    parser.add_argument("--solution", action="store_true", help="the lab with its solutions")


def run_export(args):
    """The command; returns its exit status."""
    if args.what.isdigit():
        target = export_lab(args.what.zfill(2), Project.here(), args.output, args.solution)
    elif args.solution:
        raise LabkitError("--solution goes with a lab's number, such as: labkit export 02 --solution")
    else:
        target = export_notebook(args.what, args.output)
    print(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB). It needs no network.")
    return 0


def export_notebook(path, output=None):
    """Write the page of a notebook file, which is only read; returns the page's path."""
    path = Path(path)
    with reading(path):
        is_folder = path.is_dir()
    if is_folder or path.suffix == ".html":
        raise LabkitError(f"{path} is not a notebook. Name a file that ends in .ipynb, or a lab such as 02.")
    notebook = read(path)
    target = _free(output or path.with_suffix(".html"), path)
    return _write(target, page_of(notebook, path))


def export_lab(number, project, output=None, solution=False):
    """Run a lab from its source and write its page; returns the page's path.

    With stubs unsolved the lab goes on with the course's own functions, so that every figure is there.
    """
    slug = next((slug for slug in project.slugs() if slug.startswith(number)), None)
    if slug is None:
        known = ", ".join(slug[:2] for slug in project.slugs())
        raise LabkitError(f"there is no lab {number}. There is {known}; a file's name ends in .ipynb.")
    name = f"{slug}_solution" if solution else slug
    target = _free(output or project.root / "build" / "export" / f"{name}.html")
    lab = project.lab(slug)
    notebook = solved(lab, project) if solution else student_notebook(lab, project.address())
    mine = project.student_path(slug)
    if not solution and mine.is_file() and work_in(mine.read_text(encoding="utf-8", errors="replace")):
        print(f"This is the lab as handed out. For what is in your notebook: labkit export {mine}")
    print(f"Running {slug}: about a minute ...", flush=True)
    run(notebook, project.root)
    return _write(target, page(notebook, slug, mine.parent))


def solved(lab, project):
    """The student's notebook with the solutions in place of the stubs."""
    answers = {
        cell.id: "\n".join(line for line in cell.source.split("\n") if line.strip() not in (BEGIN, END))
        for cell in solution_without_outputs(lab, project).cells
        if cell.id.startswith("solution-")
    }
    notebook = student_notebook(lab, project.address())
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    return notebook


def _free(target, source=None):
    """The path to write to; LabkitError when a file is there that this command has not made."""
    target = Path(target)
    with writing(target, "--output"):
        is_folder = target.is_dir()
        taken = not is_folder and target.exists() and (target == source or not made_here(target))
    if is_folder:
        raise LabkitError(f"{target} is a folder: name a file, such as {target / 'lab.html'}.")
    if taken:
        raise LabkitError(f"{target} is a file that labkit export has not made: choose another --output.")
    place = next((folder for folder in target.absolute().parents if folder.exists()), None)
    if place and place.is_dir() and not os.access(place, os.W_OK | os.X_OK):  # said before a lab is run
        raise LabkitError(f"Nothing can be written to {place}: choose another place with --output FILE.")
    return target


def _write(target, text):
    write_text(target, text)
    return target
