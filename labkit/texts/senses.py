"""Words with two senses: the bundled sentences (data/senses.csv)."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.files import paths
from labkit.messages import LabkitError

COLUMNS = ("id", "word", "sense", "text")
EARLY = 3  # at most so many words stand before it: then the clue can only come after
PLACES = ("clue after the word", "clue before the word")


@dataclass(frozen=True)
class SenseItem:
    """A sentence that holds `word` once, as a whole word, in one of its two senses."""

    id: str
    word: str
    sense: str
    text: str

    @property
    def words_before(self) -> int:
        """How many words stand before `word`: what a reader from left to right has seen by then."""
        before = re.split(rf"(?<!\w){re.escape(self.word)}(?!\w)", self.text, maxsplit=1, flags=re.I)[0]
        return len(before.split())


def load_senses(path: str | Path | None = None) -> list[SenseItem]:
    """The sentences as a list of SenseItem; `path` is another file of the same form (CSV, UTF-8).

    Raises LabkitError with the line number where a line is not of that form, where an id or a text comes
    twice, and where a word has other than two senses.
    """
    path = path or paths.data_dir() / "senses.csv"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, fields) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabkitError(f"The sentences {path} can't be read ({error}). Install labkit again.") from None
    if not lines or tuple(lines[0][1]) != COLUMNS:
        raise LabkitError(f"{path}: the first line should be {','.join(COLUMNS)}")
    items: list[SenseItem] = []
    seen: dict[str, int] = {}
    for number, fields in lines[1:]:
        where = f"{path}, line {number}"
        item = _item(fields, where)
        for key in (item.id, item.text.casefold()):
            if key in seen:
                raise LabkitError(f"{where}: {key!r} is also in line {seen[key]}; once is enough.")
            seen[key] = number
        items.append(item)
    if not items:
        raise LabkitError(f"{path} holds no sentences.")
    for word, some in by_word(items).items():
        senses = sorted({item.sense for item in some})
        if len(senses) != 2:
            raise LabkitError(f"{path}: {word!r} should have two senses, it has {', '.join(senses)}.")
    return items


def _item(fields: list[str], where: str) -> SenseItem:
    """One line as a SenseItem, or a LabkitError that says what is wrong with it."""
    if len(fields) != len(COLUMNS):
        raise LabkitError(
            f"{where}: expected {len(COLUMNS)} fields ({', '.join(COLUMNS)}), there are {len(fields)}. "
            "A text with a comma stands in double quotes."
        )
    for name, value in zip(COLUMNS, fields, strict=True):
        if not value.strip() or value != value.strip():
            raise LabkitError(f"{where}: {name} should be a text without blanks around it, not {value!r}.")
    item = SenseItem(*fields)
    found = re.findall(rf"(?<!\w){re.escape(item.word)}(?!\w)", item.text, flags=re.IGNORECASE)
    if len(found) != 1:
        raise LabkitError(
            f"{where}: the text should hold {item.word!r} once, as a whole word; it does {len(found)} times."
        )
    return item


def by_word(items: Sequence[SenseItem]) -> dict[str, list[SenseItem]]:
    """The items in groups by their word: {"bank": [...], ...}."""
    return {
        word: [item for item in items if item.word == word] for word in dict.fromkeys(i.word for i in items)
    }


def clue_places(items: Iterable[SenseItem]) -> list[str]:
    """Where each item's clue stands, as one of PLACES: after a word that comes early, else before it."""
    return [PLACES[0] if item.words_before <= EARLY else PLACES[1] for item in items]
