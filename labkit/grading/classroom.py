"""A class, graded: every submission, every exercise, each result kept as soon as it is there.

Killed at any moment and started again, a run goes on where it was; a second run grades what has changed.
"""

import hashlib
import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

import labkit
from labkit import exercises
from labkit.grading.cells import Unreadable, lab_of
from labkit.grading.collect import collect, collect_one
from labkit.grading.grader import Grader
from labkit.grading.pool import WarmPython
from labkit.grading.splice import grading_code, read_every_lab, read_submission

OTHER_LAB = 2  # answers of a lab that a notebook does not claim to be, before they count as handed in


@dataclass
class Grade:
    """One student's result in one lab. `exercises` holds a check report as plain data for each exercise."""

    student: str
    lab: str
    origin: str = ""
    problem: str = ""  # why nothing could be graded
    notes: list = field(default_factory=list)
    exercises: list = field(default_factory=list)

    @property
    def points(self):
        """Points reached."""
        return sum(report["points"] for report in self.exercises)

    @property
    def max_points(self):
        """Points there are."""
        return sum(report["max_points"] for report in self.exercises)


class Classroom:
    """One grading run: the submissions in `folder`, the labs, the seed, and where results are kept.

    student: whose work all of the folder is, where it holds one student's and not a class's.
    """

    def __init__(self, folder, output, project, labs=None, seed=1, roster=None, student=None):
        self.project, self.seed, self.roster = project, seed, roster
        self.output = Path(output)
        self.kept = self.output / "results"
        self.wanted = labs
        self.found = collect(folder) if student is None else collect_one(folder, student)
        self.lock = threading.Lock()
        self.graders = {}

    def grade(self, workers=1, sandbox=True, progress=True, user=None):
        """Grade what has no result yet; returns all grades, by lab and student.

        sandbox, user: as WarmPython takes them.
        """
        from tqdm.auto import tqdm

        self.kept.mkdir(parents=True, exist_ok=True)
        jobs = [job for found in self.found for job in self.jobs(found)]
        grades, waiting = [], []
        for job in jobs:
            kept = self.read(job)
            grades.append(kept) if kept else waiting.append(job)
        if any(not job.problem for job in waiting):
            with WarmPython(sandbox, user) as python, ThreadPoolExecutor(workers) as pool:
                running = [pool.submit(self.grade_one, job, python) for job in waiting]
                bar = tqdm(as_completed(running), total=len(running), unit="notebook", disable=not progress)
                grades += [done.result() for done in bar]
        else:
            grades += [self.grade_one(job, None) for job in waiting]
        return self.complete(grades)

    def jobs(self, found):
        """The labs that one file is graded for: usually one."""
        if found.problem:
            labs = self.wanted or ["??"]
            return [Job(found.student, number, found.origin, problem=found.problem) for number in labs]
        key = hashlib.sha256(
            f"{self.seed} {labkit.__version__} {found.student}".encode() + found.data
        ).hexdigest()
        try:
            submissions = self.read_labs(found.data)
        except Unreadable as problem:
            claimed = lab_of(found.data)  # anything may stand there
            labs = self.wanted or [claimed if claimed in exercises.labs() else "??"]
            return [Job(found.student, number, found.origin, key, problem=str(problem)) for number in labs]
        return [Job(found.student, s.number, found.origin, key, submission=s) for s in submissions]

    def read_labs(self, data):
        """The submissions in a notebook: the lab it says it is, and any other that it answers."""
        if self.wanted and len(self.wanted) == 1:
            return [read_submission(data, self.project, self.wanted[0])]
        first = read_submission(data, self.project)
        every = read_every_lab(data, self.project).values()
        both = [first, *(s for s in every if s.number != first.number and len(s.found) >= OTHER_LAB)]
        return [s for s in both if not self.wanted or s.number in self.wanted] or [first]

    def grade_one(self, job, python):
        """Grade one notebook for one lab, and keep the result."""
        grade = Grade(job.student, job.lab, job.origin, job.problem)
        tasks = exercises.get(job.lab).EXERCISES if job.lab in exercises.labs() else ()
        if job.problem:
            grade.exercises = [_not_graded(task, job.problem) for task in tasks]
        else:
            grade.notes = list(job.submission.notes)
            grader = self.grader(job.lab, python)
            for task in tasks:
                answer = job.submission.answers[task.name]
                grade.notes += answer.notes
                if answer.code:
                    code = grading_code(job.submission, task.name, self.project)
                    report = grader.grade(task.name, code)
                    said = {"text": report.text, "printed": report.printed}
                    grade.exercises.append(report.json | said)
                else:
                    grade.exercises.append(_not_graded(task, answer.problem))
        self.write(job, grade)
        return grade

    def grader(self, number, python):
        """The lab's Grader, made once for all threads."""
        with self.lock:
            if number not in self.graders:
                self.graders[number] = Grader(number, self.seed, python)
            return self.graders[number]

    def complete(self, grades):
        """One grade for each student and lab: the best of several; a zero for who handed in nothing."""
        best = {}
        for grade in sorted(grades, key=lambda g: (g.origin, g.lab)):
            key = (grade.lab, grade.student)
            if key in best:
                better, other = sorted((best[key], grade), key=lambda g: g.points, reverse=True)
                better.notes.append(f"Several notebooks were handed in; {better.origin} counts.")
                best[key] = better
            else:
                best[key] = grade
        if self.roster is not None:
            for number in self.wanted or sorted({g.lab for g in best.values() if g.lab != "??"}):
                for student in self.roster:
                    if (number, student) not in best:
                        missing = Grade(student, number, problem="Nothing was handed in.")
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

    @property
    def name(self):
        """The result's file name: safe whatever the student's file was called."""
        return f"{file_name(self.student)}-{self.lab}-{hashlib.sha256(self.origin.encode()).hexdigest()[:8]}"


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
