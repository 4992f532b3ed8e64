"""What a run tells of itself: on its page, by the API and in words that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.runs.models import Run, RunEvent
from evalhub.runs.queries import run_summary, samples_of
from evalhub.runs.telling import forecast_of, told_by
from tests import factories
from tests.evalhub.runs.scenes import base_model, built, without_torch
from training.findings import finding

HOSTILE = "<script>alert(1)</script><|im_end|>"


def made(erin: Member, **columns: Any) -> Run:
    return factories.RunFactory.create(workspace=erin.workspace, created_by=erin, recipe="dpo", **columns)  # fmt: skip


def say(run: Run, kind: str, body: dict[str, Any], *, attempt: int = 1) -> None:
    n = run.events.count() + 1
    RunEvent.objects.create(run=run, attempt=attempt, n=n, at=run.created_at, kind=kind, body=body)


def found(run: Run, code: str, told: str, **given: Any) -> None:
    attempt = given.pop("attempt", 1)
    say(run, "finding", finding(code, told, **given).as_json(), attempt=attempt)


def preview() -> dict[str, Any]:
    def piece(name: str, does: str, text: str) -> dict[str, Any]:
        spans = [{"kind": "text", "text": text}, {"kind": "control", "text": "<|im_end|>"}]
        return {"name": name, "does": does, "tokens": 3, "spans": spans}

    pieces = [piece("prompt", "read", "Why?"), piece("chosen", "raised", HOSTILE), piece("rejected", "lowered", "No.")]  # fmt: skip
    return {"row": "r-1", "number": 1, "tokens": 9, "learnt": 6, "pieces": pieces}


TRIED = {"seconds": 90.0, "batch_seconds": 0.5, "batch_rows": 8, "batch_tokens": 4096, "rows_at_once": 8,
         "peak_bytes": 2**30, "memory_bytes": 2**34, "hardware": "H100"}  # fmt: skip


def page(client: Client, erin: Member, run: Run, *, target: str = "") -> str:
    client.force_login(erin.user)
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    url = reverse("runs:detail", args=[erin.workspace.slug, run.uid])
    return client.get(url, headers=headers).content.decode()


def test_findings_stand_once_each_with_the_gravest_first(erin: Member) -> None:
    run = made(erin)
    found(run, "smaller_parts", "4 rows at once instead of 8")
    found(run, "chosen_falls", "by 0.1 nats", step=20)
    found(run, "smaller_parts", "2 rows at once instead of 4", attempt=2)
    found(run, "not_finite", "at step 30", stops=True, attempt=2)
    told = told_by(run).findings
    assert [each["code"] for each in told] == ["not_finite", "chosen_falls", "smaller_parts"]
    assert told[2]["told"] == "2 rows at once instead of 4"
    assert run_summary(run)["findings"] == told


def test_the_page_says_what_was_found_and_what_to_do(client: Client, erin: Member) -> None:
    run = made(erin)
    found(run, "chosen_falls", "by 0.1 nats a token", step=20)
    say(run, "forecast", TRIED)
    told = page(client, erin, run)
    assert "Chosen answers get less likely while the margin rises" in told
    assert "add the loss sft beside the other" in told
    assert "step 20" in told
    assert "(8 rows, 4,096 tokens) was tried first: it took 1.0\xa0GB of 16.0\xa0GB" in told
    assert "about 1 min 30 s on H100" in told


def test_rows_as_the_model_reads_them_are_escaped_and_told_apart_by_words(
    client: Client, erin: Member
) -> None:
    run = made(erin)
    assert 'id="previews" hx-get' in page(client, erin, run)  # asks until there are some
    say(run, "preview", preview())
    part = page(client, erin, run, target="previews")
    assert "<html" not in part
    assert "hx-get" not in part
    assert "<script>" not in part
    assert (
        '<span class="learnt">&lt;script&gt;alert(1)&lt;/script&gt;&lt;|im_end|&gt;</span>' in part
    )
    assert part.count('<code class="control">&lt;|im_end|&gt;</code>') == 3
    assert "Chosen: 3 tokens, made more likely" in part
    assert "Rejected: 3 tokens, made less likely" in part


def test_the_command_says_what_was_found_in_words(
    erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    base_model(erin.workspace, tmp_path)
    build = built(erin.workspace, "preference")
    spec = {"recipe": "dpo", "model": "tiny", "builds": {"train": str(build.uid)}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    call_command("train", tmp_path / "spec.json")
    said = capsys.readouterr().out
    assert "note: prompts are read once for each answer, and batches are padded: two rows" in said
    assert "  training is right, but slower" in said


def test_earlier_runs_foretell_the_time_of_a_run_that_waits(erin: Member) -> None:
    """Two of them read 200 rows in 10 and 30 s: 0.1 s a row in the middle, and this one reads 300: half of
    300 rows, twice.
    """
    base = factories.LanguageModelFactory.create(workspace=erin.workspace)
    for seconds, hardware in ((500.0, "an old card"), (10.0, "H100"), (30.0, "H100")):
        made(
            erin, model=base, environment={"device_hardware": hardware},
            spec={"options": {"batch_size": 4, "accumulation": 2}},
            metrics={"training_seconds": seconds, "steps": 25.0, "peak_bytes": seconds * 1e9},
        )  # fmt: skip
    run = made(erin, model=base, spec={"options": {"epochs": 2, "train_share": 0.5}})
    run.builds.set([built(erin.workspace, "preference", train=300)])
    forecast = forecast_of(run, told_by(run))
    assert forecast is not None
    assert (forecast.seconds, forecast.runs, forecast.hardware) == (pytest.approx(30.0), 2, "H100")
    assert forecast.peak_bytes == 30e9
    other = made(erin, model=factories.LanguageModelFactory.create(workspace=erin.workspace))
    assert forecast_of(other, told_by(other)) is None


def test_answers_to_fixed_prompts_stand_by_step_the_latest_first(
    client: Client, erin: Member
) -> None:
    run = made(erin)
    for attempt, step, content in ((1, 0, "before"), (1, 9, "lost"), (2, 9, HOSTILE)):
        body = {"step": step, "prompt": "p1", "asked": f"Why? {HOSTILE}", "content": content}
        say(run, "sample", body, attempt=attempt)
    say(run, "sample", {"step": 0, "prompt": "p2", "content": "of an older run"})
    first, second = samples_of(run)
    assert [(answer.step, answer.content) for answer in first.answers] == [
        (9, HOSTILE),
        (0, "before"),
    ]
    assert second.asked == ""
    shown = page(client, erin, run, target="live")
    assert HOSTILE not in shown
    assert shown.index("step 9") < shown.index("step 0")
    assert "lost" not in shown
