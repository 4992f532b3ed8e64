"""A server that speaks OpenAI's chat completions, and does what a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Told = tuple[int, dict[str, str], Any]  # status, headers, JSON


def said(content: str, *, finish: str = "stop", usage: tuple[int, int] | None = (10, 4)) -> Told:
    answer: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish}]}  # fmt: skip
    if usage:
        answer["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return 200, {}, answer


class Server:
    """Does as `answer` says: it gets the number of the request and its body."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.moments: list[float] = []
        self.url = ""
        self.answer: Callable[[int, dict[str, Any]], Told] = lambda nth, body: said(str(body["seed"]))  # fmt: skip
        self.lock = threading.Lock()


@contextmanager
def chat_server() -> Iterator[Server]:
    """It answers until the block ends."""
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with served.lock:
                served.asked.append(body)
                served.headers.append({**self.headers, "path": self.path})
                served.moments.append(time.monotonic())
                status, headers, told = served.answer(len(served.asked), body)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked was stopped
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    served.url = f"http://127.0.0.1:{http.server_port}/v1"
    try:
        yield served
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
