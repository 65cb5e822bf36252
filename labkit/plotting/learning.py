"""How a model learnt: held-out loss, and the top five of one blank, checkpoint by checkpoint.

The log is that of a bundled model's pretraining.json: entries of
{"step", "pieces", "heldout": {"loss", "top1", "top5"}, "probes": [{"text", "words", "probs"}]}.
It holds the five likeliest words of each step and no others: of any other word it says only that it is below
the fifth. Nothing is drawn there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from labkit.messages import LabkitError
from labkit.plotting import checking
from labkit.plotting.figure import LabFigure
from labkit.plotting.probabilities import bars, probability_axis, word_axis
from labkit.plotting.theme import NEUTRALS, count, escaped, log_ticks, new_layout, percent, quoted, series


def _pieces_axis(pieces: list[float]) -> dict[str, Any]:
    ticks = log_ticks(min(pieces), max(pieces))
    return {"type": "log", "tickvals": ticks, "ticktext": [count(t) for t in ticks]}


def _listed(probe: dict[str, Any]) -> str:
    return ", ".join(f"{quoted(w)} {percent(p)}" for w, p in zip(probe["words"], probe["probs"], strict=True))


def learning_slider(
    log: dict[str, Any] | Sequence[dict[str, Any]], text: str, title: str | None = None
) -> LabFigure:
    """The top five of one blank, with a slider over the checkpoints. Static twin: `learning_lines`.

    log: entries of a pretraining.json; text: one of its sentences, as written there.
    """
    entries = checking.log_entries(log)
    probes = checking.probe_of(entries, text)
    title = title or f"Learning to fill the blank: {text}"
    lines = [f"{count(e['pieces'])} pieces: {_listed(p)}" for e, p in zip(entries, probes, strict=True)]
    summary = f"{title} ({len(entries)} checkpoints; drawn: the last)\n" + "\n".join(lines)

    steps = []
    for entry, probe in zip(entries, probes, strict=True):
        trace, axis = bars(probe["words"], probe["probs"]), word_axis(probe["words"])
        steps.append(
            {
                "method": "update",
                "label": count(entry["pieces"]),
                "value": str(entry["pieces"]),
                # A list of one: the new values are for the one trace.
                "args": [
                    {"x": [list(trace.x)], "y": [list(trace.y)], "text": [list(trace.text)],
                     "hovertext": [list(trace.hovertext)]},
                    {"yaxis.tickvals": axis["tickvals"], "yaxis.ticktext": axis["ticktext"]},
                ],
            }
        )  # fmt: skip
    words = max((p["words"] for p in probes), key=len)
    figure = go.Figure(bars(probes[-1]["words"], probes[-1]["probs"]))
    new_layout(figure, title, summary, 30 * len(words) + 14, bottom=146)
    figure.update_xaxes(title="probability", **probability_axis(max(max(p["probs"]) for p in probes)))
    # Room for the longest word of any step, so that the bars do not jump as the slider moves.
    longest = max(len(w) for p in probes for w in p["words"])
    figure.update_yaxes(title="word", **word_axis(probes[-1]["words"]))
    figure.update_yaxes(range=[len(words) - 0.4, -0.6], automargin=False)
    figure.update_layout(margin={"l": 52 + 8 * longest})
    figure.update_layout(
        sliders=[
            {
                "active": len(steps) - 1,
                "steps": steps,
                "currentvalue": {"prefix": "pieces read: ", "font": {"size": 14}},
                "pad": {"t": 62, "b": 8},
                "font": {"size": 13},
                "bordercolor": NEUTRALS["line"],
                "x": 0,
                "len": 1,
            }
        ]
    )
    return LabFigure(figure, summary)


def learning_lines(
    log: dict[str, Any] | Sequence[dict[str, Any]],
    text: str,
    title: str | None = None,
    words: Sequence[str] | None = None,
) -> LabFigure:
    """Probability of the final top words over the text read so far (logarithmic axis).

    words: other words to follow. Where a word is not among a step's top five its line has a gap: the log only
    says that it is below the grey line, the fifth word's probability.
    """
    entries = checking.log_entries(log)
    probes = checking.probe_of(entries, text)
    words = list(probes[-1]["words"]) if words is None else [str(w) for w in checking.plain(words)]
    checking.same_length(words=words)
    title = title or f"How the blank was learnt: {text}"
    pieces = [e["pieces"] for e in entries]
    fifth = [min(p["probs"]) for p in probes]
    rows = {w: [dict(zip(p["words"], p["probs"], strict=True)).get(w) for p in probes] for w in words}

    lines = []
    for word, values in rows.items():
        seen = [i for i, v in enumerate(values) if v is not None]
        last = percent(values[-1]) if values[-1] is not None else f"below {percent(fifth[-1])}"
        since = f"first in the top five at {count(pieces[seen[0]])}" if seen else "never in the top five"
        lines.append(f"{quoted(word)}: {last} at the end; {since}")
    span = f"{count(pieces[0])} to {count(pieces[-1])} pieces"
    summary = f"{title} ({span}, {len(pieces)} checkpoints)\n" + "\n".join(lines)

    figure = go.Figure()
    for i, (word, values) in enumerate(rows.items()):
        colour, symbol, dash = series(i)
        hover = [f"{escaped(word)}: {percent(v)}" if v is not None else None for v in values]
        figure.add_scatter(
            x=pieces,
            y=values,
            mode="lines+markers",
            name=escaped(quoted(word)),
            connectgaps=False,
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 8},
            hovertext=hover,
            hoverinfo="text+x",
        )
    figure.add_scatter(
        x=pieces,
        y=fifth,
        mode="lines",
        name="fifth word: a gap is below this",
        line={"color": NEUTRALS["line"], "width": 1.5, "dash": "dot"},
        hovertext=[f"words not drawn here: below {percent(f)}" for f in fifth],
        hoverinfo="text",
    )
    new_layout(figure, title, summary, 300, legend_lines=1 + (len(words) + 3) // 3)
    figure.update_xaxes(title="pieces read (logarithmic)", **_pieces_axis(pieces))
    figure.update_yaxes(title="probability", tickformat=".0%", rangemode="tozero")
    return LabFigure(figure, summary)


def training_curve(
    log: dict[str, Any] | Sequence[dict[str, Any]], title: str = "Held-out loss and accuracy while learning"
) -> LabFigure:
    """Held-out loss (upper panel), top-1 and top-5 accuracy (lower) over the pieces read, logarithmic.

    A log without top5 (gpt-mini's) is drawn without it.
    """
    entries = checking.log_entries(log)
    pieces = [e["pieces"] for e in entries]
    names = {"loss": "loss", "top1": "top-1 accuracy", "top5": "top-5 accuracy"}
    curves = {key: [e["heldout"].get(key) for e in entries] for key in names}
    if curves["top5"] == [None] * len(entries):
        del curves["top5"]  # a decoder's log does not hold it
    for key, values in curves.items():
        if None in values:
            raise LabkitError(f"entry {values.index(None)} of the log has no held-out {key}.")
    checking.numbers("loss", curves["loss"], low=0)
    ends = [f"loss {curves['loss'][0]:.1f} to {curves['loss'][-1]:.1f}"]
    for key in set(curves) - {"loss"}:
        checking.probabilities(key, curves[key])
    ends += [f"{names[k]} {percent(v[0])} to {percent(v[-1])}" for k, v in curves.items() if k != "loss"]
    summary = f"{title}, from {count(pieces[0])} to {count(pieces[-1])} pieces: {'; '.join(ends)}"

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for i, (key, values) in enumerate(curves.items()):
        colour, symbol, dash = series(i)
        shown = [f"{v:.2f}" if key == "loss" else percent(v) for v in values]
        figure.add_trace(
            go.Scatter(
                x=pieces,
                y=values,
                mode="lines+markers",
                name=names[key],
                line={"color": colour, "dash": dash, "width": 2.5},
                marker={"symbol": symbol, "size": 7},
                hovertext=[f"{names[key]} {s} at {count(x)}" for s, x in zip(shown, pieces, strict=True)],
                hoverinfo="text",
            ),
            row=1 if key == "loss" else 2,
            col=1,
        )
    new_layout(figure, title, summary, 360, legend_lines=2)
    figure.update_xaxes(**_pieces_axis(pieces))
    figure.update_xaxes(title="pieces read (logarithmic)", row=2, col=1)
    figure.update_yaxes(title="loss (nats)", row=1, col=1)
    figure.update_yaxes(title="accuracy", tickformat=".0%", rangemode="tozero", row=2, col=1)
    return LabFigure(figure, summary)
