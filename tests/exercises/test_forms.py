"""What a docstring promises to return: what is taken for it, and what is refused in which words."""

import numpy as np
import pytest
import torch

from labkit.exercises import forms
from labkit.exercises.forms import NotMeant

MASK = [[True, False], [True, True]]


@pytest.mark.parametrize(
    "meant",
    [
        MASK,
        torch.tensor(MASK).int(),
        torch.tensor(MASK).float(),
        np.array(MASK),
        np.array(MASK, dtype=np.uint8),
        tuple(map(tuple, MASK)),
        [torch.tensor(row) for row in MASK],
        [[1, 0], [1.0, 1]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_mask_of_any_kind_is_a_tensor_of_bool(meant):
    made = forms.tensor(torch.bool)(meant)
    assert made.dtype == torch.bool and torch.equal(made, torch.tensor(MASK))


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (forms.tensor(torch.int64), [3.0, 4.0], torch.tensor([3, 4])),
        (forms.tensor(torch.float32), np.array([1, 2]), torch.tensor([1.0, 2.0])),
        (forms.tensor(torch.float32), torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.0])),
        (forms.tensor(torch.float32), torch.ones(2, requires_grad=True) * 2, torch.tensor([2.0, 2.0])),
        (forms.tensor(torch.float32), 2, torch.tensor(2.0)),
        (forms.tensor(torch.float32), [], torch.tensor([])),
    ],
)
def test_numbers_become_the_promised_kind_of_tensor(form, value, expected):
    made = form(value)
    assert made.dtype == expected.dtype and not made.requires_grad and torch.equal(made, expected)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (forms.number, torch.tensor(0.5), 0.5),
        (forms.number, np.float32(0.5), 0.5),
        (forms.number, torch.tensor([[0.5]]), 0.5),
        (forms.number, 1, 1.0),
        (forms.whole, torch.tensor(3.0), 3),
        (forms.whole, np.int64(3), 3),
        (forms.truth, np.bool_(True), True),
        (forms.truth, torch.tensor(0), False),
        (forms.truth, 1, True),
        (forms.text, np.str_("a"), "a"),
        (forms.list_of(forms.text), ("a", "b"), ["a", "b"]),
        (forms.list_of(forms.whole), torch.tensor([1, 2]), [1, 2]),
        (forms.list_of(forms.anything), [], []),
        (forms.tuple_of(forms.number, forms.number), [1, torch.tensor(2)], (1.0, 2.0)),
        (forms.tuple_of(forms.number, forms.number), np.array([1, 2]), (1.0, 2.0)),
        (forms.mapping_of(a=forms.list_of(forms.whole)), {"a": np.array([1])}, {"a": [1]}),
        (forms.mapping_of(a=forms.whole), {"a": 1, "b": "more"}, {"a": 1, "b": "more"}),
    ],
)
def test_what_means_the_same_is_taken(form, value, expected):
    made = form(value)
    assert made == expected and type(made) is type(expected)


def test_an_array_is_made_of_whatever_holds_numbers():
    for value in (
        [[1, 2]],
        torch.tensor([[1.0, 2.0]], requires_grad=True),
        np.array([[1, 2]], dtype=np.int8),
    ):
        made = forms.array()(value)
        assert made.dtype == float and made.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("form", "value", "why"),
    [
        (forms.tensor(torch.bool), torch.tensor([0.0, -torch.inf]), "other numbers than 0 and 1"),
        (forms.tensor(torch.bool), "yes", ""),
        (forms.tensor(torch.int64), [0.5], "not whole"),
        (forms.tensor(), [[1, 2], [3]], "different lengths"),
        (forms.tensor(), range(3), "torch.tensor"),
        (forms.tensor(), {"a": 1}, ""),
        (forms.tensor(), 10**400, "larger"),
        (forms.tensor(), torch.ones(2).to_sparse(), ""),
        (forms.tensor(), np.array(["a"]), ""),
        (forms.number, "0.5", ""),
        (forms.number, torch.ones(2), "one number"),
        (forms.number, [1.0], ""),
        (forms.number, 1j, ""),
        (forms.number, 10**400, "larger"),
        (forms.whole, 0.5, ""),
        (forms.whole, float("nan"), ""),
        (forms.truth, 2, "True or False"),
        (forms.truth, "True", ""),
        (forms.text, 3, ""),
        (forms.list_of(forms.text), (piece for piece in "ab"), "list(...)"),
        (forms.list_of(forms.text), "ab", ""),
        (forms.list_of(forms.text), None, ""),
        (forms.tuple_of(forms.number, forms.number), [1], "1 things"),
        (forms.mapping_of(a=forms.whole), {"b": 1}, "'a' is missing"),
        (forms.mapping_of(a=forms.whole), [1], ""),
    ],
)
def test_what_cannot_be_meant_is_refused(form, value, why):
    with pytest.raises(NotMeant) as caught:
        form(value)
    said, advice = form.refusal(value, str(caught.value))
    assert why in said and form.name in said and advice


def test_none_is_asked_about_its_return():
    said, advice = forms.number.refusal(None)
    assert "None" in said and "return" in advice


def test_a_function_is_asked_whether_it_was_meant_to_be_called():
    assert "called" in forms.number.refusal(len)[1]
