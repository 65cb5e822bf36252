"""Two processes under `accelerate launch` against one with twice the batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.messages import LabkitError
from labkit.pretraining.recipe import Recipe
from labkit.pretraining.run import pretrain

ROOT = Path(__file__).parents[2]
STEPS = 12


def launch(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_two_processes_have_the_curve_of_one_with_twice_the_batch(kind, texts, tokenizers, tmp_path):
    for name in ("one", "two"):  # the same tokenizer: training it twice may number its pieces differently
        tokenizers[kind].save_pretrained(tmp_path / name)
    script = [str(Path(__file__).with_name("several.py")), kind, *map(str, texts)]
    launch([sys.executable, *script, str(tmp_path / "one"), "512", str(STEPS)], tmp_path)
    accelerate = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    accelerate += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch([*accelerate, *script, str(tmp_path / "two"), "256", str(STEPS)], tmp_path)

    whole = json.loads((tmp_path / "one" / "losses-0.json").read_text())
    halves = [json.loads((tmp_path / "two" / f"losses-{rank}.json").read_text()) for rank in (0, 1)]
    means = [(a + b) / 2 for a, b in zip(*halves, strict=True)]
    assert len(whole) == len(means) == STEPS
    assert means == pytest.approx(whole, abs=1e-3)
    assert halves[0] != halves[1]  # each saw rows of its own
    records = [json.loads((tmp_path / name / "log.json").read_text())["log"][-1] for name in ("one", "two")]
    assert records[0]["heldout"]["loss"] == pytest.approx(records[1]["heldout"]["loss"], abs=2e-3)


def test_several_processes_need_a_number_of_pieces(texts, tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.pretraining.processes.Processes.__init__", lambda self: None)
    monkeypatch.setattr("labkit.pretraining.processes.Processes.number", 2, raising=False)
    with pytest.raises(LabkitError, match="say --pieces N"):
        pretrain("encoder", *texts, tmp_path, Recipe(pieces=None))
