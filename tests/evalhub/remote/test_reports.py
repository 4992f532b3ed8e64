"""What a worker sends: stored once, looked at, and refused where no trainer of ours would write it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.common.files import file_store
from evalhub.jobs import jobs
from evalhub.registry.services import add_base_model
from evalhub.runs.folder import checkpoint_prefix
from evalhub.runs.handed_in import sent_key
from evalhub.runs.inputs import read_rows, store_rows
from evalhub.runs.models import Run, RunEvent
from evalhub.runs.services import start_run
from evalhub.runs.telling import told_by
from tests.evalhub.remote.conftest import AT, Hand, code_of, sha256_of
from tests.evalhub.runs.adapters import adapter_folder
from training.findings import finding

Start = Callable[..., Run]
DEMO = Path(__file__).resolve().parents[3] / "training" / "assets" / "demo-model"
LOG = {"log.txt": b"It went well.\n"}
PREVIEW = {"row": "r", "number": 1, "tokens": 2, "learnt": 1, "pieces": []}


@pytest.fixture
def run(noop: Start, hand: Hand) -> Run:
    """Taken by the hand."""
    made = noop()
    hand.take()
    return made


def closed(run: Run) -> Run:
    """A worker of ours writes the end."""
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    run.job.refresh_from_db()
    return run


def test_lines_are_stored_by_their_number_however_often_they_come(hand: Hand, run: Run) -> None:
    lines = (("metrics", {"step": 1, "loss": 0.5}), ("progress", {"done": 1, "total": 3, "note": "on"}))  # fmt: skip
    assert hand.say(*lines).json() == {"cancel": False, "pause": False}
    assert hand.say(*lines, ("metrics", {"step": 2, "loss": None})).status_code == 200
    assert [(event.n, event.body["loss"]) for event in run.events.all()] == [(1, 0.5), (3, None)]
    run.job.refresh_from_db()
    assert (run.job.done, run.job.total, run.job.note) == (1, 3, "on")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("finding", {"code": "x"}),
        ("finding", finding("no_end", "t").as_json() | {"level": "loud"}),
        ("preview", PREVIEW | {"pieces": [{"name": "prompt"}]}),
        ("preview", PREVIEW | {"number": "one"}),
        ("forecast", {"seconds": 3}),
        ("probe", {"slices": [{"slice": "all"}]}),
        ("metrics", {"loss": 0.5}),
        ("metrics", {"step": 1, "loss": "low"}),
        ("progress", {"done": -1, "total": 3, "note": ""}),
        ("progress", {"done": 1, "total": 2**70, "note": ""}),
        ("checkpoint", {"step": 1}),
        ("sample", {"step": 1, "prompt": ["p"], "content": "c"}),
        ("nonsense", {}),
    ],
)
def test_a_line_that_no_trainer_writes_is_refused(
    hand: Hand, run: Run, kind: str, body: dict[str, Any]
) -> None:
    """A page would trip over it."""
    answer = hand.say((kind, body))
    assert (answer.status_code, code_of(answer)) == (400, "unfit_report")
    assert not RunEvent.objects.exists()


def test_what_the_database_cannot_hold_is_made_harmless(hand: Hand, run: Run) -> None:
    body = '{"events": [{"n": 1, "at": "%s", "kind": "metrics", "body": {"step": 1, "loss": 1e999}}, {"n": 2, "at": "%s", "kind": "sample", "body": {"step": 1, "prompt": "p", "content": "a\\u0000\\ud800"}}]}'  # fmt: skip
    sent = hand.client.generic("POST", hand.url("events"), body % (AT, AT), "application/json")
    assert sent.status_code == 200
    assert [event.body.get("loss", event.body.get("content")) for event in run.events.all()] == [None, "a\ufffd?"]  # fmt: skip


@pytest.mark.parametrize("change", [{"n": 0}, {"n": 2**40}, {"at": "yesterday"}, {"at": "2026-01-01T00:00:00"}, {"more": 1}])  # fmt: skip
def test_an_event_has_a_number_and_a_time(hand: Hand, run: Run, change: dict[str, Any]) -> None:
    event = {"n": 1, "at": AT, "kind": "metrics", "body": {"step": 1}} | change
    assert code_of(hand.post("events", {"events": [event]})) == "unfit_report"


def test_findings_stand_on_the_run_as_those_of_a_worker_of_ours(hand: Hand, run: Run) -> None:
    told = finding("no_end", "3 of 8 rows").as_json()
    assert hand.say(("finding", told), ("preview", PREVIEW)).status_code == 200
    assert [each["told"] for each in told_by(run).findings] == ["3 of 8 rows"]


def test_a_file_is_sent_once_and_known_only_to_its_run(hand: Hand, run: Run, noop: Start) -> None:
    theirs = store_rows([{"id": "somebody else's"}])
    digest = sha256_of(b"weights")
    asked = {"sha256": [digest, theirs.sha256]}
    assert hand.post("missing", asked).json() == {"missing": asked["sha256"]}
    assert hand.upload(b"weights").status_code == 204
    assert hand.post("missing", asked).json() == {"missing": [theirs.sha256]}


def test_bytes_that_are_not_those_of_the_digest_are_not_kept(hand: Hand, run: Run) -> None:
    answer = hand.upload(b"other bytes", sha256_of(b"weights"))
    assert (answer.status_code, code_of(answer)) == (400, "unfit_report")
    assert not file_store().exists(sent_key(run, sha256_of(b"weights")))
    assert hand.upload(b"x", "../../etc/passwd").status_code == 400


def test_a_run_may_not_fill_the_disk(hand: Hand, run: Run, settings: Any) -> None:
    settings.EVALHUB_REMOTE_MOST_GB = 1e-8  # ten bytes
    assert hand.upload(b"12345678").status_code == 204
    answer = hand.upload(b"another")
    assert (answer.status_code, code_of(answer)) == (413, "upload_too_large")


@pytest.mark.parametrize(
    "path",
    ["../../x.json", "/etc/x.json", "a/../x.json", "a\\..\\x.json", "x\0.json", "model.bin",
     "adapter_model.pt", "code.py", "a//x.json", ".", "pickle.pkl", "x.json/", "\u2024\u2024/x.json"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_or_a_pickle_is_refused(
    hand: Hand, run: Run, path: str
) -> None:
    assert hand.upload(b"x").status_code == 204
    files = {path: sha256_of(b"x")}
    assert hand.post("checkpoint", {"name": "step-00000001", "files": files}).status_code == 400
    result = {"ok": True, "artifacts": files}
    assert hand.post("end", {"result": result, "files": files}).status_code == 400
    run.job.refresh_from_db()
    assert run.job.state == "running"


def test_a_checkpoint_is_named_once_all_of_it_was_sent_and_the_next_worker_gets_it(
    acme: Workspace, hand: Hand, run: Run
) -> None:
    files = {"optimizer.pt": sha256_of(b"o"), "rng_state.pth": sha256_of(b"r")}
    body = {"name": "step-00000004", "files": files}
    hand.upload(b"o")
    assert code_of(hand.post("checkpoint", body)) == "unfit_report"
    hand.upload(b"r")
    assert hand.post("checkpoint", body).status_code == 204
    assert hand.post("checkpoint", body).status_code == 204
    assert hand.post("checkpoint", body | {"name": "../step"}).status_code == 400
    hand.post("return")
    next_one = Hand(acme, "next")
    (told,) = next_one.take()["checkpoints"]
    assert (told["name"], {path: file["sha256"] for path, file in told["files"].items()}) == ("step-00000004", files)  # fmt: skip


def test_its_end_is_written_by_a_worker_of_ours(hand: Hand, run: Run) -> None:
    answer = hand.end(LOG | {"noop.jsonl": b'{"steps": 1}\n'}, environment={"hardware": "rented"})
    assert answer.status_code == 204
    run.job.refresh_from_db()
    assert (run.job.state, run.job.queue, run.job.note) == ("queued", "default", "storing results")
    assert hand.post("events").status_code == 409

    done = closed(run)
    assert (done.job.state, done.metrics, done.environment) == ("succeeded", {"steps": 1.0}, {"hardware": "rented"})  # fmt: skip
    assert list(read_rows(done.artifacts["noop.jsonl"]["key"])) == [{"steps": 1}]
    assert done.artifacts["noop.jsonl"]["key"].startswith("blobs/")
    assert not file_store().exists(sent_key(run, sha256_of(LOG["log.txt"])))


def test_a_failure_is_told_in_the_trainers_words(hand: Hand, run: Run) -> None:
    hand.end(LOG, ok=False, metrics={}, error="Row 7 has no prompt.", fault="input")
    done = closed(run)
    assert (done.job.state, done.job.error) == ("failed", "Row 7 has no prompt.")
    assert list(done.artifacts) == ["log.txt"]


def test_a_result_names_only_what_was_sent(hand: Hand, run: Run) -> None:
    theirs = store_rows([{"id": "somebody else's"}])
    files = {"noop.jsonl": theirs.sha256}
    named = {"ok": True, "artifacts": files}
    assert code_of(hand.post("end", {"result": named, "files": files})) == "unfit_report"
    assert code_of(hand.post("end", {"result": named, "files": {}})) == "unfit_report"
    assert code_of(hand.post("end", {"result": {"ok": "yes"}, "files": {}})) == "unfit_report"


def trained(erin: Member, hand: Hand) -> Run:
    base = add_base_model(workspace=erin.workspace, name="demo", source=str(DEMO))
    run = start_run(workspace=erin.workspace, recipe="sft", model=base, by=erin)
    assert hand.take() == {}
    jobs.execute(erin.workspace.job_set.get(kind="remote.read_base").uid)
    assert hand.take()["run"] == str(run.uid)
    return run


def parts_of(folder: Path) -> dict[str, bytes]:
    return {f"adapter/{path.name}": path.read_bytes() for path in folder.iterdir()}


def test_what_was_trained_becomes_an_adapter_of_the_registry(
    erin: Member, hand: Hand, tmp_path: Path
) -> None:
    run = trained(erin, hand)
    hand.end(LOG | parts_of(adapter_folder(tmp_path)))
    done = closed(run)
    assert (done.job.state, done.job.error) == ("succeeded", "")
    assert set(done.adapter.facts["files"]) == {"adapter_config.json", "adapter_model.safetensors"}


@pytest.mark.parametrize(
    "harm",
    [
        {"adapter/adapter_model.safetensors": b"\x80\x04a pickle"},
        {"adapter/adapter_config.json": b'{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "target_modules": ["x"], "auto_mapping": {"parent_library": "evil"}}'},
    ],
)  # fmt: skip
def test_weights_that_are_none_or_name_code_never_reach_the_registry(
    erin: Member, hand: Hand, tmp_path: Path, harm: dict[str, bytes]
) -> None:
    run = trained(erin, hand)
    hand.end(LOG | parts_of(adapter_folder(tmp_path)) | harm)
    done = closed(run)
    assert done.job.state == "failed"
    assert done.job.trace == "", "a sentence for a person, not a crash of ours"
    assert done.output_model is None
    assert not file_store().exists(checkpoint_prefix(run)), "what was sent is left behind"
