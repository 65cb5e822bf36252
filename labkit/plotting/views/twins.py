"""The static twin as it stands in a notebook: a heat map's plotly figure drawn as a still picture.

JupyterLab's plotly draws a figure and then stores a picture of it in the file as well, of 50 KB and more.
This one takes 6 to 14 KB, asks for no script, and shows in notebooks that the reader has not trusted.
"""

from __future__ import annotations

import base64
import html
import re
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from labkit.plotting.theme import FONT, NEUTRALS, TEXT_SIZE, TITLE_SIZE

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from labkit.plotting.figure import LabFigure

_SIDE = {"least": 220, "most": 640, "cell": 24}  # pixels
_LETTER = 0.62  # of the type's size: how wide a letter is taken to be
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PICTURE = """<img alt="{alt}" src="data:image/svg+xml;base64,{data}" width="{width}" height="{height}"
 style="max-width:100%;height:auto;background:{card}">"""


def picture(twin: LabFigure) -> str:
    """A LabFigure of one heat map with percentages as an <img> element, with its summary as alt text."""
    source, width, height = svg(twin.figure)
    return _PICTURE.format(
        alt=html.escape(twin.summary),
        data=base64.b64encode(source.encode()).decode("ascii"),
        width=width,
        height=height,
        card=NEUTRALS["card"],
    )


def svg(figure: go.Figure) -> tuple[str, int, int]:
    """A plotly figure of one heat map as SVG: (text, width, height). The first row of z is drawn on top."""
    (trace,) = figure.data
    layout, weights = figure.layout, np.asarray(trace.z)
    rows, columns = weights.shape
    width, height = _side(columns), min(_side(rows), 560)
    slanted = layout.xaxis.tickangle is not None
    names = {axis: [_plain(text) for text in layout[axis].ticktext] for axis in ("xaxis", "yaxis")}
    longest = {axis: max(map(len, names[axis])) * _LETTER * TEXT_SIZE for axis in names}
    titles = _plain(layout.title.text).split("<br>")
    left, top = int(longest["yaxis"]) + 38, 22 * len(titles) + 14
    below = (int(longest["xaxis"] * 0.87) if slanted else TEXT_SIZE) + 38
    across = lambda k: left + (k + 0.5) * width / columns
    down = lambda k: top + (k + 0.5) * height / rows

    parts = [
        f'<image x="{left}" y="{top}" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{_png(weights, trace)}"/>',
        _line(left, top, left, top + height),
        _line(left, top + height, left + width, top + height),
    ]
    for shape in layout.shapes:
        parts.append(_line(across(shape.x0), down(shape.y0), across(shape.x1), down(shape.y1)))
    parts += [_text(14, 24 + 22 * k, line, TITLE_SIZE) for k, line in enumerate(titles)]
    for at, name in zip(layout.yaxis.tickvals, names["yaxis"], strict=True):
        parts.append(_text(left - 6, down(at) + 4, name, TEXT_SIZE, "end"))
    for at, name in zip(layout.xaxis.tickvals, names["xaxis"], strict=True):
        x, y = across(at), top + height + 16
        turned = f' transform="rotate(-60 {x + 4:.1f} {y})"' if slanted else ""
        parts.append(
            _text(x + 4 if slanted else x, y, name, TEXT_SIZE, "end" if slanted else "middle", turned)
        )
    middle = top + height / 2
    titled = f' transform="rotate(-90 18 {middle:.0f})"'
    parts.append(_text(18, middle, _plain(layout.yaxis.title.text), TEXT_SIZE + 1, "middle", titled))
    bottom = top + height + below
    parts.append(
        _text(left + width / 2, bottom - 8, _plain(layout.xaxis.title.text), TEXT_SIZE + 1, "middle")
    )
    size = left + width + 18, bottom
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}" font-family="{FONT}" fill="{NEUTRALS["text"]}" stroke="none">'
        f'<rect width="{size[0]}" height="{size[1]}" fill="{NEUTRALS["card"]}"/>'
    )
    return "\n".join([head, *parts, "</svg>"]), *size


def _side(cells: int) -> int:
    return min(_SIDE["most"], max(_SIDE["least"], _SIDE["cell"] * cells))


def _plain(text: object) -> str:
    """The figure's text, which is escaped already, without what XML cannot say."""
    return _NOT_IN_XML.sub("\ufffd", "" if text is None else str(text))


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{NEUTRALS["line"]}"/>'


def _text(x: float, y: float, text: str, size: int, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{more}>{text}</text>'


def _png(weights: np.ndarray, trace: go.Heatmap) -> str:
    """The cells as a picture, a pixel each, in base64: colours by number, as a PNG file's palette has them.

    weights: (rows, columns), from trace.zmin to trace.zmax; what lies below is drawn as zmin.
    """
    ends = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for _, colour in trace.colorscale]
    steps = np.linspace(0, 1, trace.zmax - trace.zmin + 1)[:, None]
    palette = np.rint(np.array(ends[0]) * (1 - steps) + np.array(ends[-1]) * steps).astype(np.uint8)
    numbers = np.clip(weights.astype(int), trace.zmin, trace.zmax).astype(np.uint8) - trace.zmin
    rows = np.pad(numbers, ((0, 0), (1, 0)))  # a row begins with its filter: 0, none
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", *weights.shape[::-1], 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.astype(np.uint8).tobytes(), 9)),
        (b"IEND", b""),
    )
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return base64.b64encode(data).decode("ascii")
