"""Telling senses apart, on made-up vectors."""

import pytest
import torch

from labkit.measures import senses
from labkit.messages import LabkitError


@pytest.fixture(scope="module")
def items():
    return senses.load_senses()


def made_up(items, seed, strength):
    """Vectors of two layers: in layer 0 noise and position, in layer 1 the sense too."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for item in items:
        noise = 0.3 * torch.randn(2, 16, generator=generator)
        noise[:, 0] += item.words_before
        noise[:, 5] += 10.0  # what all share must not decide
        first = item.sense == min(other.sense for other in items if other.word == item.word)
        noise[1, 1] += strength if first else -strength
        rows.append(noise)
    return torch.stack(rows)


def test_senses_that_are_there_are_found_and_others_are_chance(items):
    shares = senses.sense_accuracy(made_up(items, 0, 20.0), items)
    assert shares.shape == (240, 2) and shares.min() >= 0 and shares.max() <= 1
    assert shares[:, 1].mean() > 0.95
    chance = [senses.sense_accuracy(made_up(items, seed, 0.0), items).mean().item() for seed in range(4)]
    assert sum(chance) / len(chance) == pytest.approx(0.5, abs=0.04)


def test_equal_vectors_are_a_draw_and_nothing_depends_on_scale(items):
    assert torch.equal(senses.sense_accuracy(torch.ones(240, 1, 4), items).unique(), torch.tensor([0.5]))
    vectors = made_up(items, 1, 1.0)
    assert torch.equal(senses.sense_accuracy(vectors, items), senses.sense_accuracy(vectors, items))
    scaled = senses.sense_accuracy(vectors * 8, items)
    assert (scaled - senses.sense_accuracy(vectors, items)).abs().max() < 0.2


def test_neighbours_agree_when_each_sense_has_its_corner(items):
    kinds = sorted({(item.word, item.sense) for item in items})
    corners = torch.eye(len(kinds))[[kinds.index((item.word, item.sense)) for item in items]]
    assert senses.neighbour_agreement(corners, items) == 1.0
    noise = torch.randn(240, 30, generator=torch.Generator().manual_seed(0))
    assert senses.neighbour_agreement(noise, items) < 0.15


def test_bad_vectors_are_named(items):
    with pytest.raises(LabkitError, match="a row for each of 240 items"):
        senses.sense_accuracy(torch.ones(239, 1, 4), items)
    with pytest.raises(LabkitError, match="NaN"):
        senses.sense_accuracy(torch.full((240, 1, 4), torch.nan), items)
    with pytest.raises(LabkitError, match="'bank' needs two senses with as many"):
        senses.sense_accuracy(torch.ones(23, 1, 4), items[:23])
    with pytest.raises(LabkitError, match="3 vectors for 240 items"):
        senses.neighbour_agreement(torch.eye(3), items)
