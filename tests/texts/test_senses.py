"""Words with two senses: the loader, and the sentences themselves."""

import re
from collections import Counter, defaultdict

import pytest

from labkit.messages import LabkitError
from labkit.texts import senses

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
