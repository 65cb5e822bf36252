"""Hostile answers, and answers that behave badly: they gain nothing, and cost their own exercise alone."""

import os
import re
import socket
import time
from dataclasses import replace

import pytest

from labkit.grading.channel import Channel
from labkit.grading.grader import Grader
from labkit.grading.worker import serve
from tests.grading.conftest import needs_sandbox
from tests.grading.test_pool import asked

MLM = "def mlm_loss(logits, labels):\n    {body}\n"
SAY = """
import os
def say(line):
    for number in range(3, 64):
        try: os.write(number, line + b"\\n")
        except OSError: pass
"""
WRONG_VALUE = "import torch\n    return torch.tensor(1.0)"


@needs_sandbox
@pytest.mark.parametrize(
    "attack",
    [
        "import labkit\nlabkit.start('01').check = lambda f: None",
        "import labkit.lab\nlabkit.lab.Lab.check = lambda self, f: print('passed')",
        "import torch\ntorch.equal = torch.allclose = torch.isclose = lambda *a, **k: True",
        "import numpy\nnumpy.allclose = numpy.array_equal = lambda *a, **k: True",
        "import builtins\nbuiltins.print = builtins.abs = builtins.all = lambda *a: True",
        "import sys\nfor name in list(sys.modules):\n    if name.startswith('labkit'): sys.modules.pop(name)",
        "import labkit.exercises.values as v\nv.same = lambda *a, **k: True\nv.unchanged = lambda *a: True",
        "import labkit.exercises.engine as e\ne.alike = lambda *a: True\ne.judge = lambda *a: True",
        "import labkit.grading.plain as p\np.encode = lambda *a: {'kind': 'other', 'shown': 'right'}",
        "import atexit\natexit.register(lambda: print('points: 5'))",
        "class Yes(float):\n    __eq__ = lambda a, b: True\n    __hash__ = None",
        "import gc\nfor x in gc.get_objects():\n    if type(x).__name__ == 'Report': x.status = 'passed'",
        "import torch\ntorch.Tensor.__eq__ = torch.Tensor.__sub__ = lambda *a: torch.zeros(())",
        "import labkit.grading.worker as w\nw.answer_case = lambda *a: {'passed': True, 'points': 5}",
        SAY + "say(b'{\"outcomes\": []}')",
        SAY + 'say(b\'{"status": "passed", "points": 5}\')',
        SAY + "say(b'[' * 10**5)",
    ],
    ids=lambda text: text[:40],
)
def test_patching_gains_nothing(shut_in, attack):
    code = attack + "\n" + MLM.format(body=WRONG_VALUE)
    report = Grader("01", seed=3, python=shut_in).grade("mlm_loss", code)
    assert not report.passed and report.points <= 2  # what a constant gets without any attack


@needs_sandbox
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Pickle()", "Pickle"),
        ("Always()", "Always"),
        ("10**400", "larger than any float"),
        ("float('nan')", "nan"),
        ("torch.eye(3).to_sparse()", "holds more or none"),
        ("torch.empty(3, device='meta')", "holds more or none"),
        ("get_ipython().events", "EventManager"),
        ("(n for n in iter(int, 1))", "generator"),
    ],
)
def test_only_plain_data_comes_back(shut_in, value, shown):
    """A pickle in place of an array, an object that equals everything: neither is brought to life here."""
    code = """
import os, torch
class Pickle:
    def __reduce__(self): return os.system, ("touch pickled",)
class Always:
    __eq__ = __lt__ = __gt__ = __le__ = lambda a, b: True
    __float__ = lambda self: 0.0
def mlm_loss(logits, labels):
    return {value}
"""
    report = Grader("01", seed=3, python=shut_in).grade("mlm_loss", code.replace("{value}", value))
    assert report.status == "wrong" and report.points <= 1 and shown in report.text


@pytest.mark.parametrize(
    "code",
    [
        "from labkit.training.objectives import mlm_loss",
        "from labkit.exercises import get\nmlm_loss = get('01').EXERCISES[3].reference",
    ],
)
def test_what_cannot_be_prevented(not_shut_in, code):
    """The checks are in the package and so is what they compare with: an answer may hand it in as its own.

    It is right then, and gets its points. Only a reader can tell; README says so too.
    """
    assert Grader("01", seed=3, python=not_shut_in).grade("mlm_loss", code).passed


@needs_sandbox
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(0)", "ended the whole process"),
        ("import ctypes; ctypes.string_at(0)", "ended the whole process"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL); os.abort()", "ended the whole process"),
        ("return [0] * 10**7", "returned a list"),
        ("return bytearray(5 * 10**9)", "MemoryError"),
        ("import os\n    while True: os.fork()", "not permitted|PermissionError"),
        ("import subprocess; subprocess.run(['ls'])", "not permitted|PermissionError"),
        ("return open('/etc/passwd').read()", "FileNotFoundError"),
        ("import os; return os.listdir(os.path.expanduser('~root'))", "Error|expected"),
        ("open('/grades.csv', 'w')", "Read-only|PermissionError"),
        ("import socket; socket.create_connection(('1.1.1.1', 80), 2)", "Error"),
        ("input()", "input"),
        ("exit()", "SystemExit|NameError"),
        ("raise KeyboardInterrupt", "ended the whole process"),
        ("import os; os.kill(0, 9)", "expected|ended the whole process"),
        ("import os; os.kill(-1, 9); os.kill(os.getppid(), 9)", "Error|ended the whole process"),
        ("return mlm_loss(logits, labels)", "RecursionError"),
        ("x = []\n    while True: x.append(bytearray(10**8))", "MemoryError|did not come back"),
        ("open('large', 'wb').write(bytes(10**8))", "File too large|No space|OSError"),
        ("import torch; torch.empty(10**10).fill_(0)", "RuntimeError|MemoryError"),
        (
            "import threading, time\n    while True: threading.Thread(target=time.sleep, args=(99,)).start()",
            "can't start new thread|MemoryError|ended",
        ),
        ("import os; os.write(3, b'forged'); return 0", "expected|Error|unreadable|ended"),
    ],
    ids=lambda text: text[:40],
)
def test_behaviour_costs_the_exercise_and_nobody_else(shut_in, body, said):
    grader = Grader("01", seed=3, python=shut_in)
    report = grader.grade("mlm_loss", MLM.format(body=body))
    assert report.points <= 2 and re.search(said, report.text), report.text
    right = "import torch\n" + MLM.format(
        body="return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())"
    )
    assert grader.grade("mlm_loss", right).passed


@needs_sandbox
def test_output_floods_and_threads_are_borne(shut_in):
    code = """
import os, threading, time, torch
def busy():
    while True:
        time.sleep(0.001)
def mlm_loss(logits, labels):
    for _ in range(10**4):
        print("flood " * 100)
    os.write(1, b"flood" * 10**6)
    os.write(2, b"flood" * 10**6)
    if threading.active_count() < 10:  # there is a limit, and many cases
        threading.Thread(target=time.sleep, args=(600,)).start()
        threading.Thread(target=busy, daemon=True).start()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
"""
    assert Grader("01", seed=3, python=shut_in).grade("mlm_loss", code).passed


@needs_sandbox
@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "import signal as s\n    s.signal(14, s.SIG_IGN); s.signal(27, s.SIG_IGN)\n    while True: pass",
        "import signal as s\n    s.setitimer(0, 0); s.setitimer(2, 0)\n    while True: pass",
        "import time\n    while True:\n        try: time.sleep(9)\n        except BaseException: pass",
        "import labkit.grading.channel\n    labkit.grading.channel.Channel.send = lambda *a: None",
    ],
    ids=["swallows KeyboardInterrupt", "ignores the alarm", "stops the clock", "sleeps", "says nothing"],
)
def test_an_endless_loop_ends_with_its_time(shut_in, monkeypatch, body):
    grader = Grader("01", seed=3, python=shut_in)
    monkeypatch.setattr("labkit.grading.grader.MARGIN", 1.0)
    grader.tasks["mlm_loss"] = replace(grader.tasks["mlm_loss"], seconds=1.0)
    report = grader.grade("mlm_loss", MLM.format(body=body))
    assert report.points == 0 and "did not come back" in report.text


def test_a_plain_endless_loop_ends_itself_and_says_how_long_it_had():
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        serve(
            asked(MLM.format(body="while True: pass")) | {"seconds": {"mlm_loss": 0.2}},
            Channel(theirs),
            "open",
            5,
        )
        os._exit(0)
    channel = Channel(ours)
    said = [channel.receive()]
    channel.send({"go": True})
    said += [channel.receive() for _ in range(3)]
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    late = {"problem": "mlm_loss did not come back within 0.2 seconds.", "late": True}
    check = {"at": "check", "exercise": "mlm_loss", "place": 0}
    assert said == [{"ready": True}, {"at": "cell", "place": 0}, check, late]


def test_one_answer_cannot_see_anothers_files(shut_in):
    write = "open('mine.txt', 'w').write('x')\n    import torch\n    return torch.tensor(1.0)"
    look = "import os\n    raise ValueError(os.listdir('.'))"
    grader = Grader("01", seed=3, python=shut_in)
    assert "expected" in grader.grade("mlm_loss", MLM.format(body=write)).text
    assert "ValueError: []" in grader.grade("mlm_loss", MLM.format(body=look)).text


HARD = """
class Hard:
    def loop(self, *args, **options):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __reduce__ = __hash__ = __bool__ = loop
    __getattr__ = __format__ = __array__ = __torch_function__ = __del__ = loop
def mlm_loss(logits, labels):
    return Hard()
"""


@needs_sandbox
def test_what_cannot_be_looked_at_costs_its_time_and_no_more(shut_in, monkeypatch):
    """A process that swallows every exception, wherever it is asked something, is killed by its own time."""
    monkeypatch.setattr("labkit.grading.grader.MARGIN", 60.0)
    grader = Grader("01", seed=3, python=shut_in)
    grader.tasks["mlm_loss"] = replace(grader.tasks["mlm_loss"], seconds=1.0)
    begin = time.monotonic()
    report = grader.grade("mlm_loss", HARD)
    assert report.points == 0 and "did not come back" in report.text
    assert time.monotonic() - begin < 50  # by its own time, long before the clock's


@needs_sandbox
@pytest.mark.parametrize(
    "signal", ["os.kill(0, 9)", "os.kill(os.getppid(), 15)", "os.killpg(os.getpgrp(), 9)"]
)
def test_signals_to_its_own_group_give_the_same_grade_each_time(shut_in, signal):
    code = f"import os\ntry:\n    {signal}\nexcept OSError:\n    pass\n" + MLM.format(body="return 0")
    grader = Grader("01", seed=3, python=shut_in)
    assert len({grader.grade("mlm_loss", code).text for _ in range(6)}) == 1


@needs_sandbox
def test_a_notebook_of_many_sleeping_cells_has_an_end(shut_in, monkeypatch):
    monkeypatch.setattr("labkit.grading.grader.ALL_CELLS", 2.0)
    sleep = {"run": "import time\ntime.sleep(1)", "course": 0}
    steps = [sleep | {"place": place} for place in range(1000)]
    begin = time.monotonic()
    record = Grader("01", seed=3, python=shut_in).run(steps)
    assert record.verdicts == {} and time.monotonic() - begin < 60
