"""Pictures of heads and of words: what a head looks at, what it is worth, which words mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import (
    NEUTRALS,
    PALETTE,
    escaped,
    heading,
    new_layout,
    percent,
    quoted,
    series,
    wrapped,
)

if TYPE_CHECKING:
    from labkit.plotting.checking import Numbers, Table

DIVERGING = [[0, PALETTE["vermillion"]], [0.5, NEUTRALS["card"]], [1, PALETTE["sky"]]]


def head_scatter(
    entropy: Table,
    distance: Table,
    title: str = "Every head by what it looks at",
    names: Mapping[tuple[int, int], str] | None = None,
) -> LabFigure:
    """One sign for each head: how widely it looks (across) and how far (up); a colour and symbol a layer.

    entropy: (L, H) in nats. distance: (L, H) in tokens. names: {(layer, head): word} of some heads.
    """
    entropy, distance = (
        _table(name, values) for name, values in (("entropy", entropy), ("distance", distance))
    )
    if entropy.shape != distance.shape:
        raise LabkitError(
            f"entropy has the shape {entropy.shape}, distance {distance.shape}: one number a head each."
        )
    if entropy.min() < -1e-4 or distance.min() < -1e-4:
        raise LabkitError("entropy and distance are never negative.")
    names = names or {}
    written = _apart(names, entropy, distance)
    lines, figure = [], go.Figure()
    for layer in range(len(entropy)):
        colour, symbol, _ = series(layer)
        labels = [f"{layer}.{head}" for head in range(entropy.shape[1])]
        words = [f" ({names[layer, head]})" if (layer, head) in names else "" for head in range(len(labels))]
        shown = [
            f"layer {layer}, head {head}{word}: entropy {e:.1f}, distance {d:.1f}"
            for head, (word, e, d) in enumerate(zip(words, entropy[layer], distance[layer], strict=True))
        ]
        lines += shown
        figure.add_scatter(
            x=entropy[layer],
            y=distance[layer],
            mode="markers+text",
            name=f"layer {layer}",
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 12,
                "line": {"color": NEUTRALS["text"], "width": [2 if word else 0 for word in words]},
            },
            text=[
                escaped(label + word) if (layer, head) in written else ""
                for head, (label, word) in enumerate(zip(labels, words, strict=True))
            ],
            textposition="top center",
            hovertext=[escaped(line) for line in shown],
            hoverinfo="text",
        )
    if names:
        outlined = {"color": NEUTRALS["card"], "size": 12, "line": {"color": NEUTRALS["text"], "width": 2}}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=outlined, name="outlined: named")
    summary = f"{heading(title)}\n" + "\n".join(lines)
    new_layout(figure, title, summary, 360, legend_lines=(len(entropy) + 3) // 3)
    # Room for the words beside the outermost signs.
    right, top = float(entropy.max()), float(distance.max())
    figure.update_xaxes(
        title="mean entropy of a row (nats)", range=[-0.12 * right - 0.05, 1.18 * right + 0.05]
    )
    figure.update_yaxes(title="mean distance (tokens)", range=[-0.06 * top, 1.14 * top + 0.1])
    return LabFigure(figure, summary)


def _apart(
    names: Mapping[tuple[int, int], str], entropy: np.ndarray, distance: np.ndarray
) -> set[tuple[int, int]]:
    """Of the heads with a name, those beside whose sign there is room to write it.

    A name stands above its sign: no other sign may be there, and no other name near.
    """
    width, height = (max(float(np.ptp(values)), 1e-9) for values in (entropy, distance))
    kept: list[tuple[int, int]] = []
    for place in sorted(names, key=lambda place: -distance[place]):
        across, up = np.abs(entropy - entropy[place]) / width, (distance - distance[place]) / height
        covered = (across < 0.16) & (up > 0) & (up < 0.09)
        near = [across[other] < 0.35 and abs(up[other]) < 0.06 for other in kept]
        if not covered.any() and not any(near):
            kept.append(place)
    return set(kept)


def head_matrix(
    values: Table, title: str, unit: str = "", half: Table | None = None, decimals: int = 2
) -> LabFigure:
    """A number for each head, layers down and heads across; blue above 0, vermillion below, white at 0.

    values: (L, H). half: (L, H), half the width of each interval: numbers whose interval holds 0 are
    in brackets.
    """
    values = _table("values", values)
    half = None if half is None else _table("half", half)
    if half is not None and (half.shape != values.shape or half.min() < 0):
        raise LabkitError(f"half must be as many numbers as values, {values.shape}, none negative.")
    number = lambda value: (
        f"{value + 0.0:.{decimals}f}" if round(float(value), decimals) else f"{0:.{decimals}f}"
    )
    sure = np.ones_like(values, dtype=bool) if half is None else np.abs(values) > half
    written = [
        [
            number(value) if is_sure else f"({number(value)})"
            for value, is_sure in zip(row, row_sure, strict=True)
        ]
        for row, row_sure in zip(values, sure, strict=True)
    ]
    lines = [
        f"layer {layer}: " + ", ".join(f"head {head} {text}" for head, text in enumerate(row))
        for layer, row in enumerate(written)
    ]
    note = "" if half is None else "\nIn brackets: the 95% interval holds 0."
    summary = f"{heading(title)}\n" + "\n".join(lines) + note
    limit = max(float(np.abs(values).max()), 1e-9)
    num_layers, num_heads = values.shape
    hover = [
        [
            f"layer {layer}, head {head}: {number(values[layer, head])} {unit}"
            + ("" if half is None else f" \u00b1 {number(half[layer, head])}")
            for head in range(num_heads)
        ]
        for layer in range(num_layers)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            colorscale=DIVERGING,
            zmin=-limit,
            zmax=limit,
            text=written,
            texttemplate="%{text}" if num_heads <= 8 else None,
            textfont={"size": 13, "color": NEUTRALS["text"]},
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            xgap=2,
            ygap=2,
            showscale=False,
        )
    )
    new_layout(figure, title, summary, max(120, 44 * num_layers), bottom=56)
    axis = "head" + (f" (numbers: {unit}" if unit else "")
    axis += "" if not unit else "; in brackets: may be chance)" if half is not None else ")"
    figure.update_xaxes(title=axis, tickvals=list(range(num_heads)), showgrid=False, zeroline=False)
    figure.update_yaxes(title="layer", tickvals=list(range(num_layers)), showgrid=False, autorange="reversed")
    figure.update_yaxes(zeroline=False)
    return LabFigure(figure, summary)


def word_scores(
    scores: Mapping[str, Numbers], tokens: Sequence[str], title: str = "Which words mattered?"
) -> LabFigure:
    """Several methods' scores for the same tokens, a row a method, each number written in percent.

    scores: {method: T shares from 0 to 1}. tokens: T strings; the same word may come twice.
    """
    tokens = [str(token) for token in checking.plain(tokens)]
    if not isinstance(scores, dict) or not scores:
        raise LabkitError('scores is empty or not a dict: give {"attention": [0.2, ...], ...}.')
    table = {
        method: checking.probabilities(f"scores of {method!r}", values) for method, values in scores.items()
    }
    checking.same_length(tokens=tokens, **{f"scores of {method!r}": row for method, row in table.items()})
    lines = []
    for method, row in table.items():
        best = sorted(range(len(row)), key=lambda k: (-round(row[k], 2), k))[:3]
        lines.append(
            f"{method}: " + ", ".join(f"{quoted(tokens[k])} {percent(round(row[k], 2))}" for k in best)
        )
    summary = f"{heading(title)} {len(tokens)} tokens; the three highest of each\n" + "\n".join(lines)
    # Tokens run down, so that the longest sentence finds room in a narrow cell.
    figure = go.Figure(
        go.Heatmap(
            z=np.array(list(table.values())).T,
            colorscale=[[0, NEUTRALS["card"]], [1, PALETTE["sky"]]],
            zmin=0,
            zmax=max(0.3, max(max(row) for row in table.values())),
            text=[[f"{100 * row[k]:.0f}" for row in table.values()] for k in range(len(tokens))],
            texttemplate="%{text}",
            textfont={"size": 13, "color": NEUTRALS["text"]},
            hovertemplate="%{text}%<extra></extra>",
            xgap=2,
            ygap=1,
            showscale=False,
        )
    )
    new_layout(figure, title, summary, min(700, 22 * len(tokens) + 10), bottom=64)
    figure.update_xaxes(
        title="numbers: percent of the column",
        tickvals=list(range(len(table))),
        ticktext=[wrapped(method, 12) for method in table],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(tokens))),
        ticktext=[escaped(token) for token in tokens],
        showgrid=False,
        zeroline=False,
        autorange="reversed",
    )
    return LabFigure(figure, summary)


def correlation_dots(names: Sequence[str], correlations: Table, title: str = "Rank correlation") -> LabFigure:
    """Dots on a scale from -1 to 1, each with its interval; a dotted line at 0, no relation.

    names: a row each. correlations: as many triples (mean, low, high).
    """
    names = [str(name) for name in checking.plain(names)]
    triples = [checking.plain(triple) for triple in checking.plain(correlations)]
    checking.same_length(names=names, correlations=triples)
    for name, triple in zip(names, triples, strict=True):
        if len(triple) != 3:
            raise LabkitError(f"{name!r} has {len(triple)} numbers, expected (mean, low, high).")
        low_to_high = [triple[1], triple[0], triple[2]]
        if checking.numbers(f"correlations of {name!r}", triple, -1, 1) and low_to_high != sorted(
            low_to_high
        ):
            raise LabkitError(
                f"{name!r} has the mean {triple[0]:g} outside its interval {tuple(triple[1:])}."
            )
    lines = [
        f"{name}: {m:.2f} ({low:.2f} to {high:.2f})"
        for name, (m, low, high) in zip(names, triples, strict=True)
    ]
    summary = f"{heading(title)}\n" + "\n".join(lines)
    middle, low, high = (np.array(column) for column in zip(*triples, strict=True))
    colour, symbol, _ = series(0)
    figure = go.Figure(
        go.Scatter(
            x=middle,
            y=list(range(len(names))),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x={
                "type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low,
                "color": colour, "thickness": 2, "width": 6,
            },
            hovertext=[escaped(line) for line in lines],
            hoverinfo="text",
        )
    )  # fmt: skip
    new_layout(figure, title, summary, 44 * len(names) + 24)
    figure.add_vline(x=0, line={"color": NEUTRALS["line"], "dash": "dot", "width": 2})
    figure.update_xaxes(
        title="Spearman's rank correlation", range=[min(-0.25, float(low.min()) - 0.05), 1.02]
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[wrapped(name, 14) for name in names],
        range=[len(names) - 0.5, -0.5],
    )
    return LabFigure(figure, summary)


def _table(name: str, values: Table) -> np.ndarray:
    """(L, H) numbers as a float array, checked."""
    values = np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values, dtype=float)
    if values.ndim != 2 or 0 in values.shape:
        raise LabkitError(
            f"{name} must be a number for each layer and head, (L, H), not of shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise LabkitError(f"{name} holds NaN or infinity: look for 0 * log 0, or a division by 0.")
    return values
