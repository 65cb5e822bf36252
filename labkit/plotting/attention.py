"""Attention maps as heat maps: one, all at once, and one with controls for layer and head.

Dark is much attention. Rows are the tokens that look (queries), columns the tokens looked at (keys). Shares
are stored in whole percent: a picture shows no more, and the file stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
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
)

if TYPE_CHECKING:
    from labkit.plotting.checking import Table

SCALE = [[0, NEUTRALS["card"]], [1, PALETTE["blue"]]]
_LONGEST = 10  # characters of a token on an axis
_MOST_LABELS = 40  # tokens of 13-pixel type that find room on an axis
_GAP = 1  # cells between two maps in a grid


def attention_heatmap(
    maps: Table, tokens: Sequence[str], layer: int, head: int, title: str | None = None
) -> LabFigure:
    """One head's map: who looks at whom.

    maps: (L, H, T, T), rows sum to 1. tokens: T strings. layer, head: int, from 0.
    """
    maps, tokens = _checked(maps, tokens)
    _require_head(maps, layer, head)
    title = title or f"Layer {layer}, head {head}"
    summary = f"{heading(title)} {_strongest(maps[layer, head], tokens)}"
    figure = go.Figure(_heatmap(maps[layer, head]))
    new_layout(figure, title, summary, _side(len(tokens)), bottom=96)
    figure.update_xaxes(title="looked at (key)", **_labels(tokens), tickangle=-60)
    figure.update_yaxes(title="looks (query)", autorange="reversed", **_labels(tokens))
    return LabFigure(figure, summary)


def attention_grid(maps: Table, tokens: Sequence[str], title: str = "Every head of every layer") -> LabFigure:
    """All maps at once, layers from top to bottom and heads from left to right. Static twin of the explorer.

    maps: (L, H, T, T), rows sum to 1. tokens: T strings.
    """
    maps, tokens = _checked(maps, tokens)
    num_layers, num_heads, length, _ = maps.shape
    step = length + _GAP
    # -1 stands for the white lines between the maps: a colour scale from 0 shows it as 0.
    sheet = np.full((num_layers * step - _GAP, num_heads * step - _GAP), -1, dtype=np.int8)
    for layer in range(num_layers):
        for head in range(num_heads):
            rows, columns = (slice(k * step, k * step + length) for k in (layer, head))
            sheet[rows, columns] = np.rint(100 * maps[layer, head])
    lines = [
        f"layer {layer}, head {head}: {_strongest(maps[layer, head], tokens, most=1)}"
        for layer in range(num_layers)
        for head in range(num_heads)
    ]
    summary = f"{heading(title)} {length} tokens, {quoted(tokens[0])} to {quoted(tokens[-1])}\n" + "\n".join(
        lines
    )
    figure = go.Figure(
        go.Heatmap(z=sheet, colorscale=SCALE, zmin=0, zmax=100, showscale=False, hoverinfo="skip")
    )
    middle = (length - 1) / 2
    borders = [
        {"type": "line", "line": {"color": NEUTRALS["line"], "width": 1}}
        | ({"x0": at, "x1": at, "y0": -0.5, "y1": len(sheet) - 0.5} if upright else
           {"y0": at, "y1": at, "x0": -0.5, "x1": sheet.shape[1] - 0.5})
        for upright, count in ((True, num_heads), (False, num_layers))
        for at in (k * step - 1 for k in range(1, count))
    ]  # fmt: skip
    new_layout(figure, title, summary, min(640, 130 * num_layers), bottom=52)
    figure.update_layout(shapes=borders)
    for update, count, name in (
        (figure.update_xaxes, num_heads, "head"),
        (figure.update_yaxes, num_layers, "layer"),
    ):
        update(title=name, tickvals=[k * step + middle for k in range(count)], ticktext=list(range(count)))
        update(showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed")
    return LabFigure(figure, summary)


def attention_explorer(
    maps: Table, tokens: Sequence[str], title: str = "Attention, layer by layer", layer: int = 0
) -> LabFigure:
    """Heat maps with a slider for the layer and a menu for the head. Static twin: `attention_grid`.

    The two controls change different things (which maps are visible; how the panels share the space), so that
    they combine without a kernel.

    maps: (L, H, T, T), rows sum to 1. tokens: T strings. layer: the one drawn first.
    """
    maps, tokens = _checked(maps, tokens)
    num_layers, num_heads, length, _ = maps.shape
    _require_head(maps, layer, 0)
    columns = 2 if num_heads <= 4 else 3 if num_heads <= 9 else 4
    rows = -(-num_heads // columns)
    figure = make_subplots(
        rows, columns, vertical_spacing=0.36 / rows, horizontal_spacing=0.22 / columns,
        subplot_titles=[f"head {head}" for head in range(num_heads)],
    )  # fmt: skip
    for layer_index in range(num_layers):
        for head in range(num_heads):
            trace = _heatmap(maps[layer_index, head], f"layer {layer_index}, head {head}<br>")
            trace.visible = layer_index == layer
            figure.add_trace(trace, row=head // columns + 1, col=head % columns + 1)
    lines = [
        f"layer {k}, head {head}: {_strongest(maps[k, head], tokens, most=1)}"
        for k in range(num_layers)
        for head in range(num_heads)
    ]
    summary = f"{heading(title)} {length} tokens (drawn first: layer {layer})\n" + "\n".join(lines)
    new_layout(figure, title, summary, min(620, 275 * rows), bottom=170, extra_top=70)
    figure.update_xaxes(**_labels(tokens, most=14), tickangle=-60, title="")
    figure.update_yaxes(**_labels(tokens, most=14), autorange="reversed", title="")
    figure.update_annotations(font={"size": TEXT_SIZE})
    figure.update_xaxes(title="looked at (key)", row=rows)
    figure.update_yaxes(title="looks (query)", col=1)
    steps = [
        {
            "label": str(k),
            "method": "restyle",
            "args": [{"visible": [index // num_heads == k for index in range(num_layers * num_heads)]}],
        }
        for k in range(num_layers)
    ]
    slider = {
        "active": layer, "steps": steps, "x": 0, "len": 1, "pad": {"t": 92, "b": 8},
        "currentvalue": {"prefix": "layer: ", "font": {"size": TEXT_SIZE + 1}},
        "font": {"size": TEXT_SIZE}, "bordercolor": NEUTRALS["line"],
    }  # fmt: skip
    menu = {
        "buttons": _head_buttons(figure, num_layers, num_heads), "direction": "down", "showactive": True,
        "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "pad": {"b": 30}, "font": {"size": TEXT_SIZE},
        "bgcolor": NEUTRALS["card"], "bordercolor": NEUTRALS["line"],
    }  # fmt: skip
    figure.update_layout(sliders=[slider], updatemenus=[menu])
    return LabFigure(figure, summary)


def _head_buttons(figure: go.Figure, num_layers: int, num_heads: int) -> list[dict[str, Any]]:
    """Buttons "all heads", "head 0", ...: each gives the panels their places and hides those not wanted."""
    axes = [("" if head == 0 else str(head + 1)) for head in range(num_heads)]
    places = {
        f"{way}axis{axis}.domain": list(figure.layout[f"{way}axis{axis}"].domain)
        for axis in axes
        for way in "xy"
    }
    headings = [(note.x, note.y) for note in figure.layout.annotations[:num_heads]]
    buttons = []
    for chosen in (None, *range(num_heads)):
        shown = [chosen in (None, head) for head in range(num_heads)]
        layout: dict[str, Any] = dict(places)
        for head, axis in enumerate(axes):
            if chosen == head:
                layout |= {f"xaxis{axis}.domain": [0, 1], f"yaxis{axis}.domain": [0, 1]}
            x, y = headings[head] if chosen is None else (0.5, 1)
            layout |= {f"annotations[{head}].x": x, f"annotations[{head}].y": y}
            layout[f"annotations[{head}].visible"] = shown[head]
            layout |= {f"{way}axis{axis}.visible": shown[head] for way in "xy"}
        opacity = [1 if shown[index % num_heads] else 0 for index in range(num_layers * num_heads)]
        hover = ["all" if visible else "skip" for visible in opacity]
        label = "all heads" if chosen is None else f"head {chosen}"
        buttons.append(
            {"label": label, "method": "update", "args": [{"opacity": opacity, "hoverinfo": hover}, layout]}
        )
    return buttons


def _heatmap(weights: np.ndarray, where: str = "") -> go.Heatmap:
    """One map as a trace: percent in one byte a cell. Hovering names the tokens by the axes' labels."""
    gap = 1 if len(weights) <= 20 else 0
    return go.Heatmap(
        z=np.rint(100 * weights).astype(np.uint8),
        colorscale=SCALE,
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=gap,
        ygap=gap,
        hovertemplate=where + "%{y} looks at %{x}: %{z}%<extra></extra>",
    )


def _labels(tokens: Sequence[str], most: int = _MOST_LABELS) -> dict[str, Any]:
    """Tick labels for T tokens: all of them, or every second, third, ... where they would collide."""
    every = -(-len(tokens) // most)
    at = list(range(0, len(tokens), every))
    short = [token if len(token) <= _LONGEST else token[: _LONGEST - 1] + "\u2026" for token in tokens]
    return {
        "tickvals": at,
        "ticktext": [escaped(short[k]) for k in at],
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": TEXT_SIZE},
    }


def _strongest(weights: np.ndarray, tokens: Sequence[str], most: int = 3) -> str:
    """The strongest links of one map in words, ties in the order of the text.

    A decoder's first token can look at nothing but itself: that says nothing, and is left out.
    """
    shown = np.round(weights, 2)
    if len(tokens) > 1 and not np.triu(weights, 1).any():
        shown[0] = 0
    order = np.argsort(-shown, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(index, weights.shape) for index in order]
    return "; ".join(
        f"{quoted(tokens[i])} looks at {quoted(tokens[j])} {percent(float(shown[i, j]))}" for i, j in pairs
    )


def _side(length: int) -> int:
    return int(min(560, max(220, 24 * length)))


def _require_head(maps: np.ndarray, layer: int, head: int) -> None:
    for name, index, count in (("layer", layer, maps.shape[0]), ("head", head, maps.shape[1])):
        if not isinstance(index, int) or not 0 <= index < count:
            raise LabkitError(f"there is no {name} {index!r}: {name}s run from 0 to {count - 1}.")


def _checked(maps: Table, tokens: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Maps as a float array and tokens as strings, checked against each other."""
    tokens = [str(token) for token in checking.plain(tokens)]
    checking.same_length(tokens=tokens)
    maps = np.asarray(maps.detach().cpu().numpy() if hasattr(maps, "detach") else maps, dtype=float)
    if maps.ndim != 4 or maps.shape[-1] != maps.shape[-2] or 0 in maps.shape:
        raise LabkitError(
            f"maps must have the shape (L, H, T, T), as attention_maps gives them, not {maps.shape}."
        )
    if maps.shape[-1] != len(tokens):
        raise LabkitError(f"there are {len(tokens)} tokens for maps of {maps.shape[-1]} tokens.")
    if not np.isfinite(maps).all() or maps.min() < -1e-4 or maps.max() > 1 + 1e-4:
        raise LabkitError(
            "maps must hold shares between 0 and 1: are these scores before the softmax, or NaN?"
        )
    return np.clip(maps, 0, 1), tokens
