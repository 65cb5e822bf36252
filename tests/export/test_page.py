"""The page of a notebook: everything in it, nothing asked for, nothing run."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit import plotting
from labkit.export.markdown import Prose, formula, latex_output
from labkit.export.offline import offline
from labkit.export.page import made_here, page, read
from labkit.messages import LabkitError

PLOTLY = "application/vnd.plotly.v1+json"


def shown(data, kind="display_data", **more):
    """The page of a notebook with this one output."""
    cell = new_code_cell("show()", outputs=[new_output(kind, data=data, **more)], execution_count=3)
    return page(new_notebook(cells=[cell]), "mine")


def test_title_headings_and_prose():
    cells = [
        new_markdown_cell("# On `masks` & more"),
        new_markdown_cell("## Why?\n\ntext\n\n## Why?\n\n- a\n- b"),
    ]
    text = page(new_notebook(cells=cells), "mine")
    assert "<title>On masks &amp; more</title>" in text
    assert '<h2 id="why">' in text and '<h2 id="why-2">' in text and '<a href="#why-2">Why?</a>' in text
    assert "<li>a</li>" in text
    assert "<title>mine</title>" in page(new_notebook(cells=cells[1:]), "mine")


def test_code_and_its_outputs_as_they_are():
    outputs = [
        new_output("stream", text="a < b \x1b[31mred\x1b[0m\n"),
        new_output("stream", name="stderr", text="a warning\n"),
        new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: <no>"]),
        new_output("display_data", data={"image/png": "QUJD", "text/plain": "<a picture>"}),
        new_output("display_data", data={"text/markdown": "| a |\n|---|\n| **b** |"}),
        new_output("execute_result", data={"text/plain": "'<c>'"}, execution_count=3),
    ]
    text = page(new_notebook(cells=[new_code_cell("x = 1  # <", outputs=outputs, execution_count=3)]), "mine")
    assert "In [3]" in text and "# &lt;" in text
    assert "a &lt; b <span" in text and "red</span>" in text
    assert '<div class="output stderr"><pre>a warning' in text
    assert '<div class="output error"><pre>ValueError: &lt;no&gt;' in text
    assert '<img alt="&lt;a picture&gt;" src="data:image/png;base64,QUJD">' in text
    assert "<strong>b</strong>" in text and "&#39;&lt;c&gt;&#39;" in text


def test_figures_bring_plotly_and_its_absence_saves_megabytes():
    made = plotting.probability_bars(["</script><b>"], [0.5])
    text = shown({PLOTLY: made.figure.to_plotly_json(), "text/plain": made.summary, "image/png": "QUJD"})
    assert text.count('<div class="figure">') == 1 and len(text) > 1_000_000
    assert "</script><b>" not in text and "QUJD" not in text
    assert len(shown({"text/plain": "no figure"})) < 20_000


def test_colab_s_figures_have_plotly_too():
    html = '<script src="https://cdn.plot.ly/plotly.js"></script><script>Plotly.newPlot("x")</script>'
    text = shown({"text/html": html})
    assert (
        "https://cdn.plot.ly/plotly.js" not in text
        and 'Plotly.newPlot("x")' in text
        and len(text) > 1_000_000
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<img src="https://a.b/c.png" alt="a cat">', '<a href="https://a.b/c.png">a cat</a>'),
        ('<img src="//a.b/c.png">', '<a href="//a.b/c.png">//a.b/c.png</a>'),
        ("<script src=http://a.b/c.js></script>x", "x"),
        ('<link rel="stylesheet" href="https://a.b/c.css">x', "x"),
        ('<iframe src="https://a.b/" title="a film"></iframe>', '<a href="https://a.b/">a film</a>'),
        ('<a href="https://a.b/">a link</a>', '<a href="https://a.b/">a link</a>'),
        (
            '<img src="data:image/png;base64,QUJD" alt="ours">',
            '<img src="data:image/png;base64,QUJD" alt="ours">',
        ),
    ],
)
def test_what_would_fetch_is_taken_out(before, after):
    assert offline(before) == after


def test_the_page_may_ask_for_nothing():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', shown({"text/plain": "x"}))[1]
    assert policy.startswith("default-src 'none';") and "http" not in policy and "*" not in policy


def test_pictures_named_in_prose_are_inside(tmp_path):
    (tmp_path / "cat.svg").write_text("<svg/>", encoding="utf-8")
    html = Prose(tmp_path).html('![a cat](cat.svg)\n\n![gone](gone.png)\n\n<img src="cat.svg" alt="b">')
    assert html.count("data:image/svg+xml;base64,") == 2 and 'alt="a cat"' in html
    inside = {"cat.png": {"image/png": "QUJD"}}
    assert "data:image/png;base64,QUJD" in Prose(tmp_path).html("![a](attachment:cat.png)", inside)


def test_formulas_are_mathml():
    html = Prose(".").html("Scores $q k^\\top / \\sqrt{d}$ and\n\n$$\\sum_{i<j} p_i$$\n\n`$HOME` costs \\$5.")
    assert html.count("<math") == 2 and 'display="inline"' in html and 'display="block"' in html
    assert "<msqrt>" in html and "<code>$HOME</code>" in html and "costs $5" in html
    aligned = Prose(".").html("\\begin{align}a &= b\\\\ c &= d\\end{align}")
    assert "<mtable" in aligned
    assert latex_output(r"$\displaystyle x^2$").count("<msup>") == 1
    assert latex_output(r"\begin{pmatrix}1 & 2\end{pmatrix}").count("<mtd") == 2


def test_a_formula_that_cannot_be_read_stays_as_it_was_written():
    assert formula("<b>_{") == "<code>&lt;b&gt;_{</code>"


def test_the_notebook_is_left_alone(tmp_path):
    path = tmp_path / "mine.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("a")]), path)
    before = path.read_bytes()
    page(read(path), "mine", tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"nbformat": 4}'])
def test_what_is_no_notebook_is_said_plainly(tmp_path, content):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(content)
    with pytest.raises(LabkitError, match="not a notebook|not plain text"):
        read(path)
    with pytest.raises(LabkitError, match="can't be read"):
        read(tmp_path / "none.ipynb")


def test_a_page_of_ours_is_known(tmp_path):
    ours, other = tmp_path / "ours.html", tmp_path / "other.html"
    ours.write_text(shown({"text/plain": "x"}), encoding="utf-8")
    other.write_text("<p>mine", encoding="utf-8")
    assert made_here(ours) and not made_here(other)
