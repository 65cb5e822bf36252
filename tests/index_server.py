"""A package index on 127.0.0.1 that serves a folder of files, and misbehaves on demand."""

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess

JSON = "application/vnd.pypi.simple.v1+json"


class IndexServer:
    """Serves each project's page at /simple/PROJECT/ and its files at /files/FILE. Use it as a context.

    form: of the pages, "json" or "html" (without hashes).  user: "NAME:PASSWORD" that it asks for.
    faults: {file name or "page": one of "half" (the connection closes half-way, once), "halves" (every time),
    "short" (the same without a word about the length), "drop" (not a byte), "missing" (404), "error" (503),
    "endless" (bytes and no end), "login" (a page that asks to log in), "number" (JSON that is no page),
    "moved" (the answer is at another address), "no ranges" (half, and from the beginning next time)}.
    requests: counts (what, "range" or "").
    """

    def __init__(self, folder, form="json", user=None):
        self.folder, self.form, self.user = Path(folder), form, user
        self.faults, self.requests = {}, Counter()
        handler = type("Handler", (_Handler,), {"index": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.place}/simple"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def without_pip(monkeypatch):
    """From now on this Python has no pip to ask, which takes a second or two: PIP_* variables alone count."""
    no_pip = CompletedProcess([], 1, "", "python: No module named pip\n")
    monkeypatch.setattr("labkit.models.index.subprocess.run", lambda *args, **kwargs: no_pip)


class _Handler(BaseHTTPRequestHandler):
    index = None

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        what, name = (self.path.strip("/").split("/") + [""])[:2]
        if self.index.user:
            from base64 import b64encode

            if self.headers["Authorization"] != "Basic " + b64encode(self.index.user.encode()).decode():
                return self._send(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
        if what == "moved":
            return self._file(name, None)
        if what == "files":
            return self._file(name, self.index.faults.get(name))
        return self._page(name, self.index.faults.get("page"))

    def _page(self, project, fault):
        self.index.requests["page", ""] += 1
        if fault == "error":
            return self._send(503, b"")
        if fault == "login":
            return self._send(200, b"<html><a href='/login'>Log in</a></html>", {"Content-Type": "text/html"})
        if fault == "number":
            return self._send(200, b"[17]", {"Content-Type": JSON})
        if fault == "drop":
            return None
        canonical = lambda name: re.sub(r"[-_.]+", "-", name).lower()
        own = [path for path in sorted(self.index.folder.iterdir()) if path.is_file()]
        own = [path for path in own if canonical(path.name).startswith(f"{canonical(project)}-")]
        if not own:
            return self._send(404, b"")
        if self.index.form == "html":
            links = "".join(f'<a href="../../files/{path.name}">{path.name}</a>\n' for path in own)
            return self._send(200, f"<html>{links}</html>".encode(), {"Content-Type": "text/html"})
        files = [
            {
                "filename": path.name,
                "url": f"../../files/{path.name}",
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
            }
            for path in own
        ]
        page = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
        return self._send(200, json.dumps(page).encode(), {"Content-Type": JSON})

    def _file(self, name, fault):
        self.index.requests[name, "range" if self.headers["Range"] else ""] += 1
        data, status = (self.index.folder / name).read_bytes(), 200
        if fault in ("missing", "error"):
            return self._send(404 if fault == "missing" else 503, b"")
        if fault == "login":
            return self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        if fault == "drop":
            return None
        if fault == "moved":
            return self._send(302, b"", {"Location": f"/moved/{name}"})
        if fault == "endless":
            return self._send(200, data * 50, length=None)
        headers = {"Content-Type": "application/octet-stream"}
        if fault != "no ranges" and (match := re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")):
            start = int(match[1])
            status, headers["Content-Range"] = 206, f"bytes {start}-{len(data) - 1}/{len(data)}"
            data = data[start:]
        if fault in ("half", "no ranges"):
            del self.index.faults[name]
        if fault in ("half", "halves", "no ranges"):
            return self._send(status, data[: len(data) // 2], headers, length=len(data))
        if fault == "short":
            return self._send(status, data[: len(data) // 2], headers, length=None)
        return self._send(status, data, headers)

    def _send(self, status, body, headers=(), length=-1):
        """length: that the answer claims to have; None: says nothing; -1: the truth."""
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # who asked has heard enough
