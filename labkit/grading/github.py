"""A class on GitHub: `labkit classroom DIR` makes a repository grade itself, with the command `labkit grade`.

Nothing is used but GitHub itself and actions that it keeps: no GitHub Classroom, which was retired in August
2026. The points are an annotation of the run ("Points 12/20") and stand on its page, in any repository.
"""

import os
from html import escape
from pathlib import Path

from labkit import exercises
from labkit.authoring.project import Project
from labkit.files.safe_files import write_text
from labkit.grading.scripts import filled, lab_options
from labkit.grading.web import shown_lines
from labkit.messages import LabkitError
from labkit.messages.named import reading, writing

WORKFLOW = Path(".github") / "workflows" / "grade.yml"
MADE = "# Written by `labkit classroom`."
NOTES, TEXT = (
    30,
    20_000,
)  # notes, and characters of a text, that the run's page shows: GitHub takes 1 MB of it


def add_classroom_arguments(parser):
    """Declare the options of `labkit classroom` on an argparse parser."""
    parser.add_argument("folder", type=Path, help="the assignment's repository, which students copy or fork")
    parser.add_argument(
        "--lab", action="append", metavar="NN", required=True, help="this lab (may be given several times)"
    )


def run_classroom(args, project=None):
    """The command; returns its exit status."""
    for path in set_up(args.folder, args.lab, project or Project.here()):
        print(f"wrote {path}")
    print("Commit them and share the repository: as a template (Settings, Template repository) or for forks.")
    print(
        "In a fork, Actions have to be switched on once, in its tab Actions. GitHub Classroom is not needed."
    )
    return 0


def set_up(folder, labs, project):
    """Write the workflow and the labs' notebooks into `folder`; returns the paths written.

    A notebook that is there already stays. Raises LabkitError rather than replacing somebody's workflow, and
    while the course has no address from which it could be installed.
    """
    folder, address = Path(folder), project.address()
    options = lab_options(labs)
    if not address.is_published:
        raise LabkitError(
            "The workflow installs the course from GitHub, and this copy does not say where it lies: "
            "run labkit links OWNER/REPO first."
        )
    with reading(folder):
        there = folder.is_dir()
    if not there:
        raise LabkitError(f"{folder} is not a folder. Give the checkout of the assignment's repository.")
    target = folder / WORKFLOW
    with reading(target):
        taken = target.exists() and not target.read_bytes().startswith(MADE.encode())
    if taken:
        raise LabkitError(f"{target} is a workflow that labkit classroom has not written: rename it first.")
    text = filled("grade.yml", REPOSITORY=address.repository, REF=address.ref, LABS=options)
    write_text(target, text)
    written = [target]
    for number in labs:
        source = project.student_path(exercises.get(number).SLUG)
        if not (folder / source.name).exists():
            with reading(source):
                content = source.read_bytes()
            with writing(folder / source.name):
                (folder / source.name).write_bytes(content)
            written.append(folder / source.name)
    return written


def report(grades):
    """Say the points where GitHub shows them: as annotations of the run, and on its page.

    Only numbers are printed: a line of a student's could be a command to the runner.
    """
    points, most = sum(g.points for g in grades), sum(g.max_points for g in grades)
    print(f"::notice title=labkit grade::Points {points}/{most}")
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with (
            writing(path, "GITHUB_STEP_SUMMARY"),
            open(path, "a", encoding="utf-8", errors="replace") as file,
        ):
            file.write("\n".join(page(grade) for grade in grades))


def page(grade):
    """One grade for the run's page: Markdown that shows a student's text as it stands."""
    lines = [f"## Lab {escape(grade.lab)}: {grade.points} of {grade.max_points} points", ""]
    notes = [note for note in [grade.problem, *grade.notes] if note]
    lines += [f"<p>{_shown(note)}</p>" for note in notes[:NOTES]]
    for one in grade.exercises:
        first = one["text"].strip().split("\n")[0] or one["exercise"]
        lines.append(f"<details><summary>{_shown(first)}</summary>")
        lines.append(f"<pre>{_shown(one['text'])}</pre></details>")
    return "\n".join(lines) + "\n"


def _shown(text):
    """Escaped, and without an empty line, at which Markdown would begin anew."""
    return shown_lines(text, TEXT).replace("\n", "<br>")
