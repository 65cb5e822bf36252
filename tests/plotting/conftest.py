"""Fixtures for the tests of figures."""

import pytest

from tests.plotting.samples import FIGURES, LOG, TEXT


@pytest.fixture(params=sorted(FIGURES))
def drawn(request):
    """(name, figure, what its summary must say), one figure after the other."""
    draw, facts = FIGURES[request.param]
    return request.param, draw(), facts


@pytest.fixture
def log():
    return LOG


@pytest.fixture
def text():
    return TEXT
