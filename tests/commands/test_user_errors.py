"""Every command, with every kind of file that a user can get wrong: one plain message, never a traceback."""

import json
import os
import sys

import pytest

from labkit.authoring.project import Address, Project
from labkit.commands import cli
from labkit.files.paths import models_dir
from labkit.messages import program
from labkit.pretraining import average, mixture

TEXT = "The cat sat on the mat. It was warm.\n" * 3


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what each command needs, all of it right."""
    monkeypatch.delenv("LABKIT_TRACEBACK", raising=False)
    monkeypatch.setattr(Project, "here", lambda folder=None: Project(models_dir().parents[1]))
    monkeypatch.setattr(Project, "address", lambda self: Address("ada/bert-labs", "main"))
    for name in ("corpus.txt", "heldout.txt"):
        (tmp_path / name).write_text(TEXT)
    for name in ("handed-in", "run", "class"):
        (tmp_path / name).mkdir()
    (tmp_path / "roster.csv").write_text("Jane Doe\n")
    (tmp_path / "run" / "model").symlink_to(models_dir() / "bert-mini")
    (tmp_path / "run" / "log.json").symlink_to(models_dir() / "bert-mini" / "pretraining.json")
    (tmp_path / "mine.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return tmp_path


def said_by(command, capsys):
    """What a command says on stderr; it has to fail as one does that a user has misused."""
    if command[0] == "average":
        status = program.run("average", lambda: average.main(command[1:]))
    elif command[0] == "mixture":
        status = program.run("mixture", lambda: mixture.main(command[1:]))
    else:
        status = cli.main(command)
    said = capsys.readouterr().err
    assert status == 1, (status, said)
    assert "Traceback" not in said and "fault of labkit's" not in said, said
    assert len(said.splitlines()) <= 3, said
    return said


# The files that commands read: X is the wrong one.
READ = {
    "pretrain bert --corpus X --heldout heldout.txt": "text",
    "pretrain bert --corpus corpus.txt --heldout X": "text",
    "pretrain bert --corpus corpus.txt --output new --from X": "folder",
    "publish X": "folder",
    "compare --corpus X --heldout heldout.txt": "text",
    "compare --corpus corpus.txt --heldout X": "text",
    "evaluate --heldout X": "text",
    "grade X --who": "folder",
    "grade handed-in --who --roster X": "table",
    "grade handed-in --who --names X": "table",
    "classroom X --lab 02": "folder",
    "submit X": "notebook",
    "export X": "notebook",
    "average X --parent run --share 0.5 --heldout heldout.txt --output new": "folder",
    "average run --parent X --share 0.5 --heldout heldout.txt --output new": "folder",
    "average run --parent run --share 0.5 --heldout X --output new": "text",
    "mixture X new.txt": "text",
}
FILES = {  # what is wrong -> what is in the file
    "empty": b"",
    "not UTF-8": b"caf\xe9 \xff\xfe\n" * 9,
    "zeros": bytes(100),
    "list": b"[1, 2]",
    "cut short": b'{"cells": [{"cell_type": "code", "sou',
    "deep": b"[" * 100_000,
    "null": b"null",
    "other JSON": b'{"cells": 5, "nbformat": 4}',
    "zip": b"PK\x03\x04 and so on",
}
RIGHT = {  # kinds of input that some of these are no mistake for
    "text": {"list", "cut short", "deep", "null", "other JSON", "zip", "zeros"},
    "table": {"list", "cut short", "null", "other JSON", "empty", "not UTF-8", "deep"},
}


def wrong(kind, place, what):
    """A path at which something is wrong."""
    if what == "missing":
        return place / "nowhere"
    if what == "folder":
        (place / "a folder").mkdir()
        return place / "a folder"
    if what == "below a file":
        return place / "corpus.txt" / "x"
    if what == "long name":
        return place / ("n" * 300)
    if what == "loop":
        (place / "loop").symlink_to("loop")
        return place / "loop"
    ends = {"notebook": ".ipynb", "text": ".txt"}.get(kind, "")
    path = place / f"wrong{ends}"
    path.write_bytes(FILES[what])
    return path


PLACES = ("missing", "folder", "below a file", "long name", "loop")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (command, what)
        for command, kind in READ.items()
        for what in (*PLACES, *FILES)
        if what not in RIGHT.get(kind, ()) and (command, what) != ("classroom X --lab 02", "folder")
    ],
)
def test_what_is_wrong_with_a_file_that_is_read_is_one_message(command, what, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    path = wrong(READ[command], place, what)
    said = said_by([str(path) if word == "X" else word for word in command.split()], capsys)
    assert path.name[:50] in said or "There is no notebook" in said, said


RUN = {  # a record that somebody has changed
    "no JSON": "{",
    "a list": "[]",
    "nothing in it": "{}",
    "no log": {"log": []},
    "another kind": {"kind": "cat"},
    "no shape": {"shape": {}},
    "an entry without figures": {"log": [{"step": 1}]},
}


@pytest.mark.parametrize("changed", RUN)
@pytest.mark.parametrize(
    "command",
    [
        "publish run",
        "pretrain bert --corpus corpus.txt --output new --from run",
        "average run --parent run --share 0.5 --heldout heldout.txt --output new",
    ],
)
def test_a_run_of_another_shape_is_one_message(command, changed, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    content = RUN[changed]
    if isinstance(content, dict):
        record = json.loads((models_dir() / "bert-mini" / "pretraining.json").read_text())
        content = json.dumps(record | content)
    (place / "run" / "log.json").unlink()
    for name in ("log.json", "pretraining.json"):
        (place / "run" / name).write_text(content)
    assert ".json" in said_by(command.split(), capsys)


# The files and folders that commands write: X is where they can't.
WRITE = {
    "pretrain bert --corpus corpus.txt --output X": "folder",
    "publish run --models X": "folder",
    "compare --corpus corpus.txt --heldout heldout.txt --output X": "folder",
    "grade handed-in --output X": "folder",
    "gradescope 02 --output X": "file",
    "classroom X --lab 02": "folder",
    "kernel --folder X": "folder",
    "submit mine.ipynb --output X": "file",
    "export mine.ipynb --output X": "file",
    "average run --parent run --share 0.5 --heldout heldout.txt --output X": "folder",
    "mixture corpus.txt X": "new",
}
UNWRITABLE = ("below a file", "long name", "loop", "another file", "a folder", "full", "no disk")


def unwritable(place, what):
    """A path that can't be written to."""
    if what == "another file":
        (place / "other").write_bytes(b"\xff\xfe mine")
        return place / "other"
    if what == "full":
        return "/dev/full"
    if what == "no disk":
        return "/proc/nothing/here"
    return wrong("", place, "folder" if what == "a folder" else what)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that only Linux has")
@pytest.mark.parametrize(
    ("command", "what"),
    [
        (command, what)
        for command, kind in WRITE.items()
        for what in UNWRITABLE
        # a link that leads nowhere is replaced by a file, as a file would be
        if (kind, what) not in {("folder", "a folder"), ("file", "loop"), ("new", "loop")}
    ],
)
def test_what_can_not_be_written_is_one_message(command, what, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr("labkit.pretraining.run.Run", lambda *args: pytest.fail("it began to train"))
    path = str(unwritable(place, what))
    before = os.stat(path) if os.path.exists(path) else None
    said_by([path if word == "X" else word for word in command.split()], capsys)
    if before is not None:
        assert os.stat(path).st_size == before.st_size and os.stat(path).st_mtime == before.st_mtime


@pytest.mark.parametrize(
    "command",
    [
        "pretrain bert --corpus corpus.txt --seed -1",
        "pretrain bert --corpus corpus.txt --seed 99999999999999999999",
        "pretrain bert --corpus corpus.txt --threads 100000000",
        "pretrain bert --corpus corpus.txt --pieces ²",
        "pretrain bert --corpus corpus.txt --pieces " + "9" * 5000,
        "pretrain cat --corpus corpus.txt",
        "compare --corpus corpus.txt --heldout heldout.txt --pieces 0",
        "compare --corpus corpus.txt --heldout heldout.txt --seeds x",
        "grade handed-in --seed -1",
        "grade handed-in --workers 0",
        "grade handed-in --workers 1000000",
        "grade",
        "mixture corpus.txt new.txt --reviews 2",
    ],
)
def test_options_out_of_range_are_refused_as_misused(command, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as end:
        cli.main(command.split()) if not command.startswith("mixture") else mixture.main(command.split()[1:])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and "invalid" not in said.replace("invalid choice", ""), said


@pytest.mark.parametrize(
    ("command", "match"),
    [
        ("compare --corpus corpus.txt --heldout heldout.txt --only cat", "there is no variant 'cat'"),
        ("pretrain bert --corpus corpus.txt --lengths 256:1", "(too long|longer text)"),
        ("pretrain bert --corpus corpus.txt --device cat", "no device 'cat'"),
        ("grade handed-in --lab 99", "99"),
        ("gradescope 99", "99"),
        ("export 99", "99"),
        ("links not-an-address", "OWNER/REPO"),
        ("pretrain gpt --corpus corpus.txt --from run", "pretraining.json"),
        ("publish handed-in", "no finished model"),
        ("publish run", "the run's own model"),
    ],
)
def test_what_is_unknown_is_one_message(command, match, place, monkeypatch, capsys):
    import re

    monkeypatch.chdir(place)
    assert re.search(match, said_by(command.split(), capsys))


BUGS = {  # command -> a function in its depth
    "doctor": "labkit.commands.doctor.report",
    "fetch": "labkit.models.downloads.fetch_all",
    "pretrain bert --corpus corpus.txt": "labkit.pretraining.run.pretrain",
    "publish run --models new": "labkit.pretraining.publish.card",
    "compare --corpus corpus.txt --heldout heldout.txt": "labkit.pretraining.compare.compare",
    "evaluate --heldout heldout.txt": "labkit.pretraining.bars.language_figures",
    "grade handed-in --who": "labkit.grading.classroom.survey",
    "gradescope 02": "labkit.grading.gradescope.course_files",
    "classroom class --lab 02": "labkit.grading.github.filled",
    "kernel --folder new": "labkit.grading.kernel_specs.write_text",
    "submit mine.ipynb": "labkit.grading.submit.read_submission",
    "export mine.ipynb": "labkit.export.page.Prose",
    "build --check": "labkit.authoring.build.generated",
    "links ada/bert-labs": "labkit.authoring.links.generated",
    "new 98 Title": "labkit.authoring.new.new_lab",
}


def test_every_command_has_its_bug():
    assert {command.split()[0] for command in BUGS} == cli.COMMANDS.keys()


@pytest.mark.parametrize(
    "error",
    [ValueError("planted"), OSError("planted"), ZeroDivisionError("planted"), KeyError("planted")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("command", BUGS)
def test_a_bug_in_the_depth_of_a_command_is_never_taken_for_a_mistake(
    command, error, place, monkeypatch, capsys
):
    monkeypatch.chdir(place)

    def planted(*args, **options):
        raise error

    monkeypatch.setattr(BUGS[command], planted)
    assert cli.main(command.split()) == program.BUG
    said = capsys.readouterr().err
    assert "Traceback" in said and "planted" in said
    assert said.strip().splitlines()[-1].startswith("This is a fault of labkit's, not yours.")
