"""Each lab's notebooks, built in memory, and their executions: each is done once and shared by the tests."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from labkit.authoring.notebook import solution_notebook, student_notebook, to_text
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts, run

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
CELL_SECONDS = 300
PROBE = "import labkit, labkit.paths\nprint(labkit.__file__)\nprint(labkit.paths.data_dir())"


@pytest.fixture(scope="session", params=PROJECT.slugs())
def lab(request):
    """Each lab that has a source."""
    return PROJECT.lab(request.param)


@pytest.fixture(scope="session")
def student(lab):
    """The student notebook's text."""
    return to_text(student_notebook(lab, PROJECT.address()))


@pytest.fixture(scope="session")
def solution(lab):
    """The solution notebook's text, with reference outputs."""
    texts = read_texts(PROJECT.reference_path(lab.number))
    return to_text(solution_notebook(lab, PROJECT.address(), texts, PROJECT.passing))


@pytest.fixture(scope="session")
def student_run(lab, student, once):
    """The student notebook after Run All, nothing solved. Slow: it runs a whole lab."""
    whole = nbformat.reads(student, as_version=4)
    return once(f"{lab.slug}-unsolved", lambda: run(whole, ROOT, timeout=CELL_SECONDS, allow_errors=True))


@pytest.fixture(scope="session")
def colab_run(lab, solution, once, tmp_path_factory):
    """The solution notebook, alone in an empty folder, run with the wheel; its last cell tells where from.

    Slow: it builds the wheel and runs a whole lab. metadata["environment"] is the wheel's.
    """
    return once(f"{lab.slug}-solved", lambda: _run_with_wheel(solution, tmp_path_factory.mktemp("colab")))


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function (name, make) -> the notebook that make() returns: one process makes it, and all read it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def read_or_make(name, make):
        path = folder / f"{name}.ipynb"
        with FileLock(f"{path}.lock"):
            if not path.exists():
                path.write_text(nbformat.writes(make()), encoding="utf-8")
        return nbformat.read(path, as_version=4)

    return read_or_make


def _run_with_wheel(solution, folder):
    """The solution notebook after Run All in a Python that has the wheel and not this checkout."""
    python = _wheel_python(folder)
    kernel = folder / "kernels" / "wheel"
    kernel.mkdir(parents=True)
    argv = f'["{python.as_posix()}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    spec = f'{{"argv": {argv}, "display_name": "wheel", "language": "python"}}'
    (kernel / "kernel.json").write_text(spec, encoding="utf-8")
    content = folder / "content"
    content.mkdir()
    notebook = nbformat.reads(solution, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE, id="probe"))
    specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)
    manager = AsyncKernelManager(kernel_name="wheel", kernel_spec_manager=specs)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=CELL_SECONDS,
        allow_errors=True,
        resources={"metadata": {"path": str(content)}},
    )
    client.execute(env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"})
    # A kernel manager that was handed in is not nbclient's to end.
    run_sync(manager.shutdown_kernel)(now=True)
    notebook.metadata["environment"] = str(python.parents[1].resolve())
    return notebook


def _wheel_python(folder):
    """A Python that has labkit's wheel, and what it depends on, but not this checkout.

    The dependencies are borrowed from the Python that runs the tests: installing torch takes minutes.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    _must_work(command, cwd=ROOT)
    (wheel,) = folder.glob("labkit-*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=os.name != "nt")
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = _must_work([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site]
    _must_work([*pip, str(wheel)])
    # Folders named in a .pth file come last, and .pth files inside them (an editable labkit) are not read.
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Path(site) / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return python


def _must_work(command, **options):
    """Run a command and return what it printed; a failure fails the test with all it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
