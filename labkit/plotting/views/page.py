"""The HTML around bertviz's scripts."""

import json
from pathlib import Path

from labkit.plotting.keys import OWN_KEYS

# A white card in every theme; as wide as it needs, with a scroll bar of its own.
_CARD = (
    "background:#fff;color:#1f1f1f;padding:8px 12px;overflow-x:auto;"
    "font-family:system-ui,-apple-system,'Segoe UI',Arial,sans-serif;font-size:14px"
)
_CONTROLS = {
    "head": f'Layer: <select id="layer" aria-label="layer" {OWN_KEYS}></select> '
    "<small>Click a colour to switch a head off or on, double-click for that head alone; "
    "point at a token to see its lines.</small>",
    "model": "<small>Click a picture to enlarge it, again to close it.</small>",
    "neuron": f'Layer: <select id="layer" aria-label="layer" {OWN_KEYS}></select> '
    f'Head: <select id="att_head" aria-label="head" {OWN_KEYS}></select> '
    "<small>Point at a token on the left, and click the + beside it to see how its weights arise.</small>",
}
# Query, key, their product and the softmax side by side: in a narrower cell the right half would be cut off.
_WIDTH = {"head": "0", "model": "0", "neuron": "1040px"}
_NO_SCRIPT = (
    "The interactive view is drawn by a script, and none has run. Trust the notebook (in JupyterLab: View, "
    "Activate Command Palette, Trust Notebook), or run it again from the top. The picture below shows the "
    "same weights without a script."
)
# JupyterLab fits every svg element into its cell; bertviz's drawing would not become smaller, but be cut off.
_VIEW = """<style>#{root} svg {{ max-width: none }}</style>
<div role="figure" aria-label="{summary}" style="{card}">
<p id="{root}-notice" style="margin:0">{no_script}</p>
<div id="{root}"><span style="display:none">{controls}</span>
<div id="vis" style="min-width:{width}"></div></div></div>
<script>
(function (job) {{
  const views = (window.labkitViews = window.labkitViews || {{ waiting: [] }});
  views.draw ? views.draw(...job) : views.waiting.push(job);
}})({job});
</script>"""


def view(kind: str, root: str, packed: str, summary: str) -> str:
    """The element that a view is drawn into, and the script that asks for it.

    kind: "head", "model" or "neuron". root: its id on the page. packed: from packing.pack. summary: escaped.
    """
    return _VIEW.format(
        summary=summary,
        card=_CARD,
        root=root,
        controls=_CONTROLS[kind],
        width=_WIDTH[kind],
        no_script=_NO_SCRIPT,
        job=json.dumps([kind, root, packed]),
    )


def libraries(packed: dict[str, str]) -> str:
    """The script that makes labkitViews.draw. packed: script name -> its source as deflated base64."""
    script = Path(__file__).with_name("draw.js").read_text(encoding="utf-8")
    return f"<script>\n{script.replace('PACKED_SCRIPTS', json.dumps(packed))}</script>"


def notice(text: str) -> str:
    """A line that stands where the view would be."""
    return f'<div style="{_CARD}"><p style="margin:0">{text}</p></div>'
