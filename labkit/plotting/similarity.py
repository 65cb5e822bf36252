"""Who is like whom: a table of cosines, or of CKA, as a heat map with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, PALETTE, escaped, heading, new_layout

if TYPE_CHECKING:
    from labkit.plotting.checking import Table


def similarity_matrix(
    values: Table, rows: Sequence[str], columns: Sequence[str], title: str, what: str = "cosine"
) -> LabFigure:
    """A heat map of numbers from -1 to 1, each written in its cell: 1 as "1", 0.83 as ".83".

    values: one list for each row, with one number for each column. rows, columns: their short names.
    The scale begins at 0, or at -1 when a number is below -0.05.
    """
    rows, columns = ([str(name) for name in checking.plain(names)] for names in (rows, columns))
    table = [
        checking.numbers(f"values[{i}]", checking.plain(row), -1, 1)
        for i, row in enumerate(checking.plain(values))
    ]
    checking.same_length(rows=rows, values=table)
    if any(len(row) != len(columns) for row in table):
        widths = sorted({len(row) for row in table})
        raise LabkitError(f"values has rows of {widths} numbers; there are {len(columns)} columns.")
    lines = [
        f"{name}: " + ", ".join(f"{column} {v:.2f}" for column, v in zip(columns, row, strict=True))
        for name, row in zip(rows, table, strict=True)
    ]
    summary = f"{heading(title)} {what} of each row with each column\n" + "\n".join(lines)

    figure = go.Figure(
        go.Heatmap(
            z=table,
            # Numbered, because two rows may have the same name, and plotly would draw them as one.
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            zmin=-1 if min(min(row) for row in table) < -0.05 else 0,
            zmax=1,
            colorscale=[[0, NEUTRALS["card"]], [1, PALETTE["sky"]]],
            text=[[_short(v) for v in row] for row in table],
            texttemplate="%{text}",
            textfont={"size": 13, "color": NEUTRALS["text"]},
            xgap=2,
            ygap=2,
            showscale=False,
            hovertext=[
                [f"{escaped(r)} / {escaped(c)}: {v:.2f}" for c, v in zip(columns, row, strict=True)]
                for r, row in zip(rows, table, strict=True)
            ],
            hoverinfo="text",
        )
    )
    new_layout(figure, title, summary, plot_height=34 * len(rows), bottom=92)
    figure.update_xaxes(
        title=f"numbers: {what}",
        showgrid=False,
        tickangle=-40,
        tickvals=list(range(len(columns))),
        ticktext=[escaped(name) for name in columns],
    )
    figure.update_yaxes(
        showgrid=False,
        autorange="reversed",
        tickvals=list(range(len(rows))),
        ticktext=[escaped(name) for name in rows],
    )
    return LabFigure(figure, summary)


def _short(v: float) -> str:
    text = f"{v:.2f}"
    if text in ("1.00", "-1.00", "0.00", "-0.00"):
        return str(round(v))
    return text.replace("0.", ".", 1)
