"""Another mixture of the pre-training text: fewer film reviews, the simple stories many times.

    python -m labkit.pretraining.mixture train.txt mixture.txt

Four fifths of the text are film reviews; a model that has read mostly those completes a sentence about a farm
with a film's words. How often a part is read decides what is learnt from it (Xie et al. 2023, "DoReMi").
"""

import random
import re
import sys
from pathlib import Path

from labkit.messages import LabkitError
from labkit.pretraining.command import check_text
from labkit.pretraining.corpus import read_documents
from labkit.safe_files import replacing

FILM_WORD = re.compile(
    r"\b(films?|movies?|actors?|actress(es)?|director|directed|screenplay|plot|cinema|dvd|sequel|hollywood|tv"
    r"|episodes?|cast|scenes?|watch(ed|ing)?)\b",
    re.IGNORECASE,
)
STORY_START = re.compile(r"Once upon a time|One day|Once there was")
LONGEST_STORY = 1500  # characters; what is longer is a passage from a book
STORY_TIMES = 14
REVIEW_SHARE = 0.5


def kind_of(document):
    """A "review", a "story" for small children or a page of a "book"? Judged by its words alone."""
    if FILM_WORD.search(document):
        return "review"
    is_story = len(document) < LONGEST_STORY and STORY_START.match(document)
    return "story" if is_story else "book"


def mix(documents, seed=0):
    """Every story many times, every passage from a book once, a share of the reviews, in random order.

    documents: texts. Returns a list of texts.
    """
    rng = random.Random(seed)
    parts = {"review": [], "story": [], "book": []}
    for document in documents:
        parts[kind_of(document)].append(document)
    reviews = rng.sample(parts["review"], round(REVIEW_SHARE * len(parts["review"])))
    mixed = reviews + parts["book"] + STORY_TIMES * parts["story"]
    rng.shuffle(mixed)
    return mixed


def main(arguments):
    """Write the mixture of the first file to the second. Raises LabkitError; never overwrites a file."""
    if len(arguments) != 2:
        raise LabkitError(
            "Say what to read and what to write: labkit.pretraining.mixture train.txt mixture.txt"
        )
    corpus, output = map(Path, arguments)
    check_text(corpus, "The text")
    if output.exists():
        raise LabkitError(f"{output} is there already: name a new file.")
    mixed = mix(read_documents(corpus))
    with replacing(output) as scratch:
        scratch.write_text("\n".join(mixed) + "\n", encoding="utf-8")
    print(f"{output}: {len(mixed)} documents, {sum(map(len, mixed)) / 1e6:.1f} million characters")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LabkitError as error:
        sys.exit(str(error))
