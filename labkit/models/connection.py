"""What the environment says about connections, looked at before one is opened.

Proxies and certificates are set once, often by somebody else, and the libraries that read them fail in many
ways when they are wrong. Here each wrong setting is found by name. Nothing in here asks the network.
"""

import importlib.util
import os
import re
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies

from labkit.messages import LabkitError

_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+(%\w+)?")  # a name, or an address of either version


def check_settings() -> None:
    """Raises LabkitError, naming the variable, where a proxy or certificates are set that can't be used."""
    for place, proxy in _proxies():
        check_proxy(proxy, place)
    if file := os.environ.get("SSL_CERT_FILE"):
        certificates(file, "SSL_CERT_FILE")
    elif (folder := os.environ.get("SSL_CERT_DIR")) and not any(map(os.path.isdir, folder.split(os.pathsep))):
        raise LabkitError(f"SSL_CERT_DIR is {folder!r}, and there is no such folder. {_OR_REMOVE}")


def check_proxy(proxy: str, place: str) -> str:
    """The address of a proxy with its scheme; LabkitError, with the setting's `place`, where it is none."""
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https", "socks5", "socks5h")
        right = known and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # a port or a bracket that is none
        right = False
    if not right:
        raise LabkitError(
            f"{place} is {without_password(proxy)!r}, which is no proxy: expected http://HOST:PORT. "
            "Put it right, or remove it if this machine needs no proxy."
        )
    if parts.scheme.startswith("socks") and not importlib.util.find_spec("socksio"):
        raise LabkitError(
            f"{place} is a SOCKS proxy, for which Python needs another package: python -m pip install socksio"
        )
    return address


def certificates(path: str, place: str) -> ssl.SSLContext:
    """Trust in the certificates of a file or folder; LabkitError, with the setting's `place`, if none."""
    try:
        if os.path.isdir(path):
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError:
        why = "it holds no certificates" if os.path.isfile(path) else "there is no such file"
        raise LabkitError(f"{place} is {path!r}, and {why}. {_OR_REMOVE}") from None


def why_not(error: Exception) -> str:
    """The words "no connection", the reason, and the proxies that were asked, as they are often the cause."""
    proxies = " and ".join(f"{place} is {without_password(proxy)}" for place, proxy in _proxies())
    return f"no connection ({error or type(error).__name__}{f'; {proxies}' if proxies else ''})"


_OR_REMOVE = "Secure connections need it: name the right one, or remove the setting to use the system's own."


def _proxies() -> Iterator[tuple[str, str]]:
    """(where it is set, its address) of each proxy."""
    for scheme, proxy in getproxies().items():
        if scheme in ("http", "https", "all"):
            names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
            yield next((name for name in names if os.environ.get(name)), "The system's proxy"), proxy


def without_password(address: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"[^/@]*@", "", address)
