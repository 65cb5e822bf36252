"""Words with two senses: the loader, the sentences themselves, and the measurement on made-up vectors."""

import re
from collections import Counter, defaultdict

import pytest
import torch

from labkit import senses
from labkit.messages import LabkitError

HEAD = "id,word,sense,text"
ROWS = ("a,bank,money,The bank was closed.", "b,bank,river,The bank was muddy.")


def written(tmp_path, *lines):
    path = tmp_path / "senses.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_file_of_your_own(tmp_path):
    path = written(tmp_path, HEAD, *ROWS, 'c,bank,river,"On the bank, we slept."', "")
    items = senses.load_senses(path)
    assert [item.sense for item in items] == ["money", "river", "river"]
    assert items[2].text == "On the bank, we slept." and items[2].words_before == 2
    with pytest.raises(AttributeError):
        items[0].word = "changed"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c,bank,river", "expected 4 fields"),
        ("c,bank,river,On the bank, we slept.", "A text with a comma stands in double quotes"),
        ("c,bank,,The bank is wet.", "sense should be a text"),
        ("c,bank,river, The bank is wet.", "without blanks"),
        ("c,bank,river,The banks are wet.", "once, as a whole word; it does 0 times"),
        ("c,bank,river,Bank to bank.", "it does 2 times"),
        ("a,bank,river,The bank is wet.", "'a' is also in line 2"),
        ("c,bank,river,THE BANK was closed.", "is also in line 2"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path, line, said):
    with pytest.raises(LabkitError) as caught:
        senses.load_senses(written(tmp_path, HEAD, *ROWS, line))
    assert "line 4" in str(caught.value) and said in str(caught.value)


def test_files_that_are_not_such_a_set(tmp_path):
    for lines, said in [
        ((), "the first line should be id,word,sense,text"),
        (("id,word,text",), "the first line should be"),
        ((HEAD,), "holds no sentences"),
        ((HEAD, ROWS[0]), "'bank' should have two senses, it has money"),
        ((HEAD, *ROWS, "c,bank,blood,A bank of blood."), "it has blood, money, river"),
        ((HEAD, 'a,bank,money,"The bank'), "can't be read"),
    ]:
        with pytest.raises(LabkitError, match=re.escape(said)):
            senses.load_senses(written(tmp_path, *lines))
    with pytest.raises(LabkitError, match="can't be read"):
        senses.load_senses(tmp_path / "nowhere.csv")


# ----------------------------------------------------------------------------------- the sentences themselves


@pytest.fixture(scope="module")
def items():
    return senses.load_senses()


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


def test_ten_words_two_senses_ten_sentences_each(items):
    counts = Counter((item.word, item.sense) for item in items)
    assert len(senses.by_word(items)) == 10 and len(counts) == 20
    assert min(counts.values()) >= 10 and "bank" in senses.by_word(items)


def test_half_of_each_senses_sentences_have_the_word_early(items):
    places = Counter(
        (item.word, item.sense, place) for item, place in zip(items, senses.clue_places(items), strict=True)
    )
    assert set(places.values()) == {6}


def test_the_sentences_share_next_to_nothing(items):
    """No templates: hardly a sequence of four words stands in two sentences."""
    seen = defaultdict(set)
    for item in items:
        words = words_of(item.text)
        for k in range(len(words) - 3):
            seen[tuple(words[k : k + 4])].add(item.id)
    shared = {" ".join(words): sorted(ids) for words, ids in seen.items() if len(ids) > 1}
    assert len(shared) <= 3, shared
    assert all(len(ids) == 2 for ids in shared.values()), shared


def test_the_sentences_vary(items):
    assert all(5 <= len(words_of(item.text)) <= 20 for item in items)
    assert all(item.text[0].isupper() and item.text.endswith((".", "?")) for item in items)
    openings = Counter(tuple(words_of(item.text)[:3]) for item in items)
    assert openings.most_common(1)[0][1] <= 3, openings.most_common(3)


# ----------------------------------------------------------------------------------------- the measurement


def made_up(items, seed, strength):
    """Vectors of two layers: in layer 0 noise and position, in layer 1 the sense too."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for item in items:
        noise = 0.3 * torch.randn(2, 16, generator=generator)
        noise[:, 0] += item.words_before
        noise[:, 5] += 10.0  # what all share must not decide
        first = item.sense == min(other.sense for other in items if other.word == item.word)
        noise[1, 1] += strength if first else -strength
        rows.append(noise)
    return torch.stack(rows)


def test_senses_that_are_there_are_found_and_others_are_chance(items):
    shares = senses.sense_accuracy(made_up(items, 0, 20.0), items)
    assert shares.shape == (240, 2) and shares.min() >= 0 and shares.max() <= 1
    assert shares[:, 1].mean() > 0.95
    chance = [senses.sense_accuracy(made_up(items, seed, 0.0), items).mean().item() for seed in range(4)]
    assert sum(chance) / len(chance) == pytest.approx(0.5, abs=0.04)


def test_equal_vectors_are_a_draw_and_nothing_depends_on_scale(items):
    assert torch.equal(senses.sense_accuracy(torch.ones(240, 1, 4), items).unique(), torch.tensor([0.5]))
    vectors = made_up(items, 1, 1.0)
    assert torch.equal(senses.sense_accuracy(vectors, items), senses.sense_accuracy(vectors, items))
    scaled = senses.sense_accuracy(vectors * 8, items)
    assert (scaled - senses.sense_accuracy(vectors, items)).abs().max() < 0.2


def test_neighbours_agree_when_each_sense_has_its_corner(items):
    kinds = sorted({(item.word, item.sense) for item in items})
    corners = torch.eye(len(kinds))[[kinds.index((item.word, item.sense)) for item in items]]
    assert senses.neighbour_agreement(corners, items) == 1.0
    noise = torch.randn(240, 30, generator=torch.Generator().manual_seed(0))
    assert senses.neighbour_agreement(noise, items) < 0.15


def test_an_interval_holds_its_mean_and_stays_within_0_and_1():
    mean, low, high = senses.mean_interval([1.0, 1.0, 0.5, 1.0])
    assert 0 <= low < mean == 0.875 < high <= 1
    assert senses.mean_interval([0.5]) == (0.5, 0.0, 1.0)


def test_bad_vectors_are_named(items):
    with pytest.raises(LabkitError, match="a row for each of 240 items"):
        senses.sense_accuracy(torch.ones(239, 1, 4), items)
    with pytest.raises(LabkitError, match="NaN"):
        senses.sense_accuracy(torch.full((240, 1, 4), torch.nan), items)
    with pytest.raises(LabkitError, match="'bank' needs two senses with as many"):
        senses.sense_accuracy(torch.ones(23, 1, 4), items[:23])
    with pytest.raises(LabkitError, match="3 vectors for 240 items"):
        senses.neighbour_agreement(torch.eye(3), items)
