"""Our Transformer against transformers': the same logits from the same weights; and what a mask must do."""

import pytest
import torch

from labkit.messages import LabkitError
from labkit.models.loading import load
from labkit.models.transformer import Transformer, TransformerConfig, from_transformers


def random_network(kind):
    """A tiny network with every weight random, biases and norms too: none can be mixed up unseen."""
    from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    if kind == "bert":
        config = BertConfig(
            vocab_size=61, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40,
            max_position_embeddings=20, layer_norm_eps=1e-5,
        )  # fmt: skip
        network = BertForMaskedLM(config)
    else:
        network = GPT2LMHeadModel(
            GPT2Config(vocab_size=61, n_embd=24, n_layer=3, n_head=4, n_positions=20, n_inner=40)
        )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def networks(name):
    return random_network(name.split()[1]) if name.startswith("random") else load(name).network


@pytest.fixture(params=["random bert", "random gpt2", "bert-mini", "gpt-mini"], scope="module")
def pair(request):
    """(theirs, ours)"""
    theirs = networks(request.param)
    return theirs, from_transformers(theirs)


def inputs(network, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, network.config.vocab_size, (3, 12), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    mask[2, 5:] = 0
    types = (torch.arange(12) > 6).long().expand(3, -1)
    return ids, mask, types


@torch.inference_mode()
@pytest.mark.parametrize("padded", [False, True])
def test_logits_agree(pair, padded):
    theirs, ours = pair
    ids, mask, types = inputs(theirs)
    mask = mask if padded else torch.ones_like(mask)
    options = {"token_type_ids": types} if theirs.config.model_type == "bert" else {}
    expected = theirs(ids, attention_mask=mask, **options).logits
    got = ours(ids, mask, **options)
    real = mask.bool()
    assert got.shape == expected.shape
    assert (got - expected)[real].abs().max() < 1e-5 * max(1.0, expected.abs().max().item())


@torch.inference_mode()
def test_hidden_states_agree(pair):
    theirs, ours = pair
    ids, _, _ = inputs(theirs)
    expected = theirs(ids, output_hidden_states=True).hidden_states
    got = ours.hidden_states(ids)
    assert len(got) == len(expected)
    for e, g in zip(expected, got, strict=True):
        assert torch.allclose(e, g, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_only_an_encoder_sees_the_future(pair):
    theirs, ours = pair
    ids, _, _ = inputs(theirs)
    changed = ids.clone()
    changed[:, 8] = (changed[:, 8] + 1 - 5) % (theirs.config.vocab_size - 5) + 5
    moved = (ours(ids) - ours(changed)).abs().amax(dim=(0, 2)) > 1e-4  # (T,)
    assert moved[8:].all()
    assert bool(moved[:8].all()) == (theirs.config.model_type == "bert")
    assert bool(moved[:8].any()) == (theirs.config.model_type == "bert")


@torch.inference_mode()
def test_padding_does_not_change_the_sentence(pair):
    theirs, ours = pair
    ids, mask, _ = inputs(theirs)
    alone = ours(ids[2:, :5])
    padded = ours(ids, mask)[2:, :5]
    assert torch.allclose(alone, padded, atol=1e-4)


@torch.inference_mode()
def test_segments_change_an_encoder(pair):
    theirs, ours = pair
    if theirs.config.model_type != "bert":
        assert not hasattr(ours, "segments")
        return
    ids, _, types = inputs(theirs)
    assert not torch.allclose(ours(ids), ours(ids, token_type_ids=types), atol=1e-3)
    assert torch.equal(ours(ids), ours(ids, token_type_ids=torch.zeros_like(ids)))


def test_a_text_that_is_too_long_is_a_plain_message():
    model = Transformer(TransformerConfig(10, 8, 1, 2, 4, 16))
    with pytest.raises(LabkitError, match="5 pieces long.*at most 4"):
        model(torch.ones(1, 5, dtype=torch.long))


def test_another_kind_of_network_is_refused():
    from transformers import RobertaConfig, RobertaForMaskedLM

    config = RobertaConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    with pytest.raises(LabkitError, match="not 'roberta'"):
        from_transformers(RobertaForMaskedLM(config))


def test_missing_and_misshapen_weights_are_named():
    network = random_network("bert")
    whole = network.state_dict()
    name = "bert.encoder.layer.1.output.dense.weight"
    for state, message in (
        ({key: value for key, value in whole.items() if key != name}, f"no {name}"),
        ({**whole, name: whole[name][:, :-1]}, "has shape"),
    ):
        network.state_dict = lambda state=state: state
        with pytest.raises(LabkitError, match=message):
            from_transformers(network)
