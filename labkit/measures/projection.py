"""From many dimensions to a picture: UMAP, layer by layer, with progress and a kept result.

UMAP: McInnes, Healy & Melville 2018 (arXiv:1802.03426), as umap-learn has it. Its first fit in a session
compiles itself: half a minute or more on a small machine. So results are kept: those for the course's own
pictures travel with the package (data/projections), others stay in the user's cache folder.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labkit.files import paths
from labkit.files.safe_files import replacing
from labkit.messages import LabkitError
from labkit.models.steady import steady

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NEIGHBOURS = 12  # about one sense's sentences: what UMAP takes for a neighbourhood
# min_dist and spread are wide, so that the points inside a clump can be told apart
SETTINGS = {"n_neighbors": NEIGHBOURS, "min_dist": 1.0, "spread": 1.5, "metric": "cosine", "n_epochs": 200}
SEED = 3
FOLDER = "projections"


@steady
def project(vectors: ArrayLike, name: str, progress: bool = True) -> np.ndarray:
    """A flat picture of each layer: (N, L + 1, D) -> (N, L + 1, 2) float32, around 0.

    Each layer's fit starts from the picture of the layer before, so that points move no farther than they
    must and can be followed with the eye. Distances within a clump mean something, those between clumps and
    the axes do not.

    vectors: tensor or array of finite numbers, with more than NEIGHBOURS rows.
    name: what the result is kept under, letters, digits and hyphens, such as "senses-bert-mini". A kept
        result of other vectors is not used but replaced.
    progress: say why it takes so long, and show a bar.

    Raises LabkitError for another shape, for NaN and for too few rows.
    """
    vectors = _checked(vectors)
    name = _file_name(name)
    places = [folder / FOLDER / name for folder in (paths.data_dir(), paths.cache_dir())]
    marks = _fingerprint(vectors)
    for place in places:
        kept = _read(place, vectors, marks)
        if kept is not None:
            return kept
    pictures = _fit(vectors, progress)
    try:
        _write(places[1], pictures, marks)
    except OSError as error:  # a full or read-only disk costs time, not the picture
        print(f"(The result could not be kept: {error})")
    return pictures


@steady
def save(vectors: ArrayLike, path: str | Path, progress: bool = True) -> Path:
    """Project, and keep the result at `path`, whatever is there already; returns the path."""
    vectors, path = _checked(vectors), Path(path)
    _write(path, _fit(vectors, progress), _fingerprint(vectors))
    return path


def _checked(vectors: ArrayLike) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 3 or 0 in vectors.shape:
        raise LabkitError(f"Vectors should be (N, layers, D); the shape was {vectors.shape}.")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=(1, 2)))[0])
        raise LabkitError(f"Row {row} of the vectors holds NaN or infinity: look where it came from.")
    if len(vectors) <= NEIGHBOURS:
        raise LabkitError(
            f"UMAP looks at {NEIGHBOURS} neighbours of each point, so it needs more than {NEIGHBOURS} rows; "
            f"there are {len(vectors)}."
        )
    return vectors


def _file_name(name: str) -> str:
    if not name or not all(letter.isalnum() or letter == "-" for letter in name):
        raise LabkitError(f"name should consist of letters, digits and hyphens; it was {name!r}.")
    return f"{name}.npz"


def _fingerprint(vectors: np.ndarray) -> np.ndarray:
    """16 numbers that say which vectors these are, the same on every machine but for rounding."""
    flat = vectors.reshape(-1).astype(np.float64)
    signs = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), size=(16, len(flat)))
    return signs @ flat / np.sqrt(len(flat))


def _settings() -> str:
    return f"{SETTINGS}, seed {SEED}"


def _read(path: Path, vectors: np.ndarray, marks: np.ndarray) -> np.ndarray | None:
    """The kept pictures of just these vectors, or None: also for a file that is damaged."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            pictures, kept, settings = file["pictures"], file["fingerprint"], str(file["settings"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if pictures.shape != (*vectors.shape[:2], 2) or kept.shape != marks.shape or settings != _settings():
        return None
    return (
        pictures if np.isfinite(pictures).all() and np.allclose(kept, marks, rtol=1e-3, atol=1e-3) else None
    )


def _write(path: Path, pictures: np.ndarray, marks: np.ndarray) -> None:
    """Keep the pictures at `path`, whole or not at all."""
    with replacing(path) as scratch:
        np.savez_compressed(scratch, pictures=pictures, fingerprint=marks, settings=_settings())


def _fit(vectors: np.ndarray, progress: bool) -> np.ndarray:
    from tqdm import tqdm  # the plain bar: it needs no widgets

    if progress:
        print("UMAP compiles itself when it is first used in a session: up to a minute. The result is kept.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap-learn speaks of Tensorflow and of its own threads
        import umap

        pictures, start = [], "spectral"
        for layer in tqdm(range(vectors.shape[1]), desc="UMAP", unit="layer", disable=not progress):
            fit = umap.UMAP(**SETTINGS, init=start, random_state=SEED, n_jobs=1)
            picture = fit.fit_transform(vectors[:, layer])
            pictures.append(picture - np.median(picture, axis=0))
            start = pictures[-1]
    return np.stack(pictures, axis=1).astype(np.float32)
