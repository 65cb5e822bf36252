"""Was a notebook made for the labkit that is installed? `labkit build` has written into it which that is."""

from __future__ import annotations

from typing import Any

from labkit import __version__
from labkit.files.paths import is_checkout

AGAIN = "run %pip uninstall -y labkit, restart the kernel and run this cell again"


def remark(made_for: Any, slug: str, installed: str = __version__) -> str:
    """One line on what to do where a notebook was made for another labkit, or "".

    made_for: as it stands in the notebook's first cell; None where nothing does, as in the first notebooks.
    slug: of the lab: the name of its notebook in a checkout.
    """
    from packaging.version import InvalidVersion, Version

    if made_for is None:
        return ""
    here = Version(installed)
    try:
        made = Version(made_for)
    except (InvalidVersion, TypeError, ValueError):
        said = f"made_for={str(made_for)!r:.40} is no version of labkit"
        return _line(
            f"{said}, and {here} is installed", "begin with this cell as a new copy of the lab has it"
        )
    if Version(made.public) == Version(here.public):  # what is local to a machine is no other release
        return ""
    if made > here:
        todo = "get the course's newest state (git pull), then restart the kernel" if is_checkout() else AGAIN
        return _line(f"made for labkit {made}, and {here}, which is older, is installed", todo)
    todo = (
        f"go on in the newest notebooks/{slug}.ipynb"
        if is_checkout()
        else f"take the lab's new notebook, or {AGAIN}"
    )
    return _line(f"made for labkit {made}, and {here}, whose checks may differ, is installed", todo)


def _line(what: str, todo: str) -> str:
    return f"[note] notebook: {what}: {todo}."
