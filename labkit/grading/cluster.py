"""A class, graded on several machines: a notebook is a task of a Dask cluster, marked by one of its workers.

Submissions are read here, and results kept here, as on one machine; only the marking happens elsewhere
(`remote.mark_there`). Dask is imported nowhere else, and only when it is asked for.
"""

import asyncio
import json
import logging
import threading
import time
import uuid
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from labkit.grading.classroom import Classroom
from labkit.grading.facts import facts
from labkit.grading.grades import bounded, printable
from labkit.grading.remote import edition, mark_there, present, unfit
from labkit.messages import LabkitError

CONNECTING = 10.0  # seconds in which a scheduler must answer
ANSWERING = 120.0  # seconds in which it and the workers must say that they may mark: they load torch first
WORKERLESS = 120.0  # seconds that a cluster may be without a worker: one that was lost is started again
LOOK = 5.0  # seconds between looks whether there is any
ATTEMPTS = 2  # at a notebook, where a worker's machine fails
SPARE = 16  # tasks more than there are threads for: workers that come later find some
MISSING = (
    "Grading on several machines needs Dask, which is not installed. Here and on each of the machines: "
    "pip install 'labkit[dask]' (in a checkout: pip install -e '.[dask]')."
)
SILENT = (
    "No Dask scheduler answers at {address} ({why}). Start one with `dask scheduler`, and name it as "
    "--dask tcp://HOST:PORT."
)
IDLE = "The Dask scheduler at {address} has no workers. Start some: dask worker --nthreads 1 {address}"
KEPT = "What was graded so far is kept; start the grader again when that is mended."
KILLER = (
    "The program that grades was ended again and again while it was at this notebook, each time on a worker "
    "that had nothing else to do; it was not graded."
)
LATE = (TimeoutError, asyncio.TimeoutError)  # two kinds before Python 3.11


class Killer(LabkitError):
    """A notebook ends the workers that mark it."""


class Fault(Exception):
    """A mistake of ours, made on a worker."""


class Cohort(Classroom):
    """A Classroom whose notebooks are marked by the workers of a Dask cluster.

    address: of the cluster's scheduler, "tcp://HOST:PORT". All else is as Classroom has it, and so are the
    grades; `workers` are the files that are read at once.
    Raises LabkitError, before anything is read, where no notebook could be marked there.
    """

    def __init__(self, folder, output, project, *, address, sandbox=True, user=None, **options):
        if user is not None:
            raise LabkitError(
                "A container holds one student's work: --container and --dask exclude each other."
            )
        self.address = address
        with Cluster(address, edition(project.root), sandbox):
            pass  # it is there: a class is long to read
        super().__init__(folder, output, project, sandbox=sandbox, **options)

    def machine(self):
        """What runs answers: the cluster, with as many notebooks under way as its workers can take."""
        cluster = Cluster(self.address, edition(self.project.root), self.sandbox)
        self.workers = 2 * cluster.threads + SPARE
        return cluster

    def mark(self, job, cluster):
        """(the plain reports on one job's exercises, notes for the student)."""
        # It was read within limits, so it is small.
        found = json.loads(job.read.read_bytes())["submissions"][job.place]
        statements = facts(self.project)[job.lab]["statements"]
        asked = json.dumps({"submission": found, "statements": statements})
        return cluster.mark(asked, job.lab, self.seed)

    def grade_one(self, job, cluster):
        """Grade one notebook for one lab, and keep the result, which may be that it ends its workers."""
        try:
            return super().grade_one(job, cluster)
        except Killer as killer:
            return super().grade_one(replace(job, problem=str(killer)), cluster)


class Cluster:
    """A connection to a Dask cluster whose workers mark for us; use it as a context. Threads may share it.

    expected: our `remote.edition`, which must be each worker's.
    Raises LabkitError when nobody answers, or when a worker may not mark.
    """

    def __init__(self, address, expected, sandbox):
        self.address, self.expected, self.sandbox = printable(address), expected, sandbox
        self.turns, self.lock, self.closed = Turns(), threading.Lock(), False
        self.looked = self.seen = time.monotonic()
        self.client = connect(address)
        try:
            self.await_workers()
            self.inspect()
            self.threads = sum(self.client.nthreads().values())
        except BaseException:
            self.close()
            raise

    def await_workers(self):
        """Wait for the first: it may only just have been started."""
        try:
            self.client.wait_for_workers(1, timeout=CONNECTING)
        except LATE:
            raise LabkitError(IDLE.format(address=self.address)) from None

    def inspect(self):
        """Ask the scheduler whether it knows such tasks, and each worker whether it may mark for us."""
        try:
            within(ANSWERING, partial(self.client.run_on_scheduler, present))
        except ImportError as error:
            raise LabkitError(refusal(f"scheduler at {self.address}", error)) from None
        ask = partial(self.client.run, unfit, self.expected, self.sandbox, on_error="return")
        said = within(ANSWERING, ask)
        lost = [worker for worker, why in said.items() if isinstance(why, OSError)]
        if len(lost) == len(said):
            raise LabkitError(IDLE.format(address=self.address))
        for worker, why in sorted(said.items()):
            if why and worker not in lost:
                raise LabkitError(refusal(f"worker {worker}", why))

    def mark(self, asked, number, seed):
        """What a worker's `mark_there` found: (reports, notes).

        Raises Killer where workers were lost over it again and again.
        """
        from distributed import KilledWorker

        try:
            with self.turns.shared():
                return self.ask(asked, number, seed)
        except KilledWorker:
            pass  # Dask blames all that a lost worker had before it, so it may have been another's fault
        try:
            with self.turns.alone():
                return self.ask(asked, number, seed)
        except KilledWorker:
            raise Killer(KILLER) from None

    def ask(self, asked, number, seed):
        """Have one task done, twice if a machine fails; returns (reports, notes)."""
        for _ in range(ATTEMPTS):
            said = self.have_done((asked, number, seed, self.sandbox, self.expected))
            if "reports" in said:
                return said["reports"], said["notes"]
            if "fault" in said:
                raise Fault(said["fault"])
            worker = f"worker {said['worker']}"
            if "refused" in said:
                raise LabkitError(refusal(worker, said["refused"]))
        raise LabkitError(f"The Dask {worker} failed: {said['failed']} {KEPT}")

    def have_done(self, task):
        """What `mark_there` says to one task."""
        if self.closed:
            raise LabkitError("The grader was stopped.")
        # A key of its own: Dask would take two tasks that ask the same for one, and show a student's text.
        future = self.client.submit(mark_there, *task, key=f"labkit-{uuid.uuid4().hex}")
        try:
            self.wait(future)
            if self.closed:
                raise CancelledError
            return json.loads(future.result())
        except CancelledError:
            gone = f"The connection to the Dask scheduler at {self.address} was lost. {KEPT}"
            raise LabkitError("The grader was stopped." if self.closed else gone) from None
        except ImportError as error:
            raise LabkitError(refusal(f"cluster at {self.address}", error)) from None

    def wait(self, future):
        """Wait until a task is over. Raises LabkitError when there is nobody who could do it."""
        over = threading.Event()
        future.add_done_callback(lambda _: over.set())
        while not over.wait(1.0) and not future.done() and not self.closed:
            self.look()

    def look(self):
        """Raise LabkitError when the cluster has been without a worker for too long."""
        with self.lock:
            if (now := time.monotonic()) < self.looked + LOOK:
                return
            self.looked = now
            try:
                workers = self.client.nthreads()
            except Exception:
                return  # without a scheduler the tasks are over, too
            self.seen = now if workers else self.seen
            if now > self.seen + WORKERLESS:
                raise LabkitError(f"The Dask cluster at {self.address} has lost all its workers. {KEPT}")

    def close(self):
        """Cancel what is under way, and hang up. Dask lets a worker finish the notebook that it is at."""
        self.closed = True
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Turns:
    """Many at once, or one alone, for whom the others wait and who waits until they are done."""

    def __init__(self):
        self.changed, self.many, self.one = threading.Condition(), 0, False

    @contextmanager
    def shared(self):
        """The block may run beside others."""
        with self.changed:
            self.changed.wait_for(lambda: not self.one)
            self.many += 1
        try:
            yield
        finally:
            with self.changed:
                self.many -= 1
                self.changed.notify_all()

    @contextmanager
    def alone(self):
        """No other block runs meanwhile."""
        with self.changed:
            self.changed.wait_for(lambda: not self.one and not self.many)
            self.one = True
        try:
            yield
        finally:
            with self.changed:
                self.one = False
                self.changed.notify_all()


def connect(address):
    """A Dask client of the scheduler at the address. Raises LabkitError."""
    try:
        from distributed import Client
    except ImportError:
        raise LabkitError(MISSING) from None
    try:
        # Asked first whether it is one: a client that waits for something else never gives up.
        kind = within(CONNECTING + 5, lambda: asyncio.run(asyncio.wait_for(kind_of(address), CONNECTING)))
        if kind != "Scheduler":
            raise LabkitError(f"what answers there is a {kind}")
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # tracebacks; we say it in words
        return Client(address, timeout=CONNECTING, set_as_default=False)
    except Exception as error:  # of many kinds: a name that nobody has, a port of somebody else's
        why = bounded(printable(error) or f"no word in {CONNECTING:.0f} seconds", 200)
        raise LabkitError(SILENT.format(address=printable(address), why=why)) from None


async def kind_of(address):
    """What answers at an address: "Scheduler", "Worker", "Nanny"."""
    from distributed.core import rpc

    async with rpc(address, timeout=CONNECTING) as there:
        return printable((await there.identity())["type"])


def within(seconds, call):
    """What a call of Dask's returns or raises. Raises LabkitError if it takes longer, even for ever."""
    done = Future()

    def work():
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()  # a daemon: no pool would let this process end
    if not wait([done], timeout=seconds).done:
        raise LabkitError(f"The Dask cluster does not answer within {seconds:.0f} seconds.")
    return done.result()


def refusal(who, why):
    """That a worker or the scheduler can't serve us, and why: in words, or an exception."""
    if isinstance(why, Exception):
        said = bounded(printable(why), 300)
        why = f"it can't load this grader ({said}). Install the same labkit there."
    return f"The Dask {printable(who)} can't grade for this machine: {why}"
