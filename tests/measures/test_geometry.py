"""Geometry: against libraries, the properties the definitions promise, and plain messages for bad input."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from labkit.measures.geometry import (
    all_but_the_top,
    anisotropy,
    cka_table,
    cosine_similarity_matrix,
    linear_cka,
    nearest,
)
from labkit.messages import LabkitError


@pytest.fixture
def vectors():
    generator = torch.Generator().manual_seed(7)
    return torch.randn(40, 12, generator=generator) + 2 * torch.randn(12, generator=generator)


def turned(vectors, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return vectors @ torch.linalg.qr(torch.randn(vectors.shape[1], vectors.shape[1], generator=generator)).Q


def test_cosines_are_scikit_learns(vectors):
    assert np.allclose(cosine_similarity_matrix(vectors), cosine_similarity(vectors), atol=1e-6)
    assert np.allclose(cosine_similarity_matrix(vectors.numpy()), cosine_similarity(vectors), atol=1e-6)


def test_cosines_stay_within_their_bounds(vectors):
    same = vectors[:1].repeat(5, 1)
    assert cosine_similarity_matrix(same).max() <= 1 and cosine_similarity_matrix(-same).min() >= -1


def test_nearest_is_sorted_and_leaves_the_row_out(vectors):
    found = nearest(vectors, 3, 39)
    assert sorted([*found, 3]) == list(range(40))
    cosines = cosine_similarity(vectors)[3]
    assert [cosines[row] for row in found] == sorted((cosines[row] for row in found), reverse=True)
    assert nearest(torch.cat([vectors, 5 * vectors[:1]]), 0, 1) == [40]


def test_anisotropy_of_a_cone_and_of_a_star():
    generator = torch.Generator().manual_seed(0)
    star = torch.randn(300, 20, generator=generator)
    assert abs(anisotropy(star)) < 0.02
    assert anisotropy(star + 50) > 0.98
    assert anisotropy(torch.tensor([[1.0, 0.0], [-2.0, 0.0]])) == pytest.approx(-1)


def test_without_the_mean_no_cone_is_left(vectors):
    assert anisotropy(vectors) > 0.3
    assert abs(anisotropy(all_but_the_top(vectors, 0))) < 0.05


def test_what_is_taken_away_is_the_first_principal_components(vectors):
    rest = all_but_the_top(vectors, 3)
    components = PCA(3).fit(vectors.numpy()).components_
    assert np.abs(rest.numpy() @ components.T).max() < 1e-4
    assert rest.mean(dim=0).abs().max() < 1e-5
    left = PCA().fit(vectors.numpy()).explained_variance_[3:].sum()
    assert rest.var(dim=0).sum().item() == pytest.approx(left, rel=1e-4)


def test_cka_is_the_alignment_of_the_centred_kernels(vectors):
    other = vectors[:, :5] + 0.5 * torch.randn(40, 5, generator=torch.Generator().manual_seed(1))
    centre = torch.eye(40, dtype=torch.double) - 1 / 40
    k, m = (centre @ (v.double() @ v.double().T) @ centre for v in (vectors, other))
    expected = ((k * m).sum() / ((k * k).sum() * (m * m).sum()).sqrt()).item()
    assert linear_cka(vectors, other) == pytest.approx(expected, rel=1e-9)


def test_cka_knows_no_rotation_scale_or_shift_but_other_changes(vectors):
    other = vectors[:, :5]
    before = linear_cka(vectors, other)
    assert linear_cka(turned(vectors) * 30 + 7, other) == pytest.approx(before, rel=1e-4)
    assert linear_cka(other, vectors) == pytest.approx(before)
    assert linear_cka(vectors, turned(vectors)) == pytest.approx(1, abs=1e-5)
    stretched = vectors * torch.linspace(0.1, 5, 12)
    assert abs(linear_cka(stretched, other) - before) > 0.01
    assert linear_cka(vectors, other[torch.randperm(40, generator=torch.Generator().manual_seed(2))]) < before


def test_a_table_of_cka(vectors):
    spaces = [vectors, turned(vectors), vectors[:, :4]]
    table = cka_table(spaces)
    assert torch.equal(table, table.T) and torch.equal(table.diagonal(), torch.ones(3))
    assert table[0, 2].item() == pytest.approx(linear_cka(vectors, vectors[:, :4]))


def with_nan():
    bad = torch.ones(4, 3)
    bad[2, 1] = math.nan
    return bad


@pytest.mark.parametrize("function", [cosine_similarity_matrix, anisotropy, lambda v: nearest(v, 0, 1),
                                      lambda v: all_but_the_top(v, 1), lambda v: linear_cka(v, torch.eye(4)),
                                      lambda v: linear_cka(torch.eye(4), v)])  # fmt: skip
def test_nan_and_other_shapes_are_named(function):
    with pytest.raises(LabkitError, match="Row 2 holds NaN or infinity"):
        function(with_nan())
    with pytest.raises(LabkitError, match=r"matrix \(N, D\)"):
        function(torch.ones(4))
    with pytest.raises(LabkitError, match=r"matrix \(N, D\)"):
        function(torch.ones(0, 3))
    with pytest.raises(LabkitError, match="matrix of numbers"):
        function("vectors")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: cosine_similarity_matrix([[1.0, 0], [0, 0]]), "Row 1 is all zeros"),
        (lambda: nearest(torch.eye(3), 3, 1), "index should be 0 to 2"),
        (lambda: nearest(torch.eye(3), 0, 3), "k should be 1 to 2"),
        (lambda: nearest(torch.eye(3), 0, 0), "k should be 1 to 2"),
        (lambda: anisotropy(torch.ones(1, 3)), "at least two"),
        (lambda: all_but_the_top(torch.eye(3), 3), "num_directions should be 0 to 2"),
        (lambda: all_but_the_top(torch.eye(3), -1), "num_directions should be 0 to 2"),
        (lambda: linear_cka(torch.eye(3), torch.eye(4)), "3 rows against 4"),
        (lambda: linear_cka(torch.ones(3, 2), torch.eye(3)), "All rows of a space are the same"),
    ],
)
def test_what_cannot_be_measured_is_said(call, said):
    with pytest.raises(LabkitError, match=said):
        call()
