"""What a figure and a view hand to other front ends than JupyterLab, and whom those would ask for more."""

import os
import re
import subprocess
import sys
from pathlib import Path

import plotly.io as pio
import pytest
from plotly.offline import get_plotlyjs_version

from tests.plotting.samples import FIGURES

PLOTLY = "application/vnd.plotly.v1+json"
ROOT = Path(__file__).parents[2]
CDN = f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js"

# A kernel as plotly sees it: in IPython's shell, with Colab's module and its variable.
ON_COLAB = """
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
import google.colab
import plotly.io

import labkit
from labkit import views
from tests.plotting.samples import FIGURES

assert plotly.io.renderers.default == "colab", plotly.io.renderers.default
shown = []
shell.display_pub.publish = lambda data, **more: shown.append(data)
draw, _ = FIGURES["probability_bars"]
figure = draw()
figure.show()
assert "Plotly.newPlot" in shown[0]["text/html"] and shown[0]["text/plain"] == figure.summary
shown.clear()
for kind in (views.head_view, views.neuron_view):
    kind(labkit.load("bert"), "The cat sat.").show()
assert [data["text/html"].count("DecompressionStream") for data in shown] == [1, 1], "each is a page"
print("drawn")
"""


@pytest.fixture
def under(monkeypatch):
    """Call with a renderer's name: the mime bundle of a figure under it."""
    before = pio.renderers.default

    def bundle(renderer):
        # The notebook renderers put plotly's script on the page when they are first used.
        monkeypatch.setattr("IPython.display.display", lambda *things, **more: None)
        monkeypatch.setattr("IPython.display.display_html", lambda *things, **more: None, raising=False)
        pio.renderers.default = renderer
        draw, _ = FIGURES["probability_bars"]
        return draw()._repr_mimebundle_()

    yield bundle
    pio.renderers.default = before


def asked_for(html):
    """The addresses that a page's elements and imports name."""
    return set(re.findall(r"""(?:src|href|import)\s*=?\s*["']?(https?://[^"'> ]+)""", html))


@pytest.mark.parametrize("renderer", ["plotly_mimetype", "jupyterlab", "vscode", "nteract"])
def test_front_ends_with_a_plotly_of_their_own_get_data_and_words(under, renderer):
    bundle = under(renderer)
    assert set(bundle) == {PLOTLY, "text/plain"}
    assert bundle[PLOTLY]["config"]["responsive"] is False


def test_a_front_end_that_knows_no_plotly_shows_the_words(under):
    draw, _ = FIGURES["probability_bars"]
    assert under("plotly_mimetype")["text/plain"] == draw().summary


def test_the_classic_notebook_asks_nobody(under):
    html = under("notebook")["text/html"]
    assert "newPlot" in html and asked_for(html) == set()


@pytest.mark.parametrize("renderer", ["colab", "kaggle", "azure", "notebook_connected"])
def test_where_each_output_is_a_page_plotly_comes_from_its_own_cdn_and_nothing_else(under, renderer):
    bundle = under(renderer)
    assert set(bundle) == {"text/html", "text/plain"}
    assert "newPlot" in bundle["text/html"] and asked_for(bundle["text/html"]) == {CDN}
    assert "integrity=" in bundle["text/html"], "and only as it was when this plotly was released"


def test_on_colab_figures_and_views_draw_in_outputs_that_are_pages(tmp_path):
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    environment = {
        **os.environ,
        "COLAB_NOTEBOOK_ID": "a notebook",
        "IPYTHONDIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    done = subprocess.run(
        [sys.executable, "-c", ON_COLAB], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("drawn"), done.stdout + done.stderr
