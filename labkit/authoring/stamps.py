"""What is made from the course's address: badges, the README's table of labs, the set-up cell."""

import re

from labkit.messages import LabkitError

BEGIN_TABLE, END_TABLE = "<!-- labs: written by `labkit build` -->", "<!-- end of labs -->"
BEGIN_MAP, END_MAP = "<!-- map of the labs: written by `labkit build` -->", "<!-- end of the map -->"

_SETUP = """\
import importlib.util
# Not installed yet, as on Colab? Then install it: the import below needs it.
if importlib.util.find_spec("labkit") is None:
    %pip install -q "labkit[views] @ git+https://github.com/{repository}"
import labkit
lab = labkit.start("{number}")"""


def setup_source(address, number):
    """The first code cell of a lab: works alone in an empty folder.

    Colab brings a notebook of its own, so JupyterLab (the extra `lab`) isn't installed there; what the
    attention views draw with (the extra `views`) is.

    `%pip` shows its own errors but does not stop the cell; `import labkit` right after it does.
    """
    return _SETUP.format(repository=address.repository, number=number)


def badges(address, slug):
    """Markdown of a lab's badges, for the README: open it in Colab, open it in Binder."""
    colab, binder = _open_in(address, slug)
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) "
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})"
    )


def open_links(address, slug):
    """The same links as text, for the notebook: opening it must ask no other machine for a picture."""
    colab, binder = _open_in(address, slug)
    return f"[Open in Colab]({colab}) · [Open in Binder]({binder})"


def _open_in(address, slug):
    """Where Colab and Binder open a lab."""
    path = f"notebooks/{slug}.ipynb"
    repository, branch = address.repository, address.branch
    colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}/{path}"
    binder = f"https://mybinder.org/v2/gh/{repository}/{branch}?labpath={path.replace('/', '%2F')}"
    return colab, binder


def stamp_readme(text, address, modules):
    """The README's text with its two tables made anew: where each lab opens, and what one builds in it.

    modules: of the labs, in order.  Raises LabkitError when the markers around the tables are not there, each
    once and in order.
    """
    rows = ["| Lab | Open it |", "| --- | --- |"]
    for lab in modules:
        name = f"[{lab.SLUG[:2]} {lab.TITLE}](notebooks/{lab.SLUG}.ipynb)"
        rows.append(f"| {name} | {badges(address, lab.SLUG)} |")
    text = _between(text, BEGIN_TABLE, END_TABLE, rows, "table of labs")
    rows = ["| | lab | you build |", "| --- | --- | --- |"]
    rows += [f"| {lab.SLUG[:2]} | {lab.TITLE[0].upper()}{lab.TITLE[1:]} | {lab.BUILDS} |" for lab in modules]
    return _between(text, BEGIN_MAP, END_MAP, rows, "map of the labs")


def _between(text, begin, end, rows, what):
    """The text with `rows` between its two markers."""
    head, found_begin, rest = text.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not (found_begin and found_end) or begin in tail or end in head + tail:
        raise LabkitError(
            f"README.md: expected one line `{begin}` and one `{end}` below it; the {what} goes between them."
        )
    return "\n".join([head + begin, "", *rows, "", end + tail])


def move_links(text, old, new):
    """The text with every GitHub link to repository `old` pointing to `new`; other mentions stay."""
    link = rf"((?:github\.com|raw\.githubusercontent\.com|/gh)[/:]){re.escape(old)}(?![\w-])(?!\.(?!git\b)\w)"
    return re.sub(link, lambda match: match[1] + new, text)
