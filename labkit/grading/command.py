"""`labkit grade`: a folder of submissions to grades, feedback pages and a picture of the class."""

import argparse
from collections import Counter
from pathlib import Path

from labkit import exercises
from labkit.authoring.project import Project
from labkit.grading.classroom import Classroom
from labkit.grading.reports import write_all
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
    parser.add_argument(
        "--seed", type=int, default=20181011, metavar="N", help="of the inputs that are drawn"
    )
    parser.add_argument("--workers", type=_at_least_one, default=2, metavar="N", help="answers at once (2)")
    parser.add_argument("--roster", type=Path, metavar="FILE", help="the students' names, one a line")
    parser.add_argument(
        "--no-sandbox", dest="sandbox", action="store_false", help="only where you trust every submission"
    )


def run_grade(args):
    """The command; returns 0 when everything was graded, whatever the grades."""
    for number in args.lab or ():
        exercises.get(number)
    room = Classroom(
        args.folder,
        args.output,
        Project.here(),
        labs=args.lab,
        seed=args.seed,
        roster=read_roster(args.roster),
    )
    grades = room.grade(args.workers, args.sandbox)
    written = write_all(grades, args.output)
    print(summary(grades))
    print(f"{written[0]}: the grades. {args.output / 'feedback'}: a page for each student.")
    return 0


def read_roster(path):
    """The names in a file, one a line, or None without a file. Raises LabkitError when it can't be read."""
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabkitError(f"The roster {path} can't be read: {error}.") from None
    return [line.strip() for line in lines if line.strip()]


def summary(grades):
    """The class in a few lines: how many, what each exercise came to, which mistakes were common."""
    lines = []
    for lab in sorted({grade.lab for grade in grades}):
        some = [grade for grade in grades if grade.lab == lab]
        graded = [grade for grade in some if not grade.problem]
        lines.append(
            f"Lab {lab}: {len(some)} students, {len(some) - len(graded)} without a readable notebook"
        )
        for name in dict.fromkeys(r["exercise"] for g in some for r in g.exercises):
            reports = [r for g in some for r in g.exercises if r["exercise"] == name]
            passed = sum(r["status"] == "passed" for r in reports)
            mistakes = Counter(r["misconception"] for r in reports if r["misconception"]).most_common(2)
            common = "; ".join(f"{count} x {mistake}" for mistake, count in mistakes)
            lines.append(f"  {name:24} {passed:4} of {len(reports)} passed{'   ' + common if common else ''}")
    return "\n".join(lines)


def _at_least_one(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)
