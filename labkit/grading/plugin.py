"""`pytest --submissions DIR`: one test for each exercise of each student.

So pytest's own options come for free: -k ann, --junitxml, -n 2 (pytest-xdist), -x. The exercises are graded
as `labkit grade` does it; that command writes the reports.
"""

from pathlib import Path

import pytest

from labkit import exercises
from labkit.grading import SEED
from labkit.grading.grades import printable

ROOM, PYTHON, MARKS = pytest.StashKey(), pytest.StashKey(), pytest.StashKey()


def pytest_addoption(parser):
    """Declare the plugin's options."""
    group = parser.getgroup("labkit", "grading submissions (labkit)")
    group.addoption("--submissions", metavar="DIR", help="grade the notebooks in this folder")
    group.addoption("--submissions-lab", metavar="NN", help="for this lab only")
    group.addoption("--submissions-seed", metavar="N", type=int, default=SEED, help="of the drawn inputs")
    group.addoption("--no-sandbox", action="store_true", help="only where you trust every submission")


def pytest_configure(config):
    """Read the submissions, and collect nothing else. What is wrong with the folder ends pytest at once."""
    folder = config.getoption("submissions")
    if not folder:
        return
    from labkit.authoring.project import Project
    from labkit.grading.classroom import Classroom
    from labkit.messages import LabkitError

    lab = config.getoption("submissions_lab")
    try:
        seed = config.getoption("submissions_seed")
        sandbox = not config.getoption("no_sandbox")
        labs = [lab] if lab else None
        config.stash[ROOM] = Classroom(folder, None, Project.here(), labs, seed, sandbox=sandbox)
        config.stash[MARKS] = {}
    except LabkitError as error:
        raise pytest.UsageError(str(error)) from error
    config.args = [str(Path(folder).resolve())]


def pytest_unconfigure(config):
    """End the grader's Python."""
    for key in (PYTHON, ROOM):
        if config.stash.get(key, None) is not None:
            config.stash[key].close()


def pytest_collect_directory(path, parent):
    """Our own collector for the folder of submissions; every other folder as always."""
    folder = parent.config.getoption("submissions")
    if folder and path == Path(folder).resolve():
        return Submissions.from_parent(parent, path=path)
    return None


class Submissions(pytest.Directory):
    """The folder: a test for each exercise of each notebook in it."""

    def collect(self):
        """Yield the tests."""
        for job in self.config.stash[ROOM].jobs:
            names = [task.name for task in exercises.get(job.lab).EXERCISES] if job.read else ["notebook"]
            for name in names:
                title = printable(f"{job.student} lab{job.lab} {name}")
                yield Answer.from_parent(self, name=title, job=job, exercise=name)


class Answer(pytest.Item):
    """One exercise of one student."""

    def __init__(self, *, job, exercise, **options):
        super().__init__(**options)
        self.job, self.exercise = job, exercise

    def runtest(self):
        """Grade it; partial credit is in the JUnit file's properties."""
        if self.job.problem:
            raise NotPassed(f"{self.job.origin}: {self.job.problem}")
        report = self.report()
        self.user_properties += [("points", report["points"]), ("of", report["max_points"])]
        if report["status"] != "passed":
            raise NotPassed(report["text"])

    def report(self):
        """The plain report on the exercise; the notebook is graded once for all of its exercises."""
        marks = self.config.stash[MARKS]
        if self.job.name not in marks:
            reports, _ = self.config.stash[ROOM].mark(self.job, self.python())
            marks[self.job.name] = {report["exercise"]: report for report in reports}
        return marks[self.job.name][self.exercise]

    def python(self):
        """The warm Python of this pytest process, started when first needed."""
        from labkit.grading.pool import WarmPython

        config = self.config
        if PYTHON not in config.stash:
            config.stash[PYTHON] = WarmPython(sandbox=not config.getoption("no_sandbox"))
        return config.stash[PYTHON]

    def repr_failure(self, excinfo, style=None):
        """The report alone: nobody needs the grader's traceback for a student's mistake."""
        if isinstance(excinfo.value, NotPassed):
            return printable(str(excinfo.value), lines=True)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        """Where pytest says the test is."""
        return self.path, None, self.name


class NotPassed(Exception):
    """An answer that did not pass; the message is the report."""
