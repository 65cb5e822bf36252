"""Pictures of a decoder at work: its guesses along a text, on its own and led by the hand, and its loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.probabilities import probability_axis
from labkit.plotting.theme import (
    NEUTRALS,
    PALETTE,
    TEXT_SIZE,
    escaped,
    heading,
    new_layout,
    percent,
    quoted,
    series,
)

if TYPE_CHECKING:
    from labkit.models.generation import TokenGuess
    from labkit.plotting.checking import Numbers, Table


def next_token_bars(
    guesses: Iterable[TokenGuess], title: str = "How likely was each next token?"
) -> LabFigure:
    """A bar for each token: its probability given those before it, and the model's favourite if another.

    guesses: as labkit.generation.guesses_along gives them (token, prob, favourite, favourite_prob).
    """
    guesses = list(guesses)
    if not guesses:
        raise LabkitError("guesses is empty: there is nothing to draw. Give at least one token.")
    probs = checking.probabilities("prob", [guess.prob for guess in guesses])
    best = checking.probabilities("favourite_prob", [guess.favourite_prob for guess in guesses])
    hit = [
        guess.token == guess.favourite and abs(p - b) < 1e-6
        for guess, p, b in zip(guesses, probs, best, strict=True)
    ]
    lines = [
        f"{quoted(guess.token)} {percent(p)}"
        + (" (the favourite)" if right else f" (favourite: {quoted(guess.favourite)} {percent(b)})")
        for guess, p, b, right in zip(guesses, probs, best, hit, strict=True)
    ]
    summary = f"{heading(title)}\n" + "\n".join(lines)

    rows = list(range(len(guesses)))
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=rows,
        x=probs,
        width=0.7,
        marker={
            "color": [PALETTE["orange"] if right else PALETTE["sky"] for right in hit],
            "line": {"color": NEUTRALS["line"], "width": 1},
        },
        text=[
            f"{percent(p)} ★"
            if right
            else f"{percent(p)}  rather {escaped(quoted(guess.favourite))} {percent(b)}"
            for guess, p, b, right in zip(guesses, probs, best, hit, strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": TEXT_SIZE, "color": NEUTRALS["text"]},
        hovertext=[escaped(line) for line in lines],
        hoverinfo="text",
    )
    new_layout(figure, title, summary, 27 * len(rows) + 14)
    axis = probability_axis(max(probs))
    figure.update_xaxes(title="probability (★ the model's favourite)", **axis)
    # A favourite's name stands behind a bar of at most one half: that much room is always there.
    figure.update_xaxes(
        range=[
            0,
            max(
                axis["range"][1],
                2.6 * max([p for p, right in zip(probs, hit, strict=True) if not right] or [0]),
            ),
        ]
    )
    figure.update_yaxes(
        title="token",
        tickvals=rows,
        ticktext=[escaped(quoted(guess.token)) for guess in guesses],
        range=[len(rows) - 0.4, -0.6],
        ticks="",
        showgrid=False,
    )
    return LabFigure(figure, summary)


def agreement_lines(
    lines: Mapping[str, Table],
    title: str = "How often is the guess right?",
    step_title: str = "tokens after the prompt",
) -> LabFigure:
    """Accuracy step by step, with intervals: {"free running": [(p, low, high), ...]}, from step 1."""
    if not isinstance(lines, dict) or not lines:
        raise LabkitError('lines is empty or not a dict: give {"free running": [(p, low, high), ...]}.')
    figure, said, longest = go.Figure(), [], 0
    for k, (name, triples) in enumerate(lines.items()):
        triples = [checking.plain(triple) for triple in triples]
        if not triples or any(len(triple) != 3 for triple in triples):
            raise LabkitError(f"line {name!r} must be a list of triples (accuracy, low, high), one a step.")
        values = checking.probabilities(f"accuracies of {name!r}", [triple[0] for triple in triples])
        lows, highs = checking.intervals_of(
            f"intervals of {name!r}", [triple[1:] for triple in triples], values
        )
        colour, symbol, dash = series(k)
        steps = list(range(1, len(values) + 1))
        longest = max(longest, len(values))
        shown = [
            f"step {step}: {percent(p)} ({percent(low)} to {percent(high)})"
            for step, p, low, high in zip(steps, values, lows, highs, strict=True)
        ]
        said.append(
            f"{name}: "
            + ", ".join(f"step {step} {percent(p)}" for step, p in zip(steps, values, strict=True))
        )
        figure.add_scatter(
            x=steps,
            y=values,
            mode="lines+markers",
            name=escaped(name),
            line={"color": colour, "width": 2.5, "dash": dash},
            marker={"size": 9, "symbol": symbol},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - p for high, p in zip(highs, values, strict=True)],
                "arrayminus": [p - low for low, p in zip(lows, values, strict=True)],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[f"{escaped(name)}, {text}" for text in shown],
            hoverinfo="text",
        )
    summary = f"{heading(title)}\n" + "\n".join(said)
    new_layout(figure, title, summary, 280, legend_lines=(len(lines) + 1) // 2)
    figure.update_xaxes(title=step_title, range=[0.5, longest + 0.5], dtick=1 if longest <= 12 else 5)
    figure.update_yaxes(title="share right", tickformat=".0%", rangemode="tozero", nticks=6)
    return LabFigure(figure, summary)


def loss_lines(curves: Mapping[str, Numbers], title: str = "Loss while training") -> LabFigure:
    """The loss of every step, in nats: {"with the mask": [3.4, 3.1, ...], ...}."""
    if not isinstance(curves, dict) or not curves:
        raise LabkitError('curves is empty or not a dict: give {"with the mask": [3.4, 3.1, ...]}.')
    figure, said = go.Figure(), []
    for k, (name, losses) in enumerate(curves.items()):
        losses = checking.plain(losses)
        checking.same_length(**{f"curve {name!r}": losses})
        losses = checking.numbers(f"losses of {name!r}", losses, low=0)
        colour, _, dash = series(k)
        said.append(f"{name}: {losses[0]:.1f} at the start, {losses[-1]:.1f} after {len(losses)} steps")
        figure.add_scatter(
            x=list(range(1, len(losses) + 1)),
            y=[round(loss, 3) for loss in losses],
            mode="lines",
            name=escaped(name),
            line={"color": colour, "width": 2.5, "dash": dash},
            hovertemplate="step %{x}: %{y:.2f} nats<extra>" + escaped(name) + "</extra>",
        )
    summary = f"{heading(title)}\n" + "\n".join(said)
    new_layout(figure, title, summary, 260, legend_lines=(len(curves) + 1) // 2)
    figure.update_xaxes(title="training step", nticks=7)
    figure.update_yaxes(title="loss (nats)", rangemode="tozero", nticks=6)
    return LabFigure(figure, summary)
