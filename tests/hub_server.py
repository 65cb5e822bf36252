"""A server on 127.0.0.1 that answers like the hub, and misbehaves on demand.

It serves what `huggingface_hub` asks for: /api/models/OWNER/NAME/revision/REV (with ?blobs=true), and HEAD
and GET of /OWNER/NAME/resolve/REV/FILE with ETag, X-Repo-Commit, Content-Length and Range. Data sets are the
same under /api/datasets/OWNER/NAME and /datasets/OWNER/NAME/resolve/REV/FILE.
"""

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """`repos`: {"owner/name": {file name: bytes}}. `faults`: {file name or "api": one of
    "missing" (listed, but 404), "wrong" (other bytes of the same length), "half" (the connection closes
    half-way, once), "drop" (it closes without a byte of the body), "error" (503), "html" (a login page)}.

    `tokens`, where it is set: those that it knows; who sends another is refused, as the hub does it.
    `requests` counts (method, last part of the path, "range" or ""). Use it as a context manager.
    """

    def __init__(self, repos):
        self.repos = repos
        self.faults = {}
        self.tokens = None
        self.requests = Counter()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """From now on connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def count(self, name):
        """How many GETs there were of the file `name` (or "api")."""
        return sum(n for (method, file, _), n in self.requests.items() if method == "GET" and file == name)


def repo_from(folder):
    """{file name: bytes} of a model's folder."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def _is_large(name):
    return name.endswith((".safetensors", ".bin"))  # what the hub keeps as LFS files


def _etag(name, data):
    if _is_large(name):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        path = unquote(urlsplit(self.path).path)
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if token and self.hub.tokens is not None and token not in self.hub.tokens:
            return self._error(401, None, "Invalid credentials in Authorization header")
        if match := re.fullmatch(r"/api/(?:models|datasets)/([^/]+/[^/]+?)(?:/revision/(.+))?", path):
            self._note("api")
            return self._api(match[1], match[2] or "main")
        if match := re.fullmatch(r"(?:/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._note(match[3])
            return self._file(*match.groups())
        return self._error(404, "EntryNotFound")

    def _note(self, name):
        self.hub.requests[self.command, name, "range" if self.headers["Range"] else ""] += 1

    def _api(self, repo, revision):
        fault = self.hub.faults.get("api")
        if fault == "error":
            return self._error(503, None)
        if fault == "drop":
            return self._cut()
        if fault == "html":
            return self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        if repo not in self.hub.repos:
            return self._error(404, "RepoNotFound")
        if revision not in (COMMIT, "main"):
            return self._error(404, "RevisionNotFound")
        files = [
            {"rfilename": name, "size": len(data), "blobId": _etag(name + ".git", data)}
            | (
                {"lfs": {"sha256": _etag(name, data), "size": len(data), "pointerSize": 134}}
                if _is_large(name)
                else {}
            )
            for name, data in sorted(self.hub.repos[repo].items())
        ]
        answer = {"id": repo, "modelId": repo, "sha": COMMIT, "private": False, "tags": [], "siblings": files}
        return self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _file(self, repo, revision, name):
        data = self.hub.repos.get(repo, {}).get(name)
        fault = self.hub.faults.get(name)
        if data is None or fault == "missing" or revision not in (COMMIT, "main"):
            return self._error(404, "EntryNotFound")
        if fault == "error":
            return self._error(503, None)
        headers = {"ETag": f'"{_etag(name, data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            return self._send(200, data, headers)
        if fault == "drop":
            return self._cut()
        if fault == "wrong":
            data = data[:-1] + bytes([data[-1] ^ 1])
        status, start = 200, 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or ""):
            status, start = 206, int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if fault == "half":
            del self.hub.faults[name]
            return self._send(status, data[start:], headers, stop_at=(len(data) - start) // 2)
        return self._send(status, data[start:], headers)

    def _error(self, status, code, message=None):
        headers = {"X-Error-Code": code, "X-Error-Message": message or code}
        headers = {name: text for name, text in headers.items() if text}
        self._send(status, json.dumps({"error": code}).encode(), headers | {"X-Repo-Commit": COMMIT})

    def _send(self, status, body, headers, stop_at=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # so that stop() leaves no connection open
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:stop_at])
        if stop_at is not None:
            self._cut()

    def _cut(self):
        self.wfile.flush()
        self.close_connection = True
