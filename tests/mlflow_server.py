"""As much of MLflow's REST API as a sending needs, on a port of this machine; EVALHUB_TEST_MLFLOW names
a real server (`mlflow server --port 5000`) that is asked instead.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

API = "/api/2.0/mlflow/"


class Mlflow:
    """Its store, and what it shall do wrong: `refuses` answers 401, `breaks_after` so many calls 500."""

    def __init__(self) -> None:
        self.url = ""
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.keys: set[str | None] = set()
        self.calls: list[str] = []
        self.refuses, self.breaks_after = False, 1_000_000

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """None: not found."""
        if path == "experiments/get-by-name":
            found = self.experiments.get(body["experiment_name"])
            return {"experiment": {"experiment_id": found}} if found else None
        if path == "experiments/create":
            found = str(len(self.experiments) + 1)
            self.experiments[body["name"]] = found
            return {"experiment_id": found}
        if path == "runs/search":
            uid = body["filter"].split("'")[1]
            runs = [run for run in self.runs.values() if run["tags"]["evalhub.run"] == uid]
            return {"runs": [{"info": {"run_id": run["id"]}} for run in runs]}
        if path == "runs/create":
            run = {"id": f"r{len(self.runs)}", "metrics": set(), "params": {}, "status": "RUNNING"}
            run["tags"] = {tag["key"]: tag["value"] for tag in body["tags"]}
            self.runs[str(run["id"])] = run
            return {"run": {"info": {"run_id": run["id"]}}}
        return self._of_run(path, self.runs[body["run_id"]], body)

    def _of_run(self, path: str, run: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if path == "runs/log-batch":
            run["params"] |= {each["key"]: each["value"] for each in body.get("params", [])}
            rows = body.get("metrics", [])
            run["metrics"] |= {(r["key"], r["step"], r["timestamp"], r["value"]) for r in rows}
        elif path == "runs/update":
            run["status"] = body["status"]
        elif path == "metrics/get-history":
            rows = sorted(row for row in run["metrics"] if row[0] == body["metric_key"])
            return {"metrics": [{"step": row[1], "value": row[3]} for row in rows]}
        elif path == "runs/get":
            named = {"status": run["status"]}, [{"key": k, "value": v} for k, v in run["params"].items()]  # fmt: skip
            return {"run": {"info": named[0], "data": {"params": named[1]}}}
        return {}


@contextmanager
def mlflow() -> Iterator[Mlflow]:
    """A server that forgets everything; never the real one."""
    store = Mlflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()}
            self._say(query)

        def do_POST(self) -> None:
            self._say(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _say(self, body: dict[str, Any]) -> None:
            path = urlsplit(self.path).path.removeprefix(API)
            store.calls.append(path)
            store.keys.add(self.headers.get("Authorization"))
            status, told = 200, store.answer(path, body) if not store.refuses else {}
            if store.refuses:
                status = 401
            elif len(store.calls) > store.breaks_after:
                status = 500
            elif told is None:
                status = 404
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told or {}).encode())

        def log_message(self, *_words: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def real_or_standing_in() -> Iterator[str]:
    """The address of a real MLflow where one is named."""
    if real := os.environ.get("EVALHUB_TEST_MLFLOW"):
        yield real
        return
    with mlflow() as store:
        yield store.url


def history(seen_at: str, key: str) -> list[tuple[int, float]]:
    """(step, value) of a metric, as the server has it; `seen_at` is the run's page."""
    address, _, path = seen_at.partition("/#/")
    found = _ask(f"{address}{API}metrics/get-history?run_id={path.split('/')[-1]}&metric_key={key}")
    return [(int(each["step"]), float(each["value"])) for each in found["metrics"]]


def run_there(seen_at: str) -> dict[str, Any]:
    address, _, path = seen_at.partition("/#/")
    found: dict[str, Any] = _ask(f"{address}{API}runs/get?run_id={path.split('/')[-1]}")["run"]
    return found


def _ask(url: str) -> dict[str, Any]:
    with urlopen(Request(url)) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
