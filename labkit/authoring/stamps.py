"""What is made from the course's address: badges, the README's table of labs, the set-up cell."""

import re
from urllib.parse import quote, urlencode

from labkit import __version__
from labkit.messages import LabkitError

BEGIN_TABLE, END_TABLE = "<!-- labs: written by `labkit build` -->", "<!-- end of labs -->"
BEGIN_MAP, END_MAP = "<!-- map of the labs: written by `labkit build` -->", "<!-- end of the map -->"

_SETUP = """\
import importlib.util
{missing}import labkit
lab = labkit.start("{number}", made_for="{version}")"""
_INSTALL = """\
# Not installed yet, as on Colab? Then install it: the import below needs it.
if importlib.util.find_spec("labkit") is None:
    %pip install -q "labkit[views] @ git+https://github.com/{repository}{at_tag}"
"""
_SAY_NOWHERE = """\
if importlib.util.find_spec("labkit") is None:
    raise SystemExit(
        "labkit is not installed here, and this copy of the lab does not say where "
        "it is to be had: ask whoever you have the lab from."
    )
"""
UNPUBLISHED = "This copy of the course has not been published yet: `labkit links` writes links here that open"


def setup_source(address, number, version=__version__):
    """The first code cell of a lab: works alone in an empty folder.

    It installs the release that the notebook was made for, where there is one, and tells `labkit.start` which
    that is: a notebook of last term is not to meet the checks of this one unawares. Colab brings a notebook
    of its own, so JupyterLab (the extra `lab`) isn't installed there; what the attention views draw with
    (the extra `views`) is.

    `%pip` shows its own errors but does not stop the cell; `import labkit` right after it does.
    """
    at_tag = f"@{address.tag}" if address.tag else ""
    install = _INSTALL.format(repository=address.repository, at_tag=at_tag)
    missing = install if address.is_published else _SAY_NOWHERE
    return _SETUP.format(missing=missing, number=number, version=version)


def badges(address, slug):
    """Markdown of a lab's badges, for the README: where it can be opened."""
    return " ".join(
        f"[![Open in {name}]({picture})]({link})" if picture else f"[Open in {name}]({link})"
        for name, picture, link in _open_in(address, slug)
    )


def open_links(address, slug):
    """The same links as text, for the notebook: opening it must ask no other machine for a picture."""
    if not address.is_published:
        return f"*{UNPUBLISHED} this lab in a browser.*"
    return " · ".join(f"[Open in {name}]({link})" for name, _, link in _open_in(address, slug))


def _open_in(address, slug):
    """(name, picture, link) of each place that opens a lab.

    Those that show one notebook, or keep nothing, open the release. Codespaces and nbgitpuller have a copy of
    the repository, in which one works and to which changes are brought: they open the branch.
    """
    path = f"notebooks/{slug}.ipynb"
    file, repository = f"{address.repository}/blob/{address.ref}/{path}", address.repository
    colab = f"https://colab.research.google.com/github/{file}"
    binder = f"https://mybinder.org/v2/gh/{repository}/{address.ref}?labpath={quote(path, safe='')}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://github.com/{file}"
    codespaces = f"https://codespaces.new/{repository}/tree/{address.branch}?quickstart=1"
    places = [
        ("Colab", "https://colab.research.google.com/assets/colab-badge.svg", colab),
        ("Binder", "https://mybinder.org/badge_logo.svg", binder),
        ("Kaggle", "https://kaggle.com/static/images/open-in-kaggle.svg", kaggle),
        ("Codespaces", "https://github.com/codespaces/badge.svg", codespaces),
    ]
    if address.hub:
        places.append(("JupyterHub", "", address.hub + pull(address, path)))
    return places


def pull(address, path=""):
    """What stands behind a hub's address in an nbgitpuller link: fetch the course, then open `path` of it."""
    folder = address.repository.partition("/")[2]
    wanted = {"repo": f"https://github.com/{address.repository}", "branch": address.branch}
    return "/hub/user-redirect/git-pull?" + urlencode(wanted | {"urlpath": f"lab/tree/{folder}/{path}"})


def stamp_readme(text, address, modules):
    """The README's text with its two tables made anew: where each lab opens, and what one builds in it.

    modules: of the labs, in order.  Raises LabkitError when the markers around the tables are not there, each
    once and in order.
    """
    rows = _table(address, modules)
    text = _between(text, BEGIN_TABLE, END_TABLE, rows, "table of labs")
    rows = ["| | lab | you build |", "| --- | --- | --- |"]
    rows += [f"| {lab.SLUG[:2]} | {lab.TITLE[0].upper()}{lab.TITLE[1:]} | {lab.BUILDS} |" for lab in modules]
    return _between(text, BEGIN_MAP, END_MAP, rows, "map of the labs")


def _table(address, modules):
    """The lines on where each lab opens; of a course that has not been published, that it has not."""
    if not address.is_published:
        how = "`make lab` opens the first lab on your machine, `make lab LAB=02` the second."
        return [f"{UNPUBLISHED} each lab in a", f"browser. {how}"]
    rows = ["Open a lab in your browser, with nothing to install:", "", "| Lab | Open it |", "| --- | --- |"]
    for lab in modules:
        name = f"[{lab.SLUG[:2]} {lab.TITLE}](notebooks/{lab.SLUG}.ipynb)"
        rows.append(f"| {name} | {badges(address, lab.SLUG)} |")
    if not address.hub:
        link = f"`{pull(address, 'notebooks')}`"
        rows += ["", f"On a JupyterHub with nbgitpuller, with the hub's address before it: {link}"]
    return rows


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
