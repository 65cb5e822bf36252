"""What becomes of processes: left behind, killed, unable to start. The grade must never depend on it."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from labkit.grading import pool, zygote
from labkit.grading.grader import Grader
from labkit.grading.pool import Conversation, WarmPython
from labkit.grading.worker import serve
from labkit.messages import LabkitError
from tests.notebooks.conftest import ROOT

NOTHING = {"skip": [], "refused": [], "passed": []}
RIGHT = """
def mlm_loss(logits, labels):
    import torch
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
"""


def asked(code, name="mlm_loss"):
    """The request for one answer's code."""
    known = {"lab": "01", "seed": 1, "seconds": {name: 20.0}, "cell_seconds": 60.0, "all_cells": 99.0}
    return known | {"steps": [{"run": code, "place": 0, "course": 0}], "statements": []} | NOTHING


def begun(python, code, seconds=900):
    """A process that has begun to run the code."""
    conversation = python.begin(asked(code), seconds)
    conversation.channel.send({"go": True})
    return conversation


def soon(condition):
    """Wait until something is so; returns whether it became so."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


def running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_processes_that_an_answer_leaves_behind_are_ended(not_shut_in, tmp_path):
    note = tmp_path / "pids"
    leak = f"""
def mlm_loss(logits, labels):
    import os, time
    for new_session in (False, True):
        if os.fork() == 0:
            if new_session:
                os.setsid()
            with open({str(note)!r}, "a") as file:
                file.write(f"{{os.getpid()}} ")
            time.sleep(900)
    return 0
"""
    grader = Grader("01", seed=3, python=not_shut_in)
    assert grader.grade("mlm_loss", leak).points <= 2
    left = [int(word) for word in note.read_text().split()]
    assert len(left) >= 2
    assert soon(lambda: not any(map(running, left)))
    assert grader.grade("mlm_loss", RIGHT).passed


def test_an_answer_is_run_again_when_the_warm_python_was_killed_under_it(shut_in, monkeypatch):
    original, killed = Conversation.receive, []

    def receive(self, seconds):
        message = original(self, seconds)
        if message.get("ready") and not killed:
            killed.append(shut_in.process.pid)
            shut_in.process.kill()
            shut_in.process.wait()
        return message

    monkeypatch.setattr(Conversation, "receive", receive)
    assert Grader("01", seed=3, python=shut_in).grade("mlm_loss", RIGHT).passed
    assert killed and shut_in.process.pid != killed[0]


def test_nothing_is_left_when_the_grader_is_killed(tmp_path):
    """The grader's own process, killed in the middle of an answer."""
    program = tmp_path / "grader.py"
    note = str(tmp_path / "pid")
    code = f"import os, time\nopen({note!r}, 'w').write(str(os.getpid()))\ntime.sleep(900)"
    program.write_text(
        "from labkit.grading.pool import WarmPython\n"
        "python = WarmPython(sandbox=False)\n"
        f"answer = python.begin({asked(code)!r}, 900)\n"
        "answer.channel.send({'go': True})\n"
        "print(python.process.pid, flush=True)\n"
        "import time; time.sleep(900)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    grader = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    )
    warm = int(grader.stdout.readline())
    assert soon(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    answer = int((tmp_path / "pid").read_text())
    assert running(warm) and running(answer)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert soon(lambda: not running(warm) and not running(answer))


def test_an_answer_that_nobody_waits_for_is_ended(not_shut_in):
    with begun(not_shut_in, "while True: pass"):
        busy = psutil.Process(not_shut_in.process.pid).children()
        assert len(busy) == 1
    assert soon(lambda: not running(busy[0].pid))


def test_what_goes_wrong_before_an_answer_begins_is_not_the_answers_fault(not_shut_in):
    with pytest.raises(LabkitError, match="could not begin a process: StopIteration"):
        not_shut_in.begin(asked(RIGHT, "no_such"), 60)


def test_an_answer_cannot_claim_a_fault_of_ours(not_shut_in):
    claim = RIGHT + 'import os\nfor n in range(3, 30):\n    try: os.write(n, b\'{"fault": "yours"}\\n\')\n'
    claim += "    except OSError: pass\n"
    report = Grader("01", seed=3, python=not_shut_in).grade("mlm_loss", claim)
    assert not report.passed and "unreadable" in report.text


def test_no_room_for_a_process_is_said_to_the_job(monkeypatch):
    """Where the machine has no memory for a fork, the warm Python goes on, and the pool hears why."""

    def no_memory():
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(zygote.os, "fork", no_memory)
    (job, theirs), (monitor, watched) = socket.socketpair(), socket.socketpair()
    children = {}
    zygote.start(1.0, [theirs.detach(), watched.detach()], None, children, None)
    conversation = Conversation(job, monitor)
    assert conversation.receive(5) == {"fault": "no process could be started: Cannot allocate memory"}
    assert children == {} and conversation.lost
    conversation.close()


def test_a_crash_and_its_signal_are_told_apart_from_a_killed_warm_python(not_shut_in):
    with begun(not_shut_in, "import os; os.abort()") as conversation:
        assert conversation.receive(60) == {"at": "cell", "place": 0}
        with pytest.raises(pool.Ended, match="^ended$"):
            conversation.receive(60)
        assert conversation.status == -signal.SIGABRT and not conversation.lost


def test_a_process_that_cannot_be_shut_in_runs_nothing(monkeypatch):
    def forbidden(*_):
        raise OSError(1, "unshare: Operation not permitted")

    monkeypatch.setattr("labkit.grading.isolation.part_from_others", forbidden)
    said = []
    channel = type("Channel", (), {"send": lambda self, message: said.append(message)})()
    serve(asked("1 / 0"), channel, "walled", 5)
    (only,) = said
    assert "Operation not permitted" in only["fault"]


def test_a_system_that_cannot_fork_is_one_message():
    """As on Windows, which has neither these names nor this module."""
    program = (
        "import os, signal, sys\n"
        "del os.fork, signal.SIGKILL\n"
        "sys.modules['resource'] = sys.modules['pwd'] = None\n"
        "from labkit.grading import command, pool\n"
        "from labkit.messages import LabkitError\n"
        "try:\n    pool.WarmPython()\nexcept LabkitError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert "Linux container" in done.stdout, done.stderr


def test_a_python_that_does_not_start_is_one_message():
    with pytest.raises(LabkitError, match="can't be run: No such file"):
        WarmPython(sandbox=False, executable="/no/such/python")
    with pytest.raises(LabkitError, match="could not be started"):
        WarmPython(sandbox=False, executable="/bin/false" if os.path.exists("/bin/false") else "false")


# Last: whoever needs that Python next has to start it again.
def test_who_kills_the_warm_python_each_time_gets_no_points_and_no_endless_run(not_shut_in, monkeypatch):
    monkeypatch.setattr("labkit.grading.grader.ATTEMPTS", 1)  # each costs the start of a Python
    killer = (
        "def mlm_loss(logits, labels):\n    import os\n    os.kill(os.getppid(), 9)\n    while True: pass"
    )
    report = Grader("01", seed=3, python=not_shut_in).grade("mlm_loss", killer)
    assert report.points == 0 and "ended the whole process" in report.text
