"""Whole runs on a tiny corpus: they learn, stop, go on where they were, and survive faults."""

import json
from dataclasses import replace

import pytest
import torch

from labkit.messages import LabkitError
from labkit.pretraining import run
from labkit.pretraining.publish import publish
from labkit.pretraining.recipe import Recipe
from labkit.pretraining.run import pretrain

RECIPE = Recipe(
    minutes=60, pieces=40 * 256, lengths=((16, 1), (128, 2)), pieces_per_step=256, warmup_pieces=100 * 256,
    learning_rate=3e-3,
)  # fmt: skip


def go(kind, texts, folder, recipe=RECIPE, **options):
    return pretrain(
        kind, *texts, folder, recipe, threads=1, checkpoint_every=options.pop("every", 1e9), **options
    )


GPU = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))


@pytest.mark.parametrize("device", ["cpu", GPU])
@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_run_learns_and_leaves_a_model_that_transformers_reads(kind, device, texts, tiny, tmp_path):
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    go(kind, texts, tmp_path, replace(RECIPE, pieces=400 * 256, learning_rate=1e-2), device=device)
    record = json.loads((tmp_path / "log.json").read_text())
    losses = [entry["heldout"]["loss"] for entry in record["log"]]
    assert losses[-1] < losses[0] - 0.3
    assert record["log"][-1]["pieces"] >= 400 * 256
    spent = record["recipes"][0]["spent"]
    assert spent["pieces"] == record["log"][-1]["pieces"]
    assert ("CPU threads" in spent["machine"]) == (device == "cpu")

    auto = AutoModelForMaskedLM if kind == "encoder" else AutoModelForCausalLM
    network = auto.from_pretrained(tmp_path / "model")
    ids = torch.tensor([AutoTokenizer.from_pretrained(tmp_path / "model")("The cat saw the dog.").input_ids])
    assert torch.isfinite(network(ids).logits).all()


class Killed(BaseException):
    """Stands for a kill: nothing in the run may catch it."""


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    kind, texts, tokenizers, tiny, tmp_path, monkeypatch
):
    losses = {"whole": {}, "broken": {}}
    original = run.Run.step

    def watched(name, kill_at=None):
        def step(self):
            number = self.state["step"]
            if number == kill_at:
                raise Killed
            losses[name][number] = original(self)
            return losses[name][number]

        return step

    for name in losses:  # training a tokenizer twice may number its pieces differently
        tokenizers[kind].save_pretrained(tmp_path / name)
    monkeypatch.setattr(run.Run, "step", watched("whole"))
    go(kind, texts, tmp_path / "whole")
    monkeypatch.setattr(run.Run, "step", watched("broken", kill_at=25))
    with pytest.raises(Killed):
        go(kind, texts, tmp_path / "broken", every=0.0)
    monkeypatch.setattr(run.Run, "step", watched("broken"))
    go(kind, texts, tmp_path / "broken", resume=True)

    assert losses["broken"].keys() == losses["whole"].keys()
    for step, loss in losses["whole"].items():
        assert losses["broken"][step] == pytest.approx(loss, abs=2e-3), step


def test_a_new_run_never_overwrites_an_old_one(texts, tiny, tmp_path):
    go("encoder", texts, tmp_path, replace(RECIPE, pieces=512))
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(LabkitError, match="--resume"):
        go("encoder", texts, tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_corrupt_checkpoint_is_a_clear_error(texts, tiny, tmp_path):
    go("encoder", texts, tmp_path, replace(RECIPE, pieces=512))
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(LabkitError, match="not a whole checkpoint"):
        go("encoder", texts, tmp_path, resume=True)


def test_time_ends_a_run_as_well(texts, tiny, tmp_path):
    entry = go("decoder", texts, tmp_path, replace(RECIPE, minutes=1e-9, pieces=None))
    assert entry["step"] == 1


def test_a_curriculum_changes_windows_and_batch_on_the_way(texts, tiny, tmp_path, monkeypatch):
    shapes = []
    original = run.encoder_batch

    def watched(*args):
        batch = original(*args)
        shapes.append(tuple(batch["input_ids"].shape))
        return batch

    monkeypatch.setattr(run, "encoder_batch", watched)
    stages = ((0.5, ((16, 1),), 128), (1.0, ((32, 1),), 256))
    go("encoder", texts, tmp_path, replace(RECIPE, pieces=2048, stages=stages))
    assert shapes == [(8, 16)] * 8 + [(8, 32)] * 4


def test_a_recipe_may_have_another_shape(texts, tiny, tmp_path):
    go("decoder", texts, tmp_path, replace(RECIPE, pieces=512, shape={"num_layers": 3}))
    assert json.loads((tmp_path / "log.json").read_text())["shape"]["num_layers"] == 3
    assert json.loads((tmp_path / "model" / "config.json").read_text())["n_layer"] == 3


def test_a_compiled_run_needs_a_compiler_and_hands_its_loss_over(texts, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    with pytest.raises(LabkitError, match="compiler"):
        go("encoder", texts, tmp_path / "without", compiled=True)
    handed = []
    monkeypatch.setattr(run.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(torch, "compile", lambda module, dynamic: handed.append(module) or module)
    go("encoder", texts, tmp_path / "with", replace(RECIPE, pieces=512), compiled=True)
    assert isinstance(handed[0], run.PretrainingLoss)


def test_publishing_writes_card_log_and_checksums(texts, tiny, tmp_path):
    go("encoder", texts, tmp_path / "run", replace(RECIPE, pieces=1024))
    folder = publish(tmp_path / "run", tmp_path / "models")
    assert folder.name == "bert-mini"
    card = (folder / "README.md").read_text()
    last = json.loads((folder / "pretraining.json").read_text())["log"][-1]
    assert f"{last['heldout']['top1']:.3f}" in card and "Maas et al. 2011" in card
    sums = (folder / "SHA256SUMS").read_text()
    assert "model.safetensors" in sums and "tokenizer.json" in sums
    assert "How the recipe was chosen" not in card and "Three continuations" not in card


def test_a_decoders_card_shows_three_continuations_and_the_recipes_compared(texts, tiny, tmp_path):
    go("decoder", texts, tmp_path / "run", replace(RECIPE, pieces=1024))
    (tmp_path / "models").mkdir()
    results = {"base": {"kind": "decoder", "pieces": 1000, "minutes": 2.0, "loss": 5.125, "top1": 0.25}}
    (tmp_path / "models" / "recipes.json").write_text(json.dumps(results))
    mixed = {"half of the reviews": {"kind": "decoder", "pieces": 3e6, "loss": 4.25, "top1": 0.5}}
    (tmp_path / "models" / "mixtures.json").write_text(json.dumps(mixed))
    folder = publish(tmp_path / "run", tmp_path / "models")
    card = (folder / "README.md").read_text()
    shown = [line for line in card.split("\n") if line.startswith("1. Once upon a time")]
    assert len(shown) == len(set(shown)) == 3
    assert "| base | 5.125 | 0.250 |" in card and "| half of the reviews | 4.250 | 0.500 |" in card
    assert "1 shorter runs" in card and "3 million pieces each:" in card


def test_a_card_says_how_the_masking_went_and_what_happened_to_the_run(texts, tiny, tmp_path):
    go("encoder", texts, tmp_path / "run", replace(RECIPE, pieces=512, mask_rate=0.3, mask_rate_end=0.15))
    log = json.loads((tmp_path / "run" / "log.json").read_text())
    log["recipes"][0]["remark"] = "shortened on its way"
    (tmp_path / "run" / "log.json").write_text(json.dumps(log))
    folder = publish(tmp_path / "run", tmp_path / "models")
    said = next(line for line in (folder / "README.md").read_text().split("\n") if "- Run 1" in line)
    assert "masking rate 0.3 falling to 0.15" in said and said.endswith("shortened on its way.")
    assert f"; 0.0 million pieces in {log['recipes'][0]['spent']['minutes']:.1f} minutes on " in said


def test_a_run_goes_on_from_a_published_model(texts, tiny, tmp_path):
    go("decoder", texts, tmp_path / "one", replace(RECIPE, pieces=4096))
    parent = publish(tmp_path / "one", tmp_path / "models")
    entry = go(
        "decoder", texts, tmp_path / "two", replace(RECIPE, pieces=2048, learning_rate=1e-4), parent=parent
    )
    record = json.loads((tmp_path / "two" / "log.json").read_text())
    assert entry["pieces"] == 4096 + 2048
    assert [recipe["learning_rate"] for recipe in record["recipes"]] == [RECIPE.learning_rate, 1e-4]
    pieces = [logged["pieces"] for logged in record["log"]]
    assert pieces == sorted(pieces) and pieces[0] < 4096
    assert [recipe["spent"]["pieces"] for recipe in record["recipes"]] == [4096, 2048]
    before = json.loads((parent / "pretraining.json").read_text())["log"][-1]["heldout"]["loss"]
    assert entry["heldout"]["loss"] < before + 0.05
    assert (tmp_path / "two" / "tokenizer.json").read_text() == (parent / "tokenizer.json").read_text()


def test_an_unfinished_run_cannot_be_published(tmp_path):
    with pytest.raises(LabkitError, match="no finished model"):
        publish(tmp_path, tmp_path / "models")
