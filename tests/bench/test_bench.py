"""The bench runs: what it measures is not judged here."""

import pytest

from tests.bench import bench, features, pretraining


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_pretraining_step_is_measured(kind):
    steps = pretraining.Steps(kind, bfloat16=False)
    before = [parameter.detach().clone() for parameter in steps.network.parameters()]
    assert steps.pieces_per_second(step=0) > 0
    after = steps.network.parameters()
    assert any((old != new).any() for old, new in zip(before, after, strict=True))


def test_an_import_is_measured_in_a_fresh_python():
    assert bench.import_seconds("import labkit") > 0


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_features_are_the_pipelines(kind, capsys):
    texts = features.review_texts(40)
    faster, fastest, difference = features.bench_features(kind, texts, turns=1, batch_sizes=(1, 8))
    assert faster > 0 and fastest > 0 and difference < 1e-5
    assert f"features {kind}" in capsys.readouterr().out


def test_there_are_enough_texts_and_none_twice():
    texts = features.review_texts()
    assert len(texts) == len(set(texts)) == features.NUM_TEXTS
