"""`labkit grade` against `pytest --nbval-lax`, on the same class of lab 02.

nbval starts a Python for each notebook and runs the whole lab in it, one after another; the grader forks each
answer from one warm Python. Both say which exercises passed, and must agree. nbval may be measured on some of
the notebooks only: 100 take it an hour.

    python -m tests.bench.grading --submissions 100 --nbval-on 100
"""

import argparse
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import nbformat

from labkit.authoring.notebook import solution_notebook, student_notebook, to_text
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts
from labkit.exercises import get
from labkit.grading.kernel_specs import write_specs
from labkit.grading.sandbox import require_sandbox
from labkit.grading.splice import read_submission, splice
from labkit.messages import LabkitError

LAB = "02"
ROOT = Path(__file__).parents[2]
CELL_SECONDS = 600
WRONG = """\
def {name}{signature}:
    from labkit.exercises import get
    exercise = next(e for e in get("{lab}").EXERCISES if e.name == "{name}")
    return exercise.misconceptions[{number}].wrong({arguments})"""
SLOW = """

def slowly(function):
    import functools, time
    @functools.wraps(function)
    def wait(*args, **kwargs):
        time.sleep(0.3)
        return function(*args, **kwargs)
    return wait

{name} = slowly({name})"""


class ClassOfStudents:
    """Notebooks of lab 02 as students hand them in: of ten, four are right, four have one answer wrong in a
    way that the lab knows, one is unsolved, and one has an answer that is right and slow.
    """

    def __init__(self, project):
        self.project, self.lab = project, project.lab(get(LAB).SLUG)
        self.wrong = [
            (task, number) for task in self.lab.module.EXERCISES for number in range(len(task.misconceptions))
        ]

    def notebook(self, index):
        """Student number `index`'s notebook."""
        kind = ("right", "wrong", "unsolved", "wrong", "slow", "right", "wrong", "right", "wrong", "right")[
            index % 10
        ]
        if kind == "unsolved":
            return student_notebook(self.lab, self.project.address())
        texts = read_texts(self.project.reference_path(LAB))
        notebook = solution_notebook(self.lab, self.project.address(), texts, self.project.passing)
        cells = {cell.id: cell for cell in notebook.cells}
        if kind == "wrong":
            task, number = self.wrong[index % len(self.wrong)]
            signature = inspect.signature(task.reference)
            cells[f"solution-{task.name}"].source = WRONG.format(
                name=task.name,
                signature=signature,
                lab=LAB,
                number=number,
                arguments=", ".join(signature.parameters),
            )
        if kind == "slow":
            name = self.lab.module.EXERCISES[index // 10 % len(self.lab.exercises)].name
            cells[f"solution-{name}"].source += SLOW.format(name=name)
        return notebook

    def hand_in(self, folder, count):
        """Write `count` notebooks, one folder a student; returns {student: file}."""
        files = {}
        for index in range(count):
            path = folder / f"student{index:03}" / f"{self.lab.slug}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(nbformat.writes(self.notebook(index)), encoding="utf-8")
            files[path.parent.name] = path
        return files


def grade(folder, output, workers=2):
    """Run `labkit grade`, in a sandbox if there is one; returns (seconds, {student: {exercise: passed?}})."""
    try:
        require_sandbox()
        options = []
    except LabkitError:
        options = ["--no-sandbox"]
    command = [sys.executable, "-m", "labkit", "grade", str(folder), "--lab", LAB, "--output", str(output)]
    seconds = timed([*command, "--workers", str(workers), *options], ROOT)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (output / "results").glob("*.json")]
    return seconds, {
        record["student"]: {r["exercise"]: r["status"] == "passed" for r in record["exercises"]}
        for record in records
    }


def nbval(files, project, folder, options=("--nbval-current-env",), **variables):
    """Run nbval on the spliced notebooks, one after another in one pytest; returns what `grade` returns.

    The seconds are those of the notebooks alone: what pytest needs to start is measured and taken off.
    variables: of the environment, beyond ours.
    """
    folder.mkdir()
    ids = {}
    for student, path in files.items():
        spliced = splice(read_submission(path.read_bytes(), project, LAB), project)
        ids[student] = [cell.id for cell in spliced.cells if cell.cell_type == "code"]
        (folder / f"{student}.ipynb").write_text(to_text(spliced), encoding="utf-8")
    junit = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", *options]
    command += [f"--nbval-cell-timeout={CELL_SECONDS}", f"--nbval-kernel-startup-timeout={CELL_SECONDS}"]
    paths = [f"{student}.ipynb" for student in files]
    start = timed([*command, "--collect-only", *paths], folder, **variables)
    seconds = timed([*command, f"--junitxml={junit}", *paths], folder, **variables) - start
    passed = {student: {} for student in files}
    for case in ElementTree.parse(junit).iter("testcase"):
        student = next(name for name in files if name in case.get("classname"))
        cell = ids[student][int(case.get("name").removeprefix("Cell "))]
        if cell.startswith("check-"):
            passed[student][cell.removeprefix("check-")] = len(case) == 0
    return seconds, passed


def timed(command, folder, **variables):
    """Wall-clock seconds of a command that may find faults in notebooks (pytest's 1), and may not break."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - begin
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def bench_grading(submissions=100, nbval_on=10):
    """Print the ratio; returns (how many times faster the grader is, the disagreements).

    nbval_on: how many of the notebooks nbval is run on.
    """
    project = Project(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = ClassOfStudents(project).hand_in(folder / "class", submissions)
        some = dict(list(files.items())[:nbval_on])
        ours, grades = grade(folder / "class", folder / "grades")
        theirs, outcomes = nbval(some, project, folder / "nbval")
        differ = {s: (grades[s], outcomes[s]) for s in some if grades[s] != outcomes[s]}
        faster = (theirs / len(some)) / (ours / submissions)
        start = f"grading lab {LAB}: {submissions} notebooks in {ours:.0f} s with 2 workers, start included;"
        measured = f"{faster:.1f} x nbval's speed (measured on {len(some)} of them, {theirs:.0f} s)"
        print(f"{start} {measured}; {len(some) - len(differ)} of {len(some)} grades are equal")
        for student, (graded, said) in differ.items():
            print(f"  {student}: graded {graded}, nbval {said}")
        if "labkit-warm" in {
            entry.name for entry in entry_points(group="jupyter_client.kernel_provisioners")
        }:
            write_specs(folder / "jupyter")
            path = os.pathsep.join([str(folder / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])])
            options = ["--nbval-kernel-name=labkit-warm"]
            warm, same = nbval(some, project, folder / "warm", options, JUPYTER_PATH=path)
            print(f"nbval on the warm kernel: {theirs / warm:.1f} x its speed on the usual one, ", end="")
            print("the same outcomes" if same == outcomes else "other outcomes")
    return faster, differ


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure labkit grade against nbval.")
    parser.add_argument("--submissions", type=int, default=100, metavar="N", help="notebooks in the class")
    parser.add_argument("--nbval-on", type=int, default=10, metavar="N", help="how many of them nbval runs")
    args = parser.parse_args()
    bench_grading(args.submissions, args.nbval_on)
