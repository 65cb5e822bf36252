"""labkit.reviews, and the data itself: data/reviews.csv is balanced, varied, and no template."""

from collections import Counter

import numpy as np
import pytest

from labkit.files import paths
from labkit.messages import LabkitError
from labkit.texts import reviews

HEAD = "id,product,label,tag,text"
ROW = "r1,kettle,positive,plain,It boils."


@pytest.fixture(scope="module")
def bundled():
    return reviews.load()


def written(tmp_path, *lines):
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return path


def message(path):
    with pytest.raises(LabkitError) as caught:
        reviews.load(path)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------- the loader


def test_a_file_of_your_own(tmp_path):
    [first, second] = reviews.load(
        written(tmp_path, ROW, 'r2,lampe,negative,sarcasm,"Schön, sagt er: ""super"" 💡."')
    )
    assert first == reviews.Review("r1", "kettle", "positive", "plain", "It boils.") and first.positive == 1
    assert second.text == 'Schön, sagt er: "super" 💡.' and second.positive == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("r2,kettle,good,plain,Fine.", "label should be one of positive, negative, not 'good'"),
        ("r2,kettle,positive,ironic,Fine.", "tag should be one of plain, negation"),
        ("r2,kettle,positive,plain", "4 columns, expected 5"),
        ("r2,kettle,positive,plain,", "text is empty"),
        ("r2,kettle,positive,plain, Fine.", "spaces around"),
        ("r1,kettle,positive,plain,Fine.", "'r1' is also in line 2"),
        ("r2,kettle,negative,plain,it BOILS", "'it boils' is also in line 2"),
        ('r2,kettle,positive,plain,"Fine.', "can't be read"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path, row, words):
    said = message(written(tmp_path, ROW, row))
    assert words in said and ("line 3" in said or "can't be read" in said)


def test_a_file_that_is_none(tmp_path):
    assert "can't be read" in message(tmp_path / "nowhere.csv")
    assert "no reviews" in message(written(tmp_path))
    (tmp_path / "reviews.csv").write_text("text,label\nFine.,1\n")
    assert "first line should be id,product,label,tag,text" in message(tmp_path / "reviews.csv")
    (tmp_path / "reviews.csv").write_bytes(b"\xff\xfe")
    assert "can't be read" in message(tmp_path / "reviews.csv")


# --------------------------------------------------------------------------------------------------- the data


def test_size_and_balance(bundled):
    assert len(bundled) >= 1200
    products = Counter(review.product for review in bundled)
    assert len(products) == 10 and len(set(products.values())) == 1
    assert len({*Counter((review.product, review.label) for review in bundled).values()}) == 1
    assert [review.id for review in bundled] == [f"r{k:04d}" for k in range(1, len(bundled) + 1)]


def test_no_tag_gives_the_label_away(bundled):
    table = reviews.tag_table(bundled)
    assert set(table) == set(reviews.TAGS)
    for tag, counts in table.items():
        assert sum(counts.values()) >= 100
        assert 0.45 <= counts["positive"] / sum(counts.values()) <= 0.55, (tag, counts)


def test_no_length_gives_the_label_away(bundled):
    lengths = {
        label: np.mean([len(r.text.split()) for r in bundled if r.label == label]) for label in reviews.LABELS
    }
    assert abs(lengths["positive"] - lengths["negative"]) < 2


def test_lengths_and_signs(bundled):
    words = [len(review.text.split()) for review in bundled]
    assert min(words) >= 5 and max(words) <= 60
    assert all(review.text.isprintable() and not review.text.isupper() for review in bundled)


def test_they_are_no_template(bundled):
    """Runs of four words are the reviews' own: few are shared, none by many, none makes up a review."""
    shared = reviews.shared_ngrams(bundled, 4)
    assert max(shared.values()) <= 4, [run for run, number in shared.items() if number > 4]
    shares = reviews.shared_share(bundled, 4)
    assert shares.mean() < 0.03 and shares.max() <= 0.4
    openings = Counter(" ".join(reviews.words(review.text)[:3]) for review in bundled)
    assert openings.most_common(1)[0][1] <= 5


def test_a_template_would_be_noticed():
    made = [
        reviews.Review(
            f"r{k}", "lamp", "positive", "plain", f"I bought this lamp for my {room} and I love it."
        )
        for k, room in enumerate(["kitchen", "hall", "study", "cellar", "attic"])
    ]
    assert reviews.shared_ngrams(made)["i bought this lamp"] == 5
    assert reviews.shared_share(made).min() > 0.4


# -------------------------------------------------------------------------------------------------- the split


def test_the_split_is_balanced_and_whole(bundled):
    parts = reviews.split(bundled)
    assert {name: len(part) / len(bundled) for name, part in parts.items()} == {
        "train": 0.5,
        "dev": 0.125,
        "test": 0.375,
    }
    assert sorted(review.id for part in parts.values() for review in part) == [
        review.id for review in bundled
    ]
    for part in parts.values():
        assert len({*Counter((review.product, review.label) for review in part).values()}) == 1
    tags = Counter(review.tag for review in parts["test"])
    whole = Counter(review.tag for review in bundled)
    assert all(0.3 < tags[tag] / whole[tag] < 0.45 for tag in reviews.TAGS), tags


def test_the_seed_decides(bundled):
    first, again, other = (reviews.split(bundled, seed) for seed in (0, 0, 1))
    assert first == again and first != other


def test_texts_and_labels(bundled):
    texts, labels = reviews.texts_and_labels(bundled[:3])
    assert texts.dtype == object and texts[0] == bundled[0].text
    assert labels.tolist() == [review.positive for review in bundled[:3]]


def test_the_data_card_counts_right(bundled):
    card = (paths.data_dir() / "README.md").read_text(encoding="utf-8")
    words = [len(review.text.split()) for review in bundled]
    assert f"{len(bundled):,} product reviews" in card and f"`{bundled[0].id}` to `{bundled[-1].id}`" in card
    assert f"{min(words)} to {max(words)} words, {np.mean(words):.0f} on average" in card
    for tag, counts in reviews.tag_table(bundled).items():
        assert f"| `{tag}` | {sum(counts.values())} |" in card
    assert all(review.product in card for review in bundled)
