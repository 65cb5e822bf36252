"""A class on several machines: the same grades as on one, whatever happens to a worker; plain refusals."""

import importlib.util
import json
import os
import signal
import socket
import sys
import threading
import time

import nbformat
import pytest

from labkit.authoring.notebook import solution_notebook, student_notebook
from labkit.authoring.reference import read_texts
from labkit.grading import classroom, cluster, remote
from labkit.grading.classroom import Classroom
from labkit.grading.cluster import Cluster, Cohort, Turns
from labkit.messages import LabkitError
from tests.grading.conftest import has_sandbox

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="no Dask here (pip install -e '.[dask]')"
)
# What a worker's processes load: a notebook that says so ends the worker, takes its time, or finds a fault.
PRELOAD = """
import os, time
from labkit.grading import marking

def there(true):
    def mark(submission, grader):
        said = " ".join(step.get("run", "") for step in submission.steps)
        if "END THE WORKER" in said:
            os._exit(9)
        if "A FAULT OF OURS" in said:
            return mark(submission, grader)
        if "TAKE TIME" in said:
            time.sleep(0.5)
        return true(submission, grader)
    return mark

marking.mark = there(marking.mark)
"""


@pytest.fixture(scope="module")
def dask():
    """Two workers, each a process."""
    from distributed import LocalCluster

    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None, "preload": [PRELOAD]}
    with LocalCluster(n_workers=2, **options) as workers:
        yield workers


@pytest.fixture
def hand_in(tmp_path, project):
    """A function: (student, lab's slug, a cell more, what stands for the first "return ") -> a notebook."""

    def write(student, slug="01_mlm_fill_in_blank", cell="", returned="", solved=True):
        lab = project.lab(slug)
        texts = read_texts(project.reference_path(lab.number))
        made = solution_notebook(lab, project.address(), texts, project.passing)
        if not solved:
            made = student_notebook(lab, project.address())
        if returned:
            answer = next(c for c in made.cells if c.id.startswith("solution-") and "return " in c.source)
            answer.source = answer.source.replace("return ", returned)
        if cell:
            made.cells.append(nbformat.v4.new_code_cell(cell))
        path = tmp_path / "class" / student / "lab.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(made), encoding="utf-8")

    return write


@pytest.fixture
def grade(tmp_path, project):
    """A function: a kind of classroom and its options -> the grades."""

    def run(kind, output=None, **options):
        room = kind(tmp_path / "class", output, project, sandbox=has_sandbox(), workers=2, **options)
        try:
            return room.grade(progress=False)
        finally:
            room.close()

    return run


def mixed_class(hand_in, cell=""):
    """Right, wrong, empty and broken, of two labs."""
    hand_in("ann", cell=cell)
    hand_in("bob", "02_causal_masks", cell=cell)
    hand_in("dan", solved=False)
    hand_in("eve", cell=f"{cell}\nprint('\\ud800 \\x1b[31m')\n1/0", returned="return 0, ")


@needs_dask
def test_the_same_grades_as_on_one_machine_also_when_a_worker_is_killed(dask, hand_in, grade, tmp_path):
    mixed_class(hand_in, "'TAKE TIME'")
    alone = grade(Classroom)
    assert len(alone) == 4 and len({g.points for g in alone}) >= 3
    assert grade(Cohort, address=dask.scheduler_address) == alone

    results, killed = tmp_path / "out" / "results", []

    def kill_a_busy_worker():
        from distributed import Client

        with Client(dask.scheduler_address, set_as_default=False) as client:
            while not killed:
                busy = [address for address, keys in client.processing().items() if keys]
                pids = {nanny.worker_address: nanny.pid for nanny in dask.workers.values()}
                if busy and list(results.glob("*.json")):
                    os.kill(pids[busy[0]], signal.SIGKILL)
                    killed.append(pids[busy[0]])
                time.sleep(0.05)

    thread = threading.Thread(target=kill_a_busy_worker)
    thread.start()
    grades = grade(Cohort, tmp_path / "out", address=dask.scheduler_address)
    thread.join()
    assert killed and grades == alone
    assert len(list(results.glob("*.json"))) == 4
    assert grade(Classroom, tmp_path / "out") == alone  # what was kept counts on one machine, too


@needs_dask
def test_a_notebook_that_ends_its_workers_costs_itself_alone(dask, hand_in, grade, tmp_path):
    dask.scheduler.allowed_failures = 0  # of Dask's own attempts; else it loses more workers, one by one
    hand_in("ann")
    hand_in("bob", "02_causal_masks", cell="'A FAULT OF OURS'")
    hand_in("eve", "02_causal_masks", cell="'END THE WORKER'")
    grades = {g.student: g for g in grade(Cohort, tmp_path / "out", address=dask.scheduler_address)}
    assert grades["ann"].problem == "" and grades["ann"].points == grades["ann"].max_points
    assert "ended again and again" in grades["eve"].problem and grades["eve"].points == 0
    assert grades["eve"].exercises and grades["eve"].max_points == grades["bob"].max_points
    assert "RecursionError" in grades["bob"].problem and "next run grades it again" in grades["bob"].problem
    kept = [json.loads(path.read_bytes()) for path in (tmp_path / "out" / "results").glob("*.json")]
    assert sorted(record["student"] for record in kept) == ["ann", "eve"]


@needs_dask
def test_stopped_it_cancels_its_tasks_and_goes_on_later(dask, hand_in, grade, tmp_path, monkeypatch):
    from distributed import Client

    for student in ("ann", "bob", "cat"):
        hand_in(student, cell="'TAKE TIME'")

    def interrupted(running):
        yield next(original(running))
        raise KeyboardInterrupt

    original = classroom.as_completed
    monkeypatch.setattr(classroom, "as_completed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        grade(Cohort, tmp_path / "out", address=dask.scheduler_address)
    kept = len(list((tmp_path / "out" / "results").glob("*.json")))
    assert 1 <= kept < 3
    with Client(dask.scheduler_address, set_as_default=False) as client:
        for _ in range(100):
            left = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
            if not left:
                break
            time.sleep(0.1)
    assert left == 0
    monkeypatch.setattr(classroom, "as_completed", original)
    grades = grade(Cohort, tmp_path / "out", address=dask.scheduler_address)
    assert [(g.points == g.max_points, g.problem) for g in grades] == [(True, "")] * 3


@needs_dask
@pytest.mark.parametrize("part, value", [("labkit", "9.9"), ("rules", "f" * 64), ("python", "3.99")])
def test_a_worker_with_another_state_of_the_course_is_refused_by_both_names(
    dask, project, monkeypatch, part, value
):
    mine = remote.edition(project.root)
    asked = mine | {part: value}
    with pytest.raises(LabkitError) as refused:
        Cluster(dask.scheduler_address, asked, sandbox=False)
    monkeypatch.setattr(Cluster, "inspect", lambda self: None)  # a worker that came later
    with Cluster(dask.scheduler_address, asked, sandbox=False) as connected:
        with pytest.raises(LabkitError) as later:
            connected.mark("{}", "01", 1)
    for error in (refused, later):
        assert remote.named(mine) in str(error.value) and remote.named(asked) in str(error.value)
        assert any(nanny.worker_address in str(error.value) for nanny in dask.workers.values())


@needs_dask
def test_a_worker_without_a_sandbox_is_refused(dask, project):
    from distributed import Client

    with Client(dask.scheduler_address, set_as_default=False) as client:
        client.run(lambda: os.environ.update(PATH_KEPT=os.environ["PATH"], PATH=""))
        try:
            with pytest.raises(LabkitError, match="(?s)worker tcp://.*bubblewrap.*not installed"):
                Cluster(dask.scheduler_address, remote.edition(project.root), sandbox=True)
            with Cluster(dask.scheduler_address, remote.edition(project.root), sandbox=False):
                pass  # every submission is trusted
        finally:
            client.run(lambda: os.environ.update(PATH=os.environ.pop("PATH_KEPT")))


@needs_dask
@pytest.mark.parametrize("kind", ["closed", "silent", "worker", "nonsense", ""])
def test_no_scheduler_is_said_soon(request, project, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(cluster, "CONNECTING", 1.0)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if kind == "silent":
            listening.listen(5)
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        if kind == "worker":
            workers = request.getfixturevalue("dask").workers.values()
            address = next(iter(workers)).worker_address
        address = address if kind in ("closed", "silent", "worker") else kind
        begun = time.monotonic()
        with pytest.raises(LabkitError, match="No Dask scheduler answers") as refused:
            Cohort(tmp_path, None, project, address=address)
    assert time.monotonic() - begun < 10 and "tcp://HOST:PORT" in str(refused.value)


@needs_dask
def test_no_workers_is_said(project, tmp_path, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(cluster, "CONNECTING", 1.0)
    with LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1") as empty:
        with pytest.raises(LabkitError, match="no workers.*dask worker"):
            Cohort(tmp_path, None, project, address=empty.scheduler_address)


def test_without_the_extra_the_command_that_installs_it_is_named(project, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(LabkitError, match=r"pip install 'labkit\[dask\]'"):
        Cohort(tmp_path, None, project, address="tcp://127.0.0.1:8786")


def test_a_container_is_no_cluster(project, tmp_path):
    with pytest.raises(LabkitError, match="exclude each other"):
        Cohort(tmp_path, None, project, address="tcp://127.0.0.1:8786", user="nobody")


def test_a_cluster_that_loses_all_workers_is_not_waited_for_for_ever(monkeypatch):
    class Empty:
        def nthreads(self):
            return {}

    monkeypatch.setattr(cluster, "LOOK", 0.0)
    connected = Cluster.__new__(Cluster)
    connected.client, connected.address, connected.lock = Empty(), "tcp://a:1", threading.Lock()
    connected.looked = connected.seen = time.monotonic()
    connected.look()  # they may come back
    connected.seen -= cluster.WORKERLESS + 1
    with pytest.raises(LabkitError, match="lost all its workers"):
        connected.look()


def test_one_alone_waits_for_the_others_and_they_for_it():
    turns, seen = Turns(), []

    def beside():
        with turns.shared():
            seen.append("beside")

    def alone():
        with turns.alone():
            seen.append("alone")
            late.start()
            late.join(0.2)
            seen.append("still alone")

    late = threading.Thread(target=beside)
    with turns.shared():
        waiting = threading.Thread(target=alone)
        waiting.start()
        waiting.join(0.2)
        beside()
        assert seen == ["beside"]
    waiting.join()
    late.join()
    assert seen == ["beside", "alone", "still alone", "beside"]
