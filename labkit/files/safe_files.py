"""Whole files and right files: SHA256SUMS, and scratch files and folders that are moved into place.

SHA256SUMS has the format of the `sha256sum` command, one file a folder. The bundled models and what comes
from the hub carry one; it is checked on every load (90 MB take a tenth of a second or so).
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
import uuid
from pathlib import Path

from labkit.files import paths
from labkit.messages import LabkitError
from labkit.messages.named import writing

_PREFIX, _SUFFIX = ".labkit-", ".new"  # of the folders in which `replacing` writes
_STALE = 24 * 3600  # a scratch folder older than this was left by a process that was killed
NAME = "SHA256SUMS"
# what a model's folder needs to be loaded; not model cards, logs or pickles
MODEL_FILES = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json"
    r"|vocab\.txt|merges\.txt|model\.safetensors\.index\.json|model(-\d+-of-\d+)?\.safetensors"
)
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def file_sha256(path):
    """The sha256 of a file, as 64 hex digits, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def write_checksums(folder):
    """Write `folder`/SHA256SUMS for its weights, config and tokenizer (MODEL_FILES); returns its path."""
    folder = Path(folder)
    names = sorted(
        path.name for path in folder.iterdir() if path.is_file() and MODEL_FILES.fullmatch(path.name)
    )
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in names]
    write_text(folder / NAME, "".join(lines), newline="\n")
    return folder / NAME


def read_checksums(folder):
    """{file name: sha256} from `folder`/SHA256SUMS; {} where there is none or it can't be read as one."""
    try:
        text = (Path(folder) / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    matches = [_LINE.fullmatch(line) for line in text.splitlines()]
    return {match[2]: match[1] for match in matches} if all(matches) else {}


def wrong_files(folder, expected):
    """The names in `expected` ({name: sha256}) that are missing from `folder` or hold other bytes."""
    folder = Path(folder)
    return [
        name
        for name, sha256 in expected.items()
        if not (folder / name).is_file() or file_sha256(folder / name) != sha256
    ]


@contextlib.contextmanager
def replacing(path):
    """A path to write to, which takes the place of `path` at the end: whole or not at all. Makes the folder.

    Until then, and for good if something is raised, what was at `path` stays as it was. Any number of
    processes may do so at once: the last to finish stands. What is written lies in a hidden folder of its
    own beside `path`, under the same name, so no file of the user's is in the way; it has the permissions of
    the file that it replaces, or those that a new file gets here. Where `path` is a link, the link stays and
    the file that it points to is replaced.
    """
    target = Path(os.path.realpath(path))
    # Not tempfile's folder: that is the owner's alone, and what is written in it stays so on Windows.
    folder = target.with_name(f"{_PREFIX}{uuid.uuid4().hex}{_SUFFIX}")
    scratch = folder / target.name
    try:
        folder.mkdir(parents=True)
        yield scratch
        if target.exists():
            shutil.copymode(target, scratch)
        os.replace(scratch, target)
    except OSError as error:
        if error.filename in (str(folder), str(scratch)):
            error.filename = str(path)  # what the user knows; the other is gone
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path, text, errors="strict", newline=None):
    """Write `text` to `path` as UTF-8, whole or not at all (`replacing`). Makes the folder.

    Raises LabkitError where the system does not let it be written there.
    """
    with writing(path), replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8", errors=errors, newline=newline)


def clear_unfinished(folder):
    """Remove what `replacing` has left below `folder` in processes that were killed.

    Only where none is at work: what another is writing would go too.
    """
    for unfinished in Path(folder).rglob(f"{_PREFIX}*{_SUFFIX}"):
        shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def scratch_folder():
    """A scratch folder in the cache (so that moving out of it is atomic), gone afterwards come what may."""
    cache = paths.cache_dir()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(".scratch-*"):
            if time.time() - old.stat().st_mtime > _STALE:
                shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            prefix=".scratch-", dir=cache, ignore_cleanup_errors=True
        ) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise LabkitError(
            f"Could not write to the cache folder {cache}: {error.strerror or error}. "
            "Free some space, or set LABKIT_CACHE to a folder that you can write to."
        ) from None
