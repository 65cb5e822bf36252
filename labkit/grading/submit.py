"""`labkit submit`: a student's own check before handing in, and what small classes grade with nbval."""

from pathlib import Path

from labkit.authoring.notebook import to_text
from labkit.authoring.project import Project
from labkit.files.safe_files import write_text
from labkit.grading.cells import Unreadable
from labkit.grading.splice import read_submission, splice
from labkit.messages import LabkitError
from labkit.messages.named import reading


def add_submit_arguments(parser):
    """Declare the options of `labkit submit` on an argparse parser."""
    parser.add_argument("notebook", type=Path, help="your notebook, saved")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="what to write (default: build/submit/ and its name)"
    )


def run_submit(args):
    """The command: write the spliced notebook, say what was found; 1 when an answer is missing."""
    project = Project.here()
    submission, target = submit(args.notebook, project, args.output)
    for note in submission.notes:
        print(note)
    for name, answer in submission.answers.items():
        print(f"{'[ok]' if answer.code else '[  ]'} {name}{': ' + answer.problem if answer.problem else ''}")
        for note in answer.notes:
            print(f"     {note}")
    print(f"Wrote {target}. Grade it with: python -m pytest --nbval-lax {target}")
    return 0 if len(submission.found) == len(submission.answers) else 1


def submit(path, project, output=None):
    """Splice the notebook at `path`, which is only read; returns (Submission, the file written).

    Raises LabkitError when it can't be read, and rather than writing over a file that `submit` has not made.
    """
    path = Path(path)
    with reading(path):
        content = path.read_bytes()
    try:
        submission = read_submission(content, project)
    except Unreadable as error:
        raise LabkitError(f"{path}: {error}") from None
    target = Path(output) if output else project.root / "build" / "submit" / f"{path.stem}.ipynb"
    with reading(target):
        taken = target.exists() and (target.samefile(path) or b'"spliced": true' not in target.read_bytes())
    if taken:
        raise LabkitError(f"{target} is a file that labkit submit has not made: choose another --output.")
    write_text(target, to_text(splice(submission, project)))
    return submission, target
