"""labkit new: what it writes works at once, what it refuses, and that it writes all or nothing."""

import argparse
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import labkit.exercises
from labkit.authoring import new
from labkit.authoring.new import TEXTS, add_new_arguments, new_exercise, new_lab, run_new, slug_of
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts, run
from labkit.authoring.source import read_source
from labkit.messages import LabkitError
from tests.authoring.conftest import README

ROOT = Path(__file__).parents[2]
TITLE, SLUG = "What's in a word? (Größe)", "06_whats_in_a_word_grosse"
KEPT = "not unknown_lab and not every_process"  # of test_every_lab.py: one asks for lab 01, one is slow
OURS = 'lint.isort.known-first-party = ["labkit", "tests"]'  # else it looks for the whole package
OTHERS = ("lab0[0-9]", "__pycache__")  # of labkit, not needed here


def said_by(project, *arguments):
    parser = argparse.ArgumentParser()
    add_new_arguments(parser)
    return run_new(parser.parse_args(arguments), project=project)


def files_in(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture
def empty(tmp_path):
    """A checkout without a lab."""
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    return Project(tmp_path)


# It works at once


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout of its own, with lab 06 as `labkit new` writes it, one more exercise, and all built.

    Slow: `labkit build` starts a Python that imports torch.
    """
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "labkit", root / "labkit", ignore=shutil.ignore_patterns(*OTHERS))
    (root / "notebooks" / "source").mkdir(parents=True)
    shutil.copytree(ROOT / "data", root / "data")
    for name in (
        "__init__.py",
        "exercises/__init__.py",
        "exercises/styles.py",
        "exercises/test_every_lab.py",
    ):
        (root / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "tests" / name, root / "tests" / name)
    (root / "README.md").write_text(README, encoding="utf-8")
    assert said_by(Project(root), "06", TITLE) == 0
    with pytest.MonkeyPatch.context() as patch:  # labkit.exercises.lab06 is found in the new checkout
        patch.setattr(
            labkit.exercises, "__path__", [*labkit.exercises.__path__, str(root / "labkit/exercises")]
        )
        find = lambda number: forget() or importlib.import_module(f"labkit.exercises.lab{number}")
        new_exercise(Project(root, lookup=find), "06", "surprise")
        before = files_in(root)
        for name in ("surprise", "perplexity"):
            with pytest.raises(LabkitError, match=f"Lab 06 has an exercise {name} already."):
                new_exercise(Project(root, lookup=find), "06", name)
        assert files_in(root) == before
    forget()
    done = within(root, "-m", "labkit", "build")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def forget():
    """Let lab 06 be imported anew: it is another one each time."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("labkit.exercises.lab06")]:
        del sys.modules[name]


def within(root, *command):
    """Run this Python in a checkout, with its labkit."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True, timeout=600
    )


def test_it_builds(course):
    assert (course / "notebooks" / f"{SLUG}.ipynb").is_file()
    readme = (course / "README.md").read_text(encoding="utf-8")
    assert f"| 06 | {TITLE} | the perplexity of a text |" in readme
    source = (course / "notebooks" / "source" / f"{SLUG}.py").read_text(encoding="utf-8")
    sections = [line for line in source.splitlines() if line.startswith(("# ## ", "# %% check"))]
    assert sections[-3:] == ["# ## Checkpoint", '# %% check="surprise"', "# ## What you have now"]


def test_what_every_lab_must_do_it_does(course):
    done = within(course, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", KEPT, "tests")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert int(done.stdout.split(" passed")[0].split()[-1]) > 60


def test_the_notebook_runs_and_takes_right_answers_alone(course):
    """Slow: a kernel loads a model."""
    notebook = nbformat.read(course / "build" / "solutions" / f"{SLUG}.ipynb", as_version=4)
    saved = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs}
    stubs = nbformat.read(course / "notebooks" / f"{SLUG}.ipynb", as_version=4)
    (stub,) = [cell.source for cell in stubs.cells if cell.id == "solution-surprise"]
    for id, code in {
        "wrong": "from labkit.exercises.lab06 import EXERCISES\n"
        "lab.check(EXERCISES[0].misconceptions[0].wrong, 'perplexity')",
        "unwritten": f"{stub}\nlab.check(surprise)",
    }.items():
        notebook.cells.append(nbformat.v4.new_code_cell(code, id=id))
    done = {cell.id: cell.get("outputs", []) for cell in run(notebook, course, allow_errors=True).cells}
    errors = {id: [o.ename for o in outputs if o.output_type == "error"] for id, outputs in done.items()}
    assert {id: names for id, names in errors.items() if names} == {
        "wrong": ["CheckFailed"],
        "unwritten": ["NotImplementedError"],
    }
    assert "below 1" in done["wrong"][0].data["text/plain"]  # the mistake's own hint
    assert set(saved) > {"check-perplexity", "check-surprise", "keyfigure-perplexities"}
    for id, outputs in saved.items():
        key = "text" if outputs[0].output_type == "stream" else "data"
        assert done[id][0][key] == outputs[0][key], f"{id}: not what labkit new has written"


# What it writes


def test_it_says_what_it_wrote_and_what_to_do_next(empty, capsys):
    assert said_by(empty, "06", TITLE) == 0
    said = capsys.readouterr().out
    assert {f"wrote {path}" for path in files_in(empty.root)} <= set(said.splitlines())
    assert said.count("\n  ") == 3 and "labkit build --lab 06" in said
    assert read_texts(empty.reference_path("06")) == TEXTS


def test_what_it_writes_is_formatted_and_linted(empty):
    long = "a" * new.LONGEST_NAME
    new_lab(empty, "06", "W" * new.LONGEST_TITLE, exercise=long)
    new_lab(empty, "07", "Sorted behind the quiz", exercise="surprise")
    shutil.copyfile(ROOT / "pyproject.toml", empty.root / "pyproject.toml")
    for command in (["format", "--check", "--diff"], ["check", "--config", OURS]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=empty.root, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        (TITLE, "whats_in_a_word_grosse"),
        ("  Æsop's   fables: 3 of them!  ", "aesops_fables_3_of_them"),
        ("Žluťoučký kůň", "zlutoucky_kun"),
        ("ﬁne-tuning", "fine_tuning"),
        ("It goes on and on and on and on and on and on", "it_goes_on_and_on_and_on_and_on_and_on"),
        ("W" * 50, "w" * 40),
        ("注意力 and BERT", "and_bert"),
    ],
)
def test_files_are_named_after_the_title(empty, title, slug):
    assert slug_of(title) == slug
    assert new_lab(empty, "06", title)[0] == f"notebooks/source/06_{slug}.py"
    cells = read_source((empty.root / f"notebooks/source/06_{slug}.py").read_text(encoding="utf-8"), "x")
    assert cells[0].text.startswith("# Lab 06 · ")


# What it refuses


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["6", "A title"], "two digits, from 01 to 99"),
        (["006", "A title"], "two digits"),
        (["00", "A title"], "two digits"),
        (["０６", "A title"], "two digits"),
        (["A title", "06"], "two digits"),
        (["06", " \t"], "title is empty"),
        (["06", "?!"], "no letter from a to z"),
        (["06", "注意力"], "no letter from a to z"),
        (["06", "W" * 51], "51 characters; expected 50"),
        (["06", "two\nlines"], r"holds '\\n'"),
        (["06", 'a "word"'], "holds '\"'"),
        (["06", "a|b `c` <d>"], "holds '<' '>' '`' '|'"),
        (["06", "a \\ b"], "holds"),
        (["06", "A cat \U0001f431"], "U0001f431"),
        (["06", "A title", "--exercise", "Two words"], "can't be the name of a function"),
        (["06", "A title", "--exercise", "lambda"], "can't be the name"),
        (["06", "A title", "--exercise", "lab"], "something else in a lab"),
        (["06", "A title", "--exercise", "print"], "something else in a lab"),
        (["06", "A title", "--exercise", "math"], "something else in a lab"),
        (["06", "A title", "--exercise", "x" * 31], "31 characters"),
        (["06"], "a number and a title"),
        ([], "a number and a title"),
        (["--lab", "06"], "Expected labkit new"),
        (["06", "A title", "--exercise", "x", "--lab", "06"], "Expected labkit new"),
        (["--exercise", "x", "--lab", "06"], "There is no lab '06'. The labs are: none"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(empty, arguments, message):
    with pytest.raises(LabkitError, match=message):
        said_by(empty, *arguments)
    assert files_in(empty.root) == {}


def test_a_number_that_is_taken(empty):
    new_lab(empty, "01", "The first")
    before = files_in(empty.root)
    for title in ("The first", "Another"):
        with pytest.raises(LabkitError, match="lab 01 already. The first number that is free is 02"):
            new_lab(empty, "01", title)
    assert files_in(empty.root) == before


@pytest.mark.parametrize(
    "path",
    [
        "notebooks/06_a_title.ipynb",
        "labkit/exercises/lab06/questions.py",
        "tests/exercises/test_lab06.py",
        "tests/browser/answers/lab06.py",
        "tests/notebooks/reference/06.json",
    ],
)
def test_a_file_in_the_way_is_named_and_stays(empty, path):
    (empty.root / path).parent.mkdir(parents=True, exist_ok=True)
    (empty.root / path).write_text("mine", encoding="utf-8")
    with pytest.raises(LabkitError, match=f"In the way: {path}. Nothing was written"):
        new_lab(empty, "06", "A title")
    assert files_in(empty.root) == {path: b"mine"}


def test_what_a_switch_of_branches_leaves_is_not_in_the_way(empty):
    """git keeps a folder for the sake of its __pycache__."""
    left = empty.root / "labkit" / "exercises" / "lab06" / "__pycache__"
    left.mkdir(parents=True)
    (left / "questions.cpython-311.pyc").write_bytes(b"")
    new_lab(empty, "06", "A title")


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_all_or_nothing(empty, monkeypatch, error):
    written, write = [], new.write_text

    def failing(path, text, **options):
        if len(written) == 4:
            raise error
        written.append(path)
        write(path, text, **options)

    monkeypatch.setattr(new, "write_text", failing)
    with pytest.raises(type(error)):
        new_lab(empty, "06", "A title")
    assert len(written) == 4 and files_in(empty.root) == {}
    assert not (empty.root / "labkit" / "exercises" / "lab06").exists()


def test_outside_a_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabkitError, match="not in a checkout of the course"):
        said_by(None, "06", "A title")


def test_contributing_names_the_files_that_are_written(empty):
    """In its worked example, and in the table of what a lab is made of."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    number, title = re.search(r'^    labkit new (\d\d) "(.*?)"', text, re.M).groups()
    new_lab(empty, number, title)
    table = text[text.index("**1. Have it written.**") : text.index("**2. Build it")]
    assert set(re.findall(r"^\| `([\w/.]+)` \|", table, re.M)) == set(files_in(empty.root))
