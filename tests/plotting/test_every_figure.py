"""What holds for every figure: title, axes, palette, text alternative, display."""

import html
import json
import re
import subprocess
import sys

import plotly.io as pio
import pytest

from labkit import plotting
from labkit.plotting import theme
from tests.plotting.samples import FIGURES

_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}\b|\brgba?\([^)]*\)")
_ALLOWED = {c.upper() for c in [*theme.PALETTE.values(), *theme.NEUTRALS.values()]}


def _strings(value, key=""):
    """Every (key, string) inside a nested figure."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from _strings(v, k)
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from _strings(v, key)
    elif isinstance(value, str):
        yield key, value


def test_colours_come_from_the_palette(drawn):
    _, made, _ = drawn
    figure = made.figure.to_plotly_json()
    colours = [c for key, s in _strings(figure) if "color" in key for c in _COLOUR.findall(s) or [s]]
    assert colours, "a figure without any colour checks nothing"
    assert {c.upper() for c in colours} <= _ALLOWED | {"RGBA(0,0,0,0)"}


def test_title_axes_and_template(drawn):
    name, made, _ = drawn
    layout = made.figure.layout
    assert layout.title.text
    assert layout.template.layout.paper_bgcolor == theme.NEUTRALS["card"]
    if name.startswith("token_strip"):  # a strip of boxes has no axes
        assert not layout.xaxis.visible and not layout.yaxis.visible
        return
    named = [axis.title.text for axis in made.figure.select_xaxes()]
    assert any(named), "no x axis says what it shows"
    assert all(axis.title.text or axis.ticktext for axis in made.figure.select_yaxes())


def test_names_that_look_like_numbers_stay_names():
    """With "-1" among them plotly would take all for numbers, and put "itself" nowhere."""
    made, _ = FIGURES["share_matrix_of_offsets"]
    layout = made().figure.layout
    assert layout.xaxis.type == layout.yaxis.type == "category"


def test_text_is_large_enough(drawn):
    def sizes(value, key=""):
        if isinstance(value, dict):
            for k, v in value.items():
                if k == "size" and "font" in key:
                    yield v
                yield from sizes(v, k)
        elif isinstance(value, (list, tuple)):
            for v in value:
                yield from sizes(v, key)

    found = list(sizes(drawn[1].figure.to_plotly_json()))
    assert found and min(found) >= 13


def test_summary_says_the_main_numbers_and_is_stable(drawn):
    name, made, facts = drawn
    for fact in facts:
        assert fact in made.summary
    assert FIGURES[name][0]().summary == made.summary == repr(made)
    assert made.figure.layout.meta["alt"] == made.summary
    assert not re.search(r"\d\.\d{3,}", made.summary), "too fine for a comparison on another machine"


def test_width_is_left_to_the_page(drawn):
    layout = drawn[1].figure.layout
    assert layout.width is None and layout.template.layout.autosize
    assert 100 < layout.height < 800
    assert layout.margin.l + layout.margin.r < 200, "at 400 pixels the data need room"
    assert max(len(line) for line in layout.title.text.split("<br>")) <= 45


@pytest.fixture
def renderer():
    before = pio.renderers.default
    yield lambda name: setattr(pio.renderers, "default", name)
    pio.renderers.default = before


def test_bundle_in_jupyterlab(drawn, renderer):
    renderer("plotly_mimetype")
    bundle = drawn[1]._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.plotly.v1+json", "text/plain"}
    assert bundle["text/plain"] == drawn[1].summary
    stored = json.loads(json.dumps(bundle["application/vnd.plotly.v1+json"]))
    assert stored["config"]["responsive"] is False, "JupyterLab drops the height of a responsive figure"
    assert stored["layout"]["meta"]["alt"] == drawn[1].summary


def test_bundle_in_colab_is_html_with_a_label(renderer):
    renderer("colab")
    made = plotting.probability_bars(["a"], [0.5], title='Is it "b" <i>?')
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == made.summary
    label = 'aria-label="Is it &quot;b&quot; &lt;i&gt;?"'
    assert bundle["text/html"].startswith(f'<div role="figure" {label}')


def test_display_is_the_drawing_and_its_words(drawn, renderer, monkeypatch):
    renderer("plotly_mimetype")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    drawn[1]._ipython_display_()
    drawing, words = shown
    assert drawing == drawn[1]._repr_mimebundle_()
    assert set(words) == {"text/html"}, "a front end without HTML has the words already, with the drawing"
    [said] = re.findall(r"<details>.*?<pre[^>]*>(.*?)</pre></details>", words["text/html"], re.DOTALL)
    assert html.unescape(said) == drawn[1].summary
    assert f'data-title="{html.escape(drawn[1].title)}"' in words["text/html"]
    assert len(words["text/html"]) - len(said) < 4000, "every figure of a notebook carries this"


def test_display_is_the_words_alone_where_nothing_draws(renderer, monkeypatch):
    renderer("")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    made = plotting.probability_bars(["a"], [0.5])
    made._ipython_display_()
    assert shown == [{"text/plain": made.summary}]


def test_bundle_without_a_renderer_is_the_text(renderer):
    renderer("")
    made = plotting.probability_bars(["a"], [0.5])
    assert made._repr_mimebundle_() == {"text/plain": made.summary}


def test_show_outside_a_notebook_prints_the_summary(capsys):
    made = plotting.probability_bars(["a"], [0.5])
    made.show()
    assert capsys.readouterr().out.strip() == made.summary


def test_show_in_a_notebook_displays_figure_and_summary(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    made = plotting.probability_bars(["a"], [0.5])
    made.show()
    assert shown == [made]


def test_saved_page_stands_alone(tmp_path):
    made = plotting.probability_bars(["a", "</figcaption><script>"], [0.5, 0.2], title='Say "<a>"')
    page = made.save_html(tmp_path / "new folder" / "bars.html").read_text(encoding="utf-8")
    assert "<title>Say &quot;&lt;a&gt;&quot;</title>" in page
    assert page.count("</figcaption>") == 1
    assert "&lt;/figcaption&gt;&lt;script&gt;" in page
    assert len(page) > 1_000_000, "plotly's script must be inside"
    assert '"responsive": true' in page, "a page follows its window"
    assert not re.search(r"<script[^>]*\ssrc=", page)


def test_figures_are_small():
    sizes = {name: len(draw().figure.to_json()) for name, (draw, _) in FIGURES.items()}
    assert max(sizes.values()) < 12_000, sizes


def test_the_students_own_figures_keep_their_template():
    code = (
        "import plotly.io as pio; before = pio.templates.default; from labkit import plotting; "
        "plotting.probability_bars(['a'], [1.0]); assert pio.templates.default == before == 'plotly'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_is_cheap():
    code = (
        "import sys, labkit, labkit.plotting; labkit.plotting.LabFigure; "
        "assert not {'plotly', 'torch', 'transformers', 'pandas'} & set(sys.modules); "
        "labkit.plotting.training_curve; assert 'plotly' in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(dir(plotting)) >= {"LabFigure", "token_strip", "learning_slider", "accuracy_bars"}
    with pytest.raises(AttributeError, match="it has LabFigure, accuracy_bars"):
        plotting.pie_chart  # noqa: B018
