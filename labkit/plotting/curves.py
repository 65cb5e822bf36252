"""Curves with their uncertainty: accuracy by number of examples, by layer, and by what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, count, escaped, heading, log_ticks, new_layout, percent, series

if TYPE_CHECKING:
    from labkit.plotting.checking import Numbers, Table

    # The xs in rising order, and (accuracy, low, high) at each.
    Curve = tuple[list[float], list[tuple[float, float, float]]]

_HALF = 0.5  # what guessing gets with two equally frequent classes


def learning_curves(
    curves: Mapping[str, tuple[Numbers, Table]],
    title: str = "Accuracy by number of training examples",
    guessing: float | None = _HALF,
) -> LabFigure:
    """Accuracy against the number of training examples (logarithmic), a line and a band for each classifier.

    curves: {"TF-IDF": (sizes, [(accuracy, low, high), ...]), ...}: accuracies 0..1 with their 95% intervals.
    guessing: where a dotted line marks what guessing gets; None for none.
    """
    rows = {name: _checked_curve(name, curve, low=1) for name, curve in _named(curves, "curves").items()}
    summary = f"{heading(title)}\n" + "\n".join(
        f"{name}: "
        + ", ".join(f"{_said(*row)} with {size:g}" for size, row in zip(sizes, points, strict=True))
        for name, (sizes, points) in rows.items()
    )
    figure = _lines(rows, lambda x: f"{x:g} examples")
    smallest, largest = _ends(rows)
    _guessing_line(figure, guessing, smallest, largest)
    new_layout(figure, title, summary, 330, legend_lines=(len(rows) + 2) // 2)
    ticks = log_ticks(smallest, largest) if largest > smallest else [smallest]
    known = {size for sizes, _ in rows.values() for size in sizes}
    if len(known) <= 7:
        ticks = sorted(known)
    figure.update_xaxes(
        title="training examples (logarithmic)",
        type="log",
        tickvals=ticks,
        ticktext=[count(t) if t >= 10_000 else f"{t:,.0f}" for t in ticks],
    )
    _accuracy_axis(figure, rows, guessing)
    return LabFigure(figure, summary)


def layer_curves(
    curves: Mapping[str, Table], title: str = "Accuracy by layer", guessing: float | None = _HALF
) -> LabFigure:
    """Accuracy of a probe on each layer, a line for each model; layer 0 is the embeddings.

    curves: {"bert-mini": [(accuracy, low, high) for each layer], ...}; the models may differ in depth.
    """
    rows = {}
    for name, points in _named(curves, "curves").items():
        points = _listed(points)
        rows[name] = _checked_curve(name, (list(range(len(points))), points), low=0)
    summary = f"{heading(title)}\n" + "\n".join(
        f"{name}: " + ", ".join(f"layer {k} {_said(*row)}" for k, row in zip(layers, points, strict=True))
        for name, (layers, points) in rows.items()
    )
    figure = _lines(rows, lambda x: f"layer {x}")
    _, deepest = _ends(rows)
    _guessing_line(figure, guessing, 0, deepest)
    new_layout(figure, title, summary, 300, legend_lines=(len(rows) + 2) // 2)
    figure.update_xaxes(title="layer (0: embeddings)", tickvals=list(range(int(deepest) + 1)))
    _accuracy_axis(figure, rows, guessing)
    return LabFigure(figure, summary)


def cost_accuracy(
    points: Mapping[str, tuple[float, float, float, float]],
    title: str = "What does accuracy cost?",
    cost: str = "seconds for 1,000 texts",
    guessing: float | None = _HALF,
) -> LabFigure:
    """A dot for each classifier: what it costs (logarithmic) against how often it is right.

    points: {"TF-IDF": (cost, accuracy, low, high), ...}; cost is any positive number, named by `cost`.
    """
    rows = {}
    for name, point in _named(points, "points").items():
        values = checking.plain(point)
        if len(values) != 4:
            raise LabkitError(
                f"point {name!r} has {len(values)} numbers, expected (cost, accuracy, low, high)."
            )
        [spent] = checking.numbers(f"cost of {name!r}", values[:1], low=0)
        if spent == 0:
            raise LabkitError(f"the cost of {name!r} is 0: a logarithmic axis has no 0. Time it more finely.")
        _, lines = _checked_curve(name, ([1], [values[1:]]), low=0)
        rows[name] = ([spent], lines)
    summary = f"{heading(title)}\n" + "\n".join(
        f"{name}: {_said(*lines[0])} for {spent:.2g} {cost}" for name, ([spent], lines) in rows.items()
    )
    figure = go.Figure()
    for k, (name, ([spent], [(p, low, high)])) in enumerate(rows.items()):
        colour, symbol, _ = series(k)
        figure.add_scatter(
            x=[spent],
            y=[p],
            mode="markers",
            name=escaped(name),
            marker={"color": colour, "symbol": symbol, "size": 12},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - p],
                "arrayminus": [p - low],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[f"{escaped(name)}: {_said(p, low, high)}, {spent:.2g} {escaped(cost)}"],
            hoverinfo="text",
        )
    smallest, largest = _ends(rows)
    _guessing_line(figure, guessing, smallest / 3, largest * 3)
    new_layout(figure, title, summary, 300, legend_lines=(len(rows) + 2) // 2)
    ticks = log_ticks(smallest / 3, largest * 3)
    figure.update_xaxes(
        title=f"{cost} (logarithmic)", type="log", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks]
    )
    _accuracy_axis(figure, rows, guessing)
    return LabFigure(figure, summary)


def _named(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    if not isinstance(values, dict) or not values:
        raise LabkitError(f"{what} is empty or not a dict: give a name for each classifier.")
    return {str(name): value for name, value in values.items()}


def _checked_curve(name: str, curve: Any, low: float) -> Curve:
    """(xs, [(accuracy, low, high), ...]) of plain numbers, in rising order of x."""
    pair = _listed(curve)
    if len(pair) != 2:
        raise LabkitError(f"curve {name!r} must be a pair (sizes, rows), it has {len(pair)} entries.")
    xs = checking.numbers(f"sizes of {name!r}", checking.plain(pair[0]), low=low)
    triples = [checking.plain(row) for row in _listed(pair[1])]
    lists: dict[str, list] = {f"sizes of {name!r}": xs, "accuracies": triples}
    checking.same_length(**lists)
    if any(len(triple) != 3 for triple in triples):
        raise LabkitError(f"curve {name!r} must have a triple (accuracy, low, high) at each point.")
    centres = checking.probabilities(f"accuracies of {name!r}", [t[0] for t in triples])
    lows, highs = checking.intervals_of(f"intervals of {name!r}", [t[1:] for t in triples], centres)
    order = sorted(range(len(xs)), key=lambda k: xs[k])
    xs = [int(xs[k]) if xs[k] == int(xs[k]) else xs[k] for k in order]
    return xs, [(centres[k], lows[k], highs[k]) for k in order]


def _listed(values: Any) -> list[Any]:
    """A list of whatever a list, tuple or array holds, or a message."""
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
        raise LabkitError(f"expected a list, got {type(values).__name__} ({values!r}).")
    return list(values)


def _said(p: float, low: float, high: float) -> str:
    return f"{percent(p)} ({percent(low)} to {percent(high)})"


def _ends(rows: dict[str, Curve]) -> tuple[float, float]:
    """Smallest and largest x over all curves."""
    xs = [x for values, _ in rows.values() for x in values]
    return min(xs), max(xs)


def _lines(rows: dict[str, Curve], where: Callable[[float], str]) -> go.Figure:
    """A figure with a line, markers and a pale band for each curve."""
    figure = go.Figure()
    for k, (name, (xs, points)) in enumerate(rows.items()):
        colour, symbol, dash = series(k)
        # The band is one closed outline: there along the upper ends, back along the lower ones.
        figure.add_scatter(
            x=[*xs, *reversed(xs)],
            y=[*(high for _, _, high in points), *(low for _, low, _ in reversed(points))],
            mode="lines",
            fill="toself",
            fillcolor=colour,
            opacity=0.13,
            line={"width": 0, "color": colour},
            legendgroup=name,
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=xs,
            y=[p for p, _, _ in points],
            mode="lines+markers",
            name=escaped(name),
            legendgroup=name,
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 8},
            hovertext=[
                f"{escaped(name)}, {where(x)}: {_said(*row)}" for x, row in zip(xs, points, strict=True)
            ],
            hoverinfo="text",
        )
    return figure


def _guessing_line(figure: go.Figure, guessing: float | None, start: float, end: float) -> None:
    if guessing is None:
        return
    [guessing] = checking.probabilities("guessing", [guessing])
    figure.add_scatter(
        x=[start, end],
        y=[guessing, guessing],
        mode="lines",
        name="guessing",
        line={"color": NEUTRALS["line"], "width": 1.5, "dash": "dot"},
        hovertext=[f"guessing: {percent(guessing)}"] * 2,
        hoverinfo="text",
    )


def _accuracy_axis(figure: go.Figure, rows: dict[str, Curve], guessing: float | None) -> None:
    """From a little below the lowest (guessing, as a rule) to a little above the highest."""
    lows = [low for _, points in rows.values() for _, low, _ in points] + (
        [] if guessing is None else [guessing]
    )
    highs = [high for _, points in rows.values() for _, _, high in points] + (
        [] if guessing is None else [guessing]
    )
    bottom, top = max(0.0, min(lows) - 0.03), min(1.0, max(highs) + 0.03)
    figure.update_yaxes(title="accuracy on the test texts", tickformat=".0%", range=[bottom, top], nticks=7)
