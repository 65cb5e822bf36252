"""Words with two senses: the bundled sentences (data/senses.csv), and how well vectors tell senses apart."""

import csv
import re
from dataclasses import dataclass

import torch

from . import geometry, paths
from .messages import LabkitError

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
    def words_before(self):
        """How many words stand before `word`: what a reader from left to right has seen by then."""
        before = re.split(rf"(?<!\w){re.escape(self.word)}(?!\w)", self.text, maxsplit=1, flags=re.I)[0]
        return len(before.split())


def load_senses(path=None):
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
    items, seen = [], {}
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


def _item(fields, where):
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


def by_word(items):
    """The items in groups by their word: {"bank": [...], ...}."""
    return {
        word: [item for item in items if item.word == word] for word in dict.fromkeys(i.word for i in items)
    }


def clue_places(items):
    """Where each item's clue stands, as one of PLACES: after a word that comes early, else before it."""
    return [PLACES[0] if item.words_before <= EARLY else PLACES[1] for item in items]


def neighbour_agreement(vectors, items):
    """The share of items whose nearest other item (by cosine) holds the same word in the same sense.

    vectors: (N, D), one for each item. Chance is the share of such items among the others, 11 of 239 in the
    bundled set.
    """
    cosines = geometry.cosine_similarity_matrix(vectors)
    if len(cosines) != len(items):
        raise LabkitError(f"Each item needs its vector: {len(cosines)} vectors for {len(items)} items.")
    nearest = cosines.fill_diagonal_(-torch.inf).argmax(dim=1).tolist()
    kinds = [(item.word, item.sense) for item in items]
    return sum(kinds[k] == kinds[other] for k, other in enumerate(nearest)) / len(items)


def sense_accuracy(vectors, items, repeats=20, seed=0):
    """How often each item's sense can be read off its vector, layer by layer.

    In turns, a random half of each sense's sentences is averaged to the sense's mean vector; each sentence of
    the other half is given to the mean with the larger cosine, after the middle of the two has been taken
    away (without that, what all vectors share would decide). 0.5 is chance.

    Sentences are held out in pairs, one of each sense, whose words have as many words before them. Otherwise
    the word's position alone, which even the embeddings tell, would pull the result away from 0.5.

    Args:
        vectors: (N, L + 1, D) tensor, of the word in each item.
        items: N SenseItem; both senses of a word with as many sentences, at least two.

    Returns:
        (N, L + 1) tensor from 0 to 1: the share of the times that an item was put to the test; a draw counts
        one half. Raises LabkitError when the numbers of rows differ and for NaN.
    """
    vectors = torch.as_tensor(vectors)
    if vectors.ndim != 3 or len(vectors) != len(items):
        raise LabkitError(
            f"Vectors should be (N, layers, D) with a row for each of {len(items)} items; "
            f"the shape was {tuple(vectors.shape)}."
        )
    if not vectors.isfinite().all():
        raise LabkitError("The vectors hold NaN or infinity: look where they came from.")
    generator = torch.Generator().manual_seed(seed)
    points = torch.zeros(vectors.shape[:2])
    tested = torch.zeros(len(items), 1)
    all_pairs = [_pairs(items, word) for word in by_word(items)]
    for _ in range(repeats):
        for pairs in all_pairs:
            shuffled = pairs[torch.randperm(len(pairs), generator=generator)]  # (pairs, 2): a column a sense
            learn, test = shuffled[: len(pairs) // 2], shuffled[len(pairs) // 2 :]
            means = vectors[learn].mean(dim=0)  # (2, L + 1, D)
            first, second = means - means.mean(dim=0)
            for sense in (0, 1):
                seen = vectors[test[:, sense]] - means.mean(dim=0)  # (tests, L + 1, D)
                lead = torch.cosine_similarity(seen, first, dim=-1) - torch.cosine_similarity(
                    seen, second, dim=-1
                )
                lead = lead if sense == 0 else -lead
                points[test[:, sense]] += (lead > 1e-6).float() + 0.5 * (lead.abs() <= 1e-6).float()
                tested[test[:, sense]] += 1
    return points / tested.clamp(min=1)


def _pairs(items, word):
    """The rows of a word's items, (pairs, 2): a sentence of each sense, alike in how early the word comes."""
    rows = [k for k, item in enumerate(items) if item.word == word]
    senses = sorted({items[k].sense for k in rows})
    columns = [
        sorted((k for k in rows if items[k].sense == sense), key=lambda k: items[k].words_before)
        for sense in senses
    ]
    if len(columns) != 2 or len(columns[0]) != len(columns[1]) or len(columns[0]) < 2:
        raise LabkitError(f"{word!r} needs two senses with as many sentences each, at least two.")
    return torch.tensor(columns).T


def mean_interval(shares):
    """(mean, low, high) of shares (N,): normal approximation, 95%, cut off at 0 and 1."""
    shares = torch.as_tensor(shares, dtype=torch.float64)
    mean = shares.mean().item()
    half = 1.96 * (shares.std().item() / len(shares) ** 0.5 if len(shares) > 1 else 1.0)
    return mean, max(0.0, mean - half), min(1.0, mean + half)
