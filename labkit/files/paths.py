"""Where things are: the course's data, the bundled models, and the user's cache."""

import os
import sys
from pathlib import Path

import platformdirs

from labkit.messages import LabkitError


def data_dir() -> Path:
    """The course's data: inside the installed package, or the repository's `data/` in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def is_checkout() -> bool:
    """Does labkit run from the course's own folder, and not from an installed package?"""
    return data_dir().name != "_data"


def models_dir() -> Path:
    """The bundled models, one folder each."""
    return data_dir() / "models"


def cache_dir() -> Path:
    """Where downloads are kept: LABKIT_CACHE (~ and $NAME in it are filled in), or the platform's folder.

    That is ~/.cache/labkit on Linux ($XDG_CACHE_HOME/labkit where that is set), ~/Library/Caches/labkit on a
    Mac, and labkit in %LOCALAPPDATA% on Windows. Always an absolute path; not created here. Raises
    LabkitError where LABKIT_CACHE begins with the home of a user that there isn't.
    """
    if wish := os.environ.get("LABKIT_CACHE", "").strip():
        try:
            return Path(os.path.expandvars(wish)).expanduser().absolute()
        except RuntimeError:
            raise LabkitError(
                f"LABKIT_CACHE is {wish!r}, and there is no home folder of that name. Give the whole path."
            ) from None
    # without an author's folder and without "Cache" in it: where earlier versions have put it on Windows
    folder = platformdirs.user_cache_path("labkit", appauthor=False, opinion=False)
    if sys.platform == "darwin" and not folder.is_dir():  # earlier versions didn't ask XDG_CACHE_HOME there
        earlier = Path.home() / "Library" / "Caches" / "labkit"
        return earlier if earlier.is_dir() else folder
    return folder
