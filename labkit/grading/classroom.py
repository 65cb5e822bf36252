"""A class, graded: every submission, every exercise, each result kept as soon as it is there.

Killed at any moment and started again, a run goes on where it was; a second run grades what has changed.
"""

import datetime
import functools
import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import labkit
from labkit import exercises
from labkit.grading.cells import Unreadable
from labkit.grading.collect import survey
from labkit.grading.facts import facts
from labkit.grading.grader import Grader
from labkit.grading.grades import NO_LAB, Grade, bounded, printable
from labkit.grading.jobs import Job, assign, beside, chosen_of, lab_named
from labkit.grading.kept import Kept, writing
from labkit.grading.marking import mark, not_graded
from labkit.grading.people import Person, identify
from labkit.grading.pool import WarmPython
from labkit.grading.reader import Reader
from labkit.grading.submissions import Submission
from labkit.grading.whose import doubts
from labkit.messages import LabkitError

FAULT = (
    "The grader failed on this notebook ({error}). That is our mistake, not the student's: please tell us. "
    "The next run grades it again."
)
LONGEST = 500  # characters of a path that is kept
BESIDE = "Only notebooks are graded: what was handed in with them ({names}) was not there when they ran."
NOTHING = "Nothing was handed in."


class Classroom:
    """One grading run: the submissions in `folder`, the labs, the seed, and where results are kept.

    output: None keeps nothing.
    roster, names: as `names` reads them.
    student: whose work all of the folder is, where it holds one student's and not a class's.
    sandbox, user: as WarmPython takes them.
    """

    def __init__(
        self,
        folder,
        output,
        project,
        labs=None,
        seed=1,
        roster=None,
        names=None,
        student=None,
        sandbox=True,
        user=None,
        workers=1,
    ):
        self.project, self.seed, self.roster, self.wanted = project, seed, roster, labs
        self.sandbox, self.user, self.workers = sandbox, user, workers
        self.kept = Kept(Path(output) / "results") if output else None
        self.lock, self.graders, self.stopped = threading.Lock(), {}, threading.Event()
        self.several = []  # (student, lab, their files) where there was more than one
        self.version = f"{labkit.__version__}+{rules(project.root)[:8]}"
        known = facts(project)
        keep = self.kept.folder / "read" if self.kept else None
        with writing(output or "."):
            self.reader = Reader(known, labs, keep, rules(project.root), sandbox, user)
        try:
            people = [] if roster is None else roster.people
            self.items = survey(folder, self.reader, [person.student for person in people])
            self.people = self.identify(student, names, roster)
            self.jobs = assign(list(self.read_all()))
        except BaseException:
            self.reader.close()
            raise
        self.reader.python.close()
        if not self.jobs:
            raise LabkitError(
                f"There is no notebook in {folder}. Expected: a folder for each student, zip files, or "
                "notebooks (.ipynb) named after their students."
            )

    def identify(self, student, names, roster):
        """Whose each item is: a Person, or None for what names nobody."""
        self.names = names
        if student is not None:
            return [Person(student)] * len(self.items)
        slugs = [exercises.get(number).SLUG for number in exercises.labs()]
        return identify([item.entry for item in self.items], slugs, names, roster)

    @property
    def doubts(self):
        """What the rules could not tell of who is who, as plain sentences."""
        return doubts(self.people)

    def read_all(self):
        """Yield the jobs of everything that was handed in."""
        mine = {}
        for item, person in zip(self.items, self.people, strict=True):
            if person is not None:
                mine.setdefault(person.student, []).append((item, person))
        chosen = [one for some in mine.values() for one in chosen_of(some)]
        others = {student: beside(some) for student, some in mine.items()}
        with ThreadPoolExecutor(self.workers) as pool:
            running = [pool.submit(self.read_item, *one) for one in chosen]
            try:
                for done in running:
                    for job in done.result():
                        job.beside = others[job.student]
                        yield job
            except BaseException:
                self.reader.python.close()
                pool.shutdown(cancel_futures=True)
                raise

    def read_item(self, item, person):
        """The jobs that one file makes: usually one."""
        problem, digest, kept, found = item.problem, "", None, {}
        if not problem:
            try:
                with writing(self.reader.folder):
                    digest, kept = self.reader.notebook(item.path, item.inside)
                found = json.loads(kept.read_bytes())
            except Unreadable as error:
                problem = str(error)
        submissions = found.get("submissions", ())
        problem = problem or found.get("problem", "")
        key = self.key(person, digest, problem)
        jobs = [
            Job(person, submission["number"], item.shown, key, read=kept, place=place)
            for place, submission in enumerate(submissions)
        ]
        if problem:
            lab = found.get("lab")
            labs = self.wanted or [lab if lab in exercises.labs() else lab_named(item.shown)]
            other = found.get("other_lab") is True
            jobs += [Job(person, lab, item.shown, key, problem, other_lab=other) for lab in labs]
        return jobs

    def key(self, person, digest, problem):
        """What a kept result must have been made of to be taken again: the file, the seed, the rules."""
        parts = [
            str(self.seed),
            self.version,
            rules(self.project.root),
            *vars(person).values(),
            problem,
            digest,
        ]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def grade(self, progress=True):
        """Grade what has no result yet; returns all grades, by lab and student."""
        from tqdm.auto import tqdm

        if self.kept:
            self.kept.tidy()
        grades, waiting = [], []
        for job in self.jobs:
            kept = self.kept.read(job.name, job.key) if self.kept else None
            grades.append(kept) if kept else waiting.append(job)
        if any(not job.problem for job in waiting):
            with self.machine() as machine, ThreadPoolExecutor(self.workers) as pool:
                running = [pool.submit(self.grade_one, job, machine) for job in waiting]
                bar = tqdm(as_completed(running), total=len(running), unit="notebook", disable=not progress)
                try:
                    grades += [done.result() for done in bar]
                except BaseException:  # interrupted, or no sandbox any more: what is finished is kept
                    self.stopped.set()
                    machine.close()
                    pool.shutdown(cancel_futures=True)
                    raise
        else:
            grades += [self.grade_one(job, None) for job in waiting]
        return self.complete(grades)

    def machine(self):
        """What runs answers here."""
        return WarmPython(self.sandbox, self.user)

    def grade_one(self, job, machine):
        """Grade one notebook for one lab, and keep the result."""
        if self.stopped.is_set():
            return None
        grade, whole = self.new_grade(job.person, job.lab, job.problem, job.origin), True
        if job.problem:
            grade.exercises = _none_graded(job.lab, job.problem)
        else:
            try:
                grade.exercises, grade.notes = self.mark(job, machine)
                if job.beside and grade.points < grade.max_points:
                    grade.notes.append(BESIDE.format(names=", ".join(job.beside)))
            except LabkitError:
                raise
            except Exception as error:  # a fault of ours must not cost anybody else a grade
                grade.problem = FAULT.format(error=f"{type(error).__name__}: {error}"[:200])
                grade.exercises, whole = _none_graded(job.lab, grade.problem), False
        if whole and self.kept and not self.stopped.is_set():
            with writing(self.kept.folder):
                self.kept.write(job.name, job.key, grade)
        return grade

    def new_grade(self, person, lab, problem, origin=""):
        """A person's Grade in a lab, with nothing graded yet."""
        made = {"seed": self.seed, "version": self.version, "date": datetime.date.today().isoformat()}
        who = {"id": person.id, "email": person.email}
        return Grade(person.student, lab, bounded(origin, LONGEST), problem, **who, **made)

    def mark(self, job, machine):
        """(the plain reports on one job's exercises, notes for the student)."""
        found = json.loads(job.read.read_bytes())["submissions"][job.place]
        return mark(Submission.read(found), self.grader(job.lab, machine))

    def grader(self, number, machine):
        """The lab's Grader, made once for all threads."""
        with self.lock:
            if number not in self.graders:
                statements = facts(self.project)[number]["statements"]
                self.graders[number] = Grader(number, self.seed, machine, statements)
            return self.graders[number]

    def complete(self, grades):
        """One grade for each student and lab: the best of several; a zero for who handed in nothing."""
        handed_in = {}
        for grade in sorted(grades, key=lambda g: (g.origin, g.lab)):
            handed_in.setdefault((grade.lab, grade.student), []).append(replace(grade, notes=[*grade.notes]))
        best = {}
        for key, several in handed_in.items():
            best[key] = counts = min(several, key=lambda g: (g.problem != "", -g.points))
            if len(several) > 1:
                self.several.append((*reversed(key), [shown(g) for g in several]))
                counts.notes.append(f"Several notebooks were handed in; {shown(counts)} counts.")
                counts.notes += [f"{shown(g)}: {g.problem}" for g in several if g.problem and g is not counts]
        if self.roster is not None:
            self.call_the_roll(best)
        return [best[key] for key in sorted(best)]

    def call_the_roll(self, best):
        """Add who is on the roster and handed in nothing; mark who is not on it."""
        for number in self.wanted or sorted({g.lab for g in best.values() if g.lab != NO_LAB}):
            for person in self.roster.people:
                if (number, person.student) not in best:
                    unknown = best.get((NO_LAB, person.student))  # a file, but of which lab cannot be told
                    problem = unknown.problem if unknown else NOTHING
                    missing = self.new_grade(person, number, problem)
                    missing.exercises = _none_graded(number, problem)
                    best[number, person.student] = missing
        known = {person.student for person in self.roster.people}
        for grade in best.values():
            if grade.student not in known:
                grade.notes.append("This student is not on the roster.")

    def close(self):
        """Forget what was only needed for this run."""
        self.reader.close()


def shown(grade):
    """Where a grade's file was found, for a note."""
    return bounded(printable(grade.origin), 120)


@functools.cache
def rules(root):
    """A digest of what grades are made by: the exercises, the grader itself and the labs' sources."""
    package = Path(labkit.__file__).parent
    files = [*package.glob("exercises/**/*.py"), *package.glob("grading/*.py")]
    files += (root / "notebooks" / "source").glob("*.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def _none_graded(lab, problem):
    """The plain reports of a lab of which nothing can be graded."""
    tasks = exercises.get(lab).EXERCISES if lab in exercises.labs() else ()
    return [not_graded(task, problem) for task in tasks]
