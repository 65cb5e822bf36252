"""`pytest --submissions DIR`: one test for each exercise of each student.

So pytest's own options come for free: -k ann, --junitxml, -n 2 (pytest-xdist), -x. The exercises are graded
as `labkit grade` does it; that command writes the reports.
"""

from pathlib import Path

import pytest

from labkit.grading import SEED

ROOM, PYTHON = pytest.StashKey(), pytest.StashKey()


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
        config.stash[ROOM] = Classroom(folder, folder, Project.here(), [lab] if lab else None, seed)
    except LabkitError as error:
        raise pytest.UsageError(str(error)) from error
    config.args = [str(Path(folder).resolve())]


def pytest_unconfigure(config):
    """End the grader's Python."""
    python = config.stash.get(PYTHON, None)
    if python is not None:
        python.close()


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
            for name in job.submission.answers if job.submission else ["notebook"]:
                title = f"{job.student} lab{job.lab} {name}"
                yield Answer.from_parent(self, name=title, job=job, exercise=name)


class Answer(pytest.Item):
    """One exercise of one student."""

    def __init__(self, *, job, exercise, **options):
        super().__init__(**options)
        self.job, self.exercise = job, exercise

    def runtest(self):
        """Grade it; partial credit is in the JUnit file's properties."""
        from labkit.authoring.project import Project
        from labkit.grading.splice import grading_code

        if self.job.problem:
            raise NotPassed(f"{self.job.origin}: {self.job.problem}")
        answer = self.job.submission.answers[self.exercise]
        if answer.problem:
            self.user_properties.append(("points", 0))
            raise NotPassed(f"{self.exercise}: {answer.problem}")
        code = grading_code(self.job.submission, self.exercise, Project.here())
        grader = self.config.stash[ROOM].grader(self.job.lab, self.python())
        report = grader.grade(self.exercise, code)
        self.user_properties += [("points", report.points), ("of", report.max_points)]
        if not report.passed:
            raise NotPassed(report.text)

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
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        """Where pytest says the test is."""
        return self.path, None, self.name


class NotPassed(Exception):
    """An answer that did not pass; the message is the report."""
