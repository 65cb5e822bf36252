"""Files named like a module: seen by the doctor and the lab's start, and blamed where an import fails."""

import subprocess
import sys

import pytest

from labkit import machine
from labkit.messages import LabkitError
from labkit.messages.causes import blamed, explained
from labkit.messages.hiding import hiding

# of Python's library, of what labkit needs, of what those need
NAMES = ["random.py", "json.py", "token.py", "code.py", "torch.py", "numpy.py", "yaml.py", "transformers/"]
HARMLESS = ["mine.py", "sys.py", "time.py", "torch.txt", "torch.ipynb", "random", "data/", "pandasql.py"]


def make(folder, name, text="here = 1\n"):
    """A module's file, or a package's folder where the name ends in /."""
    path = folder / name
    if name.endswith("/"):
        path.mkdir()
        path = path / "__init__.py"
    path.write_text(text)


@pytest.mark.parametrize("name", [*NAMES, "torch.pyc", "labkit.py", "labkit/", "lazy_loader.abi3.so"])
def test_a_file_that_hides_a_module_is_to_be_renamed(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, name)
    (line,) = machine.check_file_names()
    assert not line.ok and str(tmp_path / name.strip("/")) in line.text and "Rename it" in line.remedy


@pytest.mark.parametrize("name", HARMLESS)
def test_a_file_that_hides_nothing_is_not_spoken_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, name)
    assert machine.check_file_names() == []


def test_folders_that_hide_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torch").mkdir()  # without __init__.py, Python goes on to look for a package
    (tmp_path / "labkit" / "authoring").mkdir(parents=True)  # a checkout of the course
    (tmp_path / "labkit" / "authoring" / "address.py").touch()
    (tmp_path / "labkit" / "__init__.py").touch()
    assert hiding() == []


def test_the_folders_that_python_looks_into_first_are_looked_at_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    make(tmp_path, "random.py")
    assert hiding() == [("random", str(tmp_path / "random.py"))]


def test_a_working_folder_that_is_gone_hides_nothing(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert hiding() == []


def test_only_an_error_that_comes_of_the_file_is_blamed_on_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "random.py", "1 / 0")
    with pytest.raises(ZeroDivisionError), explained():
        1 / 0  # noqa: B018
    with pytest.raises(LabkitError, match="random.py hides the module random"), explained():
        exec(compile((tmp_path / "random.py").read_text(), str(tmp_path / "random.py"), "exec"))
    assert blamed(ValueError("a fault of ours")) == ""


def test_a_message_of_ours_is_kept_unless_the_file_made_us_say_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "colorsys.py")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    import colorsys

    with pytest.raises(LabkitError, match="no model"), explained():
        try:
            {}["nope"]
        except KeyError:
            raise LabkitError("There is no model nope.") from None
    for lacking in (lambda: colorsys.rgb_to_hsv, lambda: exec("from colorsys import rgb_to_hsv")):
        with pytest.raises(LabkitError, match="colorsys.py hides the module colorsys"), explained():
            try:
                lacking()
            except (AttributeError, ImportError):
                raise LabkitError("config.json can't be read.") from None
    monkeypatch.delitem(sys.modules, "colorsys")


START = (
    "import labkit\ntry:\n    labkit.start('01')\nexcept Exception as e:\n    print(e._render_traceback_())"
)
# In a notebook the cell after the one that failed is run all the same.
LOAD = "import labkit, sys\n{before}\nlabkit.load('bert')"
SETTLED = "try:\n    labkit.start('01')\nexcept Exception:\n    pass"


@pytest.mark.parametrize("before", ["", SETTLED], ids=["a script", "a second cell"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("torch/", "here = 1"),
        ("tokenizers.py", "here = 1"),
        ("logging.py", "here = 1"),
        ("json.py", "here = 1"),
        ("queue.py", "here = 1"),
        ("numpy.py", "raise RuntimeError('mine')"),
    ],
)
def test_a_function_that_imports_when_it_is_called_names_the_file(name, text, before, tmp_path):
    make(tmp_path, name, text)
    (tmp_path / "mine.py").write_text(LOAD.format(before=before))
    done = subprocess.run(
        [sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    last = done.stderr.strip().splitlines()[-1]
    assert f"LabkitError: {tmp_path / name.strip('/')} hides the module" in last, done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ast.py", "here = 1"),
        ("json.py", "here = 1"),
        ("token.py", "1 / 0"),
        ("torch.py", "here = 1"),
        ("numpy.py", "this is no Python"),
        ("transformers/", "here = 1"),
    ],
)
def test_an_import_that_fails_names_the_file(name, text, tmp_path):
    """As in a notebook, and as `python -m` does it: the working folder comes first on the path."""
    make(tmp_path, name, text)
    started = subprocess.run(
        [sys.executable, "-c", START], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    said = started.stdout + started.stderr
    assert f"{tmp_path / name.strip('/')} hides the module" in said, said
    program = subprocess.run(
        [sys.executable, "-m", "labkit", "publish", "nowhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert program.returncode == 1 and "holds no finished model" in program.stderr, program.stderr
