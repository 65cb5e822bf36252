"""The bench runs: what it measures is not judged here."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from labkit.authoring.project import Project
from tests.bench import bench, features, notebooks, pretraining

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_pretraining_step_is_measured(kind):
    steps = pretraining.Steps(kind, bfloat16=False)
    before = [parameter.detach().clone() for parameter in steps.network.parameters()]
    assert steps.pieces_per_second(step=0) > 0
    after = steps.network.parameters()
    assert any((old != new).any() for old, new in zip(before, after, strict=True))


def test_memory_is_that_of_a_process_of_its_own():
    early, end = pretraining.alone(pretraining.memory_of_steps, "encoder", 3, 1)
    assert 1e8 < early and 1e8 < end < 4e9


def test_an_import_is_measured_in_a_fresh_python():
    assert bench.import_seconds("import labkit") > 0


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_features_are_the_pipelines(kind, capsys):
    texts = features.review_texts(40)
    ratios, difference = features.bench_features(kind, texts, turns=1, batch_sizes=(1, 8))
    assert len(ratios) == 3 and min(ratios.values()) > 0 and difference < 1e-5
    assert f"features {kind}" in capsys.readouterr().out


def test_there_are_enough_texts_and_none_twice():
    texts = features.review_texts()
    assert len(texts) == len(set(texts)) == features.NUM_TEXTS


def test_a_notebooks_memory_is_that_of_its_kernel():
    text = writes(new_notebook(cells=[new_code_cell("block = b'x' * 300_000_000\ndel block")]))
    seconds, computing, peak = notebooks.measure(text, ROOT)
    assert seconds > 0 and computing >= 0 and 3e8 < peak < 3e9


def test_a_notebook_that_fails_is_not_measured():
    text = writes(new_notebook(cells=[new_code_cell("1 / 0")]))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        notebooks.measure(text, ROOT)


def test_every_lab_is_measured_and_said(monkeypatch, capsys):
    project, turns = Project(ROOT), iter([(59.0, 61.0, 1.19e9), (61.0, 40.0, 1e9), (10.0, 9.0, 1.3e9)])
    monkeypatch.setattr(notebooks, "measure", lambda text, root: next(turns, (1.0, 1.0, 1e8)))
    measured = notebooks.bench_notebooks(project=project)
    lines = capsys.readouterr().out.splitlines()
    assert list(measured) == project.slugs() and len(lines) == len(measured)
    verdicts = ["OVER" if "OVER" in line else "within" for line in lines]
    assert verdicts[:3] == ["within", "OVER", "OVER"] and set(verdicts[3:]) == {"within"}
    assert "61 s (40 s of computing), 1.00 GB" in lines[1]
