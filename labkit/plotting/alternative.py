"""What stands below a figure in a notebook: its text version, and a keyboard's way to its controls.

The drawing itself is plotly's, and in JupyterLab nothing can be put around it. So the words come as an output
of their own: HTML that opens without a script, and in notebooks the reader has not trusted. Where scripts may
run, a short one gives the drawing its name for screen readers, and a menu to each slider and list of buttons.
"""

import functools
import html
import re
from pathlib import Path

from labkit.plotting.keys import OWN_KEYS

MARK = "labkit-text"  # the class by which an exported page knows that a figure's words follow
_STYLE = """<style>
.labkit-text summary:focus-visible, .labkit-text select:focus-visible {
  outline: 3px solid #0072B2; outline-offset: 2px; }
</style>"""
_LINE = "font: 13px system-ui, sans-serif; margin: 2px 0 8px"
_WORDS = (
    "white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; line-height: 1.5; padding: 4px 0 4px 16px"
)


def alternative(title: str, summary: str) -> str:
    """HTML of a figure's text version. title: its heading, plain."""
    name = html.escape(title)
    return (
        f'{_STYLE}<div class="{MARK}" data-title="{name}" style="{_LINE}"><details>'
        f'<summary {OWN_KEYS} style="cursor: pointer">Text version of this figure</summary>'
        f'<pre style="{_WORDS}">{html.escape(summary)}</pre></details>'
        f"<script>{_script()}</script></div>"
    )


@functools.cache
def _script() -> str:
    """alternative.js without its comments and indentation: it is stored with every figure."""
    source = Path(__file__).with_name("alternative.js").read_text(encoding="utf-8")
    lines = (re.sub(r"^\s*(//.*)?", "", line) for line in source.splitlines())
    return "\n".join(line for line in lines if line)
