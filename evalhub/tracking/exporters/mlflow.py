"""MLflow by its REST API, without its client: five calls, nothing to install.

A run is found again by its tag `evalhub.run`. The same point again (key, step, time, value) is one
row of MLflow's store.
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from evalhub.tracking.exporters.letter import KEY, Letter, Point, Refused, Sent

_API = "/api/2.0/mlflow"
_MOST = 900  # metrics in a call; it takes a thousand
_SECONDS = 30.0
_ENDED = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The address was allowed, and where it points on to was not."""

    def redirect_request(self, *_anything: Any) -> None:  # the library's own signature
        return None


class MLflow:
    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._open = urllib.request.build_opener(_NoRedirects).open
        self._run = ""

    def begin(self) -> str:
        letter = self._letter
        experiment = self._experiment()
        self._run = self._found(experiment) or self._made(experiment)
        params = [{"key": _name(key), "value": _said(value)} for key, value in letter.facts.items()]
        self._post("runs/log-batch", {"run_id": self._run, "params": params[:100]})
        return f"{letter.address}/#/experiments/{experiment}/runs/{self._run}"

    def log(self, points: Sequence[Point], sent: Sent) -> None:
        for batch in _batches(points):
            metrics = [
                _metric(key, value, step=point.step, at=point.at)
                for point in batch
                for key, value in point.values.items()
            ]
            self._post("runs/log-batch", {"run_id": self._run, "metrics": metrics})
            sent(batch[-1].step)

    def end(self, sent: Sent) -> None:
        letter = self._letter
        if letter.ended_at is None:
            return
        at = letter.ended_at
        final = [_metric(f"final/{key}", value, step=0, at=at) for key, value in letter.final.items()]  # fmt: skip
        self._post("runs/log-batch", {"run_id": self._run, "metrics": final[:_MOST]})
        update = {"status": _ENDED[letter.state], "end_time": _ms(at), "run_id": self._run}
        self._post("runs/update", update)
        sent(None)

    def _experiment(self) -> str:
        name = self._letter.project
        try:
            query = urlencode({"experiment_name": name})
            answer = self._ask(f"experiments/get-by-name?{query}")
            return str(answer["experiment"]["experiment_id"])
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        return str(self._post("experiments/create", {"name": name})["experiment_id"])

    def _found(self, experiment: str) -> str:
        query = {
            "experiment_ids": [experiment],
            "filter": f"tags.`evalhub.run` = '{self._letter.uid}'",
            "max_results": 1,
        }
        runs = self._post("runs/search", query).get("runs", [])
        return str(runs[0]["info"]["run_id"]) if runs else ""

    def _made(self, experiment: str) -> str:
        letter = self._letter
        tags = {"evalhub.run": letter.uid, "mlflow.runName": letter.name}
        tags |= {f"tag.{_name(tag)}": "yes" for tag in letter.tags}
        tags |= {"evalhub.link": letter.link} if letter.link else {}
        wanted = {
            "experiment_id": experiment,
            "run_name": letter.name,
            "start_time": _ms(letter.began_at),
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        return str(self._post("runs/create", wanted)["run"]["info"]["run_id"])

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask(path, json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        url = f"{self._letter.address}{_API}/{path}"
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - http(s) by places.py
        with self._open(request, timeout=_SECONDS) as answer:
            try:
                found: dict[str, Any] = json.load(answer)
            except ValueError as error:
                raise Refused("what answers there is no MLflow") from error
            return found


def _batches(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Whole points, so many that a call takes them."""
    batch: list[Point] = []
    size = 0
    for point in points:
        if batch and size + len(point.values) > _MOST:
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += len(point.values)
    if batch:
        yield batch


def _metric(key: str, value: float, *, step: int, at: float) -> dict[str, Any]:
    return {"key": _name(key), "value": value, "step": step, "timestamp": _ms(at)}


def _name(key: str) -> str:
    return re.sub(r"[^\w. :/-]", "_", key, flags=re.ASCII)[:250]


def _said(value: Any) -> str:  # JSON
    return (value if isinstance(value, str) else json.dumps(value))[:500]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
