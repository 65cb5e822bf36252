"""What every command does around its work, whatever the environment is like."""

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import machine
from labkit.messages import LabkitError, program

COMMAND = [sys.executable, "-c", "import sys; from labkit.commands.cli import main; sys.exit(main())"]


def labkit(arguments, folder, shell="", **environment):
    """Run a command in a folder; shell: redirections."""
    own = {name: text for name, text in os.environ.items() if name not in ("PYTHONIOENCODING", "HOME")}
    own |= {name: text for name, text in environment.items() if text is not None}
    script = f'exec "$@" {shell}'
    return subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *arguments],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )


ENVIRONMENTS = {
    "ASCII alone": ("", {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}),
    "a locale without UTF-8": ("", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "no home, no terminal": ("", {"TERM": "", "NO_COLOR": "1"}),
    "threads that are none": ("", {"OMP_NUM_THREADS": "many", "MPLBACKEND": "nothing"}),
    "stdin closed": ("<&-", {}),
    "everything closed": ("<&- >&- 2>&-", {}),
}


@pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_command_works_and_fails_plainly_in_every_environment(name, tmp_path):
    shell, environment = ENVIRONMENTS[name]
    done = labkit(["kernel", "--folder", "caf\u00e9\u2713"], tmp_path, shell, **environment)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert len(list(tmp_path.glob("*/kernels/*/kernel.json"))) == 2
    (tmp_path / "\u00e9").touch()
    done = labkit(["kernel", "--folder", "\u00e9"], tmp_path, shell, **environment)
    assert done.returncode == 1
    if "2>&-" not in shell:
        assert done.stderr.startswith("labkit kernel: ") and "can't be written" in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_below_what_is_printed_is_one_message(tmp_path):
    done = labkit(["kernel", "--folder", "new"], tmp_path, ">/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "labkit kernel: No space left on device. The disk is full: make room, and run it again.\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["kernel", "--help"]], ids=" ".join)
def test_what_argparse_prints_to_a_full_disk_is_missed_too(arguments, unbuffered, tmp_path):
    done = labkit(arguments, tmp_path, ">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1 and "The disk is full" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that somebody is in")
def test_a_working_folder_that_is_gone_is_one_message(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert program.run("labkit doctor", lambda: pytest.fail("it began")) == 1
    assert "is not there any more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "make room"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (LabkitError("name another"), "name another"),
        (ModuleNotFoundError("No module named 'nbformat'", name="nbformat"), "the package nbformat"),
    ],
    ids=repr,
)
def test_what_the_machine_lacks_is_the_users_to_mend(error, said):
    assert said in program.plain(error)


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("LABKIT_MODELS", "hugging", True),
        ("LABKIT_MODELS", "hub", False),
        ("LABKIT_MODELS", "", False),
        ("OMP_NUM_THREADS", "0", True),
        ("OMP_NUM_THREADS", "many", True),
        ("OMP_NUM_THREADS", "-1", True),
        ("OMP_NUM_THREADS", "4", False),
        ("OMP_NUM_THREADS", "4,2", False),
    ],
)
def test_the_doctor_sees_settings_that_nothing_can_be_made_of(name, value, wrong, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv(name, value)
    lines = machine.check_settings()
    assert [line.topic for line in lines] == [name] * wrong
    assert all(not line.ok and line.remedy for line in lines)


@pytest.mark.parametrize("told", ["many", "0", "-1", ""])
def test_a_number_of_processes_that_is_none(told, monkeypatch):
    from labkit.pretraining.processes import Processes

    monkeypatch.setenv("WORLD_SIZE", told)
    with pytest.raises(LabkitError, match="WORLD_SIZE"):
        Processes()


def test_every_package_that_labkit_imports_is_known_as_one():
    folder = Path(program.__file__).parents[1]
    nodes = [node for path in folder.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    newer = {"annotationlib"}  # Python's own from 3.14 on
    tops = {name.split(".")[0] for name in imported} - sys.stdlib_module_names - newer - {"labkit"}
    assert tops == program.PACKAGES


@pytest.mark.parametrize("name", ["jsno", "numpyy", "numpy.no_such_part", "labkit.xyzzy", None])
def test_a_module_that_no_package_has_is_a_fault_of_ours(name):
    import numpy  # noqa: F401

    assert program.plain(ModuleNotFoundError(f"No module named {name!r}", name=name)) == ""
