"""Which run a worker gets, what of it, and when it is no longer theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.errors import NameTaken
from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import revoke_token, set_roles
from evalhub.common.errors import Conflict
from evalhub.jobs import jobs
from evalhub.jobs.errors import BadLabel
from evalhub.jobs.models import Job
from evalhub.jobs.queries import waits_for
from evalhub.jobs.services import cancel_job, pause_job, resume_job
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from evalhub.remote.services import READ_BASE, add_worker
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Run
from evalhub.runs.services import start_run
from tests.evalhub.remote.conftest import Hand, code_of, fetched, sha256_of
from tests.security.routes import all_routes
from training.remote.lent import Lent

Start = Callable[..., Run]


def test_a_worker_gets_the_run_that_waited_longest_and_its_rows(hand: Hand, noop: Start) -> None:
    first = noop(inputs={"train": store_rows([{"id": "a"}])}, seed=5)
    noop()
    lent = hand.take()
    assert (lent["run"], lent["attempt"], lent["spec"]["seed"]) == (str(first.uid), 1, 5)
    file = lent["files"]["inputs/train.jsonl"]
    rows = fetched(hand.post("fetch", {"sha256": file["sha256"]}))
    assert (rows, file["bytes"]) == (b'{"id": "a"}\n', 12)
    assert fetched(hand.post("fetch", {"sha256": file["sha256"], "start": 7})) == rows[7:]
    assert "key" not in str(lent), "where files lie is nobody's business outside"


def test_a_run_that_a_person_holds_is_handed_back_and_not_lent_again(
    hand: Hand, noop: Start
) -> None:
    run = noop()
    hand.take()
    pause_job(job=run.job, by=None)

    assert hand.say().json() == {"cancel": False, "pause": True}
    assert hand.post("return").status_code == 204
    assert hand.take() == {}
    resume_job(job=run.job, by=None)
    assert hand.take()["attempt"] == 2


def test_nothing_waits(hand: Hand) -> None:
    assert hand.take() == {}


def test_an_answer_that_got_lost_is_given_again_and_costs_no_attempt(
    hand: Hand, noop: Start
) -> None:
    noop()
    assert hand.take() == hand.take()
    assert hand.take(name="another-process") == {}


def test_a_run_with_a_label_goes_only_to_a_worker_that_offers_it(hand: Hand, noop: Start) -> None:
    run = noop(label="a100")
    assert hand.take() == {}
    assert waits_for(run.job) == "no worker that offers a100 is running"
    assert hand.take("b200", "a100")["run"] == str(run.uid)


def test_a_label_is_a_plain_word(noop: Start) -> None:
    with pytest.raises(BadLabel):
        noop(label="A 100")


def test_a_worker_of_one_workspace_gets_no_run_of_another(
    elsewhere: Workspace, hand: Hand, noop: Start
) -> None:
    stranger = Hand(elsewhere)
    noop()
    assert stranger.take() == {}
    stranger.lent = hand.take()
    for door in ("fetch", "events", "missing", "upload", "checkpoint", "end", "return"):
        assert stranger.post(door).status_code == 404, door


def test_nor_may_one_worker_speak_for_another_of_the_same_workspace(
    acme: Workspace, hand: Hand, noop: Start
) -> None:
    noop()
    other = Hand(acme, "other")
    other.lent = hand.take()
    assert (other.post("events").status_code, code_of(other.post("end"))) == (409, "lease_over")


def test_a_token_reads_no_file_but_those_of_the_run_it_has(hand: Hand, noop: Start) -> None:
    theirs = store_rows([{"id": "secret"}])
    noop()
    noop(inputs={"train": theirs})
    hand.take()
    assert hand.post("fetch", {"sha256": theirs.sha256}).status_code == 404
    assert hand.post("fetch", {"base": "../../etc/passwd"}).status_code == 404


def test_a_worker_opens_nothing_else_in_the_api(hand: Hand, noop: Start) -> None:
    run = noop()
    opened = []
    for route in all_routes():
        if route.path.startswith("api/v1/") and "/remote/" not in route.path:
            answer = hand.client.get(route.url({"uid": str(run.uid)}))
            if answer.status_code not in (403, 404, 405):
                opened.append((route.path, answer.status_code))
    assert opened == []


def test_people_and_their_tokens_are_no_workers(
    erin: Member, client: Any, hand: Hand, noop: Start
) -> None:
    noop()
    hand.take()
    assert erin.user is not None
    client.force_login(erin.user)
    assert client.post("/api/v1/remote/take", {"name": "x"}).status_code == 404
    assert client.post(hand.url("events"), {}, "application/json").status_code == 404


def test_a_worker_never_gets_a_role(acme: Workspace, olga: Member) -> None:
    worker = add_worker(workspace=acme, name="rented").token.member
    with pytest.raises(Conflict):
        set_roles(member=worker, roles=["owner"], by=olga)
    with pytest.raises(NameTaken):
        add_worker(workspace=acme, name="rented")


def test_a_revoked_token_is_out_at_once(acme: Workspace, olga: Member, noop: Start) -> None:
    hand = Hand(acme)
    noop()
    hand.take()
    revoke_token(token=acme.members.get(pseudonym="rented").tokens.get(), by=olga)
    assert hand.post("events").status_code == 401


def test_a_run_that_was_taken_back_is_lost_and_nothing_more_is_written(
    acme: Workspace, hand: Hand, noop: Start
) -> None:
    run = noop()
    hand.take()
    Job.objects.filter(pk=run.job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    jobs.take_back_abandoned()
    next_one = Hand(acme, "next")
    assert next_one.take()["attempt"] == 2

    late = hand.say(("metrics", {"step": 1, "loss": 9.0}))
    assert (late.status_code, code_of(late)) == (409, "lease_over")
    assert hand.upload(b"late").status_code == 409
    assert hand.post("checkpoint").status_code == 409
    assert not run.events.exists()
    assert next_one.say().json() == {"cancel": False, "pause": False}


def test_each_word_of_the_worker_renews_the_lease(hand: Hand, noop: Start) -> None:
    run = noop()
    hand.take()
    soon = timezone.now() + timedelta(seconds=1)
    Job.objects.filter(pk=run.job.pk).update(lease_expires_at=soon)
    hand.say()
    run.job.refresh_from_db()
    assert run.job.lease_expires_at is not None
    assert run.job.lease_expires_at > soon


def test_a_person_who_cancels_is_heard_at_the_next_word(
    erin: Member, hand: Hand, noop: Start
) -> None:
    run = noop()
    hand.take()
    cancel_job(job=run.job, by=erin)
    assert hand.say().json() == {"cancel": True, "pause": False}
    assert hand.post("return").status_code == 204
    run.job.refresh_from_db()
    assert run.job.state == "cancelled"


def test_a_worker_that_goes_hands_its_run_back_and_that_is_no_death(
    hand: Hand, noop: Start
) -> None:
    run = noop()
    hand.take()
    hand.post("return")
    run.job.refresh_from_db()
    assert (run.job.state, run.job.queue, run.job.deaths) == ("queued", "gpu", 0)


def test_a_base_that_nobody_has_read_is_read_here_first(
    erin: Member, hand: Hand, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    base = add_base_model(workspace=erin.workspace, name="new", source=str(tmp_path))
    run = start_run(workspace=erin.workspace, recipe="noop", model=base, by=erin)
    assert hand.take() == {}
    assert hand.take() == {}
    jobs.execute(Job.objects.get(kind=READ_BASE).uid)
    lent = hand.take()
    assert (lent["run"], lent["spec"]["model"]) == (str(run.uid), "")
    assert lent["base"]["files"] == {"config.json": 2}
    assert lent["base"]["digest"] == LanguageModel.objects.get(pk=base.pk).digest
    assert fetched(hand.post("fetch", {"base": "config.json"})) == b"{}"


def test_an_adapter_to_go_on_from_is_lent_with_its_digests(erin: Member, hand: Hand) -> None:
    rows = store_rows([{"stands": "for weights"}])
    base = add_base_model(workspace=erin.workspace, name="hub", source="some/model")
    adapter = LanguageModel.objects.create(
        workspace=erin.workspace, name="a", kind="adapter", parent=base,
        facts={"files": {"adapter_config.json": rows._asdict()}},
    )  # fmt: skip
    start_run(workspace=erin.workspace, recipe="noop", model=adapter, by=erin)
    lent = hand.take()
    assert (lent["spec"]["model"], lent["spec"]["adapter"], lent["base"]) == ("some/model", "adapter", {})  # fmt: skip
    content = fetched(hand.post("fetch", {"sha256": rows.sha256}))
    assert lent["files"]["adapter/adapter_config.json"]["sha256"] == sha256_of(content)


@pytest.mark.parametrize(
    ("teacher", "told"), [("", ""), ("of the same base", ""), ("of the hub", "some/larger")]
)
def test_a_teachers_base_is_told_only_where_there_is_one(
    erin: Member, hand: Hand, teacher: str, told: str
) -> None:
    """A worker of an earlier version refuses a key that it does not know, and its runs would fail one by one."""
    base = add_base_model(workspace=erin.workspace, name="own", source="some/model")
    larger = add_base_model(workspace=erin.workspace, name="larger", source="some/larger")
    found = {"": None, "of the same base": base, "of the hub": larger}[teacher]
    start_run(workspace=erin.workspace, recipe="sft", model=base, teacher=found, by=erin)
    lent = hand.take()
    assert ("teacher_base" in lent) == bool(told)
    assert lent["spec"]["teacher"] == told
    assert Lent.of(lent).is_taught == bool(teacher), "the present worker takes both forms"


def test_a_teacher_on_another_base_is_read_here_first_and_lent_beside_the_runs_own(
    erin: Member, hand: Hand, tmp_path: Path
) -> None:
    """Which of two bases a file is asked of stands in the request."""
    models = []
    for name in ("own", "larger"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(f'{{"of": "{name}"}}')
        models.append(add_base_model(workspace=erin.workspace, name=name, source=str(folder)))
    base, larger = models
    run = start_run(workspace=erin.workspace, recipe="sft", model=base, teacher=larger, by=erin)
    for _ in models:
        assert hand.take() == {}
        jobs.execute(erin.workspace.job_set.get(kind=READ_BASE, state="queued").uid)
    lent = hand.take()
    assert (lent["run"], lent["is_taught"], lent["spec"]["teacher"]) == (str(run.uid), True, "")
    assert (lent["base"]["name"], lent["teacher_base"]["name"]) == ("own", "larger")
    asked = {"base": "config.json"}
    assert b"own" in fetched(hand.post("fetch", asked))
    assert b"larger" in fetched(hand.post("fetch", asked | {"of_teacher": True}))
