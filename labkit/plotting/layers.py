"""A measurement layer by layer, for several models or readers at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, escaped, heading, new_layout, percent, series

if TYPE_CHECKING:
    from labkit.plotting.checking import Numbers, Table

    Ends = list[tuple[float, float]]


def layer_lines(
    values: Mapping[str, Numbers],
    title: str,
    y_title: str,
    intervals: Mapping[str, Table] | None = None,
    reference: tuple[float, str] | None = None,
    shares: bool = False,
) -> LabFigure:
    """A line for each name over the layers 0, 1, 2, ... (layer 0 is the embeddings).

    values: {"bert-mini": [one number a layer], ...}, all equally long.
    intervals: {"bert-mini": [(low, high), ...]}, drawn as bars.
    reference: (number, what it is), such as (0.5, "chance"): a dotted line.
    shares: the numbers are shares (0..1), written in percent; else with two decimals.
    """
    rows = _checked(values, shares)
    all_ends = _intervals(rows, intervals)
    say = percent if shares else lambda v: f"{v:.2f}"
    layers = list(range(len(next(iter(rows.values())))))

    figure, lines = go.Figure(), []
    for k, (name, row) in enumerate(rows.items()):
        colour, symbol, dash = series(k)
        ends = all_ends.get(name)
        shown = [
            say(v) + (f" ({say(ends[i][0])} to {say(ends[i][1])})" if ends else "") for i, v in enumerate(row)
        ]
        lines.append(f"{name}: " + ", ".join(shown))
        figure.add_scatter(
            x=layers,
            y=row,
            mode="lines+markers",
            name=escaped(name),
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 9},
            error_y=_bars(row, ends, colour),
            hovertext=[f"{escaped(name)}, layer {i}: {text}" for i, text in enumerate(shown)],
            hoverinfo="text",
        )
    summary = f"{heading(title)} layers 0 to {layers[-1]}\n" + "\n".join(lines)
    legend = len(rows)
    if reference is not None:
        number, what = reference
        (number,) = checking.numbers("reference", [number])
        summary += f"\n{what}: {say(number)}"
        legend += 1
        figure.add_scatter(
            x=[layers[0], layers[-1]],
            y=[number, number],
            mode="lines",
            name=escaped(what),
            line={"color": NEUTRALS["line"], "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )
    new_layout(figure, title, summary, 280, legend_lines=legend if legend > 2 else 1)
    room = 0.25 if len(layers) < 9 else 0.5
    figure.update_xaxes(
        title="layer (0: the embeddings)",
        tickvals=layers if len(layers) < 14 else layers[::4],
        range=[-room, layers[-1] + room],
    )
    figure.update_yaxes(title=y_title, tickformat=".0%" if shares else ".2~f")
    return LabFigure(figure, summary)


def _checked(values: Mapping[str, Numbers], shares: bool) -> dict[str, list[float]]:
    if not isinstance(values, dict) or not values:
        raise LabkitError('values is empty or not a dict: give {"bert-mini": [one number a layer]}.')
    check = checking.probabilities if shares else lambda n, v: checking.numbers(n, checking.plain(v))
    checked = {str(name): check(f"values[{name!r}]", row) for name, row in values.items()}
    checking.same_length(**{f"values[{name!r}]": row for name, row in checked.items()})
    return checked


def _intervals(values: dict[str, list[float]], intervals: Mapping[str, Table] | None) -> dict[str, Ends]:
    """{name: the (low, high) of each layer} for the names that have intervals."""
    found: dict[str, Ends] = {}
    for name, pairs in (intervals or {}).items():
        if name not in values:
            raise LabkitError(f"intervals has {name!r}, values has not: {', '.join(values)}.")
        pairs = [checking.plain(pair) for pair in checking.plain(pairs)]
        if len(pairs) != len(values[name]) or any(len(pair) != 2 for pair in pairs):
            raise LabkitError(f"intervals[{name!r}] should hold a pair (low, high) for each layer.")
        for end in (0, 1):
            checking.numbers(f"intervals[{name!r}]", [pair[end] for pair in pairs])
        found[name] = [(float(low), float(high)) for low, high in pairs]
    return found


def _bars(row: list[float], ends: Ends | None, colour: str) -> dict[str, Any] | None:
    if ends is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - v) for v, (_, high) in zip(row, ends, strict=True)],
        "arrayminus": [max(0.0, v - low) for v, (low, _) in zip(row, ends, strict=True)],
        "color": colour,
        "thickness": 1.5,
        "width": 5,
    }
