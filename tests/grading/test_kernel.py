"""Warm kernels under nbclient and nbval: what a usual kernel does, and in the sandbox what it may not."""

import errno
import json
import os
import platform
import re
import socket
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import psutil
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit.commands import cli
from labkit.grading import kernel
from labkit.grading.kernel_specs import NAMES, write_specs
from labkit.grading.sandbox import visible_folders
from labkit.messages import LabkitError
from tests.grading.conftest import needs_sandbox
from tests.notebooks.conftest import ROOT

GROUP = "jupyter_client.kernel_provisioners"
PATIENCE = 300  # seconds, of a busy machine
KINDS = ["labkit-warm", pytest.param("labkit-sandbox", marks=needs_sandbox)]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The environment in which Jupyter knows the kernels; one warm Python of each kind serves all tests."""
    folder = tmp_path_factory.mktemp("jupyter")
    write_specs(folder / "data")
    python_path = [str(ROOT)]
    if not set(NAMES) <= {entry.name for entry in entry_points(group=GROUP)}:
        # An installation that is older than the provisioners, or none: the entry points alone will do.
        info = folder / "site" / "labkit_provisioners-0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labkit-provisioners\nVersion: 0\n")
        lines = ["labkit-warm=labkit.grading.kernel:WarmProvisioner"]
        lines += ["labkit-sandbox=labkit.grading.kernel:SandboxProvisioner"]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        python_path.append(str(folder / "site"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "data"))
        patch.setenv("PYTHONPATH", os.pathsep.join([*python_path, os.environ.get("PYTHONPATH", "")]))
        for path in python_path:
            patch.syspath_prepend(path)
        yield
    kernel.close_all()


def run(kind, *cells, timeout=PATIENCE, folder=None):
    """Run cells in a new kernel; returns what each printed, or its error."""
    notebook = new_notebook(cells=[new_code_cell(text) for text in cells])
    resources = {"metadata": {"path": str(folder or ROOT)}}
    client = NotebookClient(
        notebook,
        kernel_name=kind,
        timeout=timeout,
        allow_errors=True,
        resources=resources,
        startup_timeout=PATIENCE,
    )
    client.execute()
    return [said(cell) for cell in notebook.cells]


def said(cell):
    parts = [o.get("text") or o.get("evalue") or o.get("data", {}).get("text/plain") for o in cell.outputs]
    return "".join(part or "" for part in parts).strip()


def processes(python):
    """How many processes there are below a warm Python and its sandbox."""
    found = [psutil.Process(python.process.pid), *psutil.Process(python.process.pid).children(recursive=True)]
    return len([process for process in found if process.status() != psutil.STATUS_ZOMBIE])


def soon(condition):
    """Wait until something is so; returns whether it became so."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


LAB = [
    "import labkit, torch",
    "torch.manual_seed(1)\nround(float(torch.rand(3).sum()), 5)",
    'bert = labkit.load("bert")\nbert.tokenizer.tokenize("a warm kernel")',
    "with torch.no_grad():\n"
    "    ids = torch.tensor([bert.tokenizer('The cat sat.').input_ids])\n"
    "    print(bert.network(ids).logits.shape, round(float(bert.network(ids).logits.mean()), 3))",
    "1 / 0",
    "import sys\n(__name__, 'torch' in sys.modules, get_ipython() is not None, sys.argv[0][-18:])",
]


@pytest.fixture(scope="module")
def usual(known):
    """What the cells of LAB say in a kernel that Jupyter starts."""
    return run("python3", *LAB)


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_says_the_same_as_on_the_usual_kernel(kind, usual):
    warm = run(kind, *LAB)
    assert warm[1:5] == usual[1:5] and "division by zero" in warm[4]
    assert "'__main__', True, True" in warm[5]


@pytest.mark.parametrize("kind", KINDS)
def test_two_notebooks_share_nothing(kind, known):
    draw = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1))"
    first = run(kind, draw, "secret = 1\nimport labkit, os\nlabkit.secret = 2\nos.environ['SECRET'] = '3'")
    look = "import labkit, os\n('secret' in globals(), hasattr(labkit, 'secret'), 'SECRET' in os.environ)"
    seen, drawn = run(kind, look, draw)
    assert seen == "(False, False, False)"
    assert drawn != first[0]


def test_the_folder_and_the_environment_are_the_notebooks(known, tmp_path, monkeypatch):
    (tmp_path / "helper.py").write_text("value = 42")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert run(
        "labkit-warm", "import helper, os\n(helper.value, os.environ['OMP_NUM_THREADS'])", folder=tmp_path
    ) == ["(42, '1')"]


@pytest.mark.parametrize("kind", KINDS)
def test_interrupt_restart_and_shutdown(kind, known):
    manager = KernelManager(kernel_name=kind)
    manager.start_kernel()
    python = kernel.warm_python(kind == "labkit-sandbox", sys.executable, os.environ)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        with_one = processes(python)
        client.execute("x = 1\nprint('on')\nwhile True: pass")
        while client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=PATIENCE))["msg_type"] != "execute_reply":
            pass
        assert reply["content"]["ename"] == "KeyboardInterrupt" and manager.is_alive()

        manager.restart_kernel()
        client.wait_for_ready(timeout=PATIENCE)
        reply = client.execute_interactive("x", timeout=PATIENCE, output_hook=lambda message: None)
        assert reply["content"]["ename"] == "NameError"
        assert soon(lambda: processes(python) == with_one)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert not manager.is_alive()
    assert soon(lambda: processes(python) < with_one)


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_is_noticed_and_an_endless_cell_ends(kind, known):
    with pytest.raises(DeadKernelError):
        run(kind, "import ctypes; ctypes.string_at(0)")
    with pytest.raises(CellTimeoutError):
        run(
            kind, "while True:\n    try:\n        while True: pass\n    except BaseException: pass", timeout=3
        )
    assert run(kind, "1 + 1") == ["2"]


def test_what_a_notebook_started_ends_with_it_and_not_before(known):
    start = "import subprocess\nint(subprocess.check_output('sleep 999 > /dev/null & echo $!', shell=True))"
    number, alive = run("labkit-warm", start, "import time, psutil\ntime.sleep(2)\npsutil.pid_exists(_1)")
    assert alive == "True"
    assert soon(lambda: not psutil.pid_exists(int(number)))


@needs_sandbox
def test_in_the_sandbox_there_is_no_network_no_home_and_nobody_else(known, tmp_path):
    (tmp_path / "grades.csv").write_text("secret")
    tries = [
        "import socket\nsocket.create_connection(('1.1.1.1', 80), 2)",
        f"import socket\nsocket.create_connection(('127.0.0.1', {open_port()}), 2)",
        f"open({str(tmp_path / 'grades.csv')!r}).read()",
        "open('/etc/passwd').read()",
        "open('/usr/mine', 'w')",
        "import subprocess\nsubprocess.run(['true'])",
        "import os\nos.fork()",
    ]
    for text, got in zip(tries, run("labkit-sandbox", *tries), strict=True):
        assert re.search("unreachable|refused|No such file|Read-only|not permitted", got), (
            text,
            got,
        )
    home = Path.home()
    leads_to_python = {path.relative_to(home).parts[0] for path in visible_folders() if home in path.parents}
    at_home, place, others, written = run(
        "labkit-sandbox",
        f"import os\nos.listdir({str(home)!r}) if os.path.isdir({str(home)!r}) else []",
        "import os, psutil\nprint(os.getcwd(), sorted(os.listdir()), psutil.pids() and os.getpid())",
        "import glob\nlen(glob.glob('/tmp/labkit-*/*'))",
        "from pathlib import Path\nfolder = glob.glob('/tmp/labkit-*/*')[0]\n"
        "print(len(os.listdir(folder)))\nPath(folder, 'x').write_text('x')",
    )
    assert set(eval(at_home)) <= leads_to_python
    assert place == "/scratch ['.ipython', 'connection.json'] 2"
    assert others == "1"  # the folder of its own sockets
    assert written.startswith("5") and "Read-only" in written


@needs_sandbox
def test_in_the_sandbox_mounts_and_their_privileges_are_gone(known):
    calls = {
        "mount": 165,
        "unshare": 272,
        "open_tree": 428,
        "move_mount": 429,
        "fsopen": 430,
        "x32 fork": 1 << 30 | 57,
    }
    if platform.machine() != "x86_64":
        calls = {"mount": 40, "unshare": 97, "open_tree": 428, "move_mount": 429, "fsopen": 430}
    text = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    text += f"[(libc.syscall(n, 0, 0, 0, 0, 0), ctypes.get_errno()) for n in {list(calls.values())}]"
    status = (
        "[line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1].strip('0')"
    )
    refused, privileges = run("labkit-sandbox", text, status)
    assert eval(refused) == [(-1, errno.EPERM)] * len(calls)
    assert privileges == "''"


def open_port():
    """A port of this machine at which somebody listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    _LISTENING.append(listener)
    return listener.getsockname()[1]


_LISTENING = []


def nbval(path, *options):
    """Run nbval; returns each cell's number -> whether it passed, by the notebook's file name."""
    junit = path / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", "--color=no"]
    command += [f"--nbval-cell-timeout={PATIENCE}", f"--nbval-kernel-startup-timeout={PATIENCE}"]
    done = subprocess.run(
        [*command, *options, f"--junitxml={junit}", *map(str, sorted(path.glob("*.ipynb")))],
        cwd=path,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
    )
    assert junit.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
    return {
        (case.get("classname"), case.get("name")): len(case) == 0
        for case in ElementTree.parse(junit).iter("testcase")
    }


def test_nbval_finds_the_same_on_the_warm_kernel(known, tmp_path):
    cells = [
        new_code_cell("import torch"),
        checked("print(int(torch.arange(4).sum()))", "6\n"),
        checked("print(int(torch.arange(4).sum()))", "7\n"),
        new_code_cell("1 / 0"),
        checked("print('mine' in globals())\nmine = 1", "False\n"),
    ]
    for name in ("ann", "bob"):
        (tmp_path / f"{name}.ipynb").write_text(nbformat.writes(new_notebook(cells=cells)))
    here = nbval(tmp_path, "--nbval-kernel-name=python3")
    warm = nbval(tmp_path, "--nbval-kernel-name=labkit-warm")
    assert [*here.values()] == [True, True, False, False, True] * 2
    assert warm == here


def checked(text, output):
    """A cell whose output nbval compares."""
    outputs = [new_output("stream", name="stdout", text=output)]
    return new_code_cell(f"# NBVAL_CHECK_OUTPUT\n{text}", outputs=outputs, execution_count=1)


def test_kernelspecs_are_written_where_one_says_and_never_over_anothers(tmp_path, capsys):
    assert cli.main(["kernel", "--folder", str(tmp_path)]) == 0
    assert cli.main(["kernel", "--folder", str(tmp_path)]) == 0  # its own may be renewed
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("kernel.json"))
    assert found == ["kernels/labkit-sandbox/kernel.json", "kernels/labkit-warm/kernel.json"]
    assert f"JUPYTER_PATH={tmp_path}" in capsys.readouterr().out
    (tmp_path / found[0]).write_text('{"argv": ["mine"]}')
    with pytest.raises(LabkitError, match="not made"):
        write_specs(tmp_path)
    assert "mine" in (tmp_path / found[0]).read_text()


def test_the_sandboxs_kernelspec_starts_nothing_without_its_provisioner(tmp_path):
    spec = json.loads(write_specs(tmp_path)[1].read_text())
    done = subprocess.run(spec["argv"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "does not know its provisioner" in done.stderr


def test_where_kernels_can_not_be_written_another_folder_is_named(tmp_path):
    (tmp_path / "share").write_text("a file")
    with pytest.raises(LabkitError, match="--folder DIR") as said:
        write_specs(tmp_path / "share" / "jupyter")
    assert "\n" not in str(said.value)
