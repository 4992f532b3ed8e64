"""What a run cost, by hand; and what is not known is said and never taken for nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs import jobs
from evalhub.runs.beside import Beside
from evalhub.runs.comparing import compare
from evalhub.runs.costs import Labour, cost_of, device_seconds, labour_behind
from evalhub.runs.errors import BadPrice
from evalhub.runs.models import Run, RunEvent
from evalhub.runs.prices import set_device_price
from evalhub.runs.services import start_training
from tests import factories
from tests.evalhub.runs.scenes import base_model, built, stored, without_torch


@pytest.fixture
def run(erin: Member) -> Run:
    return factories.RunFactory.create(
        workspace=erin.workspace, recipe="sft", seconds=90.0, metrics={"steps": 1.0}
    )


def tell(run: Run, attempt: int, *seconds: float) -> None:
    """An event so many seconds after the run was made."""
    for n, each in enumerate(seconds, start=1):
        at = run.created_at + timedelta(seconds=each)
        RunEvent.objects.create(run=run, attempt=attempt, n=n, at=at, kind="metrics", body={})


def with_people(build: DatasetBuild, *judgments: Any, split: str = "train") -> DatasetBuild:
    """Rows of `build`, each with one judgment behind it, and the first one once more."""
    lines = [
        {"id": f"{at:064x}", "split": split, "prompt": str(each.task.prompt.uid), "judgments": [str(each.uid)]}
        for at, each in enumerate([*judgments, judgments[0]])
    ]  # fmt: skip
    del build.files["prompts.jsonl"]  # whose made-up ids are no digests
    build.files = {**build.files, "lineage.jsonl": stored(lines)}
    build.save()
    return build


def test_money_by_hand(erin: Member, run: Run) -> None:
    """90 s at 2.40 EUR an hour are 0.06 EUR."""
    assert cost_of(run).money is None
    set_device_price(amount=Decimal("2.40"), currency="EUR", by=erin)
    told = cost_of(run).as_json()
    assert (told["device_seconds"], told["device_cost"], told["currency"]) == (90.0, "0.0600", "EUR")  # fmt: skip
    assert told["labour"] is None


def test_attempts_that_went_silent_count_from_their_first_word_to_their_last(run: Run) -> None:
    tell(run, 1, 0, 30)  # killed
    tell(run, 2, 60, 100)  # this one told at its end that it took 90 s
    run.job.attempt = 2
    assert device_seconds(run) == 30 + 90
    run.seconds = None  # cancelled half-way
    assert device_seconds(run) == 30 + 40
    assert device_seconds(factories.RunFactory.create()) is None


def test_people_behind_what_was_learnt(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """90 s and 30 s are 2 minutes; one judgment without a time; a model's does not count, nor the probe's."""
    without_torch(monkeypatch)
    make = factories.JudgmentFactory.create
    timed = [make(task__campaign__workspace=erin.workspace, active_ms=ms) for ms in (90_000, 30_000)]  # fmt: skip
    untimed = make(task__campaign__workspace=erin.workspace, active_ms=None, source="imported")
    model = make(task__campaign__workspace=erin.workspace, active_ms=5, source="model")
    build = with_people(built(erin.workspace, "sft"), *timed, untimed, model)
    probe = built(erin.workspace, "sft", train=3, validation=9)
    with_people(probe, make(task__campaign__workspace=erin.workspace, active_ms=10**6))
    base = base_model(erin.workspace, tmp_path)
    run = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, beside=Beside(probe=probe), by=erin)  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    labour = cost_of(run).labour
    assert labour == Labour(judgments=3, timed=2, active_ms=120_000)
    assert (labour.minutes, labour.untimed) == (2.0, 1)

    again = start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, by=erin)
    jobs.execute(again.job.uid)
    again.refresh_from_db()
    total = compare([run, again]).total
    assert (total.minutes, total.untimed, total.without_labour) == (2.0, 1, 0)


def test_a_test_split_is_not_learnt_from(erin: Member) -> None:
    judgment = factories.JudgmentFactory.create(task__campaign__workspace=erin.workspace, active_ms=1)  # fmt: skip
    run = factories.RunFactory.create(workspace=erin.workspace, recipe="sft")
    run.builds.add(with_people(built(erin.workspace, "sft"), judgment, split="test"))
    assert labour_behind(run) == Labour(0, 0, 0)
    assert Labour(2, 0, 0).minutes is None


def test_without_a_lineage_nobody_knows(erin: Member) -> None:
    run = factories.RunFactory.create(workspace=erin.workspace, recipe="sft")
    run.builds.add(built(erin.workspace, "sft"))
    assert labour_behind(run) is None


def test_the_sum_leaves_out_what_is_not_known_and_counts_it(erin: Member, run: Run) -> None:
    other = factories.RunFactory.create(workspace=erin.workspace, recipe="sft")
    total = compare([run, other]).total
    assert (total.device_seconds, total.without_time, total.money) == (90.0, 1, None)
    assert (total.minutes, total.without_labour) == (None, 2)
    set_device_price(amount=Decimal(40), currency="USD", by=erin)
    assert compare([run, other]).as_json()["total"]["money"] == "1.0000"
    assert compare([other, other]).total.device_seconds is None


def test_the_price_is_set_on_the_page_and_by_the_api(
    client: Client, erin: Member, run: Run
) -> None:
    client.force_login(erin.user)
    page = reverse("runs:detail", args=["acme", run.uid])
    assert "none is set" in client.get(page).content.decode()
    assert client.get("/api/v1/runs/price").json() == {"amount": None, "currency": None}
    url = reverse("runs:price", args=["acme"])
    assert client.post(url, {"amount": "2.4", "currency": "EUR"}).status_code == 302
    assert "0.0600 EUR at 2.4 EUR an hour" in client.get(page).content.decode()
    assert client.post(url, {"amount": "-1", "currency": "EUR"}).status_code == 422
    body = {"amount": "3", "currency": "USD"}
    told = client.post("/api/v1/runs/price", json.dumps(body), content_type="application/json")
    assert told.json() == {"amount": "3.0000", "currency": "USD"}
    assert Entry.objects.filter(verb="run.device_price_set").count() == 2
    for wrong in ({"amount": Decimal(-1), "currency": "EUR"}, {"amount": Decimal(1), "currency": "XXX"}):  # fmt: skip
        with pytest.raises(BadPrice):
            set_device_price(**wrong, by=erin)  # type: ignore[arg-type]  # of two types


def test_leads_see_the_price_and_do_not_set_it(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    assert client.get("/api/v1/runs/price").status_code == 200
    answer = client.post("/api/v1/runs/price", "{}", content_type="application/json")
    assert answer.status_code == 403
