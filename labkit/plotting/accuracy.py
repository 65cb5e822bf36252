"""Accuracies with their uncertainty: against a masking rate, and side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, PALETTE, escaped, heading, new_layout, percent, series, wrapped

if TYPE_CHECKING:
    from labkit.plotting.checking import Numbers, Table

    Ends = list[tuple[float, float]]  # the (low, high) of each value


def _scale(highest: float) -> tuple[list[float], float]:
    """(ticks, upper end) of an axis from 0: to 100%, or not so far when all is in the lower half.

    Then it goes to the next multiple of 10% that leaves some room, at most 60%.
    """
    if highest >= 0.5:
        return [0, 0.25, 0.5, 0.75, 1], 1
    tenths = max(1, math.ceil(round(10 * highest + 0.2, 6)))  # rounded: 0.28 must not give 40%
    step = 5 if tenths <= 2 else 10
    return [percents / 100 for percents in range(0, 10 * tenths + 1, step)], tenths / 10


def _with_interval(p: float, ends: tuple[float, float] | None) -> str:
    return f"{percent(p)} ({percent(ends[0])} to {percent(ends[1])})" if ends else percent(p)


def _errors(centres: list[float], ends: Ends | None, colour: str) -> dict[str, Any] | None:
    if ends is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - c for c, (_, high) in zip(centres, ends, strict=True)],
        "arrayminus": [c - low for c, (low, _) in zip(centres, ends, strict=True)],
        "color": colour,
        "thickness": 2,
        "width": 6,
    }


def _checked(accuracies: Numbers, intervals: Table | None) -> tuple[list[float], Ends | None]:
    """Accuracies, and the (low, high) of each."""
    accuracies = checking.probabilities("accuracies", accuracies)
    if intervals is None:
        return accuracies, None
    lows, highs = checking.intervals_of("intervals", intervals, accuracies)
    return accuracies, list(zip(lows, highs, strict=True))


def accuracy_by_rate(
    rates: Numbers,
    accuracies: Numbers,
    intervals: Table | None = None,
    title: str = "Accuracy against the masking rate",
) -> LabFigure:
    """A line of accuracy (0..1) against masking rate (0..1), with an error bar at each point.

    intervals: as many pairs (low, high), for instance 95% confidence intervals.
    """
    rates = checking.probabilities("rates", rates)
    accuracies, ends = _checked(accuracies, intervals)
    checking.same_length(rates=rates, accuracies=accuracies)
    order = sorted(range(len(rates)), key=lambda i: rates[i])
    rates, accuracies = [rates[i] for i in order], [accuracies[i] for i in order]
    ends = ends and [ends[i] for i in order]
    shown = [_with_interval(p, ends[i] if ends else None) for i, p in enumerate(accuracies)]
    summary = f"{heading(title)}\n" + "\n".join(
        f"{100 * r:.3g}% masked: {text}" for r, text in zip(rates, shown, strict=True)
    )
    colour = PALETTE["blue"]
    figure = go.Figure(
        go.Scatter(
            x=rates,
            y=accuracies,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"size": 9},
            error_y=_errors(accuracies, ends, colour),
            hovertext=[f"{100 * r:.3g}% masked: {text}" for r, text in zip(rates, shown, strict=True)],
            hoverinfo="text",
        )
    )
    new_layout(figure, title, summary, 300)
    figure.update_xaxes(title="share of tokens masked", tickformat=".0%", rangemode="tozero", nticks=6)
    figure.update_yaxes(title="top-1 accuracy", tickformat=".0%", rangemode="tozero", nticks=6)
    return LabFigure(figure, summary)


def accuracy_bars(
    names: Sequence[str],
    accuracies: Numbers | None = None,
    intervals: Table | None = None,
    title: str = "Accuracy",
    groups: Mapping[str, Table] | None = None,
) -> LabFigure:
    """Dots on a scale from 0, each with its confidence interval; it ends at 100%, or earlier if all are low.

    names: who is measured (a row each); accuracies: 0..1; intervals: pairs (low, high) or None.
    groups: instead of accuracies, {"clue on the left": [(acc, low, high), ...], ...}: one row a group, in it
    one dot for each of the names.
    """
    names = [str(n) for n in checking.plain(names)]
    checking.same_length(names=names)
    if groups is None:
        if accuracies is None:
            raise LabkitError("there is nothing to draw: give accuracies, or groups.")
        values, ends = _checked(accuracies, intervals)
        checking.same_length(names=names, accuracies=values)
        rows, cells = names, [(values, ends)]
    elif accuracies is not None or intervals is not None:
        raise LabkitError("give accuracies and intervals, or groups, not both.")
    else:
        rows, cells = _by_name(names, groups)

    lines, figure = [], go.Figure()
    for k, (values, ends) in enumerate(cells):
        colour, symbol, _ = series(k)
        # Dots of one group stand one under the other: 0.22 of a row apart, around the row's middle.
        y = [row + 0.22 * (k - (len(cells) - 1) / 2) for row in range(len(rows))]
        shown = [_with_interval(p, ends[i] if ends else None) for i, p in enumerate(values)]
        who = [row if groups is None else f"{row}, {names[k]}" for row in rows]
        lines.append([f"{name}: {text}" for name, text in zip(who, shown, strict=True)])
        figure.add_scatter(
            x=values,
            y=y,
            mode="markers",
            name=escaped(names[k]) if groups is not None else "",
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x=_errors(values, ends, colour),
            hovertext=[escaped(line) for line in lines[-1]],
            hoverinfo="text",
        )
    ordered = [cell[i] for i in range(len(rows)) for cell in lines]
    summary = f"{heading(title)}\n" + "\n".join(ordered)
    height = (40 if groups is None else 24 + 24 * len(names)) * len(rows) + 20
    new_layout(figure, title, summary, height, legend_lines=0 if groups is None else (len(names) + 1) // 2)
    tops = [[high for _, high in ends] if ends else values for values, ends in cells]
    ticks, end = _scale(max(map(max, tops)))
    figure.update_xaxes(title="accuracy", tickvals=ticks, tickformat=".0%", range=[-0.02 * end, 1.04 * end])
    figure.update_yaxes(
        title="",
        tickvals=list(range(len(rows))),
        ticktext=[wrapped(row, 16) for row in rows],  # short lines: at 400 pixels the dots need the room
        range=[len(rows) - 0.5, -0.5],
        showgrid=groups is None,
    )
    if groups is not None:  # a line between the groups
        for row in range(1, len(rows)):
            figure.add_hline(y=row - 0.5, line={"color": NEUTRALS["line"], "width": 1, "dash": "dot"})
    return LabFigure(figure, summary)


def _by_name(
    names: list[str], groups: Mapping[str, Any]
) -> tuple[list[str], list[tuple[list[float], Ends | None]]]:
    """Rows (the groups) and, for each name, its values and their ends over the groups."""
    if not isinstance(groups, dict) or not groups:
        raise LabkitError(
            'groups is empty or not a dict: give {"clue on the left": [(acc, low, high), ...]}.'
        )
    for group, triples in groups.items():
        if len(triples) != len(names) or any(len(triple) != 3 for triple in triples):
            raise LabkitError(
                f"group {group!r} must have a triple (accuracy, low, high) for each of {len(names)} names."
            )
    cells = []
    for k in range(len(names)):
        triples = [groups[group][k] for group in groups]
        cells.append(_checked([t[0] for t in triples], [(t[1], t[2]) for t in triples]))
    return list(groups), cells
