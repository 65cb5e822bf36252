"""Every option of both configurations: computed as transformers does, without effect, or refused by name."""

import dataclasses
import json
import shutil

import pytest
import torch
import transformers as hf

from labkit.measures import attention
from labkit.messages import LabkitError
from labkit.models import architectures, masks, packed
from labkit.models.loading import Model, load
from labkit.models.transformer import activation_of, from_transformers
from tests.tiny_models import save_tiny_bert, save_tiny_gpt

CLASSES = {"bert": hf.BertConfig, "gpt2": hf.GPT2Config}
# Other values than the defaults; of the activation several, each of which `transformers` takes by name.
COMPUTED = {
    "bert": {
        "vocab_size": [47], "hidden_size": [36], "num_hidden_layers": [1], "num_attention_heads": [3],
        "intermediate_size": [29], "max_position_embeddings": [17], "type_vocab_size": [3],
        "layer_norm_eps": [0.1], "tie_word_embeddings": [False],
        "hidden_act": ["relu", "gelu_new", "silu", "swish", "quick_gelu", "gelu_fast", "tanh", "relu2"],
    },
    "gpt2": {
        "vocab_size": [47], "n_positions": [17], "n_embd": [36], "n_layer": [1], "n_head": [3],
        "n_inner": [29], "layer_norm_epsilon": [0.1], "scale_attn_weights": [False],
        "scale_attn_by_inverse_layer_idx": [True], "tie_word_embeddings": [False],
        "activation_function": ["relu", "gelu", "silu", "gelu_pytorch_tanh", "mish", "tanh"],
    },
}  # fmt: skip
IRRELEVANT = {
    "hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5, "classifier_dropout": 0.5,
    "resid_pdrop": 0.5, "embd_pdrop": 0.5, "attn_pdrop": 0.5, "chunk_size_feed_forward": 3,
    "reorder_and_upcast_attn": True, "use_cache": False, "pad_token_id": 7, "bos_token_id": 3,
    "eos_token_id": 4, "initializer_range": 0.7, "is_encoder_decoder": True, "output_hidden_states": True,
    "summary_type": "mean", "summary_use_proj": False, "summary_activation": "tanh",
    "summary_proj_to_labels": False, "summary_first_dropout": 0.3, "architectures": ["Other"],
    "transformers_version": "1.0", "problem_type": "regression", "id2label": {0: "a", 1: "b"},
    "label2id": {"a": 0, "b": 1}, "dtype": "float32",
}  # fmt: skip
REFUSED = {
    "is_decoder": True, "add_cross_attention": True, "position_embedding_type": "relative_key",
    "per_layer_config": {"0": {"hidden_act": "relu"}}, "pruned_heads": {"0": [1]},
    "quantization_config": {"load_in_8bit": True},
}  # fmt: skip
BASE = {
    "bert": dict(
        vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40,
        max_position_embeddings=20,
    ),
    "gpt2": dict(
        vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=20, bos_token_id=0, eos_token_id=0
    ),
}  # fmt: skip


def random_network(kind, **options):
    """Every weight random, biases and norms too; large enough for each option to show."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(5)
        network_class = hf.BertForMaskedLM if kind == "bert" else hf.GPT2LMHeadModel
        network = network_class(CLASSES[kind](**BASE[kind] | options))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.4 * torch.randn_like(parameter))
    return network.eval()


def logits(network):
    ids = torch.randint(5, 40, (2, 12), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = network(ids, attention_mask=torch.ones_like(ids))
    return getattr(found, "logits", found)


def cases(table):
    return [(kind, option, value) for kind, options in table.items() for option, values in options.items()
            for value in values]  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
def test_every_option_is_decided(kind):
    """A new version of transformers with a new option fails here: decide where it belongs."""
    fields = {field.name for field in dataclasses.fields(CLASSES[kind])}
    computed = architectures.COMPUTED[kind]
    irrelevant, refused = architectures.IRRELEVANT[kind].keys(), architectures.REFUSED[kind].keys()
    assert fields <= computed | irrelevant | refused
    assert not (computed & irrelevant or computed & refused or irrelevant & refused)
    assert computed | irrelevant <= fields, "a field that is gone"
    assert computed == COMPUTED[kind].keys(), "each has its case below"
    assert irrelevant - {"return_dict"} <= IRRELEVANT.keys() and refused <= REFUSED.keys()
    assert all(architectures.IRRELEVANT[kind].values()), "each says why"


@pytest.mark.parametrize(("kind", "option", "value"), cases(COMPUTED))
def test_what_is_computed_gives_transformers_logits(kind, option, value):
    theirs = random_network(kind, **{option: value})
    expected = logits(theirs)
    got = logits(from_transformers(theirs))
    assert (got - expected).abs().max() < 2e-5 * max(1.0, expected.abs().max().item())
    plain = logits(random_network(kind))
    alike = "gelu" in str(value)  # forms of gelu differ by less than one in a thousand
    assert alike or plain.shape != expected.shape or not torch.allclose(plain, expected, atol=1e-2)


@pytest.mark.parametrize(
    ("kind", "option"),
    [(kind, option) for kind in CLASSES for option in architectures.IRRELEVANT[kind] if option in IRRELEVANT],
)
def test_what_is_irrelevant_changes_nothing(kind, option):
    theirs = random_network(kind)
    changed = random_network(kind, **{option: IRRELEVANT[option]})
    changed.load_state_dict(theirs.state_dict())  # the start of training is another; the weights are compared
    if option == "reorder_and_upcast_attn":
        changed.set_attn_implementation("eager")
    for network in (changed, from_transformers(changed)):
        torch.testing.assert_close(logits(network), logits(theirs), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "option"), [(kind, option) for kind in CLASSES for option in architectures.REFUSED[kind]]
)
def test_what_is_refused_is_named(kind, option, tmp_path, tiny_bert, tiny_gpt):
    """In a folder, where transformers would pass over it or compute something else, and in a network."""
    folder = tmp_path / "other"
    shutil.copytree(tiny_bert if kind == "bert" else tiny_gpt, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {option: REFUSED[option]}))
    with pytest.raises(LabkitError, match=f"{option}="):
        load(folder)
    network = random_network(kind)
    network.config.__dict__[option] = REFUSED[option]
    with pytest.raises(LabkitError, match=f"{option}="):
        from_transformers(network)
    assert not packed.fits(network)


@pytest.mark.parametrize("model_type", ["roberta", "distilbert", "gpt_neo", "llama", "electra", None])
def test_other_architectures_are_refused_by_name(model_type, tmp_path, tiny_bert):
    folder = tmp_path / "other"
    shutil.copytree(tiny_bert, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": model_type}))
    with pytest.raises(LabkitError, match=f"type {model_type!r}.*bert and gpt2"):
        load(folder)


def test_weights_that_no_ordinary_network_uses_are_named(tmp_path, tiny_bert):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "other"
    shutil.copytree(tiny_bert, folder)
    weights = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.0.attention.self.distance_embedding.weight"
    save_file(weights | {name: torch.ones(3, 8)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(LabkitError, match=name):
        load(folder)


@pytest.mark.parametrize("name", ["prelu", "xielu"])
def test_an_activation_that_learns_is_refused(name):
    with pytest.raises(LabkitError, match=f"{name!r} learns"):
        activation_of(name)


def test_an_unknown_activation_is_named():
    with pytest.raises(LabkitError, match="no activation 'gelo'.*gelu_new"):
        activation_of("gelo")


@pytest.mark.parametrize(
    "options",
    [{}, {"scale_attn_weights": False}, {"scale_attn_by_inverse_layer_idx": True},
     {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True},
     {"reorder_and_upcast_attn": True}, {"activation_function": "relu"}],
)  # fmt: skip
def test_queries_and_keys_give_the_maps(options, tmp_path):
    """What the neuron view multiplies before the eyes of its reader is what the network attends by."""
    model = load(save_tiny_gpt(tmp_path / "gpt", initializer_range=0.5, **options))
    text = "the cat sat on a mat"
    queries, keys = attention.queries_and_keys(model, text)
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5  # (L, H, T, T)
    scores = scores.masked_fill(~masks.causal_mask(scores.shape[-1]), -torch.inf)
    torch.testing.assert_close(
        scores.softmax(dim=-1), attention.attention_maps(model, text), atol=1e-5, rtol=0
    )


def test_chunks_of_the_feed_forward_layer_ask_nothing_of_a_text(tmp_path):
    """In transformers a text's length must be a multiple of the chunk."""
    plain = load(save_tiny_bert(tmp_path / "plain"))
    chunked = load(save_tiny_bert(tmp_path / "chunked", chunk_size_feed_forward=5, return_dict=False))
    for text in ("the cat sat.", "a dog."):
        torch.testing.assert_close(
            attention.attention_maps(chunked, text), attention.attention_maps(plain, text)
        )


@pytest.mark.parametrize("kind", CLASSES)
def test_an_adapter_inside_is_not_passed_over(kind):
    """A module that somebody else put in (as LoRA does) computes more than the weights it wraps."""

    class Adapter(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x) + 1

    network = random_network(kind)
    assert packed.fits(network)
    if kind == "bert":
        network.bert.encoder.layer[0].output.dense = Adapter(40, 24)
    else:
        network.transformer.h[0].mlp.act.forward = lambda x: x
    assert not packed.fits(network)


DEVICES = [
    "meta",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("kind", CLASSES)
def test_the_readable_transformer_stands_where_the_network_does(kind, device, dtype):
    network = random_network(kind).to(device, dtype)
    ours = from_transformers(network)
    assert {(p.device.type, p.dtype) for p in ours.parameters()} == {(device, dtype)}
    ids = torch.zeros(2, 6, dtype=torch.long, device=device)
    for mask in (None, torch.ones_like(ids)):
        found = ours(ids, mask)
        assert (found.device.type, found.dtype, found.shape) == (device, dtype, (2, 6, 61))
        assert ours.visible(ids, mask).device.type == device


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("kind", CLASSES)
def test_the_readable_transformer_in_other_dtypes(kind, dtype):
    network = random_network(kind)
    expected = logits(network)
    got = logits(from_transformers(network.to(dtype)))
    tolerance = 1e-4 if dtype == torch.float64 else 0.1 * expected.abs().max()
    assert got.dtype == dtype and (got.float() - expected).abs().max() < tolerance


@pytest.mark.parametrize("device", DEVICES)
def test_masks_stand_where_their_inputs_do(device):
    q = torch.zeros(2, 5, 4, device=device, dtype=torch.float64)
    padding = torch.ones(2, 5, device=device)
    both = masks.combine_masks(masks.causal_mask(5), padding)
    assert both.device.type == device
    for mask in (both, masks.causal_mask(5)):  # the triangle from the CPU
        found = masks.attention(q, q, q, mask.to(device))
        assert (found.device.type, found.dtype) == (device, torch.float64)
    for causal in (True, False):
        ids = torch.zeros(2, 5, dtype=torch.long, device=device)
        assert masks._visible(ids, None, causal).device.type == device


def test_making_it_draws_no_random_numbers():
    network = random_network("bert")
    before = torch.get_rng_state()
    from_transformers(network)
    assert torch.equal(torch.get_rng_state(), before)


def test_packed_follows_the_networks_dtype():
    network = random_network("bert").double()
    (states,) = {state.dtype for state in packed.Packed(network).hidden_states([[2, 3, 4]])}
    assert states == torch.float64


def test_a_model_behind_another_mask_is_refused_where_it_is_not_computed(tiny_bert):
    model = load(tiny_bert)
    model.network.config.__dict__["is_decoder"] = True
    with pytest.raises(LabkitError, match="is_decoder=True"):
        masks.with_mask(Model(model.network, model.tokenizer, "encoder", "other", "folder"), causal=True)
