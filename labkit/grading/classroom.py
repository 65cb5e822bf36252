"""A class, graded: every submission, every exercise, each result kept as soon as it is there.

Killed at any moment and started again, a run goes on where it was; a second run grades what has changed.
"""

import functools
import hashlib
import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import labkit
from labkit import exercises
from labkit.grading.cells import Unreadable
from labkit.grading.collect import collect, collect_one
from labkit.grading.grader import Grader
from labkit.grading.grades import NO_LAB, Grade
from labkit.grading.pool import WarmPython
from labkit.grading.splice import WrongLab, grading_code, read_submissions
from labkit.messages import LabkitError

FAULT = (
    "The grader failed on {name} ({error}). That is our mistake, not yours: please tell your instructor. "
    "The next run grades it again."
)


class Classroom:
    """One grading run: the submissions in `folder`, the labs, the seed, and where results are kept.

    student: whose work all of the folder is, where it holds one student's and not a class's.
    """

    def __init__(self, folder, output, project, labs=None, seed=1, roster=None, student=None):
        self.project, self.seed, self.roster = project, seed, roster
        self.output = Path(output)
        self.kept = self.output / "results"
        self.wanted = labs
        found = collect(folder) if student is None else collect_one(folder, student)
        self.jobs = self.assign([job for one in found for job in self.read_jobs(one)])
        self.lock = threading.Lock()
        self.graders = {}
        self.stopped = threading.Event()

    def grade(self, workers=1, sandbox=True, progress=True, user=None):
        """Grade what has no result yet; returns all grades, by lab and student.

        sandbox, user: as WarmPython takes them.
        """
        from tqdm.auto import tqdm

        self.kept.mkdir(parents=True, exist_ok=True)
        for scratch in self.kept.glob("*.new"):  # of a run that was killed
            scratch.unlink()
        grades, waiting = [], []
        for job in self.jobs:
            kept = self.read(job)
            grades.append(kept) if kept else waiting.append(job)
        if any(not job.problem for job in waiting):
            with WarmPython(sandbox, user) as python, ThreadPoolExecutor(workers) as pool:
                running = [pool.submit(self.grade_one, job, python) for job in waiting]
                bar = tqdm(as_completed(running), total=len(running), unit="notebook", disable=not progress)
                try:
                    grades += [done.result() for done in bar]
                except BaseException:  # interrupted, or no sandbox any more: what is finished is kept
                    self.stopped.set()
                    pool.shutdown(cancel_futures=True)
                    raise
        else:
            grades += [self.grade_one(job, None) for job in waiting]
        return self.complete(grades)

    def read_jobs(self, found):
        """Yield the labs that one file is graded for: usually one."""
        problem, lab, other, submissions = found.problem, None, False, ()
        if not problem:
            try:
                submissions = read_submissions(found.data, self.project, self.wanted)
            except Unreadable as error:
                problem, lab, other = str(error), error.lab, isinstance(error, WrongLab)
        key = self.key(found, problem)
        for submission in submissions:
            yield Job(found.student, submission.number, found.origin, key, submission=submission)
        if problem:
            for number in self.wanted or [lab if lab in exercises.labs() else lab_named(found.origin)]:
                yield Job(found.student, number, found.origin, key, problem, other_lab=other)

    def key(self, found, problem):
        """What a kept result must have been made of to be taken again: the file, the seed, the rules."""
        parts = [str(self.seed), labkit.__version__, rules(self.project.root), found.student, problem]
        key = hashlib.sha256("\0".join(parts).encode())
        key.update(found.data or b"")
        return key.hexdigest()

    def assign(self, jobs):
        """What can't be read counts for the lab that the class has handed in, or this student, if it is one.

        And a notebook of another lab is nobody's mistake where the student has handed in the right one.
        """
        everybodys, mine = set(), {}
        for job in jobs:
            if job.lab != NO_LAB:
                everybodys.add(job.lab)
                mine.setdefault(job.student, set()).add(job.lab)
        for job in jobs:
            for labs in (mine.get(job.student, ()), everybodys):
                if job.lab == NO_LAB and len(labs) == 1:
                    (job.lab,) = labs
        right = {(job.student, job.lab) for job in jobs if not job.other_lab}
        return [job for job in jobs if not job.other_lab or (job.student, job.lab) not in right]

    def grade_one(self, job, python):
        """Grade one notebook for one lab, and keep the result."""
        grade = Grade(job.student, job.lab, job.origin, job.problem)
        tasks = exercises.get(job.lab).EXERCISES if job.lab in exercises.labs() else ()
        whole = True
        if job.problem:
            grade.exercises = [_not_graded(task, job.problem) for task in tasks]
        else:
            grade.notes = list(job.submission.notes)
            for task in tasks:
                if self.stopped.is_set():
                    return None
                grade.notes += job.submission.answers[task.name].notes
                try:
                    grade.exercises.append(self.grade_answer(job, task, python))
                except LabkitError:
                    raise
                except Exception as error:  # a fault of ours must not cost anybody else a grade
                    problem = FAULT.format(name=task.name, error=f"{type(error).__name__}: {error}"[:200])
                    grade.exercises.append(_not_graded(task, problem))
                    whole = False
        if whole:
            self.write(job, grade)
        return grade

    def grade_answer(self, job, task, python):
        """One exercise's report as plain data."""
        answer = job.submission.answers[task.name]
        if answer.problem:
            return _not_graded(task, answer.problem)
        code = grading_code(job.submission, task.name, self.project)
        report = self.grader(job.lab, python).grade(task.name, code)
        return report.json | {"text": report.text, "printed": report.printed}

    def grader(self, number, python):
        """The lab's Grader, made once for all threads."""
        with self.lock:
            if number not in self.graders:
                self.graders[number] = Grader(number, self.seed, python)
            return self.graders[number]

    def complete(self, grades):
        """One grade for each student and lab: the best of several; a zero for who handed in nothing."""
        handed_in = {}
        for grade in sorted(grades, key=lambda g: (g.origin, g.lab)):
            handed_in.setdefault((grade.lab, grade.student), []).append(grade)
        best = {}
        for key, several in handed_in.items():
            best[key] = counts = min(several, key=lambda g: (g.problem != "", -g.points))
            if len(several) > 1:
                counts.notes.append(f"Several notebooks were handed in; {counts.origin} counts.")
                counts.notes += [f"{g.origin}: {g.problem}" for g in several if g.problem and g is not counts]
        if self.roster is not None:
            for number in self.wanted or sorted({g.lab for g in best.values() if g.lab != NO_LAB}):
                for student in self.roster:
                    if (number, student) not in best:
                        unknown = best.get((NO_LAB, student))  # a file, but of which lab cannot be told
                        problem = unknown.problem if unknown else "Nothing was handed in."
                        missing = Grade(student, number, problem=problem)
                        missing.exercises = [
                            _not_graded(task, missing.problem) for task in exercises.get(number).EXERCISES
                        ]
                        best[number, student] = missing
            for grade in best.values():
                if grade.student not in self.roster:
                    grade.notes.append("This student is not on the roster.")
        return [best[key] for key in sorted(best)]

    def read(self, job):
        """A kept result of the same file, seed and version, or None."""
        path = self.kept / f"{job.name}.json"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record.pop("key") == job.key and job.key:
                return Grade(**record)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None

    def write(self, job, grade):
        """Keep a result, whole or not at all."""
        path = self.kept / f"{job.name}.json"
        scratch = path.with_suffix(f".{threading.get_ident()}.new")
        scratch.write_text(json.dumps({"key": job.key, **asdict(grade)}, indent=1), encoding="utf-8")
        os.replace(scratch, path)


@dataclass
class Job:
    """One notebook to be graded for one lab."""

    student: str
    lab: str
    origin: str
    key: str = ""
    problem: str = ""
    submission: object = None
    other_lab: bool = False  # it is a readable notebook, but of a lab that is not graded

    @property
    def name(self):
        """The result's file name: safe whatever the student's file was called."""
        origin = hashlib.sha256(self.origin.encode()).hexdigest()[:8]
        return f"{file_name(self.student)}-{self.lab.replace('?', '_')}-{origin}"


def lab_named(origin):
    """The lab that a path tells of: "ann/02_causal_masks (1).ipynb", "lab02.zip!a.ipynb"; else NO_LAB."""
    for name in reversed(re.split("[/!]", origin.lower())):
        for number in exercises.labs():
            if exercises.get(number).SLUG.lower() in name or re.search(rf"lab[-_ ]?{number}(?!\d)", name):
                return number
    return NO_LAB


@functools.cache
def rules(root):
    """A digest of what grades are made by: the exercises, the grader itself and the labs' sources."""
    package = Path(labkit.__file__).parent
    files = [*package.glob("exercises/**/*.py"), *package.glob("grading/*.py")]
    files += (root / "notebooks" / "source").glob("*.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def file_name(text):
    """A text as part of a file name; different texts stay different."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:60]
    return (
        plain
        if plain == text
        else f"{plain}_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:6]}"
    )


def _not_graded(task, problem):
    return {
        "exercise": task.name,
        "status": "missing",
        "points": 0,
        "max_points": task.points,
        "properties": [],
        "problem": problem,
        "misconception": "",
        "hints": [],
        "text": f"{task.name}: 0 of {task.points} points\n  {problem}",
    }
