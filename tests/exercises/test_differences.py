"""What a report says of two results that differ: where first, and how they are related."""

import numpy as np
import pytest
import torch

from labkit.exercises.differences import difference, expected_got, relation

A = torch.tensor([[1.0, 2.0, 3.5], [4.0, 5.5, 6.0], [0.5, 8.0, 9.0]])


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (A, A / 2, "half of"),
        (A, 2 * A, "twice"),
        (A, A * 7, "7 times"),
        (A, -A, "sign"),
        (A, A + 1, "1 too large"),
        (A, A - 0.25, "0.25 too small"),
        (A, A.T, "Rows and columns"),
        (A, A.flip(0), "from last to first"),
        (A, A[[0, 2, 1]], "in another order"),
        (A, A[None], "axis of length 1 too many with the right numbers"),
        (A[:, :1], A[:, 0], "axis of length 1 is missing with the right numbers"),
        (A, A[:, :2], "along axis 1 there are 1 too few"),
        (A, A.log(), "logarithm"),
        (A, A.exp(), "exponential"),
        (A, A**2, "square"),
        (A, A / np.log(2), "base 2"),
        (A, A / np.log(10), "base 10"),
        (A, torch.full_like(A, torch.nan), "All of yours is NaN"),
        (A, A.masked_fill(A > 8, torch.nan), "a NaN in it"),
        (A, A.masked_fill(A > 8, torch.inf), "infinity"),
        (A / 10, 1 - A / 10, "1 minus"),
        (A[:2], A[:2].T, "Rows and columns"),
        (torch.arange(6.0) ** 2, torch.arange(1.0, 7.0) ** 2, "one place too early"),
        (torch.arange(1.0, 7.0) ** 2, torch.arange(6.0) ** 2, "one place too late"),
        (A > 3, A <= 3, "the other way round"),
        (0.8, -0.8, "sign is turned"),
        (0.8, 0.4, "half of"),
        (["a", "b", "c"], ["c", "b", "a"], "from last to first"),
        (["a", "b", "c"], ["b", "a", "c"], "another order"),
        (["a", "b", "c"], ["a", "b"], "1 too few: 2 instead of 3"),
        ([("a", 1)], [("a", 1), ("b", 2), ("c", 3)], "2 too many"),
        ("Cat", "cat", "capital"),
        ("a cat", "a  cat", "spaces"),
        ({"x": A, "y": 1}, {"x": A.T, "y": 1}, "x: Rows and columns"),
    ],
)
def test_a_simple_relation_is_named(expected, got, said):
    assert said in relation(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (A, torch.randn(3, 3, generator=torch.Generator().manual_seed(0))),
        (0.5, 0.61),
        (2.0, 3.1),
        (torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])),  # two numbers, and equal ones: chance
        (torch.tensor([True, False, True]), torch.tensor([True, True, True])),
        (["a"], ["b"]),
        ("cat", "dog"),
        ({"x": 1}, {"y": 1}),
        (A, "nonsense"),
    ],
)
def test_what_is_not_related_is_not_called_so(expected, got):
    assert relation(expected, got) == "" or "1 too large" in relation(expected, got)


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (A, A + torch.eye(3)[1] * (torch.arange(3) == 2)[:, None], "entry [2, 1], expected 8, got 9 (1 of 9"),
        ([1, 2, 3], [1, 5, 3], "entry 1, expected 2, got 5"),
        (["a", "b"], ["a"], "entry 1, expected 'b', got nothing"),
        (["a"], ["a", "c"], "entry 1, expected nothing, got 'c'"),
        (
            [("a", 0.5), ("b", 0.25)],
            [("a", 0.5), ("b", 0.2)],
            "entry 1, expected ('b', 0.25), got ('b', 0.2)",
        ),
        (A, A[0], "shape (3,) instead of (3, 3)"),
        ({"x": [1, 2], "y": [3]}, {"x": [1, 2], "y": [4]}, "'y'"),
    ],
)
def test_the_first_place_that_differs_is_named(expected, got, said):
    assert said in difference(expected, got)


def test_the_same_is_no_difference():
    assert difference(A, A.tolist()) == "" and difference({"a": [1]}, {"a": (1.0,)}) == ""


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (list(range(100)), [*range(99), 7]),
        ("x" * 500 + "a", "x" * 500 + "b"),
        (torch.arange(900.0), torch.arange(900.0).index_fill(0, torch.tensor(899), 3.0)),
        (1, "1"),
        ([], ()),
        (torch.zeros(2), np.zeros((2, 1))),
        (0.12345678, 0.12345999),
    ],
    ids=str,
)
def test_expected_and_got_never_look_alike(expected, got):
    left, right = expected_got(expected, got).splitlines()
    assert left.removeprefix("expected: ") != right.removeprefix("got:      ")
