"""The claim: measured on made-up snippets, recorded for the rest; never the one shown as the other."""

import json

import numpy as np
import pytest

from labkit.measures import transfer
from labkit.messages import LabkitError
from labkit.texts import datasets


@pytest.fixture
def snippets(monkeypatch):
    """60 rated snippets instead of thousands, small sizes, and bert-mini in minilm's place."""
    rng = np.random.default_rng(0)
    ratings = [(-1) ** k * (0.2 if k < 6 else 2.0) for k in range(66)]
    words = {True: ["love", "quick", "fine"], False: ["hate", "slow", "dull"]}
    texts = [f"{rng.choice(words[r > 0])} thing number {k}" for k, r in enumerate(ratings)]
    monkeypatch.setattr(datasets, "amazon_snippets", lambda progress=True: (texts, ratings))
    small = transfer.DataSet("made-up snippets", 20, few=(10, 20), many=(10, 40))
    monkeypatch.setitem(transfer.SETS, "amazon", small)
    monkeypatch.setattr(transfer, "SMALL", 10)
    real = __import__("labkit.models.loading", fromlist=["load"]).load
    monkeypatch.setattr(
        "labkit.models.loading.load", lambda name: real("bert-mini" if name == "minilm" else name)
    )


def test_measure_and_keep(snippets, capsys):
    measured = transfer.measure("amazon", progress=False, num_seeds=2)
    assert capsys.readouterr().out == ""
    assert measured == transfer.results("amazon") and measured.measured_here
    assert measured.provenance.startswith("Measured on this machine")
    assert set(measured.curves) == {
        "minilm, layer 2",
        "bert-mini, layer 2",
        "gpt-mini, layer 2",
        "TF-IDF",
        "LSTM from scratch",
    }
    assert measured.curves["TF-IDF"][0] == (10, 40) and measured.curves["minilm, layer 2"][0] == (10, 20)
    assert measured.at("TF-IDF", 40)[0] > 0.8 and len(measured.layers) == 5
    for _, rows in measured.curves.values():
        assert all(0 <= low <= mean <= high <= 1 for mean, low, high in rows)


def test_train_and_test_are_balanced_and_share_nothing(snippets):
    texts, labels, train, test = transfer._data("amazon", False)
    assert len(texts) == 60, "unclear ratings are left out"
    assert labels[train].mean() == labels[test].mean() == 0.5
    assert not set(train) & set(test)


@pytest.mark.parametrize("dataset", transfer.SETS)
def test_what_is_recorded_says_so(dataset):
    recorded = transfer.results(dataset)
    assert not recorded.measured_here
    for words in ("Recorded by the course on", "not measured here", f'labkit.transfer.measure("{dataset}")'):
        assert words in " ".join(recorded.provenance.split())
    assert max(map(len, recorded.provenance.splitlines())) <= 90, "a notebook breaks a longer line in a word"
    minilm = next(name for name in recorded.curves if name.startswith("minilm"))
    assert {"TF-IDF", "LSTM from scratch", minilm} <= set(recorded.curves)
    assert len(recorded.layers) == 7
    for sizes, rows in recorded.curves.values():
        assert len(sizes) == len(rows) and all(low <= mean <= high for mean, low, high in rows)
    assert recorded.at(minilm, 100)[0] > 0.5


def test_curves_of_a_pair_with_other_weights_are_left_out(tmp_path):
    stored = json.loads((transfer.paths.data_dir() / "transfer.json").read_text())
    stored["films"]["weights"] = {name: transfer._weights(name) for name in transfer.PAIR}
    path = tmp_path / "transfer.json"
    path.write_text(json.dumps(stored))
    assert any(name.startswith("gpt-mini") for name in transfer.results("films", path).curves)
    stored["films"]["weights"]["gpt-mini"] = "other"
    path.write_text(json.dumps(stored))
    left = transfer.results("films", path).curves
    assert any(name.startswith("bert-mini") for name in left)
    assert not any(name.startswith("gpt-mini") for name in left)


def test_a_broken_file_in_the_cache_is_not_trusted(cache):
    transfer._kept("films").parent.mkdir(parents=True)
    transfer._kept("films").write_text('{"films": {"curves": 3}}')
    assert not transfer.results("films").measured_here


def test_faults_are_plain_messages(tmp_path, monkeypatch):
    with pytest.raises(LabkitError, match="no data set 'tweets' here; there is amazon, films"):
        transfer.results("tweets")
    with pytest.raises(LabkitError, match="holds no results for films"):
        transfer.results("films", tmp_path / "nowhere.json")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # tests may run under it
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(LabkitError, match="labkit fetch"):
        transfer.measure("films", progress=False)


def test_minilm_is_none_without_its_files_and_asks_nobody(monkeypatch):
    monkeypatch.setattr("labkit.models.hub.fetch_hub", lambda *args: pytest.fail("asked the hub"))
    monkeypatch.setattr("labkit.models.downloads.fetch", lambda *args: pytest.fail("asked pip"))
    assert transfer.minilm() is None
