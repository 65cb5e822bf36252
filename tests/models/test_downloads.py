"""labkit.downloads: what is taken out of archives, from a folder of ours or a small index on 127.0.0.1."""

import dataclasses
import os
import re
import subprocess
import sys
import time
import zipfile

import pytest
from huggingface_hub import constants

from labkit.messages import LabkitError
from labkit.models import downloads, hub, index
from tests.archives import CODE, make_sdist, make_tar, make_wheel, pinned
from tests.index_server import IndexServer, without_pip

DATA = b"some data\n" * 1000
RUN = subprocess.run


@pytest.fixture
def links(tmp_path, monkeypatch):
    """A folder where pip looks, and nowhere else."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_") or "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    without_pip(monkeypatch)
    return folder


@pytest.fixture
def server(tmp_path, monkeypatch, links):
    """An index, and the only place where pip looks; its files lie in `server.folder`."""
    (tmp_path / "served").mkdir()
    with IndexServer(tmp_path / "served") as running:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", running.url)
        yield running


@pytest.fixture
def served(server, offer):
    """The path of a wheel with data that the index serves; pinned as "thing"."""
    path = make_wheel(server.folder, {"stranger/data.txt": os.urandom(300_000)})
    offer(pinned(path, ("stranger/data.txt", "thing.txt", data_of(path))))
    return path


def data_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("stranger/data.txt")


@pytest.fixture
def offer(monkeypatch):
    """A function that makes an Archive the only thing there is to fetch, as "thing"."""
    return lambda archive: monkeypatch.setattr(downloads, "ARCHIVES", {"thing": archive})


@pytest.fixture
def wheel(links, offer):
    """A wheel with data, code, and a file that wants out of its folder; pinned as "thing"."""
    files = {
        "stranger/data.txt": DATA,
        "stranger/__init__.py": b"raise SystemExit('imported')",
        "../../escaped.txt": b"out",
    }
    path = make_wheel(links, files)
    offer(pinned(path, ("stranger/data.txt", "thing.txt", DATA)))
    return path


def message(action, *args, kind=LabkitError, **kwargs):
    """The message of the LabkitError that `action` raises."""
    with pytest.raises(kind) as caught:
        action(*args, **kwargs)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def not_again(*args, **kwargs):
    pytest.fail("it was looked for again")


def test_a_file_out_of_a_wheel(wheel, cache, tmp_path, monkeypatch):
    folder = downloads.fetch("thing", progress=False)
    assert folder == cache / "thing" and (folder / "thing.txt").read_bytes() == DATA
    assert everything_in(cache) == ["thing", "thing/thing.txt"]
    assert not list(tmp_path.parent.rglob("escaped.txt")) and "stranger" not in sys.modules
    monkeypatch.setattr(index, "fetch_file", not_again)
    assert downloads.fetch("thing") == folder


def test_a_file_out_of_an_archive_in_a_source_distribution(links, offer, cache):
    inner = make_tar({"deep/data.txt": DATA, "../escaped.txt": b"out"})
    path = make_sdist(links, {"more/inner.tar.gz": inner})
    inside = "stranger-1.0/more/inner.tar.gz!/deep/data.txt"
    offer(pinned(path, (inside, "thing.txt", DATA)))
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == DATA
    assert everything_in(cache) == ["thing", "thing/thing.txt"]


def test_an_archive_with_other_bytes_is_not_read(links, offer, cache, monkeypatch):
    path = make_sdist(links, {"data.txt": DATA})
    right = pinned(path, ("stranger-1.0/data.txt", "thing.txt", DATA))
    offer(dataclasses.replace(right, sha256="0" * 64))
    monkeypatch.setattr(downloads, "_extract", lambda *args: pytest.fail("it was read"))
    said = message(downloads.fetch, "thing", progress=False)
    assert "not the file that this course knows" in said and "deleted" in said
    assert everything_in(cache) == []


@pytest.mark.parametrize(
    "pin",
    [b"other data", DATA[:-1] + b"?", DATA[:-1], DATA + b"\n"],
    ids=["too long", "of the same length", "too long by one", "too short by one"],
)
def test_a_member_with_other_bytes_is_not_used(links, offer, cache, pin):
    path = make_wheel(links, {"stranger/good.txt": DATA, "stranger/data.txt": DATA})
    offer(pinned(path, ("stranger/good.txt", "good.txt", DATA), ("stranger/data.txt", "thing.txt", pin)))
    said = message(downloads.fetch, "thing", progress=False)
    assert "thing.txt" in said and "deleted" in said
    assert everything_in(cache) == []


@pytest.mark.parametrize(
    "files",
    [
        {"deep/other.txt": DATA},
        {"deep/data.txt": "/etc/passwd"},
        {"deep/data.txt": "../../../outside.txt"},
    ],
    ids=["not there", "a link out", "a relative link"],
)
def test_a_member_that_is_not_a_file_of_the_archive(links, offer, cache, files):
    path = make_wheel(links, {"inner.tar.gz": make_tar(files)})
    offer(pinned(path, ("inner.tar.gz!/deep/data.txt", "thing.txt", DATA)))
    assert "does not hold" in message(downloads.fetch, "thing", progress=False)
    assert everything_in(cache) == []


def test_an_inner_archive_that_is_damaged(links, offer, cache):
    inner = make_tar({"data.txt": os.urandom(50_000)})
    path = make_wheel(links, {"inner.tar.gz": inner[: len(inner) // 2]})
    offer(pinned(path, ("inner.tar.gz!/data.txt", "thing.txt", DATA)))
    assert "does not hold" in message(downloads.fetch, "thing", progress=False)
    assert everything_in(cache) == []


@pytest.mark.parametrize("damage", [b"changed", DATA[:-1] + b"?", None])
def test_a_cached_file_whose_bytes_are_wrong_is_fetched_again(wheel, damage):
    file = downloads.fetch("thing", progress=False) / "thing.txt"
    file.unlink() if damage is None else file.write_bytes(damage)
    assert downloads.cached("thing") is None
    downloads.fetch("thing", progress=False)
    assert file.read_bytes() == DATA


def test_no_network_says_what_why_and_what_still_works(wheel, cache):
    wheel.unlink()
    said = message(downloads.fetch, "thing", kind=hub.OfflineError, progress=False)
    for words in (
        "a stranger's files",
        "stranger-1.0-py3-none-any.whl",
        "where pip looks",
        "The rest works",
        "labkit fetch",
    ):
        assert words in said
    assert everything_in(cache) == []


def test_an_interrupted_fetch_starts_afresh(wheel, cache, monkeypatch):
    def interrupted(project, file, sha256, size, folder, bar):
        (folder / file).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(index, "fetch_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            downloads.fetch("thing", progress=False)
    assert everything_in(cache) == []
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == DATA


def test_what_a_killed_process_left_is_cleared_away_after_a_day(wheel, cache):
    for name, age in ((".scratch-old", 2 * 24 * 3600), (".scratch-new", 60)):
        (cache / name).mkdir()
        os.utime(cache / name, (time.time() - age,) * 2)
    downloads.fetch("thing", progress=False)
    assert everything_in(cache) == [".scratch-new", "thing", "thing/thing.txt"]


def test_a_cache_that_cannot_be_written(wheel, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file" / "cache"))
    assert "set LABKIT_CACHE" in message(downloads.fetch, "thing", progress=False)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file there")
def test_a_full_disk_is_said_and_leaves_nothing(served, cache):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (100_000, before[1])
    )  # Python gets an OSError, as on a full disk
    try:
        said = message(downloads.fetch, "thing", progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Could not write to the cache folder" in said and "LABKIT_CACHE" in said
    assert everything_in(cache) == []


def test_the_progress_bar_is_there_when_wanted(wheel, cache, capfd):
    downloads.fetch("thing", progress=True)
    assert "stranger: 100%" in capfd.readouterr().err
    (cache / "thing" / "thing.txt").unlink()
    downloads.fetch("thing", progress=False)
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------- nothing of it runs


@pytest.fixture
def happenings():
    """(event, arguments) of what Python does while a test sets `happenings.on`: what it runs and writes."""

    class Happenings(list):
        on = False

    seen = Happenings()
    watched = {"exec", "import", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "open"}
    sys.addaudithook(lambda event, args: seen.on and event in watched and seen.append((event, args)))
    yield seen
    seen.on = False  # a hook can't be taken away


def test_the_mark_shows_what_pip_runs_of_a_source_distribution(links, tmp_path):
    """The test of the tests below: their archives do what they are not to do, wherever they are let."""
    make_sdist(links, {"data.txt": DATA})
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "stranger"]
    assert RUN(command, capture_output=True).returncode == 0
    assert (tmp_path / "mark").exists()


OUTSIDE = {
    "../../escaped.py": CODE,
    "/tmp/labkit-escaped.py": CODE,
    "..\\..\\escaped.py": CODE,
    "sitecustomize.py": CODE,
    "stranger.pth": b"import os; exec(open(os.environ['MARK'], 'w'))",
    "stranger-1.0.data/scripts/tool": b"#!/bin/sh\ntouch $MARK\n",
    "stranger/__init__.py": CODE,
}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
@pytest.mark.parametrize("where", ["a folder", "an index"])
def test_no_code_of_an_archive_runs_and_nothing_is_written_elsewhere(
    links, offer, cache, tmp_path, monkeypatch, happenings, request, kind, where
):
    folder = links if where == "a folder" else request.getfixturevalue("server").folder
    make, top = (make_wheel, "") if kind == "wheel" else (make_sdist, "stranger-1.0/")
    path = make(folder, {"stranger/data.txt": DATA} | OUTSIDE)
    offer(pinned(path, (f"{top}stranger/data.txt", "thing.txt", DATA)))
    monkeypatch.setattr(index.subprocess, "run", RUN)  # with pip, as in use
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.py").write_bytes(CODE)  # a file of this name hides pip from a Python that starts here
    before = everything_in(tmp_path)
    happenings.on = True
    downloads.fetch("thing", progress=False)
    happenings.on = False
    assert everything_in(tmp_path) == before and everything_in(cache) == ["thing", "thing/thing.txt"]
    started = [
        args for event, args in happenings if event in ("subprocess.Popen", "os.posix_spawn", "os.exec")
    ]
    assert {tuple(args[1][-2:]) for args in started} == {("config", "list")}
    ran = [args[0].co_filename for event, args in happenings if event == "exec"]
    assert not [name for name in ran if name.startswith((str(tmp_path), str(cache)))]
    written = [
        str(args[0])
        for event, args in happenings
        if event == "open" and isinstance(args[0], str) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    ]
    assert written and all(name.startswith(str(cache)) or name == os.devnull for name in written)
    assert "stranger" not in sys.modules


# ------------------------------------------------------------------------------------- from an index


@pytest.mark.parametrize("form", ["json", "html"])
def test_both_forms_of_an_index(server, served, form):
    server.form = form
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == data_of(served)
    assert server.requests == {("page", ""): 1, (served.name, ""): 1}


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_source_distribution_is_found_beside_a_wheel(server, offer, form):
    server.form = form
    make_wheel(server.folder, {"stranger/data.txt": b"not this"})
    path = make_sdist(server.folder, {"data.txt": DATA})
    offer(pinned(path, ("stranger-1.0/data.txt", "thing.txt", DATA)))
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == DATA


def test_a_download_that_breaks_goes_on_where_it_stopped(server, served, capfd):
    server.faults[served.name] = "half"
    folder = downloads.fetch("thing", progress=True)
    assert (folder / "thing.txt").read_bytes() == data_of(served)
    assert server.requests[served.name, ""] == 1 and server.requests[served.name, "range"] == 1
    assert "stranger: 100%" in capfd.readouterr().err


@pytest.mark.parametrize("fault", ["no ranges", "moved"])
def test_a_server_that_begins_again_or_sends_elsewhere(server, served, fault):
    server.faults[served.name] = fault
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == data_of(served)


FAULTS = {
    "halves": "broke off|no connection",
    "short": "broke off",
    "drop": "no connection",
    "missing": "answered 404",
    "error": "answered 503",
    "endless": "sha256 differs",
    "login": "broke off",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_does_not_come(server, served, cache, fault):
    server.faults[served.name] = fault
    said = message(downloads.fetch, "thing", progress=False)
    assert re.search(FAULTS[fault], said) and everything_in(cache) == []
    assert served.stat().st_size > 300_000  # what is "endless" is cut off, not kept
    del server.faults[served.name]
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == data_of(served)


PAGES = {
    "error": "Service Unavailable",
    "login": "does not offer it",
    "number": "no package index",
    "drop": "no connection",
}


@pytest.mark.parametrize("fault", PAGES)
def test_a_page_that_is_none(server, served, capfd, fault):
    server.faults["page"] = fault
    said = message(downloads.fetch, "thing", kind=hub.OfflineError, progress=False)
    assert PAGES[fault] in said and "The rest works" in said
    assert capfd.readouterr() == ("", "")  # nothing but the message


def test_an_index_with_another_file_of_that_name_and_one_with_the_right_one(
    server, served, links, monkeypatch
):
    make_wheel(links, {"stranger/data.txt": b"other"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == data_of(served)


def test_a_name_there_is_nothing_for():
    said = message(downloads.fetch, "minillm")
    assert "'minillm'" in said and "amazon" in said


def test_fetch_all_goes_on_after_an_error_and_reports_each(wheel, offer, monkeypatch):
    thing = downloads.ARCHIVES["thing"]
    missing = dataclasses.replace(thing, project="missing", file="missing-1.0.tar.gz")
    monkeypatch.setattr(downloads, "ARCHIVES", {"first": missing, "thing": thing})
    first, second = downloads.fetch_all(progress=False)
    assert (
        first.path is None
        and isinstance(first.error, hub.OfflineError)
        and "missing-1.0.tar.gz" in str(first)
    )
    assert second.error is None and (second.path / "thing.txt").read_bytes() == DATA
    assert str(second) == f"thing: {second.path}"


def test_fetch_all_gets_the_hubs_pair_where_the_course_wants_it(monkeypatch):
    monkeypatch.setattr(downloads, "fetch", lambda name, progress: f"/{name}")
    assert [outcome.name for outcome in downloads.fetch_all()] == ["minilm", "amazon"]
    monkeypatch.setenv("LABKIT_MODELS", "hub")
    names = [outcome.name for outcome in downloads.fetch_all()]
    assert names == ["minilm", "amazon", "bert-base-uncased", "gpt2"]


def test_the_pins_are_whole():
    hexadecimal = set("0123456789abcdef")
    for archive in downloads.ARCHIVES.values():
        for sha256 in (archive.sha256, *(member.sha256 for member in archive.members)):
            assert len(sha256) == 64 and set(sha256) <= hexadecimal
        assert all(os.path.basename(member.name) == member.name for member in archive.members)
    for model in hub.HUB.values():
        assert len(model.revision) == 40 and len(model.sha256) == 64
        assert set(model.revision + model.sha256) <= hexadecimal


def test_the_wheel_and_the_hub_give_the_same_minilm():
    weights = {member.name: member.sha256 for member in downloads.ARCHIVES["minilm"].members}
    assert weights["model.safetensors"] == hub.HUB["minilm"].sha256
    assert {"config.json", "tokenizer.json"} <= set(weights)
