"""Recipes side by side: every variant is a recipe, and a result that is there is kept."""

import json
from dataclasses import replace

import pytest

from labkit.pretraining import compare, run


def test_every_variant_is_a_change_of_the_base_recipe():
    base = compare.base_recipe(1000)
    for name, (kind, changes) in compare.VARIANTS.items():
        assert kind in ("encoder", "decoder"), name
        assert (replace(base, **changes) == base) == (not changes), name


def test_results_are_measured_once_and_kept(tmp_path, monkeypatch):
    asked = []

    def variant(kind, corpus, heldout, place, recipe):
        asked.append((kind, recipe))
        return {"kind": kind, "pieces": recipe.pieces, "minutes": 1.0, "loss": 5.0, "top1": 0.2}

    monkeypatch.setattr(compare, "run_variant", variant)
    names = ["base", "masking rate 40%", "decoder, AdamW alone"]
    results = compare.compare("corpus", "heldout", tmp_path, pieces=700, names=names[:2])
    results = compare.compare("corpus", "heldout", tmp_path, pieces=700, names=names)
    assert list(results) == names and len(asked) == 3
    assert asked[0] == ("encoder", compare.base_recipe(700)) and asked[0][1].pieces == 700
    assert (asked[1][1].mask_rate, asked[2][0], asked[2][1].muon) == (0.4, "decoder", None)


def test_a_variant_is_trained_and_measured(texts, tiny, tokenizers, tmp_path, monkeypatch):
    sister = tmp_path / "models" / "bert-mini"
    tokenizers["encoder"].save_pretrained(sister)
    monkeypatch.setattr(compare.paths, "models_dir", lambda: tmp_path / "models")
    recipe = replace(compare.base_recipe(512), pieces_per_step=256, lengths=((16, 1),), pairs="nsp", seed=2)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    result = compare.run_variant("encoder", *texts, tmp_path / "runs" / "one", recipe, threads=1)
    assert result["pieces"] == 512 and 0 <= result["cloze"] <= 1 and result["loss"] > 0
    assert "probe_gain" not in result
    encoded = tmp_path / "runs" / "encoder" / "train.npz"
    assert encoded.read_bytes() == (tmp_path / "runs" / "one" / "train.npz").read_bytes()
    assert json.loads((tmp_path / "runs" / "one" / "log.json").read_text())["shape"] == run.SHAPE


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_the_table_leaves_out_what_was_not_measured(kind):
    result = {"kind": kind, "pieces": 1, "minutes": 2.04, "loss": 5.0, "top1": 0.2}
    result |= {"top5": 0.4, "cloze": 0.1} if kind == "encoder" else {"bits_per_char": 2.5}
    heading, _, row = compare.table({"base": result}).split("\n")
    if kind == "encoder":
        assert heading == "| recipe | loss | top-1 | top-5 | cloze top-5 |"
        assert row == "| base | 5.000 | 0.200 | 0.400 | 0.100 |"
    else:
        assert heading == "| recipe | loss | top-1 | bits per character |"
        assert row == "| base | 5.000 | 0.200 | 2.500 |"


def test_what_only_some_were_measured_for_has_a_column_with_gaps():
    one = {"kind": "encoder", "loss": 5.0, "top1": 0.2}
    table = compare.table({"base": one, "none": one | {"probe_gain": 5.1}}).split("\n")
    assert table[2:] == ["| base | 5.000 | 0.200 |  |", "| none | 5.000 | 0.200 | +5.1 |"]


def test_several_seeds_have_a_mean_and_a_deviation(tmp_path, monkeypatch):
    losses = {1: 4.0, 2: 5.0}
    monkeypatch.setattr(
        compare,
        "run_variant",
        lambda kind, corpus, heldout, place, recipe: {"kind": kind, "loss": losses[recipe.seed], "top1": 0.2},
    )
    found = compare.compare("corpus", "heldout", tmp_path, names=["base"], seeds=(1, 2))["base"]
    assert (found["loss"], found["seeds"]) == (4.5, 2)
    assert found["loss_deviation"] == pytest.approx(0.5**0.5)
    assert compare.table({"base": found}).split("\n")[-1] == "| base | 4.500 ± 0.707 | 0.200 |"
