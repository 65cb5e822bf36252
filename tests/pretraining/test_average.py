"""Between two sets of weights: what is taken from which, what is measured anew, and what is refused."""

import json
from dataclasses import replace

import pytest
import torch

from labkit.messages import LabkitError
from labkit.pretraining import average
from labkit.pretraining.publish import publish
from labkit.pretraining.recipe import Recipe
from labkit.pretraining.run import pretrain, read_network

RECIPE = Recipe(minutes=60, pieces=2048, lengths=((16, 1),), pieces_per_step=256, warmup_pieces=256)


@pytest.fixture(scope="module", params=["encoder", "decoder"])
def runs(request, texts, tmp_path_factory):
    """(folder with models/ and the run "second", kind): a model and a run that went on from it."""
    from labkit.pretraining import run
    from tests.tiny_corpus import TINY

    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "SHAPE", TINY)
        pretrain(request.param, *texts, folder / "first", RECIPE, threads=1)
        parent = publish(folder / "first", folder / "models")
        again = replace(RECIPE, learning_rate=1e-2)
        pretrain(request.param, *texts, folder / "second", again, parent=parent, threads=1)
    return folder, request.param


def paths(folder, kind):
    return folder / "second", folder / "models" / ("bert-mini" if kind == "encoder" else "gpt-mini")


def test_every_weight_lies_where_it_should(runs, texts, tmp_path):
    folder, kind = runs
    run_folder, parent = paths(folder, kind)
    average.average(run_folder, parent, 0.75, texts[1], tmp_path / "new")
    ours, theirs, between = (
        dict(read_network(kind, place).named_parameters())
        for place in (run_folder / "model", parent, tmp_path / "new" / "model")
    )
    moved = 0
    for name, weight in between.items():
        expected = 0.75 * ours[name] + 0.25 * theirs[name]
        assert torch.allclose(weight, expected, atol=2e-3), name  # float16 in the files
        moved += not torch.allclose(ours[name], theirs[name], atol=2e-3)
    assert moved


def test_it_is_measured_anew_and_can_be_published(runs, texts, tmp_path):
    folder, kind = runs
    run_folder, parent = paths(folder, kind)
    before = json.loads((run_folder / "log.json").read_text())
    entry = average.average(run_folder, parent, 0.5, texts[1], tmp_path / "new")
    record = json.loads((tmp_path / "new" / "log.json").read_text())
    assert record["log"][:-1] == before["log"] and record["log"][-1] == entry
    assert entry["heldout"]["loss"] != before["log"][-1]["heldout"]["loss"]
    assert entry["pieces"] == before["log"][-1]["pieces"]
    card = (publish(tmp_path / "new", tmp_path / "models") / "README.md").read_text()
    assert "- Then 0.5 of these weights and 0.5 of those" in card


def test_nothing_is_overwritten(runs, texts, tmp_path):
    run_folder, parent = paths(*runs)
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(LabkitError, match="is there already"):
        average.average(run_folder, parent, 0.5, texts[1], tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_missing_or_of_another_kind_is_said(runs, texts, tmp_path):
    folder, kind = runs
    run_folder, parent = paths(folder, kind)
    with pytest.raises(LabkitError, match="no finished model"):
        average.average(tmp_path, parent, 0.5, texts[1], tmp_path / "new")
    with pytest.raises(LabkitError, match="not the folder of a published model"):
        average.average(run_folder, tmp_path, 0.5, texts[1], tmp_path / "new")
    (tmp_path / "other").mkdir()
    other = "decoder" if kind == "encoder" else "encoder"
    theirs = json.loads((parent / "pretraining.json").read_text()) | {"kind": other}
    (tmp_path / "other" / "pretraining.json").write_text(json.dumps(theirs))
    with pytest.raises(LabkitError, match=rf"\({kind}\) and the parent \({other}\)"):
        average.average(run_folder, tmp_path / "other", 0.5, texts[1], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_models_of_different_shapes_are_refused():
    one, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 4)
    with pytest.raises(LabkitError, match="not of one shape: they differ in weight"):
        average.average_weights(one, other, 0.5)


def test_the_command_says_what_it_measured(runs, texts, tmp_path, capsys):
    run_folder, parent = paths(*runs)
    options = ["--parent", parent, "--share", "0.6", "--heldout", texts[1], "--output", tmp_path / "new"]
    average.main([str(word) for word in (run_folder, *options)])
    assert "on held-out text: loss" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        average.main([str(word) for word in (run_folder, *options[:3], "1.5", *options[4:])])
    assert "share between 0 and 1" in capsys.readouterr().err
