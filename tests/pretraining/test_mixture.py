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


def test_stories_are_read_many_times_and_half_of_the_reviews_once():
    mixed = mix(DOCUMENTS)
    counts = Counter(mixed)
    times = {
        kind: {n for text, n in counts.items() if kind_of(text) == kind}
        for kind in ("review", "story", "book")
    }
    assert times == {"review": {1}, "story": {mixture.STORY_TIMES}, "book": {1}}
    assert sum(kind_of(text) == "review" for text in counts) == 20
    assert sum(kind_of(text) == "book" for text in counts) == 20
    assert set(counts) <= set(DOCUMENTS)


def test_the_order_is_random_and_depends_on_the_seed_alone():
    assert mix(DOCUMENTS) == mix(DOCUMENTS)
    assert mix(DOCUMENTS) != mix(DOCUMENTS, seed=1)
    kinds = [kind_of(text) for text in mix(DOCUMENTS)]
    assert kinds != sorted(kinds)


def test_the_command_writes_one_document_a_line(tmp_path, capsys):
    (tmp_path / "train.txt").write_text("\n".join(DOCUMENTS))
    mixture.main([str(tmp_path / "train.txt"), str(tmp_path / "mixed.txt")])
    assert (tmp_path / "mixed.txt").read_text().splitlines() == mix(DOCUMENTS)
    assert "82 documents" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["train.txt"], ["a", "b", "c"]])
def test_the_command_says_how_it_is_called(arguments):
    with pytest.raises(LabkitError, match="train.txt mixture.txt"):
        mixture.main(arguments)


def test_the_command_says_which_file_is_missing_and_keeps_what_is_there(tmp_path):
    with pytest.raises(LabkitError, match="no such file"):
        mixture.main([str(tmp_path / "none.txt"), str(tmp_path / "mixed.txt")])
    (tmp_path / "train.txt").write_text("One document.")
    (tmp_path / "mixed.txt").write_text("mine")
    with pytest.raises(LabkitError, match="is there already"):
        mixture.main([str(tmp_path / "train.txt"), str(tmp_path / "mixed.txt")])
    assert (tmp_path / "mixed.txt").read_text() == "mine"
