"""A worker by hand: what a process elsewhere would send, one request at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.remote.services import add_worker
from evalhub.runs.models import Run
from evalhub.runs.services import start_run

AT = "2026-11-26T12:00:00.000Z"


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Hand:
    """`lent` is the last run it took; what it sends is about that one."""

    def __init__(self, workspace: Workspace, name: str = "rented") -> None:
        text = add_worker(workspace=workspace, name=name).text
        self.client = Client(headers={"authorization": f"Bearer {text}"})
        self.name = name
        self.lent: dict[str, Any] = {}

    def take(self, *labels: str, name: str = "") -> dict[str, Any]:
        body = {"name": name or self.name, "labels": [*labels]}
        answer: Any = self.client.post("/api/v1/remote/take", body, "application/json")
        assert answer.status_code in (200, 204), answer.content
        self.lent = answer.json() if answer.status_code == 200 else {}
        return self.lent

    def url(self, door: str, **query: object) -> str:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return f"/api/v1/remote/runs/{self.lent['run']}/{door}?attempt={self.lent['attempt']}{more}"

    def post(self, door: str, body: object = None) -> Any:
        return self.client.post(self.url(door), body or {}, "application/json")

    def upload(self, content: bytes, sha256: str = "") -> Any:
        url = self.url("upload", sha256=sha256 or sha256_of(content))
        return self.client.generic("POST", url, content, "application/octet-stream")

    def say(self, *bodies: tuple[str, dict[str, Any]], first: int = 1) -> Any:
        events = [
            {"n": first + place, "at": AT, "kind": kind, "body": body}
            for place, (kind, body) in enumerate(bodies)
        ]
        return self.post("events", {"events": events})

    def end(self, files: dict[str, bytes], **result: Any) -> Any:
        """Send the files, and the result that names those that are not the log."""
        for content in files.values():
            assert self.upload(content).status_code == 204
        digests = {path: sha256_of(content) for path, content in files.items()}
        artifacts = {path: digest for path, digest in digests.items() if path != "log.txt"}
        told = {"ok": True, "metrics": {"steps": 1.0}, "artifacts": artifacts} | result
        return self.post("end", {"result": told, "files": digests})


def fetched(answer: HttpResponseBase) -> bytes:
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # of streaming ones


def code_of(answer: Any) -> str:
    return str(json.loads(answer.content)["code"])


@pytest.fixture
def hand(acme: Workspace) -> Hand:
    return Hand(acme)


@pytest.fixture
def noop(erin: Member) -> Callable[..., Run]:
    def started(**asked: Any) -> Run:
        return start_run(workspace=erin.workspace, recipe="noop", by=erin, **asked)

    return started
