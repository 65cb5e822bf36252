"""SST-2 from a server on 127.0.0.1 that answers like the hub: fetched once, checked, plain about faults."""

import json

import pytest

from labkit import datasets, hub
from labkit.hub import OfflineError
from labkit.messages import LabkitError

from .hub_server import HubServer

ROWS = [("a gorgeous , witty film", 1), ("it drags \u2028 and drags", 0)]
LINES = "".join(
    json.dumps({"text": text, "label": label, "label_text": "x"}, ensure_ascii=False) + "\n"
    for text, label in ROWS
).encode()


@pytest.fixture
def server(monkeypatch, cache):
    repos = {
        datasets.SST2: {"train.jsonl": LINES, "dev.jsonl": LINES, "test.jsonl": b"", "README.md": b"card"}
    }
    with HubServer(repos) as hub_server:
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # this hub is on this machine
        template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
        constants = {
            "HF_HUB_OFFLINE": False,
            "ENDPOINT": hub_server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": template,
            "HF_HUB_CACHE": str(cache / "shared"),
        }
        for name, value in constants.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
        yield hub_server


def test_sst2_is_fetched_once(server):
    texts, labels = datasets.sst2("train", progress=False)
    assert texts == [text for text, _ in ROWS] and labels == [1, 0]
    server.stop()
    assert datasets.sst2("dev", progress=False) == (texts, labels)
    assert server.count("train.jsonl") == 1 and server.count("README.md") == 0


def test_a_damaged_file_is_fetched_again(server):
    datasets.sst2(progress=False)
    folder = hub.fetch_dataset(datasets.SST2, ("train.jsonl",), False)
    (folder / "train.jsonl").write_text("damaged")
    assert datasets.sst2(progress=False)[1] == [1, 0]
    assert server.count("train.jsonl") == 2 and server.count("dev.jsonl") == 1


def test_wrong_bytes_are_not_used(server, cache):
    server.faults["train.jsonl"] = "wrong"
    with pytest.raises(LabkitError, match="other bytes"):
        datasets.sst2(progress=False)
    assert not list(cache.rglob("train.jsonl"))


def test_a_data_set_that_changed_its_form(server):
    del server.repos[datasets.SST2]["dev.jsonl"]
    with pytest.raises(LabkitError, match="has no dev.jsonl"):
        datasets.sst2(progress=False)
    server.repos[datasets.SST2]["dev.jsonl"] = b'{"sentence": "x"}\n'
    with pytest.raises(LabkitError, match="dev.jsonl, line 1"):
        datasets.sst2("dev", progress=False)
    del server.repos[datasets.SST2]
    with pytest.raises(LabkitError, match="data set"):
        hub.fetch_dataset("someone/else", ("a.txt",), False)


def test_without_a_network_the_message_names_the_reviews(server):
    server.stop()
    with pytest.raises(OfflineError, match="no connection.*labkit.reviews"):
        datasets.sst2(progress=False)


def test_an_unknown_part():
    with pytest.raises(LabkitError, match='"train", "dev" and "test"'):
        datasets.sst2("validation")
