"""Pictures of who sees whom: masks side by side, and the map of what moves when a token changes."""

from __future__ import annotations

import math
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
    wrapped,
)

if TYPE_CHECKING:
    from labkit.plotting.checking import Table

_CELL = 24  # pixels of a mask's cell
_LONGEST = 9  # characters of a token at an axis
STILL = 1e-4  # what moves less counts as rounding


def _square(name: str, matrix: Any, tokens: list[str]) -> list[list[Any]]:
    """The rows of a matrix of len(tokens) squared, as lists."""
    rows = [checking.plain(row) for row in checking.plain(matrix)]
    size = len(tokens)
    if len(rows) != size or any(len(row) != size for row in rows):
        widths = sorted({len(row) for row in rows})
        raise LabkitError(
            f"panel {name!r} has {size} tokens and a matrix of {len(rows)} rows of {widths} entries; "
            "it must be square, a row and a column for each token."
        )
    return rows


def _panels(
    panels: Mapping[str, tuple[Sequence[str], Table]], form: str
) -> dict[str, tuple[list[str], list[list[Any]]]]:
    if not isinstance(panels, dict) or not panels:
        raise LabkitError(f"panels is empty or not a dict: give {form}.")
    checked = {}
    for name, panel in panels.items():
        if not isinstance(panel, (tuple, list)) or len(panel) != 2:
            raise LabkitError(f"panel {name!r} must be a pair {form[form.index('(') : -1]}.")
        tokens = [str(token) for token in checking.plain(panel[0])]
        checking.same_length(tokens=tokens)
        checked[name] = (tokens, _square(name, panel[1], tokens))
    return checked


def _short(token: str) -> str:
    return token if len(token) <= _LONGEST else token[: _LONGEST - 1] + "…"


def _token_axis(tokens: list[str]) -> dict[str, Any]:
    """Positions with tokens as labels, so that a token may come twice."""
    return {
        "tickvals": list(range(len(tokens))),
        "ticktext": [escaped(_short(token)) for token in tokens],
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
    }


def mask_panels(
    panels: Mapping[str, tuple[Sequence[str], Table]], title: str = "Who may look at whom"
) -> LabFigure:
    """Masks side by side, two in a row: rows look, columns are looked at; 1 may look, 0 may not.

    panels: {"GPT": (tokens, mask), ...}; mask a square of True and False, or 1 and 0.
    """
    checked = _panels(panels, '{"GPT": (tokens, mask)}')
    for name, (_, rows) in checked.items():
        for i, row in enumerate(rows):
            for j, entry in enumerate(row):
                if entry not in (0, 1):
                    raise LabkitError(
                        f"entry ({i}, {j}) of panel {name!r} is {entry!r}, expected True or False."
                    )
    lines = []
    for name, (tokens, rows) in checked.items():
        seen = sum(map(sum, rows))
        lines.append(f"{name}: {seen} of {len(tokens) ** 2} pairs may look")
        for token, row in zip(tokens, rows, strict=True):
            others = [other for other, see in zip(tokens, row, strict=True) if see]
            lines.append(f"  {token} looks at: {' '.join(others) or 'nothing'}")
    summary = f"{heading(title)}\n" + "\n".join(lines)

    columns = 1 if len(checked) == 1 else 2
    num_rows = math.ceil(len(checked) / columns)
    size = max(len(tokens) for tokens, _ in checked.values())
    panel, gap = _CELL * size, 92  # pixels: the gap holds tokens below and a heading above
    height = panel * num_rows + gap * (num_rows - 1)
    figure = make_subplots(
        rows=num_rows,
        cols=columns,
        vertical_spacing=gap / height if num_rows > 1 else 0,
        horizontal_spacing=0.2,
        subplot_titles=[wrapped(name, 20) for name in checked],
    )
    for k, (tokens, rows) in enumerate(checked.values()):
        at = {"row": k // columns + 1, "col": k % columns + 1}
        figure.add_trace(
            go.Heatmap(
                z=[[int(entry) for entry in row] for row in rows],
                zmin=0,
                zmax=1,
                colorscale=[[0, NEUTRALS["padding"]], [1, PALETTE["sky"]]],
                text=[[str(int(entry)) for entry in row] for row in rows],
                texttemplate="%{text}",
                textfont={"size": TEXT_SIZE, "color": NEUTRALS["text"]},
                xgap=1,
                ygap=1,
                showscale=False,
                hovertext=[
                    [
                        f"{escaped(a)} {'may look' if see else 'may not look'} at {escaped(b)}"
                        for b, see in zip(tokens, row, strict=True)
                    ]
                    for a, row in zip(tokens, rows, strict=True)
                ],
                hoverinfo="text",
            ),
            **at,
        )
        figure.update_xaxes(tickangle=-55, **_token_axis(tokens), **at)
        figure.update_yaxes(autorange="reversed", **_token_axis(tokens), **at)
    figure.update_annotations(font={"size": TEXT_SIZE + 1}, yshift=4)
    new_layout(figure, title, summary, height, bottom=92, extra_top=24)
    for k in range(len(checked)):
        if k + columns >= len(checked):
            figure.update_xaxes(title="is looked at", row=k // columns + 1, col=k % columns + 1)
    figure.update_yaxes(title="looks", col=1)
    return LabFigure(figure, summary)


def influence_maps(
    panels: Mapping[str, tuple[Sequence[str], Table]], title: str = "What moves when a token changes"
) -> LabFigure:
    """Heat maps, one below the other: row i moves by so much when token j (the column) is replaced.

    panels: {"gpt-mini": (tokens, moved), ...}, as labkit.influence.influence_map gives them: moved[i][j] is
    0 or more, 0 for untouched. A dot marks what does not move at all.
    """
    checked = _panels(panels, '{"gpt-mini": (tokens, moved)}')
    lines = []
    for name, (tokens, rows) in checked.items():
        for i, row in enumerate(rows):
            checking.numbers(f"moved[{i}] of {name!r}", row, low=0)
        lines.append(f"{name}, {len(tokens)} tokens: {_ahead(rows)}")
        felt = [_felt_most(tokens, row, i) for i, row in enumerate(rows)]
        pairs = [f"{token} by {other}" for token, other in zip(tokens, felt, strict=True)]
        lines.append(f"  moved most, itself aside: {', '.join(pairs)}")
    summary = f"{heading(title)}\n" + "\n".join(lines)

    sizes = [len(tokens) for tokens, _ in checked.values()]
    gap, cell = 104, 19
    height = cell * sum(sizes) + gap * (len(sizes) - 1)
    figure = make_subplots(
        rows=len(sizes),
        cols=1,
        row_heights=sizes,
        vertical_spacing=gap / height if len(sizes) > 1 else 0,
        subplot_titles=[wrapped(name) for name in checked],
    )
    highest = max(max(map(max, rows)) for _, rows in checked.values()) or 1.0
    for number, (tokens, rows) in enumerate(checked.values(), start=1):
        figure.add_trace(
            go.Heatmap(
                z=[[round(value, 3) for value in row] for row in rows],
                zmin=0,
                zmax=highest,
                colorscale=[[0, NEUTRALS["card"]], [0.5, PALETTE["sky"]], [1, PALETTE["blue"]]],
                text=[["·" if value < STILL else "" for value in row] for row in rows],
                texttemplate="%{text}",
                textfont={"size": TEXT_SIZE, "color": NEUTRALS["text"]},
                xgap=1,
                ygap=1,
                showscale=number == 1,
                colorbar={
                    "title": {"text": "moved", "font": {"size": TEXT_SIZE}},
                    "tickfont": {"size": TEXT_SIZE},
                    "thickness": 12,
                    "nticks": 4,
                },
                customdata=[[escaped(token) for token in tokens]] * len(tokens),
                hovertemplate="output %{y} moves by %{z:.2f}<br>when token %{x} changes<extra></extra>",
            ),
            row=number,
            col=1,
        )
        figure.update_xaxes(tickangle=-55, **_token_axis(tokens), row=number, col=1)
        figure.update_yaxes(autorange="reversed", **_token_axis(tokens), row=number, col=1)
    figure.update_annotations(x=0, xanchor="left", font={"size": TEXT_SIZE + 1}, yshift=4)
    new_layout(figure, title, summary, height, bottom=92, extra_top=24)
    figure.update_yaxes(title="output that moves")
    figure.update_xaxes(title="token that changes", row=len(sizes), col=1)
    return LabFigure(figure, summary)


def _felt_most(tokens: list[str], row: list[float], i: int) -> str:
    """The token whose change moves output i most, itself aside."""
    moved, j = max(((row[j], j) for j in range(len(row)) if j != i), default=(0.0, i))
    return tokens[j] if moved >= STILL else "nothing"


def _ahead(rows: list[list[float]]) -> str:
    """How many of the outputs before a changed token moved, in words."""
    ahead = [row[j] for i, row in enumerate(rows) for j in range(i + 1, len(row))]
    moved = sum(value >= STILL for value in ahead)
    if not ahead:
        return "one token, nothing before it"
    return f"{moved} of the {len(ahead)} outputs before a changed token moved ({percent(moved / len(ahead))})"
