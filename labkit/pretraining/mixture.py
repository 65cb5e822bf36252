"""Another mixture of the pre-training text: fewer film reviews, the simple stories many times.

    python -m labkit.pretraining.mixture train.txt mixture.txt --stories 14 --reviews 0.5

Four fifths of the text are film reviews; a model that has read mostly those completes a sentence about a farm
with a film's words. How often a part is read decides what is learnt from it (Xie et al. 2023, "DoReMi").
"""

import argparse
import random
import re
import sys
from pathlib import Path

from labkit.arguments import at_least_one, share_or_all
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError, program
from labkit.messages.named import writing
from labkit.pretraining.command import check_text
from labkit.pretraining.corpus import read_documents

FILM_WORD = re.compile(
    r"\b(films?|movies?|actors?|actress(es)?|director|directed|screenplay|plot|cinema|dvd|sequel|hollywood|tv"
    r"|episodes?|cast|scenes?|watch(ed|ing)?)\b",
    re.IGNORECASE,
)
STORY_START = re.compile(r"Once upon a time|One day|Once there was")
LONGEST_STORY = 1500  # characters; what is longer is a passage from a book


def kind_of(document):
    """A "review", a "story" for small children or a page of a "book"? Judged by its words alone."""
    if FILM_WORD.search(document):
        return "review"
    is_story = len(document) < LONGEST_STORY and STORY_START.match(document)
    return "story" if is_story else "book"


def mix(documents, story_times, review_share, seed=0):
    """Every story many times, every passage from a book once, a share of the reviews, in random order.

    documents: texts. review_share: from 0 to 1. Returns a list of texts.
    """
    rng = random.Random(seed)
    parts = {"review": [], "story": [], "book": []}
    for document in documents:
        parts[kind_of(document)].append(document)
    reviews = rng.sample(parts["review"], round(review_share * len(parts["review"])))
    mixed = reviews + parts["book"] + story_times * parts["story"]
    rng.shuffle(mixed)
    return mixed


def main(arguments):
    """Write the mixture of the first file to the second. Raises LabkitError; never overwrites a file."""
    parser = argparse.ArgumentParser(
        prog="python -m labkit.pretraining.mixture",
        description="Fewer film reviews, the simple stories many times, the books once.",
    )
    parser.add_argument("corpus", type=Path, metavar="FILE", help="the text, one document a line")
    parser.add_argument("output", type=Path, metavar="NEW-FILE", help="where to write the mixture")
    parser.add_argument(
        "--stories", type=at_least_one, default=14, metavar="N", help="each story N times (default 14)"
    )
    parser.add_argument(
        "--reviews",
        type=share_or_all,
        default=0.5,
        metavar="X",
        help="this share of the reviews (default 0.5)",
    )
    args = parser.parse_args(arguments)
    corpus, output = args.corpus, args.output
    check_text(corpus, "The text")
    with writing(output):
        taken = output.exists()
    if taken:
        raise LabkitError(f"{output} is there already: name a new file.")
    mixed = mix(read_documents(corpus), args.stories, args.reviews)
    write_text(output, "\n".join(mixed) + "\n")
    print(f"{output}: {len(mixed)} documents, {sum(map(len, mixed)) / 1e6:.1f} million characters")


if __name__ == "__main__":
    sys.exit(program.run("python -m labkit.pretraining.mixture", lambda: main(sys.argv[1:])))
