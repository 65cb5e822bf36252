"""A notebook as one HTML page: everything that it needs is inside, and it is not allowed to ask for more."""

import contextlib
import functools
import html
import json
import re
import warnings
from pathlib import Path

from labkit.export.markdown import Prose, latex_output
from labkit.export.offline import offline
from labkit.messages import LabkitError
from labkit.messages.named import read_text

GENERATOR = "labkit export"
PLOTLY = "application/vnd.plotly.v1+json"
_HERE = Path(__file__).with_name("template")
# The best of what an output has. Left out: what only a running kernel or another machine could complete.
_KINDS = (
    PLOTLY,
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "text/latex",
    "image/png",
    "image/jpeg",
    "text/plain",
)


def page(notebook, name, folder="."):
    """The page's text. It shows the notebook's outputs as they are, and runs nothing.

    notebook: an nbformat notebook. name: the title where no heading gives one. folder: where the pictures
    that its prose names lie.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    prose = Prose(folder)
    cells = [cell for cell in (_cell(cell, prose) for cell in notebook.cells) if cell]
    title = next((html.unescape(words) for level, _, words in prose.headings if level == 1), name)
    needs_plotly = any("Plotly." in out or 'class="figure"' in out for c in cells for _, out in c["outputs"])
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        title=title,
        generator=GENERATOR,
        headings=[(level, id, Markup(words)) for level, id, words in prose.headings if level in (2, 3)],
        cells=cells,
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "page.js").read_text(encoding="utf-8")),
        plotly=Markup(_plotly()) if needs_plotly else "",
    )


def made_here(path):
    """Whether a file is a page that this module has written."""
    with open(path, "rb") as file:
        return f'<meta name="generator" content="{GENERATOR}">'.encode() in file.read(2000)


def _cell(cell, prose):
    """What the template shows of one cell, or None for what only other tools read."""
    from markupsafe import Markup

    shown = {"kind": cell.cell_type, "outputs": [], "number": cell.get("execution_count")}
    if cell.cell_type == "markdown":
        shown["html"] = Markup(offline(prose.html(cell.source, cell.get("attachments"))))
    elif cell.cell_type == "code":
        shown["html"] = Markup(_highlighted(cell.source))
        shown["outputs"] = [
            (kind, Markup(out)) for kind, out in (_output(o, prose) for o in cell.outputs) if out
        ]
        if not cell.source.strip() and not shown["outputs"]:
            return None
    else:
        return None
    return shown


def _output(output, prose):
    """(its kind, HTML) of one output."""
    if output.output_type == "stream":
        return output.name, _text(output.text)
    if output.output_type == "error":
        return "error", _text("\n".join(output.traceback) or f"{output.ename}: {output.evalue}")
    data = output.get("data", {})
    kind = next((kind for kind in _KINDS if kind in data), None)
    return (kind or "").partition("/")[2], "" if kind is None else _shown(kind, data[kind], data, prose)


def _shown(kind, value, data, prose):
    if kind == PLOTLY:
        return _figure(value)
    value = "".join(value) if isinstance(value, list) else value
    if kind == "text/html":
        return offline(value)
    if kind == "text/markdown":
        return offline(prose.html(value))
    if kind == "text/latex":
        return latex_output(value)
    if kind == "text/plain":
        return _text(value)
    words = html.escape(data.get("text/plain", "") or "A picture without a description")
    if kind == "image/svg+xml":  # as a picture, so that nothing in it can run or ask for anything
        import base64

        value = base64.b64encode(value.encode()).decode()
    return f'<img alt="{words}" src="data:{kind};base64,{"".join(value.split())}">'


def _figure(spec):
    """A place for plotly to draw into, with what is to be drawn."""
    # "</" could end the script, whatever stands in a student's label.
    data = json.dumps(spec).replace("<", "\\u003c")
    return f'<div class="figure"><script type="application/json">{data}</script></div>'


def _text(text):
    from nbconvert.filters import ansi2html

    return f"<pre>{ansi2html(text)}</pre>"


def _highlighted(source):
    from nbconvert.filters import Highlight2HTML

    return Highlight2HTML(pygments_lexer="ipython3")(source)


@functools.cache
def _plotly():
    from plotly.offline import get_plotlyjs

    return re.sub(r"</(?=script)", r"<\\/", get_plotlyjs(), flags=re.IGNORECASE)


def page_of(notebook, path):
    """The page of a notebook that was read from `path`. Raises LabkitError where it is damaged.

    Many that nbformat finds fault with can be shown all the same: it is asked only where one can't.
    """
    try:
        return page(notebook, path.stem, path.parent)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        import nbformat

        try:
            nbformat.validate(notebook)
        except Exception as fault:
            said = str(fault).strip().split("\n")[0]
            raise LabkitError(
                f"{path} is a damaged notebook ({said:.200}): open and save it in JupyterLab."
            ) from error
        raise  # nothing is wrong with the notebook


@contextlib.contextmanager
def _without_log():
    """Without the log in which nbformat tells developers of what is not as it should be."""
    from traitlets.log import get_logger

    log = get_logger()
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


def read(path):
    """The notebook in a file, as format 4. Raises LabkitError when there is none in it."""
    import nbformat

    text = read_text(path)
    try:
        with _without_log():
            return nbformat.reads(text, as_version=4)
    except Exception:  # whatever nbformat stumbles over
        raise LabkitError(
            f"{path} is not a notebook, or a damaged one: open and save it in JupyterLab."
        ) from None
