"""The bench runs: what it measures is not judged here."""

import pytest

from tests.bench import bench, pretraining


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_pretraining_step_is_measured(kind):
    steps = pretraining.Steps(kind, bfloat16=False)
    before = [parameter.detach().clone() for parameter in steps.network.parameters()]
    assert steps.pieces_per_second(step=0) > 0
    after = steps.network.parameters()
    assert any((old != new).any() for old, new in zip(before, after, strict=True))


def test_an_import_is_measured_in_a_fresh_python():
    assert bench.import_seconds("import labkit") > 0
