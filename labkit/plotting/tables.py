"""A table of shares as a heat map: who goes with whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, PALETTE, escaped, new_layout, percent

if TYPE_CHECKING:
    from labkit.plotting.checking import Table


def share_matrix(
    values: Table, rows: Sequence[str], columns: Sequence[str], title: str, row_title: str, column_title: str
) -> LabFigure:
    """A heat map of shares (0..1) with each number written in its cell, in percent.

    values: one list for each row, with one share for each column.  rows, columns: their short names.
    """
    rows, columns = ([str(name) for name in checking.plain(names)] for names in (rows, columns))
    table = [checking.probabilities("values", row) for row in checking.plain(values)]
    checking.same_length(rows=rows, values=table)
    if any(len(row) != len(columns) for row in table):
        widths = sorted({len(row) for row in table})
        raise LabkitError(f"values has rows of {widths} numbers; there are {len(columns)} columns.")
    lines = [
        f"{name}: "
        + ", ".join(f"{column} {percent(share)}" for column, share in zip(columns, row, strict=True))
        for name, row in zip(rows, table, strict=True)
    ]
    summary = f"{title} ({row_title} by {column_title}):\n" + "\n".join(lines)

    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=[escaped(name) for name in columns],
            y=[escaped(name) for name in rows],
            zmin=0,
            zmax=1,
            colorscale=[[0, NEUTRALS["card"]], [1, PALETTE["sky"]]],
            text=[[f"{100 * share:.0f}" for share in row] for row in table],
            texttemplate="%{text}",
            textfont={"size": 13, "color": NEUTRALS["text"]},
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{y} / %{x}: %{z:.0%}<extra></extra>",
        )
    )
    new_layout(figure, title, summary, plot_height=34 * len(rows), bottom=84)
    names = {"type": "category", "showgrid": False}  # whatever they look like: "-1" is no number here
    figure.update_xaxes(title=f"{column_title} (numbers: percent)", tickangle=-40, **names)
    figure.update_yaxes(title=row_title, autorange="reversed", **names)
    return LabFigure(figure, summary)
