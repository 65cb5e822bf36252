"""Features: the same in a batch as alone, in the texts' order, and never from padding."""

import numpy as np
import pytest
import torch

from labkit.features import POOLINGS, extract, pool
from labkit.messages import LabkitError
from labkit.models import load

TEXTS = [
    "A bad film.",
    "It was the worst movie I have ever seen, and I have seen many.",
    "Once upon a time there was a queen.",
    "No.",
]


@pytest.fixture(params=["bert-mini", "gpt-mini"], scope="module")
def model(request):
    return load(request.param)


@pytest.mark.parametrize("how", POOLINGS)
def test_in_a_batch_as_alone(model, how):
    together = extract(model, TEXTS, how)
    assert together.shape == (len(TEXTS), model.num_layers + 1, model.width)
    for k, text in enumerate(TEXTS):
        assert np.abs(extract(model, [text], how)[0] - together[k]).max() < 2e-5


def test_they_are_transformers_hidden_states(model):
    text = TEXTS[1]
    with torch.inference_mode():
        batch = model.tokenizer(text, return_tensors="pt")
        states = model.network(input_ids=batch.input_ids, output_hidden_states=True).hidden_states
    expected = np.stack([state[0].mean(dim=0).numpy() for state in states])
    assert np.abs(extract(model, [text])[0] - expected).max() < 1e-5


@pytest.mark.parametrize("how", POOLINGS)
def test_padding_on_either_side_does_not_count(how):
    hidden = torch.randn(1, 3, 4)
    junk = torch.full((1, 2, 4), 1e3)
    expected = pool(hidden, torch.ones(1, 3), how)
    right = pool(torch.cat([hidden, junk], 1), torch.tensor([[1, 1, 1, 0, 0]]), how)
    left = pool(torch.cat([junk, hidden], 1), torch.tensor([[0, 0, 1, 1, 1]]), how)
    assert torch.allclose(right, expected) and torch.allclose(left, expected)


def test_a_long_text_is_cut_and_an_encoder_keeps_its_sep(model):
    long = "and then " * 200
    assert np.isfinite(extract(model, [long])).all()


def test_bad_input_is_a_plain_message(model):
    with pytest.raises(LabkitError, match="cls, mean, last"):
        extract(model, TEXTS, "max")
    with pytest.raises(LabkitError, match="number 1 is empty"):
        extract(model, ["fine", "  "])
