"""Pictures of a space, layer by layer: a point for each text, one panel for each model.

What is drawn comes from labkit.projection. Each layer's picture is brought to the same size; its axes have no
unit and no meaning, only who lies near whom has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import NEUTRALS, escaped, new_layout, percent, series, wrapped

OTHERS = "the rest"
LINE, LETTER = 0.2, 0.09  # of a name; a panel is 2.2 high, and as wide where it is smallest


def projection_slider(
    pictures: Mapping[str, np.ndarray],
    texts: Sequence[str],
    labels: Sequence[str | None],
    title: str,
    groups: Sequence[str] | None = None,
) -> LabFigure:
    """The points of each model at one layer, with a slider over the layers. Static twin: `projection_panels`.

    pictures: {"bert-mini": (N, L + 1, 2), ...}, equal shapes, as labkit.projection.project makes them.
    texts: N texts, shown when the mouse is over a point.
    labels: N labels, a colour and a sign each (at most 7); None draws a point small and grey.
    groups: N names, each written in the middle of its points; or None.
    """
    pictures, texts, labels, groups = _checked(pictures, texts, labels, groups)
    num_layers = next(iter(pictures.values())).shape[1]
    summary = "\n".join(
        [
            f"{title} ({len(texts)} points, layers 0 to {num_layers - 1}; drawn: the last)",
            *_said(pictures, labels, range(num_layers)),
        ]
    )
    last = num_layers - 1
    figure = _panels(len(pictures), 1, list(pictures))
    for row, picture in enumerate(pictures.values(), start=1):
        for trace in _traces(picture[:, last], texts, labels, groups, first=row == 1):
            figure.add_trace(trace, row=row, col=1)
    steps = []
    for layer in range(num_layers):
        xs, ys = [], []
        for picture in pictures.values():
            for trace in _traces(picture[:, layer], texts, labels, groups, first=False):
                xs.append(list(trace.x))
                ys.append(list(trace.y))
        steps.append({"method": "restyle", "label": str(layer), "args": [{"x": xs, "y": ys}]})
    lines = _legend_lines(labels)
    new_layout(figure, title, summary, 260 * len(pictures), bottom=120, legend_lines=lines, extra_top=24)
    _bare_axes(figure)
    figure.update_xaxes(title="no unit: near means alike", row=len(pictures), col=1)
    figure.update_layout(
        sliders=[
            {
                "active": last,
                "steps": steps,
                "currentvalue": {"prefix": "layer ", "font": {"size": 14}},
                "pad": {"t": 40, "b": 8},
                "font": {"size": 13},
                "bordercolor": NEUTRALS["line"],
                "x": 0,
                "len": 1,
            }
        ]
    )
    return LabFigure(figure, summary)


def projection_panels(
    pictures: Mapping[str, np.ndarray],
    texts: Sequence[str],
    labels: Sequence[str | None],
    title: str,
    groups: Sequence[str] | None = None,
    layers: Iterable[int] | None = None,
) -> LabFigure:
    """The same points without a slider: a row of panels for each of some layers, a column for each model.

    layers: which, at most four; the first, the middle and the last if left out.
    """
    pictures, texts, labels, groups = _checked(pictures, texts, labels, groups)
    num_layers = next(iter(pictures.values())).shape[1]
    layers = [0, num_layers // 2, num_layers - 1] if layers is None else [int(n) for n in layers]
    layers = list(dict.fromkeys(layers))
    if not 1 <= len(layers) <= 4 or not all(0 <= layer < num_layers for layer in layers):
        raise LabkitError(f"layers should be one to four of 0 to {num_layers - 1}; they were {layers}.")
    summary = "\n".join([f"{title} ({len(texts)} points)", *_said(pictures, labels, layers)])
    heads = [f"{name}, layer {layer}" for layer in layers for name in pictures]
    figure = _panels(len(layers), len(pictures), heads)
    for row, layer in enumerate(layers, start=1):
        for column, picture in enumerate(pictures.values(), start=1):
            for trace in _traces(picture[:, layer], texts, labels, groups, first=row == column == 1, size=6):
                figure.add_trace(trace, row=row, col=column)
    height = 190 * len(layers)
    new_layout(figure, title, summary, height, legend_lines=_legend_lines(labels), extra_top=24)
    _bare_axes(figure)
    figure.update_xaxes(title="no unit: near means alike", row=len(layers), col=1)
    return LabFigure(figure, summary)


def _checked(
    pictures: Mapping[str, np.ndarray],
    texts: Sequence[str],
    labels: Sequence[str | None],
    groups: Sequence[str] | None,
) -> tuple[dict[str, np.ndarray], list[str], list[str | None], list[str] | None]:
    if not isinstance(pictures, dict) or not pictures:
        raise LabkitError('pictures is empty or not a dict: give {"bert-mini": (N, layers, 2)}.')
    texts = [str(text) for text in checking.plain(texts)]
    labels = [None if label is None else str(label) for label in checking.plain(labels)]
    groups = None if groups is None else [str(group) for group in checking.plain(groups)]
    checking.same_length(texts=texts, labels=labels, groups=groups)
    if len(set(labels) - {None}) > 7:
        raise LabkitError("More than 7 labels cannot be told apart: set the others to None.")
    ready = {}
    for name, picture in pictures.items():
        picture = np.asarray(picture, dtype=float)
        if picture.ndim != 3 or picture.shape[0] != len(texts) or picture.shape[2] != 2:
            raise LabkitError(
                f"pictures[{name!r}] should have the shape ({len(texts)}, layers, 2); it has {picture.shape}."
            )
        if not np.isfinite(picture).all():
            raise LabkitError(f"pictures[{name!r}] holds NaN or infinity: nothing can be drawn there.")
        ready[str(name)] = _filling(picture)
    if len({picture.shape for picture in ready.values()}) > 1:
        raise LabkitError("The models should have as many layers as each other, to share a slider.")
    return ready, texts, labels, groups


def _filling(picture: np.ndarray) -> np.ndarray:
    """Each layer's picture moved and stretched to fill -1 to 1 both ways: its axes have no unit."""
    low, high = picture.min(axis=0), picture.max(axis=0)  # (L + 1, 2)
    half = np.where(high > low, (high - low) / 2, 1)
    return ((picture - (low + high) / 2) / half).round(3)


def _said(pictures: Mapping[str, np.ndarray], labels: list[str | None], layers: Iterable[int]) -> list[str]:
    """For each model and layer, how often a labelled point's nearest labelled point has the same label."""
    known = [k for k, label in enumerate(labels) if label is not None]
    names = np.array([labels[k] for k in known])
    if len(known) < 2:
        return [f"{name}: layers {', '.join(map(str, layers))}" for name in pictures]
    lines = ["the nearest labelled point has the same label:"]
    for name, picture in pictures.items():
        shares = []
        for layer in layers:
            points = picture[known, layer]  # (labelled points, 2)
            apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
            np.fill_diagonal(apart, np.inf)
            shares.append(f"layer {layer} {percent(float((names[apart.argmin(axis=1)] == names).mean()))}")
        lines.append(f"{name}: {', '.join(shares)}")
    return lines


def _traces(
    points: np.ndarray,
    texts: list[str],
    labels: list[str | None],
    groups: list[str] | None,
    first: bool,
    size: int = 9,
) -> list[go.Scatter]:
    """A trace for the rest, one for each label, and one with the groups' names. points: (N, 2)"""
    traces = []
    known = list(dict.fromkeys(label for label in labels if label is not None))
    for label in [None, *known]:
        rows = [k for k, own in enumerate(labels) if own == label]
        if not rows:
            continue
        colour, symbol, _ = (
            series(known.index(label)) if label is not None else (NEUTRALS["line"], "circle", "")
        )
        traces.append(
            go.Scatter(
                x=points[rows, 0].tolist(),
                y=points[rows, 1].tolist(),
                mode="markers",
                name=escaped(OTHERS if label is None else label),
                legendgroup=escaped(label or OTHERS),
                showlegend=first,
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": size if label is not None else size // 2,
                    "opacity": 0.9 if label is not None else 0.5,
                    "line": {"color": NEUTRALS["card"], "width": 1},
                },
                hovertext=[
                    (f"<b>{escaped(label)}</b><br>" if label else "") + wrapped(texts[k]) for k in rows
                ],
                hoverinfo="text",
            )
        )
    if groups is not None:
        names = list(dict.fromkeys(groups))
        middles = [np.median(points[[k for k, own in enumerate(groups) if own == n]], axis=0) for n in names]
        middles = _apart(middles, names)
        traces.append(
            go.Scatter(
                x=[round(float(x), 3) for x, _ in middles],
                y=[round(float(y), 3) for _, y in middles],
                mode="text",
                text=[escaped(name) for name in names],
                textfont={"size": 13, "color": NEUTRALS["text"]},
                showlegend=False,
                hoverinfo="skip",
            )
        )
    return traces


def _apart(places: Iterable[Sequence[float]], names: list[str]) -> list[tuple[float, float]]:
    """The places of names, moved up or down by as little as it takes for none to lie on another."""
    moved: list[tuple[float, float, str]] = []
    for (x, y), name in zip(places, names, strict=True):
        tried = (y + way * step * LINE for step in range(12) for way in (1, -1))
        moved.append((x, next((at for at in tried if _is_free(x, at, name, moved)), y), name))
    return [(x, y) for x, y, _ in moved]


def _is_free(x: float, y: float, name: str, others: list[tuple[float, float, str]]) -> bool:
    """Is a name at this place inside the panel and on none of the others, (x, y, name) each?"""
    return abs(y) <= 1.05 and not any(
        abs(x - other_x) < LETTER * (len(name) + len(other)) / 2 and abs(y - other_y) < LINE
        for other_x, other_y, other in others
    )


def _panels(rows: int, columns: int, heads: list[str]) -> go.Figure:
    return make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[escaped(head) for head in heads],
        vertical_spacing=0.12 / max(1, rows - 1),
        horizontal_spacing=0.04,
    )


def _bare_axes(figure: go.Figure) -> None:
    figure.update_xaxes(range=[-1.1, 1.1], showticklabels=False, ticks="", showgrid=False, zeroline=False)
    figure.update_yaxes(
        range=[-1.1, 1.1], tickvals=[0], ticktext=[" "], ticks="", showgrid=False, zeroline=False
    )
    figure.update_annotations(font={"size": 13, "color": NEUTRALS["text"]})


def _legend_lines(labels: list[str | None]) -> int:
    return len(set(labels))
