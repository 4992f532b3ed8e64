"""A hub of one dataset on this machine, which answers as the hub's API does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40


class Hub(ThreadingHTTPServer):
    """Files by path of the dataset `owner/name`; `asked` holds the Authorization of each request."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files = files
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        if "/paths-info/" in path:
            self._json([self._entry(name) for name in self.server.files], body=True)
        else:
            self._json({"error": "no"}, body=True, status=404)

    def _answer(self, *, body: bool) -> None:
        self.server.asked.append(self.headers.get("Authorization"))
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/datasets/owner/name") and "/tree/" in path:
            self._json([self._entry(name) for name in self.server.files], body=body)
        elif path.startswith("/api/datasets/owner/name"):
            siblings = [
                {"rfilename": name, "size": len(raw)} for name, raw in self.server.files.items()
            ]
            self._json({"id": "owner/name", "sha": COMMIT, "siblings": siblings}, body=body)
        elif path.startswith(f"/datasets/owner/name/resolve/{COMMIT}/"):
            self._file(path.split(f"{COMMIT}/", 1)[1], body=body)
        else:
            self._json({"error": "Repository not found"}, body=body, status=404)

    def _entry(self, name: str) -> dict[str, object]:
        size = len(self.server.files[name])
        return {"type": "file", "path": name, "size": size, "oid": "b" * 40}

    def _file(self, name: str, *, body: bool) -> None:
        raw = self.server.files[name]
        start, end, status = 0, len(raw), 200
        if (asked := self.headers.get("Range", "")).startswith("bytes="):
            first, last = asked.removeprefix("bytes=").split("-")
            start, end, status = int(first), min(int(last or end) + 1, end), 206
        self.send_response(status)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", f'"{"c" * 40}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(raw[start:end])

    def _json(self, value: object, *, body: bool, status: int = 200) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        if body:
            self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test says what matters."""


@contextmanager
def hub_of(files: dict[str, bytes]) -> Iterator[Hub]:
    with Hub(files) as hub:
        thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
