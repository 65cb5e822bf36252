"""The course's own product reviews: data/reviews.csv, written one by one for lab 05 (data/README.md)."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labkit.files import paths
from labkit.messages import LabkitError

LABELS = ("positive", "negative")
TAGS = ("plain", "negation", "contrast", "sarcasm", "mixed")
FIELDS = ("id", "product", "label", "tag", "text")
PARTS = ("train", "dev", "test")
# of eight reviews of one product and label, in this order: four to train on, one to choose with, three to
# test
_ROTA = ("train", "test", "train", "test", "dev", "train", "test", "train")


@dataclass(frozen=True)
class Review:
    """A review of a product, its label ("positive" or "negative"), and what makes it easy or hard.

    tag: "plain" says it outright; "negation" needs a not or never; "contrast" says one thing and turns; in
    "sarcasm" the words say the opposite; "mixed" praises and blames, and one side wins.
    """

    id: str
    product: str
    label: str
    tag: str
    text: str

    @property
    def positive(self) -> int:
        """1 or 0."""
        return int(self.label == "positive")


def load(path: str | Path | None = None) -> list[Review]:
    """The reviews as a list of Review; `path` is another CSV file with the same columns.

    Raises LabkitError with the line number where a line is not of that form, or an id or text comes twice.
    """
    path = path or paths.data_dir() / "reviews.csv"
    reviews: list[Review] = []
    seen: dict[str, int] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(next(reader, ()))
            if header != FIELDS:
                raise LabkitError(
                    f"{path}: the first line should be {','.join(FIELDS)}, not {','.join(header)}."
                )
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                review = _review(row, where)
                for key in (review.id, " ".join(words(review.text))):
                    if key in seen:
                        raise LabkitError(f"{where}: {key!r} is also in line {seen[key]}; once is enough.")
                    seen[key] = reader.line_num
                reviews.append(review)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabkitError(f"The reviews {path} can't be read ({error}). Install labkit again.") from None
    if not reviews:
        raise LabkitError(f"{path} holds no reviews.")
    return reviews


def _review(row: list[str], where: str) -> Review:
    if len(row) != len(FIELDS):
        raise LabkitError(f"{where}: {len(row)} columns, expected {len(FIELDS)}: {', '.join(FIELDS)}.")
    fields = dict(zip(FIELDS, row, strict=True))
    for name, value in fields.items():
        if not value.strip() or value != value.strip():
            raise LabkitError(f"{where}: {name} is empty or has spaces around it: {value!r}.")
    for name, allowed in (("label", LABELS), ("tag", TAGS)):
        if fields[name] not in allowed:
            raise LabkitError(f"{where}: {name} should be one of {', '.join(allowed)}, not {fields[name]!r}.")
    return Review(**fields)


def split(reviews: Iterable[Review], seed: int = 0) -> dict[str, list[Review]]:
    """{"train": [...], "dev": [...], "test": [...]}: half, an eighth and three eighths, by chance.

    Every product and label is split alike, and its tags as evenly as goes. The same seed, the same parts.
    """
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Review]] = {name: [] for name in PARTS}
    groups: dict[tuple[str, str], list[Review]] = {}
    for review in reviews:
        groups.setdefault((review.product, review.label), []).append(review)
    for key in sorted(groups):
        group = groups[key]
        chance, turn = rng.permutation(len(group)), int(rng.integers(len(_ROTA)))
        in_order = sorted(range(len(group)), key=lambda k: (TAGS.index(group[k].tag), chance[k]))
        for place, k in enumerate(in_order):
            parts[_ROTA[(place + turn) % len(_ROTA)]].append(group[k])
    return parts


def texts_and_labels(reviews: Sequence[Review]) -> tuple[np.ndarray, np.ndarray]:
    """(texts, labels): two arrays (N,), of str objects and of 1 (positive) and 0."""
    texts = np.array([review.text for review in reviews], dtype=object)
    return texts, np.array([review.positive for review in reviews], dtype=int)


def tag_table(reviews: Iterable[Review]) -> dict[str, dict[str, int]]:
    """How many of each tag are positive and negative: {tag: {"positive": n, "negative": n}}."""
    counts = Counter((review.tag, review.label) for review in reviews)
    return {tag: {label: counts[tag, label] for label in LABELS} for tag in TAGS}


def words(text: str) -> list[str]:
    """The lower-case words of a text, without signs, to compare texts by."""
    return re.findall(r"[a-z0-9']+", text.lower())


def shared_ngrams(reviews: Iterable[Review], n: int = 4) -> dict[str, int]:
    """Runs of n words that stand in more than one review: {run: how many reviews}."""
    counts = Counter(run for review in reviews for run in _runs(review.text, n))
    return {run: number for run, number in counts.items() if number > 1}


def shared_share(reviews: Sequence[Review], n: int = 4) -> np.ndarray:
    """For each review, the share of its runs of n words that stand in another review too: (N,)."""
    shared = shared_ngrams(reviews, n)
    shares = []
    for review in reviews:
        runs = _runs(review.text, n)
        shares.append(sum(run in shared for run in runs) / len(runs) if runs else 0.0)
    return np.array(shares)


def _runs(text: str, n: int) -> set[str]:
    found = words(text)
    return {" ".join(found[k : k + n]) for k in range(len(found) - n + 1)}
