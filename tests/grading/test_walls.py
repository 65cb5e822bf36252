"""The sandbox from inside: what answers try there (`probes`), whoever starts the grader."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.grading import hindrances, isolation, sandbox, syscalls, worker
from labkit.grading.grader import Grader
from labkit.messages import LabkitError
from tests.grading import probes
from tests.grading.conftest import needs_sandbox
from tests.notebooks.conftest import ROOT

PROBES = Path(probes.__file__).read_text(encoding="utf-8")
USER = 12345  # of an ordinary user; there need be no such name
# What root of a Docker container may do, if it is asked for nothing more
CONTAINER = """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE
    SYS_CHROOT KILL AUDIT_WRITE""".split()
BECOME = f"""
import os, sys
os.setgroups([])
os.setresgid({USER}, {USER}, {USER})
os.setresuid({USER}, {USER}, {USER})
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# Root of a machine on which nobody can make user namespaces
WITHOUT = """
import ctypes, os, sys
(ready, tell), (mapped, say) = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(tell, b"x")
    os.read(mapped, 1)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(ready, 1)
for name in ("uid_map", "gid_map"):
    with open(f"/proc/{child}/{name}", "w") as file:
        file.write("0 0 65536")
os.write(say, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def visible_to_all():
    """The start of an argv: show this machine as it is, but with a way to Python that every user can take."""
    argv, covered = ["bwrap", "--dev-bind", "/", "/"], set()
    for path in sandbox.visible_folders():
        closed = next((p for p in reversed(path.parents) if not p.stat().st_mode & 1), None)
        if closed and closed not in covered:
            argv += ["--tmpfs", str(closed), "--chmod", "0755", str(closed)]
            covered.add(closed)
        if closed:
            argv += ["--dir", str(path.parent), "--ro-bind", str(path), str(path)]
    return argv


def only_with(capabilities):
    return ["--cap-drop", "ALL", *(word for name in capabilities for word in ("--cap-add", f"CAP_{name}"))]


# Whoever starts the grader: the start of the argv that has a Python run as theirs.
STARTERS = {
    "as the tests": lambda: [sys.executable],
    "ordinary user": lambda: [*visible_to_all(), sys.executable, "-c", BECOME],
    "root of a container": lambda: [*visible_to_all(), *only_with(CONTAINER), sys.executable],
    "root without user namespaces": lambda: [sys.executable, "-c", WITHOUT],
    "ordinary user without user namespaces": lambda: [
        *visible_to_all(),
        *(sys.executable, "-c", WITHOUT, "-c", BECOME),
    ],
}
OUTSIDE = """
import subprocess, sys
from labkit.grading import sandbox
sandbox.require_sandbox()
command = sandbox.bubblewrap([sys.executable, "-c", *sys.argv[1:]])
sys.exit(subprocess.run(command, timeout=300, **sandbox.starter()).returncode)
"""
# As the warm Python does it, without what takes time: a child for each answer. Prints what each has found.
INSIDE = f"""
import json, os, sys
from labkit.grading import isolation
from labkit.grading.sandbox import SCRATCH
isolation.become_nobody(SCRATCH)
def answer(function):
    (ours, theirs), (wait, end) = os.pipe(), os.pipe()
    if os.fork() == 0:
        try:
            os.setsid()
            os.close(end)
            isolation.end_with_parent()
            isolation.offer_to_memory_killer()
            isolation.part_from_others(SCRATCH, {worker.LIMITS.scratch})
            isolation.shut_in(isolation.{worker.LIMITS!r})
            known = {{}}
            exec(sys.argv[1], known)
            os.write(theirs, json.dumps(known[function]()).encode() + b"\\n")
            os.read(wait, 1)
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as file:
        return json.loads(file.readline()), end
found, end = answer("everything")
os.close(end)
found["left"], end = answer("leave")
found["beside"], other = answer("look")
os.close(other)
os.close(end)
found["after"], end = answer("look")
print(json.dumps(found))
"""
_FOUND = {}


def run_as(who, *arguments, timeout=300):
    """Run Python as who starts the grader."""
    if who != "as the tests" and not (os.getuid() == 0 and sandbox.mounts_as_root()):
        pytest.skip("only root can be somebody else")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*STARTERS[who](), *arguments], capture_output=True, text=True, env=environment, timeout=timeout
    )


@pytest.fixture(scope="module", params=list(STARTERS)[:4])
def found(request):
    """What the probes found, for each who may start the grader."""
    if request.param not in _FOUND:
        done = run_as(request.param, "-c", OUTSIDE, INSIDE, PROBES)
        assert done.returncode == 0, done.stderr[-3000:]
        _FOUND[request.param] = json.loads(done.stdout)
    return _FOUND[request.param]


@needs_sandbox
@pytest.mark.parametrize("attempt", probes.REFUSED)
def test_what_an_answer_tries_is_refused(found, attempt):
    outcome = found["refused"][attempt]
    assert "error" in outcome, outcome
    if attempt.startswith(("call ", "x32 ")):  # the filter's word, not a complaint about the arguments
        numbers = probes.CALLS.get(attempt.removeprefix("call "), (0, 0))
        missing = attempt == "call clone3" or numbers[probes.COLUMN] is None
        assert missing or outcome["errno"] == errno.EPERM


@needs_sandbox
@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("groups", []),
        ("privileges", [0] * 5),
        ("no new privileges", "1"),
        ("filter", "2"),
        ("processes", ["1", "2"]),
        ("pid", 2),
        ("oom", "1000"),
        ("networks", ["lo"]),
        ("sockets", 0),
        ("folders", {"/scratch": [], "/tmp": [], "/dev/shm": []}),
        ("home", []),
        ("writable", ["/dev/shm", "/scratch", "/tmp"]),
        ("reads leave no trace", True),
        (
            "devices",
            ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"],
        ),
        (
            "environment",
            sorted(
                [
                    "HOME",
                    "LANG",
                    "OMP_NUM_THREADS",
                    "PATH",
                    "PWD",
                    "PYTHONPATH",
                    "TMPDIR",
                    *sandbox.REPEATABLE,
                ]
            ),
        ),
    ],
)
def test_what_an_answer_sees(found, what, expected):
    assert found["seen"][what] == {"value": expected}


@needs_sandbox
def test_an_answer_is_an_ordinary_user(found):
    assert 0 not in found["seen"]["user"]["value"]


@needs_sandbox
@pytest.mark.parametrize(
    ("what", "least", "most"),
    [
        ("files in /scratch", 32, 64),
        ("files in /tmp", 32, 64),
        ("files in /dev/shm", 32, 64),
        ("files in all folders", 32, 64),
        ("files without a name", 32, 64),
        ("number of files", 5000, isolation.MOST_FILES),
        ("one file", 16, 16),
        ("pipes", 1, 16),
        ("sockets", 1, 64),
        ("shared memory", 256, 1024),
        ("threads", 30, isolation.MOST_THREADS),
        ("descriptors", 100, 256),
    ],
)
def test_what_an_answer_can_take(found, what, least, most):
    assert least <= found["taken"][what]["value"] <= most


@needs_sandbox
def test_answers_leave_each_other_no_notes(found):
    left = {name for name, outcome in found["left"].items() if outcome.get("value")}
    # These are the answer's own, or do nothing: locks are not kept.
    own = {f"{folder}/note" for folder in probes.FOLDERS} | {"fifo", "name", "folder's mode"}
    assert left == own | {"flock", "lock"}
    assert found["beside"] == [] and found["after"] == []


HONEST = """
import asyncio, fcntl, mmap, os, sqlite3, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
import numpy, torch

def mlm_loss(logits, labels):
    numpy.linalg.svd(numpy.eye(30))
    torch.linalg.qr(torch.eye(30))
    torch.save(logits, "logits.pt")
    assert torch.equal(torch.load("logits.pt"), logits)
    numpy.memmap("map", "float32", "w+", shape=(1000,))[:] = 1
    data = torch.utils.data.TensorDataset(torch.arange(10))
    assert len(list(torch.utils.data.DataLoader(data, batch_size=2, shuffle=True))) == 5
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(abs, [-1, 2])) == [1, 2]
    async def one():
        await asyncio.sleep(0)
        return 1
    assert asyncio.run(one()) == 1
    with sqlite3.connect("data.db") as base:
        base.execute("create table if not exists t (x)")
    with open("lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/x", "w") as file:
        file.write("x")
    for place in ("/tmp/x", "/dev/shm/x", "/dev/null"):
        with open(place, "w") as file:
            file.write("x")
    torch.ones(100).share_memory_()
    assert os.urandom(4) and open("/proc/cpuinfo").read() and open("/proc/meminfo").read()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
"""
GRADE = f"""
from labkit.grading.grader import Grader
from labkit.grading.pool import WarmPython
with WarmPython() as python:
    grader = Grader("01", seed=3, python=python)
    print(grader.grade("mlm_loss", {HONEST!r}).passed)
    print(grader.grade("mlm_loss", "import os\\ndef mlm_loss(a, b):\\n    raise OSError(os.getuid())").text)
"""


@needs_sandbox
def test_what_answers_need_works(shut_in):
    report = Grader("01", seed=3, python=shut_in).grade("mlm_loss", HONEST)
    assert report.passed, report.text


@needs_sandbox
@pytest.mark.parametrize(
    ("who", "user"), [("ordinary user", USER), ("root of a container", isolation.NOBODY)]
)
def test_whoever_starts_it_the_grader_grades(who, user):
    done = run_as(who, "-c", GRADE)
    assert done.stdout.startswith("True\n") and f"OSError: {user}" in done.stdout, done.stdout + done.stderr


@needs_sandbox
def test_the_warm_pythons_own_children_are_shut_in_the_same_way(shut_in):
    """The other tests take a short cut; here everything is as it is when a class is graded."""
    code = (
        f"known = {{}}\nexec({PROBES!r}, known)\n"
        "def mlm_loss(logits, labels):\n"
        "    open_to_all = [n for n, f in known['REFUSED'].items() if 'error' not in known['outcome'](f)]\n"
        "    seen = [known['SEEN'][n]() for n in ('privileges', 'filter', 'processes', 'oom', 'writable')]\n"
        "    raise ValueError(open_to_all, seen, os.getuid() == 0)\n"
        "import os\n"
    )
    text = Grader("01", seed=3, python=shut_in).grade("mlm_loss", code).text
    seen = [[0] * 5, "2", ["1", "2"], "1000", ["/dev/shm", "/scratch", "/tmp"]]
    assert f"ValueError: ([], {seen}, False)" in text


# Where there is no sandbox


def test_what_is_missing_is_said(monkeypatch):
    done = run_as("ordinary user without user namespaces", "-c", OUTSIDE, INSIDE, PROBES)
    assert done.returncode != 0 and "user.max_user_namespaces=0" in done.stderr
    monkeypatch.setattr(hindrances.shutil, "which", lambda name: None)
    with pytest.raises(LabkitError, match="not installed"):
        sandbox.require_sandbox()


@needs_sandbox
def test_a_python_that_only_root_can_read_is_said(tmp_path, monkeypatch):
    if os.getuid() != 0:
        pytest.skip("an ordinary user's answers read what the user can")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    known = sandbox.visible_folders()
    monkeypatch.setattr(sandbox, "visible_folders", lambda: [*known, folder])
    with pytest.raises(LabkitError, match="the user nobody, who has to be able to read"):
        sandbox.require_sandbox()


def test_a_machine_whose_system_calls_are_unknown_is_said():
    with pytest.raises(OSError, match="riscv64"):
        syscalls.program("riscv64", ())


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_the_numbers_are_those_of_the_systems_headers(machine, header):
    if not os.path.exists(header):
        pytest.skip(f"there is no {header}")
    text = Path(header).read_text()
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", text))
    column = list(syscalls.AUDIT).index(machine)
    own = {
        name: getattr(syscalls, name.upper())
        for name in "clone clone3 socket socketpair setsockopt fcntl flock".split()
    }
    for name, known in (probes.CALLS | own).items():
        assert name not in numbers or numbers[name] == str(known[column]), name
        assert name in numbers or known[column] is None or known[column] > 450, name
