"""One file of the package index, found where the user's pip looks and fetched as it is.

`pip download` would run the setup code of a source distribution to learn what it depends on. So the file is
found by `unearth`, PyPA's finder, and never unpacked, built or installed here.

Where to look is what `pip config list` says: index-url, extra-index-url, find-links, no-index, trusted-host,
cert and proxy, from pip's files and from variables such as PIP_INDEX_URL. A Python without pip has the
variables alone. So a mirror, a folder of files or a proxy that works for pip works here; HTTPS_PROXY,
SSL_CERT_FILE, REQUESTS_CA_BUNDLE and ~/.netrc count as they do for pip.
"""

from __future__ import annotations

import ast
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.files import safe_files
from labkit.messages import LabkitError
from labkit.models import connection

_NOT_OFFERED = "does not offer it"
TRIES = 3  # connections for one file: a download that breaks goes on where it stopped
TIMEOUT = 10  # seconds without a word from the other side


class NotFound(Exception):
    """No source has the file; says each one's reason."""


class OtherBytes(Exception):
    """Every source that has the file has another one than was asked for."""


@dataclass
class Sources:
    """Where pip looks: addresses of indexes (None: pip's own default) and of pages or folders of files."""

    indexes: list[str | None] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    certificates: tuple[str, str] | tuple[()] = ()  # (path, where that is set)
    proxy: tuple[str, str] | tuple[()] = ()


def fetch_file(project: str, file: str, sha256: str, size: int, folder: Path, bar: Any) -> Path:
    """The path of the index's `file` of `project`, with this sha256: in `folder`, or where a source has it.

    bar: of tqdm, moved on by the bytes that arrive. Raises NotFound, OtherBytes, and LabkitError for settings
    that can't be used.
    """
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    sources, other, reasons = pip_sources(), False, []
    connection.check_settings()
    options: dict[str, Any] = {"trusted_hosts": sources.trusted, "follow_redirects": True, "timeout": TIMEOUT}
    if sources.certificates:
        options["verify"] = connection.certificates(*sources.certificates)
    if sources.proxy:
        options["proxy"] = connection.check_proxy(*sources.proxy)
    # "identity": a server that packs a .tar.gz once more would have it unpacked on arrival
    with PyPIClient(**options, headers={"Accept-Encoding": "identity"}) as client:
        client.auth = MultiDomainBasicAuth(prompting=False, index_urls=filter(None, sources.indexes))
        for links, source in [(True, link) for link in sources.links] + [(False, i) for i in sources.indexes]:
            with _said_by_unearth() as said:
                try:
                    if link := _find(client, source, links, project, file):
                        path = _get(client, link, Path(folder) / file, size, bar)
                        if safe_files.file_sha256(path) == sha256:
                            return path
                        other = True
                except _errors() as error:
                    said.append(_reason(error))
            reasons.append(f"{_shown(source)}: {said[-1] if said else _NOT_OFFERED}")
    if other:
        raise OtherBytes
    telling = [reason for reason in reasons if not reason.endswith(_NOT_OFFERED)] or reasons
    raise NotFound("; ".join(telling) or "pip's settings name no index and no folder")


def pip_sources() -> Sources:
    """The Sources that this Python's pip would use for a download."""
    said = _pip_config()
    # of two settings with one name the later section counts, as for `pip download`
    settings: dict[str, str] = {}
    for section in ("global", "download", ":env:"):
        settings |= {name: text for (part, name), text in said.items() if part == section and text.strip()}
    sources = Sources(
        links=settings.get("find-links", "").split(), trusted=settings.get("trusted-host", "").split()
    )
    if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on", "t", "y"):
        sources.indexes = [settings.get("index-url"), *settings.get("extra-index-url", "").split()]
    for place in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if os.environ.get(place) and not sources.certificates:
            sources.certificates = (os.environ[place], place)
    if "cert" in settings:
        sources.certificates = (settings["cert"], "pip's setting cert")
    if "proxy" in settings:
        sources.proxy = (settings["proxy"], "pip's setting proxy")
    return sources


def _pip_config() -> dict[tuple[str, str], str]:
    """{(section, name): text} of pip's settings."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    # away from the working folder, where a file called pip.py would be taken for pip
    asked = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        cwd=sys.prefix,
        stdin=subprocess.DEVNULL,
    )
    if "No module named pip" in asked.stderr:
        names = [name for name in os.environ if name.startswith("PIP_")]
        return {(":env:", name[4:].lower().replace("_", "-")): os.environ[name] for name in names}
    if asked.returncode:
        said = [line for line in asked.stderr.splitlines() if line.strip()]
        raise LabkitError(f"pip can't read its own settings: {said[-1] if said else asked.returncode}")
    settings = {}
    for line in asked.stdout.splitlines():
        name, _, text = line.partition("=")
        section, _, name = name.rpartition(".")
        with contextlib.suppress(ValueError, SyntaxError):
            settings[section, name] = str(ast.literal_eval(text))
    return settings


def _find(client: Any, source: str | None, links: bool, project: str, file: str) -> Any:
    """The link to `file` in one source, or None."""
    from unearth import PackageFinder

    options: dict[str, Any] = {"session": client, "ignore_compatibility": True}
    if links and source:
        options["find_links"] = [os.path.expanduser(source)]
    elif source:
        options["index_urls"] = [source]
    try:
        packages = PackageFinder(**options).find_all_packages(project, allow_yanked=True)
        return next((package.link for package in packages if package.link.filename == file), None)
    except OSError as error:
        raise ValueError(f"it can't be read ({error.strerror or error})") from None
    except (AttributeError, TypeError, LookupError):  # what came is not of the form that it should be
        raise ValueError("what answered is no package index") from None


def _get(client: Any, link: Any, target: Path, size: int, bar: Any) -> Path:
    """The bytes behind `link` as a file. What arrived before a break is not asked for again."""
    if link.is_file:
        try:
            with open(link.file_path, "rb") as file:
                bar.update(os.fstat(file.fileno()).st_size)
        except OSError as error:
            raise ValueError(f"its file can't be read ({error.strerror or error})") from None
        return link.file_path
    for left in reversed(range(TRIES)):
        have = target.stat().st_size if target.exists() else 0
        if have >= size:
            break
        try:
            with client.get_stream(
                link.normalized, headers={"Range": f"bytes={have}-"} if have else {}
            ) as answer:
                answer.raise_for_status()
                goes_on = answer.status_code == 206
                bar.update(0 if goes_on else -bar.n)
                with open(target, "ab" if goes_on else "wb") as out:
                    for piece in answer.iter_bytes():
                        out.write(piece)
                        bar.update(len(piece))
                        if out.tell() > size:
                            return target  # not what is wanted, and perhaps without an end
            if target.stat().st_size < size:
                raise ValueError("the download broke off")
        except _errors():
            if not left:
                raise
    return target


def _errors() -> tuple[type[Exception], ...]:
    """What `unearth` and its connections raise for what is outside of this program."""
    import httpx2

    return httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError


def _reason(error: Exception) -> str:
    import httpx2

    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    return connection.why_not(error) if isinstance(error, httpx2.TransportError) else str(error)


@contextlib.contextmanager
def _said_by_unearth() -> Iterator[list[str]]:
    """A list of what unearth remarks meanwhile, which would else stand on stderr."""
    said: list[str] = []
    logger = logging.getLogger("unearth")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage().split(": ", 1)[-1])  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def _shown(source: str | None) -> str:
    """A source without the password that may stand in its address."""
    return "the package index" if source is None else connection.without_password(source)
