"""Draws the maps that travel with the course, data/projections: run it when the bundled models change.

python -m labkit.authoring.projections
"""

import sys

from labkit.files import paths
from labkit.measures import projection
from labkit.measures.features import word_vectors
from labkit.messages import program
from labkit.models.loading import load
from labkit.texts import senses


def write_bundled(names=("bert-mini", "gpt-mini"), folder=None):
    """Project the words of data/senses.csv by each bundled model and write the maps; returns their paths."""
    folder = folder or paths.data_dir() / projection.FOLDER
    items = senses.load_senses()
    written = []
    for name in names:
        vectors = word_vectors(load(name), [item.text for item in items], [item.word for item in items])
        written.append(projection.save(vectors, folder / f"senses-{name}.npz"))
    return written


if __name__ == "__main__":
    sys.exit(program.run("python -m labkit.authoring.projections", lambda: print(*write_bundled(), sep="\n")))
