"""What counts as equal, and what a report shows of it."""

import math

import numpy as np
import pytest
import torch

from labkit.exercises.values import fresh, near, same, show, unchanged


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (["a", "b"], ("a", "b")),
        (3, 3.0),
        (0.5, torch.tensor(0.5)),
        (torch.tensor([[1, 2]]), [[1, 2]]),
        (torch.tensor([1.0, 2.0]), np.array([1.0, 2.00001])),
        (torch.tensor([True, False]), torch.tensor([1, 0])),
        ({"x": [1, 2]}, {"x": torch.tensor([1, 2])}),
        ([("cat", 0.5)], [["cat", 0.5]]),
        ([], []),
        (None, None),
        ({1, 2}, {2, 1}),
    ],
)
def test_what_a_student_would_call_equal_is_equal(expected, got):
    assert same(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (["a"], ["a", "b"]),
        ("1", 1),
        (1, None),
        (torch.tensor([1, 2]), torch.tensor([[1, 2]])),
        (torch.tensor([1.0]), torch.tensor([1.01])),
        (float("nan"), float("nan")),
        (0.0, float("nan")),
        ({"x": 1}, {"y": 1}),
        ({"x": 1}, [1]),
        ({1}, [1]),
        ([("cat", 0.5)], [("dog", 0.5)]),
    ],
)
def test_what_differs_differs(expected, got):
    assert not same(expected, got)


def test_a_fresh_copy_can_be_changed_without_harm():
    original = ([1, 2], {"a": torch.zeros(2)}, {3}, np.zeros(2), "text")
    copy = fresh(original)
    copy[0].append(3)
    copy[1]["a"] += 1
    copy[2].add(4)
    copy[3][0] = 1
    assert original[0] == [1, 2] and original[2] == {3}
    assert original[1]["a"].sum() == 0 and original[3].sum() == 0
    assert not unchanged(original, copy)
    assert unchanged(original, fresh(original))


def test_a_generator_is_copied_with_its_state():
    generator = torch.Generator().manual_seed(1)
    first = torch.rand(3, generator=fresh(generator))
    assert torch.equal(first, torch.rand(3, generator=fresh(generator)))


def test_long_values_are_shown_short():
    assert len(show(list(range(1000)))) <= 170
    assert show(torch.tensor([0.123456])) == "[0.1235], shape (1,)"


@pytest.mark.parametrize(
    "odd",
    [
        10**400,
        torch.eye(2).to_sparse(),
        torch.empty(2, 2, device="meta"),
        [10**400],
        [torch.eye(2).to_sparse()],
    ],
    ids=["a huge integer", "a sparse tensor", "a tensor without data", "in a list", "sparse in a list"],
)
def test_what_is_no_array_is_different_and_no_error(odd):
    assert not same(1.0, odd) and not same(odd, torch.eye(2))


def test_near_is_absolute_and_nan_is_near_nothing():
    assert near(1000.0, 1000.4, 0.5) and near(0.0, -0.5, 0.5)
    assert not near(1000.0, 1000.6, 0.5)
    assert near(np.array([1.0, 2.0]), np.array([1.1, 1.9]), 0.2)
    assert not near(np.array([1.0, 2.0]), np.array([1.1, 2.5]), 0.2)
    for expected, got in ((1.0, math.nan), (math.nan, 1.0), (np.ones(2), np.array([1.0, math.nan]))):
        assert not near(expected, got, 10.0)
