"""MLM corruption and the losses: properties, and agreement with torch's own cross-entropy."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from labkit.pretraining.corpus import Corpus, Windows
from labkit.training.objectives import (
    IGNORE,
    contrastive_loss,
    count_fates,
    mask_same_number,
    mask_tokens,
    mlm_loss,
    next_token_loss,
    sentence_pairs,
    spare_frequent,
)


def batch(seed=0, shape=(64, 100)):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 1000, shape, generator=generator)
    special = torch.rand(shape, generator=generator) < 0.1
    return ids.masked_fill(special, 2), special, generator


@pytest.mark.parametrize("rate", [0.15, 0.4])
def test_mask_tokens_keeps_its_promises(rate):
    ids, special, generator = batch()
    before = ids.clone()
    corrupted, labels = mask_tokens(ids, special, 4, 1000, rate, generator)
    selected = labels != IGNORE
    assert torch.equal(ids, before)
    assert not (selected & special).any()
    assert torch.equal(labels[selected], ids[selected])
    assert torch.equal(corrupted[~selected], ids[~selected])
    assert (selected.sum() / (~special).sum()).item() == pytest.approx(rate, abs=0.02)
    assert (corrupted[selected] == 4).float().mean().item() == pytest.approx(0.8, abs=0.05)
    assert (corrupted[selected] == ids[selected]).float().mean().item() == pytest.approx(0.1, abs=0.04)


def test_fates_are_counted():
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    corrupted = torch.tensor([[4, 6, 30, 8, 4]])
    labels = torch.tensor([[5, 6, 7, IGNORE, IGNORE]])
    assert count_fates(ids, corrupted, labels, 4) == {"[MASK]": 1, "random token": 1, "unchanged": 1}


def test_mlm_loss_is_cross_entropy_at_the_labels():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(3, 5, 11, generator=generator)
    labels = torch.randint(0, 11, (3, 5), generator=generator)
    labels[torch.rand(3, 5, generator=generator) < 0.5] = IGNORE
    expected = F.cross_entropy(logits.transpose(1, 2), labels)
    assert mlm_loss(logits, labels).item() == pytest.approx(expected.item(), abs=1e-6)


def test_mlm_loss_of_nothing_is_zero_and_can_be_differentiated():
    logits = torch.randn(2, 3, 4, requires_grad=True)
    loss = mlm_loss(logits, torch.full((2, 3), IGNORE))
    loss.backward()
    assert loss.item() == 0 and torch.equal(logits.grad, torch.zeros_like(logits))


def test_next_token_loss_judges_each_logit_by_the_next_token():
    ids = torch.tensor([[3, 1, 2]])
    logits = torch.full((1, 3, 5), -20.0)
    logits[0, 0, 1] = logits[0, 1, 2] = 20.0
    assert next_token_loss(logits, ids).item() == pytest.approx(0, abs=1e-4)
    logits[0, 2] = 100.0 * torch.randn(5)  # the last position has no next token
    assert next_token_loss(logits, ids).item() == pytest.approx(0, abs=1e-4)


def test_mask_same_number_masks_the_same_number_everywhere():
    rng = np.random.default_rng(0)
    ids = rng.integers(5, 500, size=(32, 64))
    ids[:, 0], ids[:, -1] = 2, 3
    corrupted, positions, labels = mask_same_number(ids, (5, 500), 4, 0.2, rng)
    assert positions.shape == labels.shape == (32, 13)
    assert all(len(set(row)) == 13 for row in positions.tolist())
    assert 0 not in positions and 63 not in positions
    assert np.array_equal(np.take_along_axis(ids, positions, 1), labels)
    untouched = np.ones_like(ids, dtype=bool)
    np.put_along_axis(untouched, positions, False, axis=1)
    assert np.array_equal(corrupted[untouched], ids[untouched])
    share = (np.take_along_axis(corrupted, positions, 1) == 4).mean()
    assert share == pytest.approx(0.8, abs=0.08)


def test_a_weighted_position_is_selected_as_often_as_its_weight_says():
    ids = np.tile([5, 6, 7, 8], (20_000, 1))
    _, positions, _ = mask_same_number(ids, (5, 9), 4, 0.25, np.random.default_rng(0), np.arange(9) % 5)
    shares = np.bincount(positions.flatten(), minlength=4) / len(ids)  # weights 0, 1, 2, 3
    assert shares == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6], abs=0.02)


def test_spare_frequent_leaves_rare_ids_alone_and_falls_with_the_root():
    weights = spare_frequent(np.array([0.0, 0.0005, 0.001, 0.004, 0.1]), 0.001)
    assert weights == pytest.approx([1, 1, 1, 0.5, 0.1])


def test_sentence_pairs_hold_what_their_labels_say():
    ids = np.arange(10, 4010, dtype=np.uint16)  # every piece once: a window says where it came from
    corpus = Corpus(ids, np.arange(0, 3900, 10), 4000)
    windows = Windows(corpus, ((64, 1),), 1024, seed=3)
    rng = windows.rng(0)
    starts = windows.sentence_starts(rng, 40, 64)
    rows, types, labels = sentence_pairs(windows, starts, 64, 2, 3, rng)
    assert rows.shape == types.shape == (40, 64) and set(labels.tolist()) == {0, 1}
    for row, kind, label in zip(rows.tolist(), types.tolist(), labels.tolist(), strict=True):
        assert row[0] == 2 and row[-1] == 3
        middle = row.index(3)
        assert kind == [0] * (middle + 1) + [1] * (63 - middle)
        a, b = row[1:middle], row[middle + 1 : -1]
        assert (b[0] - 10) % 10 == 0  # B begins at a sentence start, whichever B it is
        assert a == list(range(a[0], a[0] + len(a))) and b == list(range(b[0], b[0] + len(b)))
        follows = b[0] == a[-1] + 1
        assert follows == (label == 0)


def test_the_contrastive_loss_knows_neighbours_from_strangers():
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(4, 6, 8, generator=generator)
    hidden = torch.cat([first, first + 0.01])  # row i and row i + 4 are neighbours
    assert contrastive_loss(hidden) < 0.1
    assert contrastive_loss(hidden[[0, 1, 2, 3, 5, 6, 7, 4]]) > math.log(4)
    same = torch.ones(8, 6, 8)
    assert contrastive_loss(same).item() == pytest.approx(math.log(4), abs=1e-4)  # nothing to tell them by
    shuffled = hidden[:, torch.randperm(6, generator=generator)]
    assert contrastive_loss(shuffled).item() == pytest.approx(contrastive_loss(hidden).item(), abs=1e-5)
