"""`labkit grade`: a folder of submissions to grades, feedback pages and a picture of the class."""

import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

from labkit import exercises
from labkit.arguments import seed, threads
from labkit.authoring.project import Project
from labkit.grading import SEED, github
from labkit.grading.classroom import Classroom
from labkit.grading.gaps import absent, remarks
from labkit.grading.grades import printable
from labkit.grading.kept import only_one, writing
from labkit.grading.names import read_names, read_roster
from labkit.grading.people import table
from labkit.grading.reports import write_all
from labkit.grading.tally import summary

MOST_SEVERAL = 20  # people of whom it is said that they handed in several notebooks


def add_grade_arguments(parser):
    """Declare the options of `labkit grade` on an argparse parser."""
    parser.add_argument(
        "folder", type=Path, help="the submissions: folders, zip files or notebooks by student"
    )
    parser.add_argument(
        "--who", action="store_true", help="only say whose each file is: nothing is run, nothing written"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("build") / "grades", metavar="DIR", help="where the grades go"
    )
    parser.add_argument(
        "--lab", action="append", metavar="NN", help="only this lab (may be given several times)"
    )
    parser.add_argument("--seed", type=seed, default=SEED, metavar="N", help="of the inputs that are drawn")
    parser.add_argument("--workers", type=threads, default=2, metavar="N", help="notebooks at once (2)")
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="the students: a name a line, or CSV with ids, e-mails",
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="CSV that says whose a file is: path, student, id, e-mail",
    )
    parser.add_argument(
        "--student", metavar="NAME", help="everything in the folder is this one student's work"
    )
    parser.add_argument("--moodle", action="store_true", help="write moodle.csv too, for Moodle's import")
    parser.add_argument("--canvas", action="store_true", help="write canvas.csv too, for Canvas's import")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="grade on a Dask cluster: tcp://HOST:PORT of its scheduler"
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
    with ending_tidily():
        return who(args) if args.who else grade(args)


def grade(args):
    """Grade, write the reports, say what was found."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # of the models that references load: one bar is enough
    with only_one(args.output):
        room = classroom(args, args.output)
        try:
            say_doubts(room)
            grades = room.grade()
        finally:
            room.close()
        with writing(args.output):
            written = write_all(grades, args.output, moodle=args.moodle, canvas=args.canvas)
    print(summary(grades))
    say_several(room)
    print(f"\n{written[0]}: the grades. Beside it: junit.xml, class.html (the picture of the class),")
    print("feedback/ with a page for each student, gradescope/ with a results.json for each.")
    if args.github:
        github.report(grades)
    return 0


def who(args):
    """Print whose each file is, and of which lab."""
    with tempfile.TemporaryDirectory() as folder:
        room = classroom(args, folder)
        labs = {}
        for job in room.jobs:
            labs.setdefault(job.origin, []).append(job.lab.replace("??", "?"))
        shown = [" ".join(sorted(labs.get(item.shown, ()))) for item in room.items]
        found = remarks_on(room)
        missing = absent(room.people, room.roster)
        print(table([item.entry for item in room.items], room.people, shown, missing, found))
        room.close()
    return 0


def classroom(args, output):
    """The Classroom that the arguments ask for."""
    roster = read_roster(args.roster) if args.roster else None
    if args.student:  # a single student gets a zero, too, for a lab that is not there
        roster = alone(args.student)
    options = {"labs": args.lab, "seed": args.seed, "roster": roster, "student": args.student}
    options |= {"sandbox": args.sandbox, "user": args.container, "workers": args.workers}
    options["names"] = read_names(args.names) if args.names else None
    if args.dask is not None and not args.who:
        from labkit.grading.cluster import Cohort

        return Cohort(args.folder, output, Project.here(), address=args.dask, **options)
    return Classroom(args.folder, output, Project.here(), **options)


def alone(student):
    """A roster of one."""
    from labkit.grading.names import Roster
    from labkit.grading.people import Person

    return Roster([Person(student)])


def say_doubts(room):
    """Print what could not be told of who is who."""
    doubts = room.doubts + remarks_on(room)
    for doubt in doubts:
        print(f"[?] {printable(doubt)}")
    if doubts:
        print("labkit grade --who shows whose each file is, and --names FILE.csv decides it.\n")


def remarks_on(room):
    """Where the roster, the names file and what was handed in do not fit together."""
    return remarks([item.origin for item in room.items], room.people, room.names, room.roster)


def say_several(room):
    """Print who has handed in more than one notebook of a lab: were they one person's?"""
    for student, lab, files in sorted(room.several)[:MOST_SEVERAL]:
        print(f"[?] {printable(student)}, lab {lab}: the best counts of {', '.join(files[:5])}")
    if len(room.several) > MOST_SEVERAL:
        print(f"[?] and {len(room.several) - MOST_SEVERAL} more, as their notes say")


@contextmanager
def ending_tidily():
    """SIGTERM ends the block as Ctrl-C does: what was started is ended, and no folder is left behind."""

    def end(number, _):
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
