"""SST-2 from a server on 127.0.0.1 that answers like the hub: fetched once, checked, plain about faults."""

import json

import pytest

from labkit.messages import LabkitError
from labkit.models import hub
from labkit.models.hub import OfflineError
from labkit.texts import datasets
from tests import hub_server
from tests.hub_server import COMMIT, HubServer

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
    monkeypatch.setattr(datasets, "SST2_COUNTS", {"train": (2, 1), "dev": (2, 1), "test": (0, 0)})
    with HubServer(repos) as server:
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # this hub is on this machine
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        constants = {
            "HF_HUB_OFFLINE": False,
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": template,
            "HF_HUB_CACHE": str(cache / "shared"),
        }
        for name, value in constants.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
        yield server


def test_sst2_is_fetched_once(server):
    texts, labels = datasets.sst2("train", progress=False)
    assert texts == [text for text, _ in ROWS] and labels == [1, 0]
    server.stop()
    assert datasets.sst2("dev", progress=False) == (texts, labels)
    assert server.count("train.jsonl") == 1 and server.count("README.md") == 0


def fetched():
    """The folder of a whole download."""
    datasets.sst2(progress=False)
    return hub.fetch_dataset(datasets.SST2, ("train.jsonl",), progress=False)


def test_a_damaged_file_is_fetched_again_from_the_commit_noted_at_first(server):
    folder = fetched()
    assert (folder / "COMMIT").read_text().strip() == COMMIT
    (folder / "train.jsonl").write_text("damaged")
    assert datasets.sst2(progress=False)[1] == [1, 0]
    assert server.count("train.jsonl") == 2 and server.count("dev.jsonl") == 1


def test_a_hub_that_moved_on_is_not_mixed_with_what_was_fetched(server, monkeypatch):
    """Whole: used as it is. Damaged: from the old commit or not at all."""
    folder = fetched()
    monkeypatch.setattr(hub_server, "COMMIT", "f" * 40)
    server.repos[datasets.SST2]["train.jsonl"] = LINES + LINES
    assert datasets.sst2(progress=False)[1] == [1, 0]
    (folder / "train.jsonl").write_text("damaged")
    with pytest.raises(LabkitError, match=f"data set {datasets.SST2}, but not this revision.*{COMMIT}"):
        datasets.sst2(progress=False)


def test_other_bytes_under_the_noted_commit_are_not_used(server):
    folder = fetched()
    server.repos[datasets.SST2]["train.jsonl"] = LINES.replace(b"gorgeous", b"wondrous")
    (folder / "train.jsonl").unlink()
    with pytest.raises(LabkitError, match="other bytes"):
        datasets.sst2(progress=False)
    assert not (folder / "train.jsonl").exists()


def test_a_download_that_broke_off_notes_no_commit(server):
    server.faults["test.jsonl"] = "missing"
    with pytest.raises(LabkitError, match="does not serve it"):
        datasets.sst2(progress=False)
    server.faults.clear()
    assert datasets.sst2(progress=False)[1] == [1, 0]
    assert server.count("train.jsonl") == 1


def test_another_number_of_sentences_is_not_sst2(server):
    server.repos[datasets.SST2]["train.jsonl"] = LINES + LINES
    with pytest.raises(LabkitError, match="holds 4 sentences, 2 of them positive.*has 2 and 1"):
        datasets.sst2(progress=False)


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
        hub.fetch_dataset("someone/else", ("a.txt",), progress=False)


def test_without_a_network_the_message_names_the_reviews(server):
    server.stop()
    with pytest.raises(OfflineError, match="no connection.*labkit.reviews"):
        datasets.sst2(progress=False)


def test_an_unknown_part():
    with pytest.raises(LabkitError, match='"train", "dev" and "test"'):
        datasets.sst2("validation")
