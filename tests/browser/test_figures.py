"""Every figure drawn in Chromium, wide and narrow: no word is cut off, none lies on another.

The page stands alone: plotly's script and the figures, no JupyterLab.
"""

import json

import pytest
from plotly.offline import get_plotlyjs

from tests.plotting.samples import FIGURES

WIDE, NARROW = 1280, 400  # pixels of an output
# What a text occupies: its box without the room that a line leaves above and below its letters.
MEASURE = """
const shrunk = (text) => {
  const box = text.getBBox(), to = text.getScreenCTM();
  const [x0, x1] = [box.x + 1, box.x + box.width - 1];
  const [y0, y1] = [box.y + 2, box.y + box.height - 3];
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(([x, y]) => {
    const at = new DOMPoint(x, y).matrixTransform(to);
    return [at.x, at.y];
  });
};
const drawn = document.getElementById(arguments[0]);
const frame = drawn.getBoundingClientRect();
const seen = (text) => text.textContent.trim() && text.checkVisibility({opacityProperty: true,
  visibilityProperty: true}) && text.getBBox().width > 2;
return [...drawn.querySelectorAll(".main-svg text")].filter(seen).map((text) =>
  [text.textContent, shrunk(text).map(([x, y]) => [x - frame.x, y - frame.y])])
"""


# The labels of every axis of numbers whose ticks plotly chooses.
TICKS = """
const layout = document.getElementById(arguments[0])._fullLayout;
const chosen = (axis) => axis && ["linear", "log"].includes(axis.type) && axis.tickmode === "auto";
return Object.keys(layout).filter((key) => /^[xy]axis\\d*$/.test(key) && chosen(layout[key]) &&
  layout[key].showticklabels).map((key) => [key, layout[key]._vals.map((tick) => tick.text).filter(Boolean)])
"""


@pytest.fixture(scope="module")
def figures(chromium, tmp_path_factory):
    """Every figure on a page: a function that draws them at a width and gives name -> [(text, corners)]."""
    specs = {name: draw().figure.to_json() for name, (draw, _) in FIGURES.items()}
    heights = {name: json.loads(spec)["layout"]["height"] for name, spec in specs.items()}
    boxes = "".join(f'<div id="{name}"></div>' for name in specs)
    drawing = "".join(
        f"Plotly.newPlot({json.dumps(name)}, {spec.replace('</', '<' + chr(92) + '/')});"
        for name, spec in specs.items()
    )
    page = tmp_path_factory.mktemp("figures") / "figures.html"
    page.write_text(
        '<!doctype html><meta charset="utf-8"><body style="margin:0">'
        f"<script>{get_plotlyjs()}</script>{boxes}"
        f"<script>document.body.style.width = '{WIDE}px';{drawing}</script>",
        encoding="utf-8",
    )
    chromium.get_log("browser")  # what earlier tests have left
    chromium.get(page.as_uri())

    def at(width):
        chromium.set_script_timeout(120)
        failed = chromium.execute_async_script(
            "const [width, done] = arguments; document.body.style.width = `${width}px`;"
            "Promise.all([...document.querySelectorAll('.js-plotly-plot')].map(p => Plotly.Plots.resize(p)))"
            ".then(() => done(null), (error) => done(String(error)))",
            width,
        )
        assert failed is None
        assert [entry["message"] for entry in chromium.get_log("browser")] == []
        return {name: (heights[name], chromium.execute_script(MEASURE, name)) for name in specs}

    return at


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_text_is_cut_off_or_covers_another(figures, width):
    faults = []
    for name, (height, texts) in figures(width).items():
        assert len(texts) > 2, f"{name}: hardly a word is drawn"
        for text, corners in texts:
            if not all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for x, y in corners):
                faults.append(f"{name}: {text!r} is cut off {corners}")
        for k, (text, corners) in enumerate(texts):
            for other, others in texts[:k]:
                if overlap(corners, others):
                    faults.append(f"{name}: {text!r} lies on {other!r}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_axis_says_one_number_twice(figures, chromium, width):
    seen = 0
    for name in figures(width):
        for axis, labels in chromium.execute_script(TICKS, name):
            seen += len(labels)
            assert len(set(labels)) == len(labels), f"{name}, {axis}: {labels}"
    assert seen > 100


def overlap(one, other):
    """Whether two convex shapes share any area: no edge of theirs separates them."""
    for shape in (one, other):
        for (x0, y0), (x1, y1) in zip(shape, [*shape[1:], shape[0]], strict=True):
            across = lambda point, x0=x0, y0=y0, x1=x1, y1=y1: (
                (point[0] - x0) * (y1 - y0) - (point[1] - y0) * (x1 - x0)
            )
            sides = [[across(point) for point in points] for points in (one, other)]
            if max(sides[0]) <= min(sides[1]) or max(sides[1]) <= min(sides[0]):
                return False
    return True


def test_overlap_knows_what_it_is():
    square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    beside = [[2.1, 0], [4, 0], [4, 2], [2.1, 2]]
    turned = [[3, 1], [4, 2], [3, 3], [2, 2]]  # its bounding box touches, it does not
    inside = [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]
    assert not overlap(square, beside) and not overlap(square, turned)
    assert overlap(square, inside) and overlap(inside, square) and overlap(turned, beside)
