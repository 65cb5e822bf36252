"""The mixture: what counts as a review, a story, a book, and how often each is read."""

from collections import Counter

import pytest

from labkit.messages import LabkitError
from labkit.pretraining import mixture
from labkit.pretraining.mixture import kind_of, mix


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("The movie was long.", "review"),
        ("Once upon a time we watched it on DVD.", "review"),
        ("Once upon a time there was a frog.", "story"),
        ("One day, Tom found a ball.", "story"),
        ("Once upon a time there was a king. " + "He was old. " * 200, "book"),
        ("The coachman bowed. Once upon a time he had been young.", "book"),
        ("They had broadcasted the seed.", "book"),
    ],
)
def test_a_text_is_known_by_its_words(document, kind):
    assert kind_of(document) == kind


DOCUMENTS = [
    *(f"Film number {n}." for n in range(40)),
    *(f"One day, {n} frogs sang." for n in range(3)),
    *(f"The carriage of Mr. {n} stopped." for n in range(20)),
]


@pytest.mark.parametrize(("times", "share"), [(14, 0.5), (3, 1.0)])
def test_stories_are_read_many_times_and_a_share_of_the_reviews_once(times, share):
    mixed = mix(DOCUMENTS, times, share)
    counts = Counter(mixed)
    found = {
        kind: {n for text, n in counts.items() if kind_of(text) == kind}
        for kind in ("review", "story", "book")
    }
    assert found == {"review": {1}, "story": {times}, "book": {1}}
    assert sum(kind_of(text) == "review" for text in counts) == 40 * share
    assert sum(kind_of(text) == "book" for text in counts) == 20
    assert set(counts) <= set(DOCUMENTS)


def test_the_order_is_random_and_depends_on_the_seed_alone():
    assert mix(DOCUMENTS, 14, 0.5) == mix(DOCUMENTS, 14, 0.5) != mix(DOCUMENTS, 14, 0.5, seed=1)
    kinds = [kind_of(text) for text in mix(DOCUMENTS, 14, 0.5)]
    assert kinds != sorted(kinds)


def test_the_command_writes_one_document_a_line(tmp_path, capsys):
    (tmp_path / "train.txt").write_text("\n".join(DOCUMENTS))
    mixture.main([str(tmp_path / "train.txt"), str(tmp_path / "mixed.txt")])
    assert (tmp_path / "mixed.txt").read_text().splitlines() == mix(DOCUMENTS, 14, 0.5)
    assert "82 documents" in capsys.readouterr().out
    options = ["--stories", "2", "--reviews", "1"]
    mixture.main([str(tmp_path / "train.txt"), str(tmp_path / "more.txt"), *options])
    assert (tmp_path / "more.txt").read_text().splitlines() == mix(DOCUMENTS, 2, 1.0)


@pytest.mark.parametrize(
    "arguments",
    [[], ["train.txt"], ["a", "b", "c"], ["a", "b", "--reviews", "2"], ["a", "b", "--stories", "0"]],
)
def test_the_command_says_how_it_is_called(arguments, capsys):
    with pytest.raises(SystemExit):
        mixture.main(arguments)
    assert "usage: python -m labkit.pretraining.mixture" in capsys.readouterr().err


def test_the_command_says_which_file_is_missing_and_keeps_what_is_there(tmp_path):
    with pytest.raises(LabkitError, match="no such file"):
        mixture.main([str(tmp_path / "none.txt"), str(tmp_path / "mixed.txt")])
    (tmp_path / "train.txt").write_text("One document.")
    (tmp_path / "mixed.txt").write_text("mine")
    with pytest.raises(LabkitError, match="is there already"):
        mixture.main([str(tmp_path / "train.txt"), str(tmp_path / "mixed.txt")])
    assert (tmp_path / "mixed.txt").read_text() == "mine"
