"""LabFigure: a plotly figure and the sentence or table that says the same in words."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.files.safe_files import write_text
from labkit.plotting.alternative import alternative

if TYPE_CHECKING:
    import plotly.graph_objects as go

_PLOTLY = "application/vnd.plotly.v1+json"
# JupyterLab's renderer drops the layout's height whenever it draws anew. A responsive figure would then take
# all of a parent that has no height of its own, and be gone; there JupyterLab follows the width by itself.
_IN_NOTEBOOK = {"responsive": False, "displaylogo": False}
_IN_PAGE = {"responsive": True, "displaylogo": False}
# Plotly's HTML asks another machine for MathJax. No figure of ours has a formula (theme.escaped).
_MATHJAX = re.compile(r"<script[^>]*mathjax[^>]*></script>", re.IGNORECASE)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body style="margin:0"><figure style="margin:0" aria-label="{title}">
{body}
<figcaption style="font:15px system-ui, sans-serif; padding:12px; white-space:pre-wrap;
 overflow-wrap:anywhere">{summary}</figcaption>
</figure></body></html>
"""


class LabFigure:
    """What every plotting function returns.

    figure: the plotly Figure (change it as you like; it is an ordinary one).
    summary: the same in words, computed from the figure's data, the same text for the same data.
    """

    def __init__(self, figure: go.Figure, summary: str) -> None:
        self.figure = figure
        self.summary = summary

    def __repr__(self) -> str:
        return self.summary

    @property
    def title(self) -> str:
        """The figure's heading in one line, plain: its markup and its line breaks are plotly's."""
        drawn = (self.figure.layout.title.text or "Figure").replace("<br>", " ")
        return html.unescape(drawn)

    def _ipython_display_(self) -> None:
        """The drawing, and below it the text version; the text alone where nothing can be drawn."""
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        display(bundle, raw=True)
        if len(bundle) > 1:
            display({"text/html": alternative(self.title, self.summary)}, raw=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        """Plotly's own bundle for this front end (JupyterLab, VS Code, Colab, ...), and the summary as text.

        The text is what a notebook test compares, and what a reader without graphics gets. JupyterLab and
        VS Code draw with a plotly of their own. On Colab and Kaggle every output is a page by itself, and
        plotly's 4.8 MB come from its CDN: those machines have a network.
        """
        bundle = dict(self.figure._repr_mimebundle_())
        if _PLOTLY in bundle:
            bundle[_PLOTLY]["config"] = {**bundle[_PLOTLY].get("config", {}), **_IN_NOTEBOOK}
        if "text/html" in bundle:
            label, drawing = html.escape(self.title), _MATHJAX.sub("", bundle["text/html"])
            bundle["text/html"] = f'<div role="figure" aria-label="{label}">{drawing}</div>'
        bundle["text/plain"] = self.summary
        return bundle

    def show(self) -> None:
        """Display the figure here; outside a notebook print the summary."""
        from IPython import display, get_ipython

        display.display(self) if get_ipython() else print(self.summary)

    def save_html(self, path: str | Path) -> Path:
        """Write a page that needs no network (plotly's 4.5 MB script is inside), with the summary below."""
        path = Path(path)
        body = self.figure.to_html(full_html=False, include_plotlyjs=True, config=_IN_PAGE)
        page = _PAGE.format(title=html.escape(self.title), body=body, summary=html.escape(self.summary))
        write_text(path, page)
        return path
