"""The worker elsewhere against an evalhub that is away, slow, or not what it should be."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from training.contract import ContractError, RunSpec
from training.names import is_artifact, is_in_checkpoint, stays_below
from training.remote.client import CannotConnect, Client, Refused, Unreachable, patiently
from training.remote.folder import CannotBegin, lay_out
from training.remote.lease import Lease, LeaseLost
from training.remote.lent import Lent

RUN = "00000000-0000-4000-8000-000000000001"
ROWS = b'{"id": "a"}\n'
Answer = Callable[[str, dict[str, Any]], tuple[int, bytes]]


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def told(content: bytes) -> dict[str, Any]:
    return {"sha256": sha256_of(content), "bytes": len(content)}


def lent(**more: Any) -> Lent:
    spec = {"recipe": "noop", "model": "", "options": {"steps": 1}}
    files = {"inputs/train.jsonl": told(ROWS)}
    known = {"run": RUN, "attempt": 1, "lease_seconds": 60, "spec": spec, "base": {}}
    return Lent.of(known | {"files": files, "checkpoints": []} | more)


class Server:
    """An evalhub by hand: `answer` gets the last part of the path and the body."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {sha256_of(ROWS): ROWS}
        self.answer: Answer = self.fetched
        self.url = ""
        self.asked: list[tuple[str, str]] = []  # path, authorization

    def fetched(self, door: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if door == "events":
            return 200, b'{"cancel": false}'
        content = self.contents.get(body.get("sha256", body.get("base", "")))
        return (404, b"{}") if content is None else (200, content[body["start"] :][:8])


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            served.asked.append((self.path, self.headers["Authorization"]))
            door = self.path.partition("?")[0].rsplit("/", 1)[-1]
            status, content = served.answer(door, json.loads(sent or b"{}"))
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", content.decode())
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    served.url = f"http://127.0.0.1:{http.server_port}"
    yield served
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server.url, "evh_token")


@pytest.fixture
def lease(client: Client) -> Lease:
    return Lease(client, lent(), threading.Event())


@pytest.mark.parametrize(
    "url", ["http://evalhub.example.org", "ftp://x", "https://user:pw@x/", "https://x/?a=1", "x"]
)
def test_the_token_goes_only_over_https(url: str) -> None:
    with pytest.raises(CannotConnect):
        Client(url, "evh_token")


def test_a_redirect_is_not_followed_with_the_token(server: Server, client: Client) -> None:
    server.answer = lambda door, body: (307, server.url.encode() + b"/stolen")
    with pytest.raises(Refused):
        client.ask("take", {})
    assert [path for path, _ in server.asked] == ["/api/v1/remote/take"]


def test_a_refusal_is_told_in_evalhubs_words(server: Server, client: Client) -> None:
    server.answer = lambda *_: (409, b'{"code": "lease_over", "detail": "Taken back."}')
    with pytest.raises(Refused, match="Taken back") as refused:
        client.ask("take", {})
    assert (refused.value.status, refused.value.code) == (409, "lease_over")


@pytest.mark.parametrize("answer", [(503, b""), (429, b""), (200, b"<html>"), (200, b"[" * 99999)])
def test_what_may_pass_is_tried_again(
    server: Server, client: Client, answer: tuple[int, bytes]
) -> None:
    answers = [answer, (200, b'{"fine": true}')]
    server.answer = lambda *_: answers.pop(0)
    assert patiently(lambda: client.ask("take", {}), check=lambda: None) == {"fine": True}


def test_nobody_there_is_unreachable_and_no_crash() -> None:
    with pytest.raises(Unreachable):
        Client("http://127.0.0.1:9", "t").ask("take")


def test_a_lease_that_cannot_be_renewed_is_lost_when_its_time_is_up(
    server: Server, client: Client
) -> None:
    server.answer = lambda *_: (503, b"")
    with (
        Lease(client, lent(lease_seconds=1), threading.Event()) as lease,
        pytest.raises(LeaseLost, match="out of reach"),
    ):
        patiently(lambda: lease.ask("missing"), check=lease.check)


@pytest.mark.parametrize("answer", [(409, b'{"code": "lease_over", "detail": "x"}'), (401, b"{}"), (404, b"{}")])  # fmt: skip
def test_what_evalhub_says_is_over_is_over(
    server: Server, lease: Lease, answer: tuple[int, bytes]
) -> None:
    server.answer = lambda *_: answer
    with pytest.raises(LeaseLost):
        lease.renew([])
    with pytest.raises(LeaseLost):
        lease.check()


def test_files_come_piece_by_piece_and_the_spec_names_places_here(
    lease: Lease, tmp_path: Path
) -> None:
    spec = lent().spec | {"inputs": {"train": "/etc/passwd"}, "secrets": ["HF_TOKEN"]}
    lay_out(lent(spec=spec), tmp_path / "run", cache=tmp_path / "models", lease=lease)
    written = RunSpec.read(tmp_path / "run")
    assert (tmp_path / "run" / "inputs" / "train.jsonl").read_bytes() == ROWS
    assert (written.inputs, written.secrets) == ({"train": "inputs/train.jsonl"}, [])
    assert written.digests == {"train": sha256_of(ROWS)}


def test_adapters_that_answer_side_by_side_lie_in_folders_of_their_names(
    server: Server, lease: Lease, tmp_path: Path
) -> None:
    """The folders are ours to say; a model without files is the base itself."""
    spec = {"recipe": "generate", "model": "", "options": {}, "adapters": {"one": "/etc", "base": "/etc"}}  # fmt: skip
    files = {"adapters/one/adapter_config.json": told(ROWS)}
    lay_out(lent(spec=spec, files=files), tmp_path / "run", cache=tmp_path / "m", lease=lease)
    laid = RunSpec.read(tmp_path / "run")
    assert laid.adapters == {"one": "adapters/one", "base": ""}
    assert (tmp_path / "run" / "adapters" / "one" / "adapter_config.json").read_bytes() == ROWS


def test_a_base_model_is_fetched_once(server: Server, lease: Lease, tmp_path: Path) -> None:
    server.contents |= {"config.json": b"{}", "deep/model.safetensors": b"weights, many of them"}
    files = {path: sha256_of(server.contents[path]) for path in ("config.json", "deep/model.safetensors")}  # fmt: skip
    digest = sha256_of(json.dumps(files, sort_keys=True, separators=(",", ":")).encode())
    sizes = {path: len(server.contents[path]) for path in files}
    with_base = lent(base={"name": "tiny", "digest": digest, "files": sizes})
    lay_out(with_base, tmp_path / "1", cache=tmp_path / "models", lease=lease)
    model = Path(RunSpec.read(tmp_path / "1").model)
    assert (model / "deep" / "model.safetensors").read_bytes() == b"weights, many of them"
    before = len(server.asked)
    lay_out(with_base, tmp_path / "2", cache=tmp_path / "models", lease=lease)
    assert len(server.asked) - before == 2, "two pieces of the rows and no model"

    server.contents["config.json"] = b"[]"
    with pytest.raises(CannotBegin, match="not those that evalhub first read"):
        lay_out(with_base, tmp_path / "3", cache=tmp_path / "other", lease=lease)


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"../../outside.jsonl": told(ROWS)}},
        {"files": {"inputs/../../outside.jsonl": told(ROWS)}},
        {"files": {"/outside.jsonl": told(ROWS)}},
        {"files": {"adapter/model.bin": told(ROWS)}},
        {"files": {"inputs/train.jsonl": told(ROWS) | {"sha256": "0" * 64}}},
        {"files": {"inputs/train.jsonl": told(ROWS) | {"bytes": 3}}},
        {"files": {"inputs/train.jsonl": told(ROWS) | {"bytes": 300}}},
        {"checkpoints": [{"name": "../step-00000001", "files": {}}]},
        {"checkpoints": [{"name": "step-00000001", "files": {"evil.py": told(ROWS)}}]},
        {"base": {"name": "..", "digest": "0" * 64, "files": {}}},
        {"base": {"name": "m", "digest": "../..", "files": {}}},
        {"base": {"name": "m", "digest": "0" * 64, "files": {"../../outside.jsonl": 1}}},
        {"teacher_base": {"name": "m", "digest": "0" * 64, "files": {"../../outside.jsonl": 1}}},
        {
            "is_taught": True,
            "spec": {"recipe": "sft", "model": "", "teacher": "/etc", "options": {}},
        },
        {"spec": {"recipe": "noop", "model": "/etc", "options": {}}},
        {"spec": {"recipe": "generate", "model": "", "options": {}, "adapters": ["a"]}},
        {"files": {"adapters/../../outside.jsonl": told(ROWS)}},
        {"spec": {"recipe": "shell", "model": "", "options": {}}},
        {"spec": {"recipe": "noop", "model": "", "options": {"run": "rm"}}},
    ],
)
def test_what_evalhub_must_not_ask_is_not_begun(
    server: Server, lease: Lease, tmp_path: Path, change: dict[str, Any]
) -> None:
    server.contents["0" * 64] = ROWS  # other bytes than those of the digest
    with pytest.raises(CannotBegin):
        lay_out(lent(**change), tmp_path / "a" / "run", cache=tmp_path / "a" / "m", lease=lease)
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and "a" not in path.parts]
    assert outside == []
    assert not (tmp_path / "a" / "run" / "spec.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"run": "../../etc"},
        {"attempt": "1"},
        {"lease_seconds": 0},
        {"files": {"inputs/train.jsonl": "rows"}},
        {"files": {"inputs/train.jsonl": {"sha256": "0" * 64, "bytes": "12"}}},
        {"checkpoints": [{"name": 1, "files": {}}]},
        {"checkpoints": [{"name": "step-00000001"}]},
        {"base": {"name": "m", "digest": "0" * 64, "files": ["x"]}},
        {"teacher_base": {"name": "m", "digest": "0" * 64, "files": ["x"]}},
        {"more": 1},
    ],
)
def test_what_is_lent_has_the_agreed_form(change: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        lent(**change)


def test_names_of_files() -> None:
    assert is_artifact("adapter/adapter_model.safetensors")
    assert is_artifact("merged/model-00001-of-00002.safetensors")
    assert is_in_checkpoint("ref/adapter_config.json")
    assert is_in_checkpoint("rng_state_3.pth")
    assert not is_artifact("optimizer.pt")
    assert not is_in_checkpoint("pytorch_model.bin")
    for path in ("", ".", "..", "a/..", "/a", "a//b", "a\n", "a\\b", "C:x", "a/" * 9 + "b", "x" * 401):  # fmt: skip
        assert not stays_below(path), path
