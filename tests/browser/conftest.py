"""One JupyterLab and one headless Chromium for all tests; where they are missing, tests are skipped."""

import pytest

from tests.browser import start


@pytest.fixture(scope="session")
def make_lab(tmp_path_factory):
    """(the URL that `make lab` opens, function from a notebook's name to its URL, folder of the notebooks)"""
    _or_skip()
    with start.jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as running:
        yield running


@pytest.fixture(scope="session")
def jupyterlab(make_lab):
    """That JupyterLab: (function from a notebook's name to its URL, folder)."""
    return make_lab[1:]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A headless Chromium with an empty profile, whose console and requests are logged."""
    _or_skip()
    with start.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def _or_skip():
    if start.missing():
        pytest.skip(start.missing())
