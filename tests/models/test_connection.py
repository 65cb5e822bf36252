"""Settings of the environment, on both ways that files come: each is taken as it is meant, or named."""

import json
import os
import re
import socket
import subprocess
import sys

import huggingface_hub
import pytest
from huggingface_hub import constants

from labkit.messages import LabkitError
from labkit.models import connection, downloads, hub, loading
from tests.archives import make_wheel, pinned
from tests.hub_server import COMMIT, HubServer, repo_from
from tests.index_server import IndexServer, without_pip

DATA = b"some data\n" * 1000
VARIABLES = re.compile(r"(?i)PIP_.*|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE|HF_.*|HUGGING.*|TRANSFORMERS_OFFLINE")
FINE = None


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """An environment that says nothing of connections, and no connection kept from another."""
    for name in filter(VARIABLES.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


@pytest.fixture(scope="module")
def index_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    make_wheel(folder, {"stranger/data.txt": DATA})
    with IndexServer(folder) as server:
        yield server


@pytest.fixture(scope="module")
def hub_server(tiny_bert):
    with HubServer({"tiny/bert": repo_from(tiny_bert)}) as server:
        yield server


@pytest.fixture
def from_index(index_server, monkeypatch):
    """A function that fetches an archive from an index; returns its folder."""
    [path] = index_server.folder.iterdir()
    archive = pinned(path, ("stranger/data.txt", "thing.txt", DATA))
    monkeypatch.setattr(downloads, "ARCHIVES", {"thing": archive})
    monkeypatch.setenv("PIP_INDEX_URL", index_server.url)
    return lambda: downloads.fetch("thing", progress=False) / "thing.txt"


@pytest.fixture
def from_hub(hub_server, monkeypatch):
    """A function that fetches a model from a hub; returns its folder."""
    monkeypatch.setattr(constants, "ENDPOINT", hub_server.url)
    template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", os.environ["LABKIT_CACHE"] + "/shared")
    return lambda: hub.fetch_hub("tiny/bert", COMMIT, progress=False) / "model.safetensors"


def check(fetch, outcome, cache, capfd, secret="secret"):
    """Fetch: the right file, or one plain message that `outcome` is found in, and nothing left behind."""
    if outcome is FINE:
        assert fetch().stat().st_size > 1000
    else:
        with pytest.raises(LabkitError) as caught:
            fetch()
        said = str(caught.value)
        assert re.search(outcome, said), said
        assert secret not in said and "Traceback" not in said and "\n" not in said and len(said) < 700
        assert not [path for path in cache.rglob("*") if path.is_file()]
    assert capfd.readouterr() == ("", "")


BOTH = {
    # proxies that nobody answers at, that can't be one, and that are none
    "HTTP_PROXY=http://127.0.0.1:1": "no connection.*HTTP_PROXY is http://127.0.0.1:1",
    "http_proxy=127.0.0.1:1": "no connection.*http_proxy is 127.0.0.1:1",
    "ALL_PROXY=http://ann:secret@127.0.0.1:1": "no connection.*ALL_PROXY is http://127.0.0.1:1",
    "HTTP_PROXY=http://ann:secret@[::1": r"HTTP_PROXY is 'http://\[::1', which is no proxy",
    "HTTP_PROXY=http://proxy.example:port": "HTTP_PROXY is .*expected http://HOST:PORT",
    "HTTPS_PROXY=http://proxy.example:99999": "HTTPS_PROXY is .*expected http://HOST:PORT",
    "HTTPS_PROXY=:": "HTTPS_PROXY is ':', which is no proxy",
    "HTTPS_PROXY=http://": "HTTPS_PROXY is .*no proxy",
    "HTTPS_PROXY=ftp://proxy.example": "HTTPS_PROXY is .*no proxy",
    "HTTPS_PROXY=http://proxy example": "HTTPS_PROXY is .*no proxy",
    "HTTPS_PROXY=proxy.example": FINE,  # it is not asked: these servers have no https
    "HTTP_PROXY=": FINE,
    "HTTP_PROXY=http://127.0.0.1:1 NO_PROXY=127.0.0.1": FINE,
    # certificates
    "SSL_CERT_FILE=/no/where.pem": "SSL_CERT_FILE is '/no/where.pem', and there is no such file",
    f"SSL_CERT_FILE={__file__}": "SSL_CERT_FILE is .*holds no certificates",
    "SSL_CERT_DIR=/no/where": "SSL_CERT_DIR is '/no/where', and there is no such folder",
    f"SSL_CERT_DIR={os.path.dirname(__file__)}": FINE,
    "SSL_CERT_FILE=": FINE,
    # the cache
    f"LABKIT_CACHE={__file__}/cache": "Could not write to the cache folder.*LABKIT_CACHE",
    "LABKIT_CACHE=~nobody-of-this-name": "LABKIT_CACHE is",
}
if sys.platform == "linux":
    BOTH["LABKIT_CACHE=/sys/labkit"] = "Could not write to the cache folder /sys/labkit.*LABKIT_CACHE"
INDEX = {
    "REQUESTS_CA_BUNDLE=/no/where.pem": "REQUESTS_CA_BUNDLE is '/no/where.pem', and there is no such file",
    "CURL_CA_BUNDLE=/no/where.pem": "CURL_CA_BUNDLE is",
    "PIP_CERT=/no/where.pem": "pip's setting cert is '/no/where.pem'",
    "PIP_PROXY=ftp://proxy.example": "pip's setting proxy is .*no proxy",
    "PIP_PROXY=127.0.0.1:1": "no connection",
    "PIP_INDEX_URL=index.example/simple": "index.example/simple: .*labkit fetch",
    "PIP_INDEX_URL=http://ann:secret@index.invalid/simple": "http://index.invalid/simple: .*trusted",
    "PIP_INDEX_URL=http://[::1": r"http://\[::1: ",
    "PIP_INDEX_URL=SERVER/": FINE,
    "PIP_INDEX_URL=http://127.0.0.1:1 PIP_EXTRA_INDEX_URL=SERVER": FINE,
    "PIP_NO_INDEX=1": "name no index",
    "PIP_NO_INDEX=off": FINE,
    "PIP_NO_INDEX=1 PIP_FIND_LINKS=/no/where": "/no/where: ",
    "PIP_NO_INDEX=yes PIP_FIND_LINKS=FOLDER": FINE,
    "PIP_FIND_LINKS=/no/where": FINE,
    "PIP_INDEX_URL=file:///no/where": "file:///no/where: does not offer it",
    f"PIP_CONFIG_FILE={__file__}": "pip can't read its own settings",
}
HUB = {
    "HF_TOKEN=wrong": "does not know the token in HF_TOKEN.*public models need none",
    "HF_TOKEN=wr\u00f6ng": "token.*characters that no token has",
    "HF_TOKEN=two words": "token.*characters that no token has",
    "HF_TOKEN=": FINE,
    "HF_TOKEN=right": FINE,
    "HF_TOKEN=\nright\r\n": FINE,
    "REQUESTS_CA_BUNDLE=/no/where.pem": FINE,  # the hub's library does not read it
    "PIP_PROXY=ftp://proxy.example": FINE,
}


def set_all(monkeypatch, settings, **filled):
    """NAME=VALUE of each, where a VALUE may hold SERVER and FOLDER."""
    names = re.split(r" (?=[A-Z_]+=)", settings)
    for name, _, value in (text.partition("=") for text in names):
        for word, text in filled.items():
            value = value.replace(word, text)
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("settings", BOTH | INDEX)
def test_from_the_index(from_index, index_server, monkeypatch, cache, capfd, settings):
    if "FIND_LINKS" not in settings and "CONFIG" not in settings:  # pip itself is asked for a few
        without_pip(monkeypatch)
    set_all(monkeypatch, settings, SERVER=index_server.url, FOLDER=str(index_server.folder))
    check(from_index, (BOTH | INDEX)[settings], cache, capfd)


@pytest.mark.parametrize("settings", BOTH | HUB)
def test_from_the_hub(from_hub, hub_server, monkeypatch, cache, capfd, settings):
    monkeypatch.setattr(hub_server, "tokens", {"right"})
    set_all(monkeypatch, settings)
    check(from_hub, (BOTH | HUB)[settings], cache, capfd)


@pytest.mark.parametrize(
    "endpoint", ["hub.example", "", "https://", "ftp://hub.example", "https://hub .example", "//hub.example"]
)
def test_an_address_of_the_hub_that_is_none(from_hub, monkeypatch, cache, capfd, endpoint):
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    check(from_hub, f"HF_ENDPOINT is {endpoint!r}.*begins with https://.*bundled", cache, capfd)


@pytest.mark.parametrize("wrong", ["ENDPOINT", "token"])
def test_minilm_comes_from_the_package_index_where_the_hubs_settings_are_wrong(monkeypatch, tmp_path, wrong):
    if wrong == "ENDPOINT":
        monkeypatch.setattr(constants, "ENDPOINT", "hub.example")
    else:
        monkeypatch.setenv("HF_TOKEN", "two words")
    monkeypatch.setattr(downloads, "fetch", lambda name: tmp_path / name)
    place = loading._minilm(None)
    assert (place.folder, place.source) == (tmp_path / "minilm", "package")


def test_a_hub_where_nobody_answers(from_hub, monkeypatch, cache, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    check(from_hub, "no connection.*bundled", cache, capfd)


def test_what_a_fresh_python_makes_of_the_environment(hub_server, tmp_path):
    """huggingface_hub reads it once, at its import: slashes at the end of HF_ENDPOINT, a relative HF_HOME."""
    program = "from labkit.models import hub; print(hub.fetch_hub('tiny/bert', progress=False))"
    for number, end in enumerate(("/", "///")):
        own = {"HF_ENDPOINT": hub_server.url + end, "HF_HOME": "home", "LABKIT_CACHE": f"cache{number}"}
        got = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | own,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert got.stdout.startswith(str(tmp_path / f"cache{number}")), got.stderr


def test_offline_in_every_spelling_stops_both():
    """Of HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE: what the hub's library takes for yes, and for no."""
    program = """
import importlib, json, os
from huggingface_hub import constants
from labkit.messages import LabkitError
from labkit.models import downloads, hub, index
index._pip_config = lambda: {(":env:", "no-index"): "1"}
said = []
for name, text in json.loads(os.environ["SPELLINGS"]):
    for other in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(other, None)
    os.environ[name] = text
    importlib.reload(constants)
    for fetch in (lambda: downloads.fetch("amazon", progress=False), lambda: hub.fetch_hub("tiny/bert")):
        try:
            fetch()
            said.append("fetched")
        except hub.OfflineError as error:
            said.append("offline" if "HF_HUB_OFFLINE (or" in str(error) else "tried")
print(json.dumps(said))
"""
    on = [
        (name, text)
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        for text in ("1", "ON", "yes", "True")
    ]
    off = [("HF_HUB_OFFLINE", text) for text in ("0", "", "off", "no", "FALSE")]
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    env = os.environ | nowhere | {"SPELLINGS": json.dumps(on + off)}
    got = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert got.stdout, got.stderr
    assert json.loads(got.stdout) == ["offline", "offline"] * len(on) + ["tried", "tried"] * len(off)


def test_offline_leaves_what_is_in_the_cache(from_index, from_hub, monkeypatch):
    without_pip(monkeypatch)
    archive, model = from_index(), from_hub()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")  # what is wrong does not matter where nobody is asked
    assert (from_index(), from_hub()) == (archive, model)


def test_offline_needs_no_right_settings(from_hub, monkeypatch, cache, capfd):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    check(from_hub, "HF_HUB_OFFLINE", cache, capfd)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file there")
def test_a_full_disk_is_not_called_a_missing_network(from_hub, cache, capfd):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))  # an OSError, as on a full disk
    try:
        with pytest.raises(LabkitError, match="Could not write to the cache folder"):
            from_hub()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(cache.glob(".scratch-*"))


@pytest.mark.parametrize(
    "text, outcome",
    [
        (
            "Data processing error: No space left on device (os error 28)",
            "Could not write to the cache folder",
        ),
        ("Data processing error: connection reset (os error 104)", "no connection"),
        ("CAS service error", "no connection"),
    ],
)
def test_what_the_library_for_large_files_raises(from_hub, monkeypatch, text, outcome):
    def broken(*args, **kwargs):
        raise RuntimeError(text)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", broken)
    with pytest.raises(LabkitError, match=outcome):
        from_hub()


def test_settings_in_pips_own_file_and_the_order_in_which_they_count(
    from_index, index_server, tmp_path, monkeypatch
):
    file = tmp_path / "pip.conf"
    for section, right in (("download", True), ("global", True), ("install", False)):
        file.write_text(f"[{section}]\nindex_url = {index_server.url}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
        monkeypatch.delenv("PIP_INDEX_URL", raising=False)
        monkeypatch.setenv("PIP_NO_INDEX", "0" if right else "1")
        if right:
            path = from_index()
            assert path.read_bytes() == DATA
            path.unlink()
    file.write_text(f"[global]\nindex-url = http://127.0.0.1:1\n[download]\nindex-url = {index_server.url}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    assert from_index().read_bytes() == DATA


def test_a_password_in_the_address_of_an_index_is_used_and_not_shown(from_index, index_server, monkeypatch):
    without_pip(monkeypatch)
    monkeypatch.setattr(index_server, "user", "ann:secret")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://ann:secret@{index_server.place}/simple")
    path = from_index()
    assert path.read_bytes() == DATA
    path.unlink()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://ann:wrong@{index_server.place}/simple")
    with pytest.raises(hub.OfflineError) as caught:
        from_index()
    assert "401" in str(caught.value) and "wrong" not in str(caught.value)


def test_socks_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(connection.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(LabkitError, match="ALL_PROXY is a SOCKS proxy.*pip install socksio"):
        connection.check_settings()
