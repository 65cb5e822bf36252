"""Files that are made to cost a grader more than a person's ever do: each costs itself, and has a reason."""

import bz2
import io
import json
import os
import resource
import time
import zipfile

import pytest

from labkit.grading.cells import LARGEST, Unreadable
from labkit.grading.facts import facts
from labkit.grading.reader import Reader
from tests.grading.conftest import has_sandbox

SECONDS = 4  # of own time, in these tests
STUB = 'def wordpiece(word, vocab):\n    raise NotImplementedError("write wordpiece here"'


def notebook(*sources, lab="01", **metadata):
    """The bytes of a notebook with these code cells."""
    cells = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for text in sources
    ]
    metadata = {"labkit": {"lab": lab}} | metadata
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}).encode()


def zipped(name, data, method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip file with one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def nested(levels, data):
    """A zip file in a zip file in ..."""
    for level in range(levels):
        data = zipped(f"{level}.zip", data)
    return data


RIGHT = "def wordpiece(word, vocab):\n    return [word]"
# What reads as a notebook, however odd: these must be read, and soon.
READ = {
    "a stub with 400 additions": notebook(STUB + ' + ""' * 400 + ")"),
    "a stub with 40,000 additions": notebook(STUB + ' + ""' * 40_000 + ")", RIGHT),
    "half a character in the lab's number": notebook(RIGHT, lab="\ud800"),
    "half a character in the code": notebook(RIGHT + " # \udfff", "x = '\ud834'"),
    "half a character in a cell's id": notebook(RIGHT).replace(
        b'"cell_type"', b'"id": "\\udc80", "cell_type"'
    ),
    "a function cut into 1,000 pieces": notebook("def wordpiece(word, vocab):", *["    x = 1"] * 1000),
    "5,000 cells": notebook(*[f"x{n} = {n}" for n in range(5000)]),
    "a line of 400,000 characters": notebook("x = '" + "a" * 400_000 + "'", RIGHT),
    "400,000 spaces": notebook(" " * 400_000 + "x", RIGHT),
    "100,000 question marks": notebook("?" * 100_000, RIGHT),
    "100,000 prompts": notebook(">>> " * 100_000, RIGHT),
    "100,000 per cent signs": notebook("%" * 100_000, RIGHT),
    "100,000 fences": notebook("```\n" * 100_000, RIGHT),
    "a number of a million digits": notebook(RIGHT).replace(b"null", b"1" * 1_000_000, 1),
    "a lab that is a list": notebook(RIGHT, lab=["01"]),
    "a version that is a list": notebook(RIGHT, language_info={"version": [3]}),
    "NaN and Infinity": notebook(RIGHT, a=float("nan"), b=float("inf")),
    "200 levels of brackets": notebook("(" * 150 + ")" * 150, RIGHT),
    "a chain of 3,000 attributes": notebook("x = a" + ".b" * 3000, RIGHT),
    "a chain of 20,000 comparisons": notebook("x = 1" + " < 1" * 20_000, RIGHT),
    "elif, 3,000 times": notebook("if a: pass\n" + "elif b: pass\n" * 3000, RIGHT),
    "a decorator, 10,000 times": notebook("@a\n" * 10_000 + RIGHT),
}


def bomb(piece, size, method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip file with a notebook of about this size, which is never held in memory here."""
    file, pieces = io.BytesIO(), piece * (1_000_000 // len(piece))
    with zipfile.ZipFile(file, "w", method) as archive, archive.open("lab01.ipynb", "w") as member:
        member.write(b'{"cells": [')
        for _ in range(size // 1_000_000):
            member.write(pieces)
        member.write(b"{}]}")
    return file.getvalue()


TOO_LARGE = LARGEST + 1_000_000
# What costs too much, or is no notebook. Made when its test asks: to compress takes seconds.
REFUSED = {
    "180 MB of {}": lambda: bomb(b"{},", 180_000_000),
    "bzip2, 210 MB of zeros": lambda: bomb(b"\0", TOO_LARGE, zipfile.ZIP_BZIP2),
    "lzma, 210 MB of zeros": lambda: bomb(b"\0", TOO_LARGE, zipfile.ZIP_LZMA),
    "deflate, 210 MB of zeros": lambda: bomb(b"\0", TOO_LARGE),
    "a million brackets": lambda: b"[" * 1_000_000,
    "a million objects": lambda: b'{"a":' * 1_000_000,
    "an attack on the search for whole cells": lambda: b'{"cells":' * 300_000,
    "the same with strings": lambda: b'{"cell_type":"' * 300_000,
    "a bzip2 file renamed": lambda: bz2.compress(bytes(10_000_000)),
}


@pytest.fixture(scope="module")
def reader(project, tmp_path_factory):
    """A Reader with little time, in the sandbox if there is one."""
    folder = tmp_path_factory.mktemp("read")
    with Reader(facts(project), folder=folder, sandbox=has_sandbox(), seconds=SECONDS) as one:
        yield one


def read(reader, folder, data, inside=()):
    """What the reader finds in a file with these bytes."""
    path = folder / "file"
    path.write_bytes(data)
    begin = time.monotonic()
    _, kept = reader.notebook(path, inside)
    assert time.monotonic() - begin < 5 * SECONDS + 20
    return json.loads(kept.read_bytes())


@pytest.mark.parametrize("name", READ)
def test_an_odd_notebook_is_read(reader, tmp_path, name):
    found = read(reader, tmp_path, READ[name])
    submission = found["submissions"][0]
    assert submission["number"] == "01" and set(submission["answers"]) >= {"wordpiece", "mlm_loss"}
    json.dumps(found).encode()  # whatever was in it can be written


@pytest.mark.parametrize("name", REFUSED)
def test_what_costs_too_much_has_a_reason_and_costs_the_grader_nothing(reader, tmp_path, name):
    data = REFUSED[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read(reader, tmp_path, data, (0,) if data.startswith(b"PK") else ())
    assert len(found["problem"]) > 20 and "Traceback" not in found["problem"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize(
    "name",
    [
        "\0lab01.ipynb",
        "_" * 40_000 + ".ipynb",
        "a/" * 5000 + "b.ipynb",
        "\ud800.ipynb",
        "..",
        "/",
        "C:\\x.ipynb",
        " ",
    ],
    ids=["NUL", "underscores", "deep", "half", "up", "root", "windows", "space"],
)
def test_any_name_in_a_zip_file_is_a_name(reader, tmp_path, name):
    info = zipfile.ZipInfo("x" * len(name))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, notebook(RIGHT))
    raw = name.encode("cp437", "replace").ljust(len(info.filename), b"_")[: len(info.filename)]
    path = tmp_path / "class.zip"
    path.write_bytes(file.getvalue().replace(info.filename.encode(), raw))
    ((found, size, problem),) = reader.members(path, ())
    assert "\0" not in found and "\\" not in found and (size > 0 or found.endswith("/"))
    assert problem == "" or "leads out" in problem


def test_a_zip_file_of_itself_and_one_of_many(reader, tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(21_000):
            archive.writestr(f"{number}", "")
    with pytest.raises(Unreadable, match="21000 files"):
        reader.members(path, ())
    path.write_bytes(nested(9, notebook(RIGHT)))
    assert reader.members(path, (0, 0))[0][0] == "6.zip"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Zoë.ipynb".encode(), "Zoë.ipynb"),  # a Mac writes UTF-8 and does not say so
        ("Zoë.ipynb".encode("cp437"), "Zoë.ipynb"),
        ("Zoë.ipynb".encode("cp1252"), "Zoë.ipynb"),
        ("Jürgen Groß.ipynb".encode("cp1252"), "Jürgen Groß.ipynb"),
        ("Jürgen Groß.ipynb".encode("cp437"), "Jürgen Groß.ipynb"),
        ("张伟.ipynb".encode("gbk"), "张伟.ipynb"),
        ("李小龙/lab01.ipynb".encode("gbk"), "李小龙/lab01.ipynb"),
        ("Müller, François.ipynb".encode("cp1252"), "Müller, François.ipynb"),
        ("山田太郎.ipynb".encode(), "山田太郎.ipynb"),
        (b"plain.ipynb", "plain.ipynb"),
    ],
)
def test_old_programs_names_are_read_as_they_were_meant(reader, tmp_path, raw, name):
    plain = "x" * len(raw)
    path = tmp_path / "old.zip"
    path.write_bytes(zipped(plain, notebook(RIGHT)).replace(plain.encode(), raw))
    assert reader.members(path, ())[0][0] == name


def test_a_known_name_decides_where_bytes_could_be_either(reader, tmp_path):
    raw = "Łukasz.ipynb".encode()
    plain, path = "x" * len(raw), tmp_path / "old.zip"
    path.write_bytes(zipped(plain, b"").replace(plain.encode(), raw))
    assert reader.members(path, (), ["Łukasz"])[0][0] == "Łukasz.ipynb"
    raw = "Bjørn.ipynb".encode("cp1252")
    plain = "x" * len(raw)
    path.write_bytes(zipped(plain, b"").replace(plain.encode(), raw))
    assert reader.members(path, (), ["Bjørn Dahl", "Bjørn"])[0][0] == "Bjørn.ipynb"


def test_a_file_that_is_none_is_told(reader, tmp_path):
    os.mkfifo(tmp_path / "fifo.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    for name in ("fifo", "folder", "link", "nothing"):
        with pytest.raises(Unreadable):
            reader.notebook(tmp_path / f"{name}.ipynb", ())


def test_what_was_read_is_not_read_again(project, tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_bytes(notebook(RIGHT))
    with Reader(facts(project), folder=tmp_path / "kept", sandbox=False, seconds=SECONDS) as one:
        first = one.notebook(path, ())
        monkeypatch.setattr(one, "ask", lambda *_: pytest.fail("read again"))
        assert one.notebook(path, ()) == first
        monkeypatch.undo()
        for damage in (b"", b"null", b"3", b"[]", b'{"submissions"'):
            first[1].write_bytes(damage)
            one.notebook(path, ())
            assert b'"01"' in first[1].read_bytes()
