"""Plain values survive the border; anything else arrives as nothing that equals anything."""

import json

import numpy as np
import pytest
import torch

from labkit.exercises.exercise import Raised
from labkit.exercises.values import same
from labkit.grading.plain import Other, TooLarge, decode, encode


def there_and_back(value):
    return decode(json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "text \u2603",
        3,
        2**80,
        0.1,
        [1, [2.5, "a"], None],
        (1, (2,)),
        {"a": [1], 3: (4, 5)},
        {1, 2},
        torch.linspace(-2, 2, 24).reshape(2, 3, 4),
        torch.tensor(3.5),
        torch.tensor([True, False]),
        torch.arange(4),
        torch.zeros(0, 3),
        np.arange(6.0).reshape(2, 3),
        np.float32(1.5),
        np.bool_(True),
        np.longdouble(2.5),
        np.int64(7),
        Raised(ValueError, "ValueError: no"),
    ],
    ids=str,
)
def test_plain_values_come_back(value):
    back = there_and_back(value)
    assert back == value if isinstance(value, Raised) else same(value, back, tolerance=1e-12)
    assert isinstance(back, type(value) if not isinstance(value, np.generic) else bool | int | float)


def test_infinities_half_precision_and_generators_come_back():
    back = there_and_back([float("inf"), float("-inf"), float("nan")])
    assert back[:2] == [float("inf"), float("-inf")] and back[2] != back[2]
    assert torch.equal(there_and_back(torch.ones(2, dtype=torch.bfloat16)), torch.ones(2))
    generator = torch.Generator().manual_seed(7)
    torch.rand(3, generator=generator)
    again = there_and_back(generator)
    assert torch.equal(torch.rand(3, generator=again), torch.rand(3, generator=generator))


@pytest.mark.parametrize("value", [object(), len, type, torch.nn.Linear(1, 1), np.array(["a"]), 1j])
def test_what_is_no_data_equals_nothing(value):
    back = there_and_back(value)
    assert isinstance(back, Other) and back != back and not same(back, back)


@pytest.mark.parametrize(
    "value",
    [list(range(300_000)), torch.zeros(9 * 10**6), eval("[" * 20 + "]" * 20)],
    ids=["long", "wide", "deep"],
)
def test_what_is_too_large_is_said(value):
    with pytest.raises(TooLarge):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        [1],
        {"kind": "pickle", "data": "gASVAAAA"},
        {"kind": "array", "dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
        {"kind": "array", "dtype": "<f4", "shape": [2], "data": "AAAAAA=="},
        {"kind": "array", "dtype": "<f4", "shape": "?", "data": ""},
        {"kind": "list"},
        {"items": []},
        {"kind": "int", "text": "x"},
    ],
    ids=str,
)
def test_forged_data_is_refused(data):
    with pytest.raises(ValueError):
        decode(data)


def test_an_error_of_an_unknown_kind_is_an_exception():
    assert decode({"kind": "raised", "type": "os", "message": "m"}) == Raised(Exception, "m")
