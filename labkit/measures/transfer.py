"""The lecture's claim on real text: 100 labelled examples with pre-training against 10,000 without.

The data and minilm, the real encoder, are fetched (`labkit fetch`). `measure` does the measuring on this
machine; `results` gives what was measured here, or else what the course recorded (data/transfer.json). Which
of the two it is, on what and when, says the result's `provenance`; print it beside the figure.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import textwrap
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.files import paths, safe_files
from labkit.messages import LabkitError, program
from labkit.models import downloads, hub
from labkit.models.steady import steady

if TYPE_CHECKING:
    from labkit.models.loading import Model

PAIR = ("bert-mini", "gpt-mini")
SMALL = 100  # the lecture's number of labelled examples with pre-training


@dataclass(frozen=True)
class DataSet:
    """A set of labelled texts: what it is, how many to test on, and the sizes of the learning curves.

    few: the sizes for who was pre-trained; many: for who begins from scratch.
    """

    what: str
    num_test: int
    few: tuple[int, ...]
    many: tuple[int, ...]


SETS = {
    "amazon": DataSet(
        "snippets of Amazon reviews",
        400,
        few=(20, 50, 100, 200, 500, 1000, 2000),
        many=(20, 50, 100, 200, 500, 1000, 2000),
    ),
    "films": DataSet(
        "snippets of film reviews",
        480,
        few=(20, 50, 100, 200, 500, 1000),
        many=(100, 300, 1000, 3000, 10_000),
    ),
}


@dataclass(frozen=True)
class Result:
    """Learning curves on a data set, minilm by layer, and where the numbers are from.

    curves: {name: (sizes, [(accuracy, low, high), ...])}. layers: [(accuracy, low, high)] of minilm's probe
    on each layer, with 100 examples. measured_here: False when the course recorded them.
    """

    dataset: str
    curves: dict[str, tuple[tuple[int, ...], list[tuple[float, ...]]]]
    layers: list[tuple[float, ...]]
    measured_here: bool
    date: str
    machine: str

    @property
    def provenance(self) -> str:
        """Measured here, or recorded where and when: a sentence or two, in lines that fit a notebook."""
        what = SETS[self.dataset].what
        if self.measured_here:
            return f"Measured on this machine, {self.date}, on {what} (minilm: all-MiniLM-L6-v2)."
        text = (
            f"Recorded by the course on {self.date} ({self.machine}), on {what} with minilm "
            "(all-MiniLM-L6-v2); not measured here. "
            f'With a network: labkit.transfer.measure("{self.dataset}").'
        )
        return textwrap.fill(text, 90, break_on_hyphens=False)

    def at(self, name: str, size: int) -> tuple[float, ...]:
        """(accuracy, low, high) of the curve `name` with `size` examples."""
        sizes, rows = self.curves[name]
        return rows[list(sizes).index(size)]


def results(dataset: str, path: str | Path | None = None) -> Result:
    """The Result for "amazon" or "films": measured on this machine if it was, else recorded.

    The bundled pair's curves are left out of a record that was made with other weights than those of today.
    """
    _known(dataset)
    path = Path(path or paths.data_dir() / "transfer.json")
    for file, here in ((_kept(dataset), True), (path, False)):
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))[dataset]
            weights = stored["weights"]
            curves = {
                name: (tuple(sizes), [tuple(row) for row in rows])
                for name, (sizes, rows) in stored["curves"].items()
                if name.split(",")[0] not in PAIR
                or weights.get(name.split(",")[0]) == _weights(name.split(",")[0])
            }
            layers = [tuple(row) for row in stored["layers"]]
            return Result(dataset, curves, layers, here, stored["date"], stored["machine"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise LabkitError(f"{path} holds no results for {dataset}. Install labkit again.")


def minilm() -> Model | None:
    """The Model minilm if its files are on this machine, else None; never asks a network."""
    repo = hub.HUB["minilm"].repo
    folder = hub.hub_folder(repo)
    expected = safe_files.read_checksums(folder)
    in_hub = "config.json" in expected and not safe_files.wrong_files(folder, expected)
    if not downloads.cached("minilm") and not in_hub:
        return None
    from labkit.models.loading import load

    return load("minilm")


@steady
def measure(dataset: str, progress: bool = True, num_seeds: int = 5) -> Result:
    """Measure the learning curves of minilm, the pair, TF-IDF and an LSTM here, and keep them in the cache.

    Takes some minutes. Needs minilm and the snippets, and fetches them if they are not in the cache. Probes
    read the middle layer, mean-pooled. Training sets are nested and balanced; so is the test set. Returns the
    Result; raises OfflineError where something is missing and can't be fetched.
    """
    from labkit.measures import baselines
    from labkit.measures.comparison import balanced_order, curve_intervals, learning_curve
    from labkit.measures.features import extract
    from labkit.measures.probing import fit_probe
    from labkit.models.loading import load

    _known(dataset)
    few, many = SETS[dataset].few, SETS[dataset].many
    texts, labels, train, test = _data(dataset, progress)
    orders = np.array([balanced_order(labels[train], seed) for seed in range(num_seeds)])
    small = orders[:2]  # an LSTM takes its time

    def say(what: str) -> None:
        if progress:
            print(f"{dataset}: {what} ...", flush=True)

    def read(name: str) -> tuple[np.ndarray, int]:
        """(N, L + 1, D): the vectors of the texts that are needed, NaN for the others."""
        say(f"{name} reads")
        model, needed = load(name), np.union1d(train[orders[:, : max(few)]], test)
        vectors = np.full((len(texts), model.num_layers + 1, model.width), np.nan, dtype=np.float32)
        vectors[needed] = extract(model, list(texts[needed]))
        return vectors, vectors.shape[1] // 2

    def curve(
        fit: Any, x: np.ndarray, sizes: tuple[int, ...], orders: Any = orders
    ) -> list[tuple[float, ...]]:
        correct = learning_curve(fit, x[train], labels[train], x[test], labels[test], sizes, orders)
        return [tuple(round(v, 4) for v in row) for row in curve_intervals(correct)]

    curves = {}
    vectors, middle = read("minilm")
    layers = [curve(fit_probe, vectors[:, layer], (SMALL,))[0] for layer in range(vectors.shape[1])]
    curves[f"minilm, layer {middle}"] = (few, curve(fit_probe, vectors[:, middle], few))
    for name in PAIR:
        vectors, middle = read(name)
        curves[f"{name}, layer {middle}"] = (few, curve(fit_probe, vectors[:, middle], few))
    say("TF-IDF counts")
    curves["TF-IDF"] = (many, curve(baselines.tfidf, texts, many))
    say("the LSTM learns")
    curves["LSTM from scratch"] = (many, curve(baselines.lstm, texts, many, small))
    stored = {
        "curves": curves,
        "layers": layers,
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}; {num_seeds} draws of the examples, {len(small)} for the LSTM",
        "weights": {name: _weights(name) for name in PAIR},
    }
    safe_files.write_text(_kept(dataset), json.dumps({dataset: stored}))
    return results(dataset)


def record(path: str | Path | None = None) -> None:
    """For authors, after the bundled pair has changed: measure every data set, write data/transfer.json."""
    path = path or paths.data_dir() / "transfer.json"
    record: dict[str, Any] = {}
    for dataset in SETS:
        measure(dataset)
        record |= json.loads(_kept(dataset).read_text(encoding="utf-8"))
    safe_files.write_text(path, json.dumps(record) + "\n")


def _known(dataset: str) -> None:
    if dataset not in SETS:
        raise LabkitError(f"There is no data set {dataset!r} here; there is {', '.join(SETS)}.")


def _kept(dataset: str) -> Path:
    return paths.cache_dir() / "transfer" / f"{dataset}.json"


def _weights(name: str) -> str:
    """The first digits of the sha256 of a bundled model's weights."""
    sums = safe_files.read_checksums(paths.models_dir() / name)
    return sums.get("model.safetensors", hashlib.sha256(b"").hexdigest())[:16]


def _data(dataset: str, progress: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(texts (N,), labels (N,), train rows, test rows): clear ratings only, train and test balanced."""
    from labkit.texts import datasets

    load = {"amazon": datasets.amazon_snippets, "films": datasets.film_snippets}[dataset]
    snippets, ratings = load(progress)
    least = 0.5 if dataset == "amazon" else 0.0  # every film snippet is needed for 10,000
    clear = [k for k, rating in enumerate(ratings) if abs(rating) > least and snippets[k].strip()]
    labels = np.array([int(ratings[k] > 0) for k in clear])
    texts = np.array([snippets[k] for k in clear], dtype=object)
    rng = np.random.default_rng(0)
    half, most = SETS[dataset].num_test // 2, max(SETS[dataset].many) // 2
    rows = [rng.permutation(np.flatnonzero(labels == c)) for c in (0, 1)]
    test = np.concatenate([row[:half] for row in rows])
    train = np.concatenate([row[half : half + most] for row in rows])
    return texts, labels, train, test


if __name__ == "__main__":
    sys.exit(program.run("python -m labkit.measures.transfer", record))
