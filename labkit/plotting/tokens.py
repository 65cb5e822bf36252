"""Pictures of what goes into the model: the token strip, and what masking did to the tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import (
    MONO,
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
    from labkit.plotting.checking import Numbers

_ROW_UNITS = 47  # a row holds this many characters of 13-pixel type in a cell 400 pixels wide
_ROW_BOXES = 12
_LONGEST = 20  # characters of a token that are drawn; all of them are in the hover text and the summary
_ROW_PIXELS = 76
_KINDS = {
    "A": ("segment A", PALETTE["sky"], ""),
    "B": ("segment B", PALETTE["orange"], ""),
    "token": ("token", PALETTE["sky"], ""),
    "padding": ("padding", NEUTRALS["padding"], "/"),
}


def _kinds(
    tokens: list[str], token_type_ids: list[int] | None, attention_mask: list[int] | None
) -> list[str]:
    """'A', 'B', 'token' or 'padding' for each token."""
    kinds = []
    for i in range(len(tokens)):
        if attention_mask is not None and attention_mask[i] not in (0, 1):
            raise LabkitError(f"attention_mask[{i}] is {attention_mask[i]!r}, expected 1, or 0 for padding.")
        if token_type_ids is not None and token_type_ids[i] not in (0, 1):
            raise LabkitError(f"token_type_ids[{i}] is {token_type_ids[i]!r}, expected 0 (A) or 1 (B).")
        if attention_mask is not None and attention_mask[i] == 0:
            kinds.append("padding")
        else:
            kinds.append("token" if token_type_ids is None else "AB"[token_type_ids[i]])
    return kinds


def _boxes(tokens: list[str], ids: list[int]) -> list[tuple[int, float, float]]:
    """(row, left, width) of each box: as wide as its text, a new row when the line is full."""
    boxes, row, left, in_row = [], 0, 0.0, 0
    for token, number in zip(tokens, ids, strict=True):
        width = max(len(_short(token)), len(str(number)), 2) + 1.2
        if in_row and (left + width > _ROW_UNITS or in_row == _ROW_BOXES):
            row, left, in_row = row + 1, 0.0, 0
        boxes.append((row, left, width))
        left, in_row = left + width, in_row + 1
    return boxes


def _short(token: str) -> str:
    return token if len(token) <= _LONGEST else token[: _LONGEST - 1] + "…"


def _strip_summary(
    title: str, tokens: list[str], ids: list[int], kinds: list[str], highlight: set[int]
) -> str:
    counts = {kind: kinds.count(kind) for kind in _KINDS if kind in kinds}
    names = {"A": "in segment A", "B": "in segment B", "padding": "padding"}
    parts = [f"{n} {names[kind]}" for kind, n in counts.items() if kind in names]
    lines = [f"{heading(title)} {len(tokens)} tokens" + (f" ({', '.join(parts)})." if parts else ".")]
    start = 0
    for i in range(1, len(tokens) + 1):  # one line for each run of the same kind
        if i < len(tokens) and kinds[i] == kinds[start]:
            continue
        run = range(start, i)
        if kinds[start] == "padding":
            text = f"{tokens[start]} {ids[start]}, {i - start} times"
        else:
            text = ", ".join(f"{quoted(tokens[j])} {ids[j]}" for j in run)
        lines.append(f"{_KINDS[kinds[start]][0]}: {text}")
        start = i
    if highlight:
        lines.append("marked: " + ", ".join(f"position {i} ({quoted(tokens[i])})" for i in sorted(highlight)))
    return "\n".join(lines)


def token_strip(
    tokens: Sequence[str],
    ids: Numbers,
    token_type_ids: Numbers | None = None,
    attention_mask: Numbers | None = None,
    title: str = "What the model reads",
    highlight: Iterable[int] = (),
) -> LabFigure:
    """A strip of boxes, one a token: the token, its id, and its segment by colour and by letter.

    tokens: strings; ids, token_type_ids (0 = A, 1 = B), attention_mask (0 = padding): as many integers.
    highlight: positions drawn with a thick border (the masked ones, say). Long inputs wrap into rows.
    """
    tokens, ids = [str(t) for t in checking.plain(tokens)], checking.plain(ids)
    types = None if token_type_ids is None else checking.plain(token_type_ids)
    mask = None if attention_mask is None else checking.plain(attention_mask)
    checking.same_length(tokens=tokens, ids=ids, token_type_ids=types, attention_mask=mask)
    highlight = set(checking.plain(highlight))
    for i in highlight - set(range(len(tokens))):
        raise LabkitError(f"highlight has position {i!r}, but positions run from 0 to {len(tokens) - 1}.")
    kinds, boxes = _kinds(tokens, types, mask), _boxes(tokens, ids)
    summary = _strip_summary(title, tokens, ids, kinds, highlight)

    figure = go.Figure()
    for kind, (name, colour, hatch) in _KINDS.items():
        chosen = [i for i in range(len(tokens)) if kinds[i] == kind]
        if not chosen:
            continue
        label = "" if kind == "token" else "<br>" + {"padding": "pad"}.get(kind, kind)
        shown = {i: escaped(_short(tokens[i])) for i in chosen}
        shown = {i: f"<b>{text}</b>" if i in highlight else text for i, text in shown.items()}
        figure.add_bar(
            orientation="h",
            name=name,
            y=[boxes[i][0] for i in chosen],
            base=[boxes[i][1] + 0.12 for i in chosen],
            x=[boxes[i][2] - 0.24 for i in chosen],
            width=0.88,
            text=[f"{shown[i]}<br>{ids[i]}{label}" for i in chosen],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"family": MONO, "size": TEXT_SIZE, "color": NEUTRALS["text"]},
            marker={
                "color": colour,
                "line": {
                    "width": [3 if i in highlight else 1 for i in chosen],
                    "color": [NEUTRALS["text"] if i in highlight else NEUTRALS["line"] for i in chosen],
                },
                "pattern": {"shape": hatch, "fgcolor": NEUTRALS["card"], "fillmode": "overlay", "size": 8},
            },
            hovertext=[f"position {i}: {escaped(tokens[i])}, id {ids[i]}, {name}" for i in chosen],
            hoverinfo="text",
        )
    rows = boxes[-1][0] + 1
    widest = max(left + width for _, left, width in boxes)
    legend = len([k for k in _KINDS if k in kinds]) if set(kinds) != {"token"} else 0
    new_layout(figure, title, summary, rows * _ROW_PIXELS, bottom=12, legend_lines=(legend + 1) // 2)
    figure.update_layout(barmode="overlay", uniformtext={"mode": False})
    # A short strip keeps its boxes small instead of filling the width.
    figure.update_xaxes(visible=False, range=[0, max(widest, 0.6 * _ROW_UNITS)])
    figure.update_yaxes(visible=False, range=[rows - 0.5, -0.5])
    return LabFigure(figure, summary)


def mask_counts(
    counts: Mapping[str, int],
    title: str = "What happened to the chosen tokens",
    expected: Numbers = (0.8, 0.1, 0.1),
) -> LabFigure:
    """Bars of how often each treatment came out, with a line at what the recipe expects.

    counts: {"[MASK]": 803, "random piece": 97, "unchanged": 100}; expected: as many shares that sum to 1.
    Masking recipe: Devlin et al. 2018, section 3.1.
    """
    if not isinstance(counts, dict) or not counts:
        raise LabkitError('counts is empty or not a dict: give {"[MASK]": 803, "random piece": 97, ...}.')
    names, expected = list(counts), checking.probabilities("expected", expected)
    values = checking.numbers("counts", checking.plain(counts.values()), low=0)
    checking.same_length(counts=values, expected=expected)
    total = sum(values)
    if total == 0:
        raise LabkitError("all counts are 0: no token was chosen. Mask more text, or check the masking rate.")
    shares = [v / total for v in values]
    lines = [
        f"{name}: {v:g} of {total:g} = {percent(share)} (expected {percent(e)})"
        for name, v, share, e in zip(names, values, shares, expected, strict=True)
    ]
    summary = f"{heading(title)}\n" + "\n".join(lines)

    rows = list(range(len(names)))
    # The numbers stand with the names: on the bars the line would cross them.
    labels = [f"{escaped(n)}<br>{v:g} ({percent(s)})" for n, v, s in zip(names, values, shares, strict=True)]
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        name="counted",
        y=rows,
        x=shares,
        width=0.55,
        marker={"color": PALETTE["sky"], "line": {"color": NEUTRALS["line"], "width": 1}},
        hovertext=[escaped(line) for line in lines],
        hoverinfo="text",
    )
    x, y = [], []
    for row, e in enumerate(expected):  # one broken line: None lifts the pen
        x += [e, e, None]
        y += [row - 0.4, row + 0.4, None]
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name="expected",
        line={"color": PALETTE["black"], "width": 3, "dash": "dot"},
        hoverinfo="skip",
    )
    new_layout(figure, title, summary, 52 * len(names) + 10, legend_lines=1)
    figure.update_xaxes(
        title="share of the chosen tokens",
        tickformat=".0%",
        range=[0, min(1.0, 1.15 * max(shares + expected))],
    )
    figure.update_yaxes(title="", tickvals=rows, ticktext=labels, range=[len(names) - 0.5, -0.5])
    return LabFigure(figure, summary)
