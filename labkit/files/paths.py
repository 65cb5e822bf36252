"""Where things are: the course's data, the bundled models, and the user's cache."""

import os
import sys
from pathlib import Path


def data_dir():
    """The course's data: inside the installed package, or the repository's `data/` in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def models_dir():
    """The bundled models, one folder each."""
    return data_dir() / "models"


def cache_dir():
    """Where downloads are kept: LABKIT_CACHE, or the platform's cache folder. Not created here."""
    if os.environ.get("LABKIT_CACHE"):
        return Path(os.environ["LABKIT_CACHE"])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "labkit"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "labkit"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "labkit"
