"""The picture of a class: what became of each exercise, and which known mistakes were made how often.

Drawn twice from the same rows: as a figure for a page, and as an SVG file that needs neither a script nor a
browser to be made.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting.figure import LabFigure
from labkit.plotting.theme import (
    FONT,
    NEUTRALS,
    PALETTE,
    TEXT_SIZE,
    TITLE_SIZE,
    escaped,
    heading,
    new_layout,
)

# What can become of an exercise, best first -> (colour, pattern of its bar). Colours that the palette does
# not have were searched for: of any two, however seen, the distance is that of two series at least.
OUTCOMES = {
    "passed": (PALETTE["green"], ""),
    "a known mistake": (PALETTE["orange"], "/"),
    "another mistake": (PALETTE["purple"], "x"),
    "an exception": ("#F0E442", "\\"),
    "a time-out": ("#ABDEFF", "-"),
    "a crash": ("#707EF9", "+"),
    "a syntax error": ("#F86341", "|"),
    "no answer": (PALETTE["sky"], "."),
    "no notebook": (NEUTRALS["padding"], ""),
}
STROKES = {  # a pattern of plotly's as the path of an SVG tile, 8 pixels wide and high
    "/": "M0 8L8 0",
    "\\": "M0 0L8 8",
    "x": "M0 8L8 0M0 0L8 8",
    "-": "M0 4H8",
    "|": "M4 0V8",
    "+": "M0 4H8M4 0V8",
    ".": "M3 4H5",
}
LABEL, BAR, MISTAKE, GAP = 22, 24, 25, 16  # pixels: a line of text, a bar, a mistake's bar, between exercises
SVG_WIDTH, MARGIN, DIGIT, LINE = 720, 14, 8, 17
# What keeps a number readable on a pattern.
HALO = f'stroke="{NEUTRALS["card"]}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
SVG_CHARACTERS = 90  # of a mistake's name that fit in a line of the SVG file


@dataclass(frozen=True)
class Row:
    """One bar: its text, its upper edge in pixels, its parts (outcome, students) in order.

    minor: it is the bar of one mistake, below its exercise's.
    """

    text: str
    top: float
    parts: tuple[tuple[str, int], ...]
    minor: bool = False
    lines: tuple[str, ...] = ()  # the text, wrapped

    @property
    def height(self) -> int:
        """In pixels."""
        return MISTAKE + LINE * (len(self.lines) - 1) if self.minor else BAR


def class_map(
    outcomes: Mapping[str, Mapping[str, int]],
    mistakes: Mapping[str, Mapping[str, int]] | None = None,
    title: str = "The class, exercise by exercise",
    most: int = 3,
) -> LabFigure:
    """A bar for each exercise, as long as the class, in parts by outcome; below it, the known mistakes.

    outcomes: exercise -> {outcome: students}, with outcomes from OUTCOMES.
    mistakes: exercise -> {name of a known mistake: students}.
    most: mistakes drawn for an exercise, the most frequent first; the summary has them all.
    """
    outcomes, mistakes = _checked(outcomes, mistakes or {})
    rows, height = _rows(outcomes, mistakes, most)
    summary = f"{heading(title)}\n" + "\n".join(_lines(outcomes, mistakes))
    major, minor = ([row for row in rows if row.minor is kind] for kind in (False, True))
    figure = go.Figure()
    for outcome, (colour, pattern) in OUTCOMES.items():
        bars = [(row, n) for row in major for name, n in row.parts if name == outcome]
        if not bars:
            continue
        figure.add_bar(
            x=[n for _, n in bars],
            y=[row.top + row.height / 2 for row, _ in bars],
            width=BAR,
            orientation="h",
            name=outcome,
            marker={
                "color": colour,
                "pattern": {
                    "shape": pattern,
                    "fgcolor": NEUTRALS["card"],
                    "solidity": 0.15,
                    "fillmode": "overlay",
                },
                "line": {"color": NEUTRALS["line"], "width": 1},
            },
            text=[str(n) for _, n in bars],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"size": TEXT_SIZE, "color": NEUTRALS["text"]},
            hovertext=[f"{escaped(row.text)}<br>{outcome}: {_students(n)}" for row, n in bars],
            hoverinfo="text",
        )
    figure.add_bar(
        x=[row.parts[0][1] for row in minor],
        y=[row.top + row.height / 2 for row in minor],
        width=MISTAKE - 5,
        orientation="h",
        marker={"color": NEUTRALS["grid"], "line": {"color": NEUTRALS["line"], "width": 1}},
        hovertext=[escaped(row.text) for row in minor],
        hoverinfo="text",
        showlegend=False,
    )
    new_layout(figure, title, summary, height, bottom=40, legend_lines=(len(figure.data) + 1) // 2)
    figure.update_layout(barmode="stack", bargap=0, uniformtext={"minsize": TEXT_SIZE, "mode": "hide"})
    figure.update_layout(legend={"traceorder": "normal"})
    size = max(sum(counts.values()) for counts in outcomes.values())
    figure.update_xaxes(  # without ticks: the bars carry their numbers
        title=f"the whole width: {_students(size)}",
        range=[0, size],
        showticklabels=False,
        ticks="",
        showgrid=False,
        showline=False,
    )
    figure.update_yaxes(
        range=[height, 0],
        tickvals=[row.top + (row.height - 2 if row.minor else 0) for row in rows],
        ticktext=[escaped(_short(r.text)) if r.minor else f"<b>{escaped(r.text)}</b>" for r in rows],
        ticklabelposition="inside top",
        ticks="",
        showgrid=False,
        showline=False,
    )
    return LabFigure(figure, summary)


def class_svg(
    outcomes: Mapping[str, Mapping[str, int]],
    mistakes: Mapping[str, Mapping[str, int]] | None = None,
    title: str = "The class, exercise by exercise",
    most: int = 3,
) -> str:
    """The same picture as the text of an SVG file, with the summary as its description."""
    outcomes, mistakes = _checked(outcomes, mistakes or {})
    rows, height = _rows(outcomes, mistakes, most, SVG_CHARACTERS)
    size = max(sum(counts.values()) for counts in outcomes.values())
    scale = (SVG_WIDTH - 2 * MARGIN) / size
    used = [name for name in OUTCOMES if any(name in counts for counts in outcomes.values())]
    legend = _legend(used)
    top = 2 * MARGIN + TITLE_SIZE + LABEL + legend[-1][2]
    total = top + height + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SVG_WIDTH} {total}" width="{SVG_WIDTH}" '
        f'height="{total}" role="img" aria-labelledby="t d" font-size="{TEXT_SIZE}" '
        f'font-family="{escape(FONT)}" fill="{NEUTRALS["text"]}">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(chr(10).join(_lines(outcomes, mistakes)))}</desc>',
        pattern_defs(),
        f'<rect width="{SVG_WIDTH}" height="{total}" fill="{NEUTRALS["card"]}"/>',
        _text(MARGIN, MARGIN + TITLE_SIZE, title, f' font-size="{TITLE_SIZE}" font-weight="bold"'),
    ]
    for outcome, left, line in legend:
        y = line + 2 * MARGIN + TITLE_SIZE
        parts.append(_rect(left, y - 4, 14, 14, pattern_fill(outcome)))
        parts.append(_text(left + 20, y + 8, outcome))
    for row in rows:
        x, upper = float(MARGIN), top + row.top
        for outcome, n in row.parts:
            colour = NEUTRALS["grid"] if row.minor else pattern_fill(outcome)
            parts.append(_rect(x, upper, n * scale, row.height - 5 * row.minor, colour))
            if not row.minor and n * scale > DIGIT * len(str(n)) + 4:
                parts.append(_text(x + n * scale / 2, upper + 17, str(n), f' text-anchor="middle" {HALO}'))
            x += n * scale
        if row.minor:
            parts += [_text(MARGIN + 6, upper + 15 + LINE * k, line) for k, line in enumerate(row.lines)]
        else:
            parts.append(_text(MARGIN, upper - 6, row.text, ' font-weight="bold"'))
    return "\n".join([*parts, "</svg>"]) + "\n"


def pattern_defs() -> str:
    """The SVG element <defs> with the fill of each outcome: its colour, and its pattern in white."""
    tiles = []
    for outcome, (colour, shape) in OUTCOMES.items():
        path = f'<path d="{STROKES[shape]}" stroke="{NEUTRALS["card"]}" stroke-width="1.3"/>' if shape else ""
        tile = f'<pattern id="{_pattern(outcome)}" width="8" height="8" patternUnits="userSpaceOnUse">'
        tiles.append(f'{tile}<rect width="8" height="8" fill="{colour}"/>{path}</pattern>')
    return "<defs>" + "".join(tiles) + "</defs>"


def pattern_fill(outcome: str) -> str:
    """The value of `fill` for an outcome, in a document that holds `pattern_defs`."""
    return f"url(#{_pattern(outcome)})"


def _pattern(outcome: str) -> str:
    return outcome.replace(" ", "-")


def _legend(outcomes: list[str]) -> list[tuple[str, int, int]]:
    """(outcome, x, y) for each sign of the legend, as many in a line as fit; y from 0, in pixels."""
    placed, x, y = [], MARGIN, 0
    for outcome in outcomes:
        width = 42 + 7 * len(outcome)
        if x > MARGIN and x + width > SVG_WIDTH - MARGIN:
            x, y = MARGIN, y + LABEL
        placed.append((outcome, x, y))
        x += width
    return placed


def _checked(
    outcomes: Mapping[str, Mapping[str, int]], mistakes: Mapping[str, Mapping[str, int]]
) -> tuple[dict[str, dict[str, int]], dict[str, Counter[str]]]:
    """The counts, without outcomes that no student had. Raises LabkitError for anything else."""
    if not outcomes:
        raise LabkitError("outcomes is empty: there is nothing to draw. Give at least one exercise.")
    for name, counts in [*outcomes.items(), *mistakes.items()]:
        if any(type(n) is not int or n < 0 for n in counts.values()):
            raise LabkitError(f"{name}: expected whole numbers of students, got {dict(counts)}.")
    for name, counts in outcomes.items():
        if unknown := [outcome for outcome in counts if outcome not in OUTCOMES]:
            raise LabkitError(f"{name}: {unknown[0]!r} is no outcome. There is {', '.join(OUTCOMES)}.")
        if not sum(counts.values()):
            raise LabkitError(f"{name} has no students: there is nothing to draw.")
    if unknown := [name for name in mistakes if name not in outcomes]:
        raise LabkitError(f"mistakes has {unknown[0]!r}, which is not among the outcomes.")
    ordered = {name: {o: c[o] for o in OUTCOMES if c.get(o)} for name, c in outcomes.items()}
    return ordered, {name: Counter(mistakes.get(name, {})) for name in outcomes}


def _rows(
    outcomes: dict[str, dict[str, int]],
    mistakes: dict[str, Counter[str]],
    most: int,
    characters: int | None = None,
) -> tuple[list[Row], int]:
    """(every bar from the top down, the height of all in pixels)

    characters: after which the name of a mistake goes on in a new line.
    """
    rows, y = [], 0
    for name, counts in outcomes.items():
        y += LABEL
        text = f"{name}: {counts.get('passed', 0)} of {sum(counts.values())} passed"
        rows.append(Row(text, y, tuple(counts.items())))
        y += BAR + 3
        for mistake, n in mistakes[name].most_common(most):
            text = f"{n} \u00d7 {mistake}"
            lines = tuple(textwrap.wrap(text, characters) if characters else [text])
            rows.append(Row(text, y, (("a known mistake", n),), minor=True, lines=lines))
            y += rows[-1].height
        y += GAP
    return rows, y


def _lines(outcomes: dict[str, dict[str, int]], mistakes: dict[str, Counter[str]]) -> Iterator[str]:
    """The picture in words: a line for each exercise, and one below it for each mistake."""
    for name, counts in outcomes.items():
        rest = ", ".join(f"{outcome} {n}" for outcome, n in counts.items() if outcome != "passed")
        passed = f"{name}: {counts.get('passed', 0)} of {sum(counts.values())} passed"
        yield f"{passed}; {rest}" if rest else passed
        for mistake, n in mistakes[name].most_common():
            yield f"  {_students(n)}: {mistake}"


def _students(n: int) -> str:
    return f"{n} student{'' if n == 1 else 's'}"


def _short(text: str, most: int = 48) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {box} fill="{colour}" stroke="{NEUTRALS["line"]}"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
