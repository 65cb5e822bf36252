"""Hidden states without padding: those of `transformers`, for other sizes too; what does not fit is seen."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel

from labkit.measures import features
from labkit.models import packed
from labkit.models.loading import Model, load

ROWS = [[2], [7], [3, 1, 4], [1, 5, 9], list(range(30))]  # two of a length, one token, the longest possible
NUM_PIECES = 40


def tiny(kind, **config):
    """A random network with other sizes than the bundled pair's: 3 layers of 12 heads."""
    torch.manual_seed(2)
    if kind == "encoder":
        sizes = dict(
            hidden_size=48,
            num_hidden_layers=3,
            num_attention_heads=12,
            intermediate_size=100,
            max_position_embeddings=30,
        )
        network = BertModel(BertConfig(vocab_size=NUM_PIECES, **sizes | config), add_pooling_layer=False)
    else:
        sizes = dict(n_embd=48, n_layer=3, n_head=12, n_positions=30, n_inner=100)
        network = GPT2LMHeadModel(GPT2Config(vocab_size=NUM_PIECES, **sizes | config))
    for parameter in network.parameters():  # biases and norms too: at 0 and 1 they would not be missed
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_they_are_transformers_hidden_states(kind, onednn, monkeypatch):
    monkeypatch.setattr(packed, "ONEDNN", packed.ONEDNN and onednn)
    network = tiny(kind)
    assert packed.fits(network)
    states = packed.Packed(network).hidden_states(ROWS)
    start = 0
    for row in ROWS:
        with torch.inference_mode():
            theirs = network(input_ids=torch.tensor([row]), output_hidden_states=True).hidden_states
        assert len(theirs) == len(states) == 4
        for ours, their in zip(states, theirs, strict=True):
            assert torch.allclose(ours[start : start + len(row)], their[0], atol=2e-5, rtol=1e-4)
        start += len(row)
    assert start == len(states[0])
    assert packed.fits(network), "transformers leaves hooks of its own behind"


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("encoder", {"hidden_act": "relu"}),
        ("decoder", {"activation_function": "relu"}),
        ("decoder", {"scale_attn_weights": False}),
        ("decoder", {"scale_attn_by_inverse_layer_idx": True}),
    ],
)
def test_a_network_that_differs_is_run_as_it_is(kind, config, monkeypatch):
    network = tiny(kind, **config)
    assert not packed.fits(network)
    model = Model(network, tokenizer=None, kind=kind, name="other", source="folder")
    monkeypatch.setattr(features, "encode_all", lambda model, texts: ROWS)
    rows = features.extract(model, ROWS, "mean")
    for k, row in enumerate(ROWS):
        with torch.inference_mode():
            theirs = network(input_ids=torch.tensor([row]), output_hidden_states=True).hidden_states
        expected = torch.stack([hidden[0].mean(dim=0) for hidden in theirs]).numpy()
        assert np.allclose(rows[k], expected, atol=2e-5, rtol=1e-4)


def test_a_hook_in_the_network_is_obeyed():
    model = load("bert-mini")
    plain = features.extract(model, ["A bad film."])
    silent = model.network.bert.encoder.layer[1].attention.output.dense
    hook = silent.register_forward_hook(lambda module, given, output: output * 0)
    try:
        changed = features.extract(model, ["A bad film."])
    finally:
        hook.remove()
    assert np.abs(changed - plain)[:, :2].max() < 1e-5 < 1e-2 < np.abs(changed - plain)[:, 2:].max()
    assert np.array_equal(features.extract(model, ["A bad film."]), plain)


def test_weights_that_were_trained_further_are_the_ones_used():
    network = tiny("encoder")
    before = packed.Packed(network).hidden_states(ROWS)[-1]
    with torch.no_grad():
        network.encoder.layer[0].output.dense.weight.mul_(2)
    assert (packed.Packed(network).hidden_states(ROWS)[-1] - before).abs().max() > 1e-2
