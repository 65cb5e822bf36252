"""The look of every figure, in one place: palette, template, and the small rules about text.

Colours: Okabe & Ito (2008), told apart in all common kinds of colour blindness, and two darker ones. Lines
and signs take their colours from SERIES, which stand out on white (3:1 or more). The paler ones fill areas:
dark text is read on them, and an outline gives them their shape. A figure never relies on colour alone: a
label, a symbol, a dash or a pattern says the same.
The card is white with dark text in every theme: readable in JupyterLab's light and dark mode alike.
"""

from __future__ import annotations

import html
import textwrap

import plotly.graph_objects as go
import plotly.io as pio

PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermillion": "#D55E00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
    "black": "#000000",
    "brown": "#733217",  # these two are ours: of dark colours the furthest from the others, however seen
    "violet": "#712BD9",
}
NEUTRALS = {"card": "#FFFFFF", "text": "#1F1F1F", "grid": "#E3E3E3", "line": "#767676", "padding": "#DDDDDD"}
SERIES = ("blue", "vermillion", "green", "purple", "brown", "violet", "black")
FILLS = ("sky", "orange")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Arial, sans-serif"
MONO = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

TITLE_SIZE, TEXT_SIZE = 16, 13
_TITLE_CHARACTERS = 40  # a line of the title that fits in a cell 400 pixels wide
_LINE = 21  # pixels that a line of the title takes
_LEGEND_LINE = 24
_MODEBAR = ["zoom", "pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale", "resetScale"]


def series(index: int) -> tuple[str, str, str]:
    """Colour, symbol and dash of the index-th series: three signs for the same thing."""
    i = index % len(SERIES)
    return PALETTE[SERIES[i]], SYMBOLS[i], DASHES[i]


def escaped(text: object) -> str:
    """Text that plotly draws as it stands: a token `<b>` is not a tag, and `$` starts no formula."""
    return html.escape(str(text), quote=False).replace("$", "&#36;")


def heading(title: str) -> str:
    """A title as the first line of a summary: with a colon, unless it ends in a sign of its own."""
    return title if title.endswith((".", "?", "!", ":")) else f"{title}:"


def quoted(word: str) -> str:
    """A word as a summary says it: a comma or a bracket in quotes, so that it isn't read as punctuation."""
    return word if word[:1].isalnum() or word.startswith(("[", "##")) else f'"{word}"'


def wrapped(text: object, width: int = _TITLE_CHARACTERS) -> str:
    """Lines for a title, escaped, joined by <br>: plotly does not wrap by itself."""
    return "<br>".join(escaped(line) for line in textwrap.wrap(str(text), width) or [""])


def percent(p: float) -> str:
    """46%, or with one decimal near the ends (4.6%, 99.3%): as fine as a reader needs, no finer."""
    if p in (0, 1):
        return f"{p:.0%}"
    if 0 < p < 0.0005 or 0.9995 < p < 1:
        return "under 0.1%" if p < 0.5 else "over 99.9%"
    return f"{100 * p:.1f}%" if p < 0.0995 or 0.9905 < p < 1 else f"{100 * p:.0f}%"


def count(n: float) -> str:
    """950272 -> '950k', 12300000 -> '12M': the size of a number, not its digits."""
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if n >= 0.9995 * unit:
            return f"{n / unit:.3g}{letter}"
    return f"{n:g}"


def log_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers between low and high for a logarithmic axis: 1, 2, 5 a decade, or fewer."""
    low, high = float(low), float(high)
    for mantissas in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**k for k in range(-3, 15) for m in mantissas]
        ticks = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
        if len(ticks) <= most:
            break
    return ticks if len(ticks) >= 2 else [low, high]


def _template() -> go.layout.Template:
    axis = {
        "gridcolor": NEUTRALS["grid"],
        "linecolor": NEUTRALS["line"],
        "zerolinecolor": NEUTRALS["grid"],
        "showline": True,
        "ticks": "outside",
        "tickcolor": NEUTRALS["line"],
        "automargin": True,
        "title": {"font": {"size": TEXT_SIZE + 1}, "standoff": 8},
        "tickfont": {"size": TEXT_SIZE},
        "fixedrange": True,  # a finger that scrolls past must not zoom
    }
    return go.layout.Template(
        layout={
            "colorway": [PALETTE[name] for name in SERIES],
            "font": {"family": FONT, "size": TEXT_SIZE, "color": NEUTRALS["text"]},
            "paper_bgcolor": NEUTRALS["card"],
            "plot_bgcolor": NEUTRALS["card"],
            "title": {"font": {"size": TITLE_SIZE}, "x": 0, "xref": "container", "xanchor": "left"},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"font": {"size": TEXT_SIZE, "family": FONT}},
            "legend": {"orientation": "h", "font": {"size": TEXT_SIZE}},
            "dragmode": False,
            "autosize": True,
            "modebar": {"remove": _MODEBAR, "bgcolor": "rgba(0,0,0,0)"},
        }
    )


pio.templates["labkit"] = _template()


def new_layout(
    figure: go.Figure,
    title: str,
    summary: str,
    plot_height: int,
    bottom: int = 56,
    legend_lines: int = 0,
    extra_top: int = 0,
) -> go.Figure:
    """Give the figure its title, template, margins and text alternative; returns the figure.

    plot_height: pixels for the panel itself; bottom: for tick labels and axis title;
    legend_lines: rows of a legend below that (at 400 pixels); extra_top: room for a panel's heading.
    """
    text = wrapped(title)
    more_lines = text.count("<br>")
    top = 14 + _LINE * (more_lines + 1) + 12 + extra_top
    pad = 14 + _LINE // 2 * more_lines  # plotly hangs a title of several lines half a line too high for each
    legend = _LEGEND_LINE * legend_lines
    figure.update_layout(
        template="labkit",
        title={"text": text, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": pad, "l": 14}},
        margin={"t": top, "b": bottom + legend, "l": 14, "r": 18},
        height=top + plot_height + bottom + legend,
        showlegend=legend_lines > 0,
        legend={"yref": "container", "y": 0.008, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        meta={"alt": summary},
    )
    return figure
