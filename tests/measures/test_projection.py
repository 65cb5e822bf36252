"""UMAP pictures: kept, found again, never mistaken for others, and the maps that travel with the course."""

import numpy as np
import pytest
import torch

from labkit.authoring import projections
from labkit.measures import features, projection
from labkit.messages import LabkitError
from labkit.models import loading
from labkit.texts import senses


def vectors(seed=0, num=30, layers=2):
    return torch.randn(num, layers, 6, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def fits(monkeypatch):
    """Counts the fits, without UMAP: what it makes here is just the first two numbers of each vector."""
    made = []

    def fit(given, progress):
        made.append(given)
        return given[..., :2].astype(np.float32)

    monkeypatch.setattr(projection, "_fit", fit)
    return made


def test_a_result_is_computed_once_and_kept(fits, cache):
    first = projection.project(vectors(), "mine")
    assert (cache / "projections" / "mine.npz").is_file()
    assert np.array_equal(projection.project(vectors(), "mine"), first) and len(fits) == 1
    assert [path.name for path in (cache / "projections").iterdir()] == ["mine.npz"]


def test_a_result_is_found_again_after_another_machines_rounding(fits):
    projection.project(vectors(), "mine")
    projection.project(vectors() * (1 + 1e-6), "mine")
    assert len(fits) == 1


def test_other_vectors_or_settings_are_fitted_anew(fits, monkeypatch):
    projection.project(vectors(), "mine")
    assert np.array_equal(projection.project(vectors(1), "mine"), vectors(1)[..., :2].numpy())
    projection.project(vectors(1, num=31), "mine")
    projection.project(vectors(1), "mine")
    assert len(fits) == 4
    monkeypatch.setitem(projection.SETTINGS, "min_dist", 0.7)
    projection.project(vectors(1), "mine")
    assert len(fits) == 5


def test_a_damaged_file_is_replaced(fits, cache):
    projection.project(vectors(), "mine")
    path = cache / "projections" / "mine.npz"
    whole = path.read_bytes()
    for damaged in (b"", b"not a zip", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        projection.project(vectors(), "mine")
        assert path.read_bytes()[:2] == b"PK"
    assert len(fits) == 4


def test_a_cache_that_cannot_be_written_costs_only_time(fits, cache, capsys):
    (cache / "projections").write_text("a file where the folder should be")
    assert projection.project(vectors(), "mine").shape == (30, 2, 2)
    assert "could not be kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        (torch.ones(30, 6), "mine", r"\(N, layers, D\)"),
        (torch.ones(0, 2, 6), "mine", r"\(N, layers, D\)"),
        (torch.ones(12, 2, 6), "mine", "more than 12 rows; there are 12"),
        (torch.full((30, 2, 6), torch.nan), "mine", "Row 0 of the vectors holds NaN"),
        (torch.ones(30, 2, 6), "../mine", "letters, digits and hyphens"),
        (torch.ones(30, 2, 6), "", "letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_drawn_is_said(fits, given, name, said):
    with pytest.raises(LabkitError, match=said):
        projection.project(given, name)
    assert fits == []


@pytest.mark.parametrize("name", ["bert-mini", "gpt-mini"])
def test_the_maps_of_the_course_are_those_of_its_models(fits, name):
    """After a change of the models or of data/senses.csv: python -m labkit.authoring.projections"""
    items = senses.load_senses()
    model = loading.load(name)
    words = features.word_vectors(model, [item.text for item in items], [item.word for item in items])
    assert projection.project(words, f"senses-{name}").shape == (len(items), model.num_layers + 1, 2)
    assert fits == [], "stale: run python -m labkit.authoring.projections"


def test_the_author_writes_the_maps_anew(fits, tmp_path):
    (path,) = projections.write_bundled(["bert-mini"], tmp_path)
    assert path.name == "senses-bert-mini.npz" and len(fits) == 1
    with np.load(path, allow_pickle=False) as file:
        assert file["pictures"].shape == (240, 5, 2)


# Slow: UMAP compiles itself, 10 s or more.
def test_umap_keeps_clumps_together_and_says_what_takes_so_long(capsys):
    generator = torch.Generator().manual_seed(0)
    corners = 5 * torch.eye(8)[torch.arange(40) % 2]
    given = (corners + 0.3 * torch.randn(40, 8, generator=generator)).unsqueeze(1).repeat(1, 2, 1)
    pictures = projection.project(given, "clumps")
    assert pictures.shape == (40, 2, 2) and np.isfinite(pictures).all()
    for layer in (0, 1):
        even, odd = pictures[::2, layer], pictures[1::2, layer]
        apart = np.linalg.norm(even.mean(axis=0) - odd.mean(axis=0))
        assert apart > max(np.linalg.norm(clump - clump.mean(axis=0), axis=1).mean() for clump in (even, odd))
    printed = capsys.readouterr()
    assert "compiles itself" in printed.out and "layer" in printed.err
    assert np.array_equal(projection.project(given, "clumps", progress=False), pictures)
    assert capsys.readouterr().out == ""
