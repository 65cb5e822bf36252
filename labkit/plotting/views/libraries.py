"""What the views need on the page, once a notebook: d3, jQuery and the scripts of bertviz, from pip."""

import functools
import sys
from importlib.util import find_spec
from pathlib import Path

from labkit.messages import LabkitError
from labkit.plotting.views import page
from labkit.plotting.views.packing import deflated

# script -> (package that pip installs, module that holds the file, file). d3 must be version 5: XStatic-D3 is
# too old, and mpld3 ships 5.7.0. The packages are only read: importing bertviz would import boto3.
SCRIPTS = {
    "d3": ("mpld3", "mpld3", "js/d3.v5.min.js"),
    "jquery": ("XStatic-jQuery", "xstatic.pkg.jquery", "data/jquery.min.js"),
    "head": ("bertviz", "bertviz", "head_view.js"),
    "model": ("bertviz", "bertviz", "model_view.js"),
    "neuron": ("bertviz", "bertviz", "neuron_view.js"),
}
# bertviz's neuron view looks for its picture by an id that every view on the page has.
_GLOBAL_ID, _OWN_ID = 'd3.select("#vis")', "d3.select(`#${config.rootDivId} #vis`)"

_home: str | None = None  # the cell of this kernel that brings the libraries


def missing() -> list[str]:
    """The packages to install before a view can be drawn: [] when all are there."""
    return list(dict.fromkeys(package for package, *place in SCRIPTS.values() if _path(*place) is None))


@functools.cache
def html() -> str:
    """The libraries as one script element, about 190 KB. Raises LabkitError where a package is missing."""
    if missing():
        raise LabkitError(f"The interactive views are not installed. Run %pip install {' '.join(missing())}")
    found = {name: _path(module, file) for name, (_, module, file) in SCRIPTS.items()}
    sources = {name: path.read_text(encoding="utf-8") for name, path in found.items() if path}
    sources["neuron"] = sources["neuron"].replace(_GLOBAL_ID, _OWN_ID)
    return page.libraries({name: deflated(source.encode()) for name, source in sources.items()})


def html_if_due() -> str:
    """The libraries if this is the first cell with a view, or that cell again; else "".

    Run again, the first cell's output is replaced, and the libraries with it. On Colab every output is a page
    of its own, and needs them.
    """
    global _home
    if missing():
        return ""
    cell = _cell()
    if _home is None:
        _home = cell
    return html() if cell == _home or "google.colab" in sys.modules else ""


def _cell() -> str:
    """What tells the running cell from others: its id where the front end says it, else its code."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return "no kernel"
    request = kernel.get_parent("shell") or {}
    return request.get("metadata", {}).get("cellId") or request.get("content", {}).get("code", "")


def _path(module: str, file: str) -> Path | None:
    """Where a file of an installed package lies, found without importing it; None if it isn't there."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    if spec is None or not spec.origin:
        return None
    path = Path(spec.origin).parent / file
    return path if path.is_file() else None
