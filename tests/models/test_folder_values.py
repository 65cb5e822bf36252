"""A model's folder with a mistaken value: refused by its file and field."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from labkit.messages import LabkitError
from labkit.models.loading import load


def changed(folder, tmp_path, file, **values):
    """A copy of a model's folder with other values in one of its JSON files."""
    copy = tmp_path / "changed"
    shutil.copytree(folder, copy)
    content = json.loads((copy / file).read_text())
    (copy / file).write_text(json.dumps(content | values))
    return copy


BERT = {
    "pad_token_id": [9999, "0", 1.5],
    "hidden_size": ["16", 0, -16, 16.0, None, True],
    "num_hidden_layers": [0, -1, "2", None],
    "vocab_size": ["16", 0],
    "layer_norm_eps": ["a", None, -1.0],
    "dtype": ["float99", 32, "nn"],
    "hidden_act": ["frob", 3, None, ["gelu"]],
}
GPT = {
    "n_layer": [0, "2"],
    "n_embd": ["16"],
    "n_inner": ["a", 0],
    "layer_norm_epsilon": ["a"],
    "activation_function": ["frob"],
    "dtype": ["float99"],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in BERT.items() for v in values])
def test_a_mistaken_value_of_a_bert(field, value, tiny_bert, tmp_path):
    with pytest.raises(LabkitError, match=rf"config\.json has {field} = .*expected"):
        load(changed(tiny_bert, tmp_path, "config.json", **{field: value}))


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in GPT.items() for v in values])
def test_a_mistaken_value_of_a_gpt(field, value, tiny_gpt, tmp_path):
    with pytest.raises(LabkitError, match=rf"config\.json has {field} = .*expected"):
        load(changed(tiny_gpt, tmp_path, "config.json", **{field: value}))


@pytest.mark.parametrize(("field", "value"), [("use_cache", "yes"), ("initializer_range", "a")])
def test_another_field_of_the_wrong_kind_is_named_too(field, value, tiny_gpt, tmp_path):
    with pytest.raises(LabkitError, match=f"could not be loaded.*{field}"):
        load(changed(tiny_gpt, tmp_path, "config.json", **{field: value}))


@pytest.mark.parametrize("field", ["max_position_embeddings", "vocab_size", "intermediate_size"])
def test_weights_of_another_shape_are_named(field, tiny_bert, tmp_path):
    with pytest.raises(
        LabkitError, match=r"don't fit its config.json: (bert|cls)\S+.* of another shape"
    ) as found:
        load(changed(tiny_bert, tmp_path, "config.json", **{field: 48}))
    assert "ignore_mismatched_sizes" not in str(found.value)


@pytest.mark.parametrize("content", ["[1]", "null", "{", '"a"'])
@pytest.mark.parametrize("file", ["tokenizer_config.json", "tokenizer.json"])
def test_a_tokenizers_file_that_is_no_object(file, content, tiny_bert, tmp_path):
    folder = changed(tiny_bert, tmp_path, file)
    (folder / file).write_text(content)
    with pytest.raises(LabkitError, match=rf"{file} (is damaged|holds another kind)"):
        load(folder)


def test_a_tokenizer_without_its_model(tiny_bert, tmp_path):
    folder = changed(tiny_bert, tmp_path, "tokenizer.json")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(LabkitError, match="tokenizer.json holds no tokenizer"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda w: w.fill_(torch.nan), "hold NaN or an infinity"), (lambda w: w.fill_(torch.inf), "hold NaN"),
     (lambda w: w.to(torch.int8), "as I8, no floating-point"), (lambda w: w.bool(), "as BOOL")],
)  # fmt: skip
def test_weights_that_are_no_numbers_with_a_point(change, message, tiny_bert, tmp_path):
    folder = changed(tiny_bert, tmp_path, "config.json")
    weights = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.0.attention.self.query.weight"
    weights[name] = change(weights[name].clone())
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LabkitError, match=message):
        load(folder)
