"""`labkit grade`: a folder of submissions to grades, feedback pages and a picture of the class."""

import unicodedata
from pathlib import Path

from labkit import exercises
from labkit.arguments import at_least_one
from labkit.authoring.project import Project
from labkit.grading import SEED, github
from labkit.grading.classroom import Classroom
from labkit.grading.reports import write_all
from labkit.grading.tally import summary
from labkit.messages import LabkitError


def add_grade_arguments(parser):
    """Declare the options of `labkit grade` on an argparse parser."""
    parser.add_argument(
        "folder", type=Path, help="the submissions: folders, zip files or notebooks by student"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("build") / "grades", metavar="DIR", help="where the grades go"
    )
    parser.add_argument(
        "--lab", action="append", metavar="NN", help="only this lab (may be given several times)"
    )
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the inputs that are drawn")
    parser.add_argument("--workers", type=at_least_one, default=2, metavar="N", help="answers at once (2)")
    parser.add_argument("--roster", type=Path, metavar="FILE", help="the students' names, one a line")
    parser.add_argument(
        "--student", metavar="NAME", help="everything in the folder is this one student's work"
    )
    walls = parser.add_mutually_exclusive_group()
    walls.add_argument(
        "--no-sandbox", dest="sandbox", action="store_false", help="only where you trust every submission"
    )
    walls.add_argument(
        "--container",
        metavar="USER",
        help="this machine is a container that holds one student's work: run the answers as USER, within "
        "limits on time, memory and processes, without a sandbox of our own",
    )
    parser.add_argument(
        "--github", action="store_true", help="in a GitHub workflow: report the points to it as well"
    )


def run_grade(args):
    """The command; returns 0 when everything was graded, whatever the grades."""
    for number in args.lab or ():
        exercises.get(number)
    from transformers.utils import logging

    logging.disable_progress_bar()  # of the models that references load: one bar is enough
    room = Classroom(
        args.folder,
        args.output,
        Project.here(),
        labs=args.lab,
        seed=args.seed,
        # A single student gets a zero, too, for a lab that is not there.
        roster=[args.student] if args.student else read_roster(args.roster),
        student=args.student,
    )
    grades = room.grade(args.workers, args.sandbox, user=args.container)
    written = write_all(grades, args.output)
    print(summary(grades))
    print(f"\n{written[0]}: the grades. Beside it: junit.xml, class.html (the picture of the class),")
    print("feedback/ with a page for each student, gradescope/ with a results.json for each.")
    if args.github:
        github.report(grades)
    return 0


def read_roster(path):
    """The names in a file, one a line, or None without a file. Raises LabkitError when it can't be read."""
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabkitError(f"The roster {path} can't be read: {error}.") from None
    return [unicodedata.normalize("NFC", line.strip()) for line in lines if line.strip()]
