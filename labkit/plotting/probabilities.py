"""Bars for what a model puts into the blank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import (
    NEUTRALS,
    PALETTE,
    TEXT_SIZE,
    escaped,
    heading,
    new_layout,
    percent,
    quoted,
    wrapped,
)

if TYPE_CHECKING:
    from labkit.plotting.checking import Numbers

_BAR = 30  # pixels a bar takes
_MARK = " ★"  # next to the highlighted word: the colour alone would not do


def _checked(words: Sequence[str], probs: Numbers, name: str = "probs") -> tuple[list[str], list[float]]:
    words = [str(w) for w in checking.plain(words)]
    probs = checking.probabilities(name, probs)
    checking.same_length(words=words, probs=probs)
    return words, probs


def _listed(words: list[str], probs: list[float], highlight: str | None) -> str:
    starred = [quoted(word) + (_MARK if word == highlight else "") for word in words]
    return ", ".join(f"{word} {percent(p)}" for word, p in zip(starred, probs, strict=True))


def bars(words: list[str], probs: list[float], highlight: str | None = None) -> go.Bar:
    """The trace: one bar a word, its percentage at the end."""
    return go.Bar(
        orientation="h",
        y=list(range(len(words))),
        x=probs,
        width=0.7,
        marker={
            "color": [PALETTE["orange"] if w == highlight else PALETTE["sky"] for w in words],
            "line": {"color": NEUTRALS["line"], "width": 1},
        },
        text=[percent(p) for p in probs],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": TEXT_SIZE, "color": NEUTRALS["text"]},
        hovertext=[f"{escaped(w)}: {percent(p)}" for w, p in zip(words, probs, strict=True)],
        hoverinfo="text",
    )


def word_axis(words: list[str], highlight: str | None = None) -> dict[str, Any]:
    """A y axis with the words at 0, 1, 2, ... from the top: positions, so that a word may come twice."""
    starred = [escaped(quoted(w)) + (_MARK if w == highlight else "") for w in words]
    return {
        "tickvals": list(range(len(words))),
        "ticktext": starred,
        "range": [len(words) - 0.4, -0.6],
        "ticks": "",
        "showgrid": False,
    }


def probability_axis(highest: float) -> dict[str, Any]:
    """An x axis from 0 that leaves room for the longest bar's label at 400 pixels."""
    return {
        "range": [0, 1.34 * max(highest, 0.01)],
        "tickformat": ".0%" if highest > 0.03 else ".1%",
        "nticks": 5,
    }


def probability_bars(
    words: Sequence[str], probs: Numbers, title: str = "What the model expects", highlight: str | None = None
) -> LabFigure:
    """Horizontal bars, in the order given; the word `highlight` (the true one, say) gets a star and a colour.

    words: strings; probs: as many probabilities, 0..1.
    """
    words, probs = _checked(words, probs)
    summary = f"{heading(title)} {_listed(words, probs, highlight)}"
    figure = go.Figure(bars(words, probs, highlight))
    new_layout(figure, title, summary, _BAR * len(words) + 14)
    figure.update_xaxes(title="probability", **probability_axis(max(probs)))
    figure.update_yaxes(title="word", **word_axis(words, highlight))
    return LabFigure(figure, summary)


def compare_bars(
    panels: Mapping[str, tuple[Sequence[str], Numbers]],
    title: str = "The same blank, seen differently",
    highlight: str | None = None,
) -> LabFigure:
    """Panels of bars on one scale, one below the other: {"full context": (words, probs), ...}."""
    if not isinstance(panels, dict) or not panels:
        raise LabkitError('panels is empty or not a dict: give {"full context": (words, probs), ...}.')
    checked = {}
    for name, panel in panels.items():
        if not isinstance(panel, (tuple, list)) or len(panel) != 2:
            raise LabkitError(f"panel {name!r} must be a pair (words, probs), got {type(panel).__name__}.")
        checked[name] = _checked(panel[0], panel[1], f"probs of {name!r}")
    lines = [f"{name}: {_listed(words, probs, highlight)}" for name, (words, probs) in checked.items()]
    summary = f"{heading(title)}\n" + "\n".join(lines)

    rows = [len(words) for words, _ in checked.values()]
    gap = 38  # pixels between panels: the next one's heading
    height = _BAR * sum(rows) + gap * (len(rows) - 1)
    figure = make_subplots(
        rows=len(rows),
        cols=1,
        shared_xaxes=True,
        row_heights=rows,
        vertical_spacing=gap / height if len(rows) > 1 else 0,
        subplot_titles=[wrapped(name) for name in checked],
    )
    highest = max(max(probs) for _, probs in checked.values())
    for row, (words, probs) in enumerate(checked.values(), start=1):
        figure.add_trace(bars(words, probs, highlight), row=row, col=1)
        figure.update_yaxes(title="", row=row, col=1, **word_axis(words, highlight))
    figure.update_annotations(x=0, xanchor="left", font={"size": TEXT_SIZE + 1})
    new_layout(figure, title, summary, height, extra_top=22)
    figure.update_xaxes(**probability_axis(highest))
    figure.update_xaxes(title="probability", row=len(rows), col=1)
    figure.update_yaxes(title="word", row=(len(rows) + 1) // 2, col=1)
    return LabFigure(figure, summary)
