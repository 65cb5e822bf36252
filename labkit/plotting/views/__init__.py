"""bertviz's head, model and neuron view (Vig 2019, arXiv:1906.05714), drawn without a network.

bertviz loads require.js, d3 and jQuery from other machines; JupyterLab has no require.js, so that there it
draws nothing at all. Here its own scripts, d3 and jQuery are read from the installed packages, travel
compressed in the first view of a notebook, and are handed to each other without touching anything else on the
page. Each view stands above a static twin, a still picture of the same weights as a heat map: a notebook that
the reader has not trusted has its scripts removed, and there the twin is what remains.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from labkit.measures.attention import attention_maps, queries_and_keys, tokens
from labkit.messages import LabkitError
from labkit.plotting import attention_grid, attention_heatmap
from labkit.plotting.views import libraries, page, twins
from labkit.plotting.views.packing import pack

if TYPE_CHECKING:
    from labkit.models.loading import Model
    from labkit.plotting.figure import LabFigure

__all__ = ["AttentionView", "head_view", "load", "model_view", "neuron_view"]


class AttentionView:
    """An interactive view and its static twin; a notebook shows both, one under the other.

    html: view and twin, without the libraries that the first view of a notebook brings. twin: the LabFigure
    that the picture is of; shown by itself it tells each weight to the mouse. summary: what the view shows,
    in words.
    """

    def __init__(self, html: str, twin: LabFigure, summary: str) -> None:
        self.html, self.twin, self.summary = html, twin, summary

    def __repr__(self) -> str:
        return self.summary

    def _ipython_display_(self) -> None:
        from IPython.display import display

        html = libraries.html_if_due() + self.html
        display({"text/html": html, "text/plain": self.summary}, raw=True)

    def show(self) -> None:
        """Display view and twin here; outside a notebook print the summary."""
        from IPython import display, get_ipython

        display.display(self) if get_ipython() else print(self.summary)


def load() -> None:
    """Put the libraries into this cell's output; only needed when the cell with the first view is gone."""
    from IPython.display import display

    display({"text/html": libraries.html(), "text/plain": "The views' libraries."}, raw=True)


def head_view(model: Model, text: str, layer: int = 0, heads: Iterable[int] | None = None) -> AttentionView:
    """Lines from each token to the tokens it looks at, one layer at a time, a colour for each head.

    layer: the one drawn first. heads: a list of those switched on first; all when left out.
    Raises LabkitError as attention_maps does, and for a layer or head that the model does not have.
    """
    maps, names = attention_maps(model, text), tokens(model, text)
    heads = list(range(model.num_heads)) if heads is None else list(heads)
    if not heads:
        raise LabkitError("heads is an empty list: name at least one head, or leave it out for all.")
    for head in heads:
        _require(model, layer, head)
    params = {
        "attention": [{"name": None, "attn": maps, "left_text": names, "right_text": names}],
        "default_filter": "0",
        "layer": layer,
        "heads": heads,
        "include_layers": list(range(model.num_layers)),
    }
    twin = attention_heatmap(maps, names, layer, heads[0])
    return _view("head", params, twin, f"Head view of {model.name}, drawn first: layer {layer}. ")


def model_view(model: Model, text: str) -> AttentionView:
    """All heads of all layers as small pictures; a click enlarges one. It is 970 pixels wide.

    Raises LabkitError as attention_maps does.
    """
    maps, names = attention_maps(model, text), tokens(model, text)
    params = {
        "attention": [{"name": None, "attn": maps, "left_text": names, "right_text": names}],
        "default_filter": "0",
        "display_mode": "light",
        "include_layers": list(range(model.num_layers)),
        "include_heads": list(range(model.num_heads)),
        # Decides the size of the pictures: with 4 heads across, each would be as tall as a page.
        "total_heads": max(8, model.num_heads),
    }
    twin = attention_grid(maps, names, title=f"{model.name}: every head of every layer")
    return _view("model", params, twin, f"Model view of {model.name}. ")


def neuron_view(model: Model, text: str, layer: int = 0, head: int = 0) -> AttentionView:
    """How one head comes to its weights: query and key vectors of each token, their product, the softmax.

    layer, head: those drawn first. Queries and keys are rounded to 1/31 of each head's largest number.
    Raises LabkitError as attention_maps does, and for a layer or head that the model does not have.
    """
    maps, names = attention_maps(model, text), tokens(model, text)
    _require(model, layer, head)
    queries, keys = queries_and_keys(model, text)
    everything = {
        "attn": maps, "left_text": names, "right_text": names, "queries": queries, "keys": keys
    }  # fmt: skip
    params = {
        "attention": {"all": everything},
        "default_filter": "all",
        "bidirectional": model.kind == "encoder",
        "display_mode": "light",
        "layer": layer,
        "head": head,
    }
    twin = attention_heatmap(maps, names, layer, head)
    drawn = f"layer {layer}, head {head}"
    return _view("neuron", params, twin, f"Neuron view of {model.name}, drawn first: {drawn}. ")


def _view(kind: str, params: dict[str, Any], twin: LabFigure, summary: str) -> AttentionView:
    root = f"bertviz-{uuid.uuid4().hex}"  # bertviz finds its place on the page by this id
    summary += f"The same weights as a picture: {twin.summary}"
    missing = libraries.missing()
    if missing:
        names = " ".join(missing)
        html = page.notice(f"The interactive view is not installed. Run <code>%pip install {names}</code>")
    else:
        html = page.view(kind, root, pack(params | {"root_div_id": root}), escape(summary))
    return AttentionView(html + twins.picture(twin), twin, summary)


def _require(model: Model, layer: int, head: int) -> None:
    for name, index, count in (("layer", layer, model.num_layers), ("head", head, model.num_heads)):
        if not isinstance(index, int) or not 0 <= index < count:
            raise LabkitError(f"{model.name} has {name}s 0 to {count - 1}; there is no {name} {index!r}.")
