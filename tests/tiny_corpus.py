"""A tiny corpus of sentences made of a few words, and the shape of networks that learn it in seconds."""

import random

NOUNS = "cat dog bird horse child king queen boy girl tree".split()
VERBS = "saw liked found followed carried heard".split()
TINY = dict(width=32, num_layers=2, num_heads=4, max_positions=128)


def sentence(rng):
    return f"The {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)}."


def write_corpus(folder):
    """Write 400 documents to read and 60 held out; returns both files' paths."""
    rng = random.Random(0)
    paths = folder / "corpus.txt", folder / "heldout.txt"
    for path, documents in zip(paths, (400, 60), strict=True):
        lines = [" ".join(sentence(rng) for _ in range(rng.randint(3, 9))) for _ in range(documents)]
        path.write_text("\n".join(lines) + "\n")
    return paths
