"""Keeping a judgment, a prompt or a person out of data: the effect first, the decision, the way back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.common.errors import Conflict
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import rows_of
from evalhub.evaluation.gate import Gate
from evalhub.evaluation.judging import Verdict
from evalhub.evaluation.promotions import record_promotion
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from evalhub.lineage.services import take_back, withdraw
from evalhub.notifications.models import Notification
from evalhub.quality.arrays import said_in
from evalhub.quality.errors import UnfitWithdrawal
from evalhub.quality.models import Withdrawal
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from evalhub.quality.verifying import _snapshots
from evalhub.registry.models import LanguageModel
from tests.evalhub.lineage.conftest import Build, said_on
from tests.factories import EvaluationFactory

pytestmark = pytest.mark.django_db


def leave(subject: Judgment | Member | object, by: Member, *, again: bool = False) -> Withdrawal:
    return withdraw(subject=subject, reason="Answered by a bot.", builds_again=again, by=by)  # type: ignore[arg-type]  # any of the three


@pytest.mark.parametrize("kind", ["judgment", "prompt", "member"])
def test_what_is_withdrawn_enters_no_snapshot_and_no_build(
    kind: str, build: Build, compared: list[Task], alice: Member
) -> None:
    judgment = said_on(compared[0])
    before, snapshot = build(), take_snapshot(alice.workspace)
    subjects = {"judgment": judgment, "prompt": judgment.task.prompt, "member": judgment.member}

    leave(subjects[kind], alice)
    after = build()

    assert before.rows["train"] - after.rows["train"] == 1
    assert judgment in Scope(snapshot, ("human",)).judgments()  # the old one stays what it was
    now = Scope(take_snapshot(alice.workspace), ("human",))
    assert judgment not in now.judgments()
    assert judgment in now.withdrawn()
    assert now.snapshot.judgments == snapshot.judgments - 1
    assert after.manifest["judgments"]["withdrawn"] == 1
    assert judgment not in said_in(judgment.campaign)
    assert _snapshots(lambda: None).wrong == 0


def test_the_way_back_is_a_decision_of_its_own(
    build: Build, compared: list[Task], alice: Member
) -> None:
    prompt = compared[0].prompt
    made = leave(prompt, alice)
    without = build()
    prompt.refresh_from_db()
    assert prompt.archived_at is not None

    take_back(withdrawal=made, reason="It was no bot.", by=alice)

    again = build()
    assert again.rows["train"] == without.rows["train"] + 1
    assert len(list(rows_of(without, "train"))) == without.rows["train"]
    with pytest.raises(Conflict):
        take_back(withdrawal=made, reason="Twice.", by=alice)
    second = leave(prompt, alice)
    assert Withdrawal.objects.count() == 2
    assert second.effect["builds"][0]["rows_resting_on_it"] == 1
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"prompt.withdrawn_from_data", "prompt.reinstated", "prompt.archived"} <= verbs


def test_a_reason_and_one_standing_decision_are_demanded(
    compared: list[Task], alice: Member
) -> None:
    judgment = said_on(compared[0])
    with pytest.raises(UnfitWithdrawal):
        withdraw(subject=judgment, reason="  ", builds_again=False, by=alice)
    leave(judgment, alice)
    with pytest.raises(Conflict):
        leave(judgment, alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Withdrawal.objects.create(
            workspace=alice.workspace, reason="Two things.", withdrawn_by=alice,
            judgment=judgment, member=judgment.member,
        )  # fmt: skip


def test_models_are_marked_and_a_promotion_says_so(
    trained: LanguageModel, compared: list[Task], alice: Member, erin: Member
) -> None:
    made = leave(said_on(compared[0]), alice)

    (mark,) = trained.marks_now
    assert (mark.cause_uid, mark.reason) == (made.uid, "Answered by a bot.")
    candidate = EvaluationFactory.create(workspace=alice.workspace, model=trained)
    verdict = Verdict(promote=True, reason="Better.", outcomes=())
    promotion = record_promotion(candidate=candidate, comparisons={}, verdict=verdict, gate=Gate())
    assert promotion.warnings == ["The model is marked: it learned from what was withdrawn."]
    told = Notification.objects.filter(member=erin).get()
    assert "withdrawn" in told.sentence

    take_back(withdrawal=made, reason="A mistake.", by=alice)
    assert LanguageModel.objects.get(pk=trained.pk).marks_now == []


def test_a_lead_sees_the_effect_first_and_builds_again(
    client: Client, alice: Member, trained: LanguageModel, compared: list[Task]
) -> None:
    prompt = compared[0].prompt
    client.force_login(alice.user)
    url = f"/w/acme/prompts/{prompt.uid}/lineage/"

    page = client.get(url).text
    assert "1 row would be gone" in page
    assert client.post(url, {"reason": ""}).status_code == 422
    answer = client.post(url, {"reason": "<b>Personal data</b>", "builds_again": "on"})

    shown = client.get(answer.headers["Location"]).text
    assert "&lt;b&gt;Personal data" in shown
    assert "Built since" in shown
    newest = DatasetBuild.objects.order_by("-pk")[0]
    execute(newest.job.uid)
    newest.refresh_from_db()
    assert newest.rows["train"] == 7
    assert "&lt;b&gt;Personal data" in client.get(f"/w/acme/models/{trained.uid}/").text
    assert "Personal data" in client.get("/w/acme/withdrawals/").text
    back = client.post(f"{answer.headers['Location']}reinstate/", {"reason": "Cleared."})
    assert back.status_code == 302


def test_a_person_is_for_owners_to_withdraw_and_is_told(
    client: Client, alice: Member, olga: Member, compared: list[Task]
) -> None:
    person = said_on(compared[0]).member
    url = f"/w/acme/members/{person.uid}/lineage/"
    client.force_login(alice.user)
    assert client.post(url, {"reason": "Mine."}).status_code == 403

    client.force_login(olga.user)
    assert client.post(url, {"reason": "Sold the account."}).status_code == 302

    assert "Sold the account." in Notification.objects.get(member=person).sentence


def test_the_api_withdraws_and_reinstates(alice: Member, compared: list[Task]) -> None:
    token = create_token(member=alice, name="t").text
    api = APIClient(headers={"Authorization": f"Bearer {token}"})
    judgment = said_on(compared[0])

    made = api.post(
        "/api/v1/withdrawals", {"judgment": str(judgment.uid), "reason": "Spam."}, format="json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["subject"] == str(judgment.uid)
    person = {"member": str(judgment.member.uid), "reason": "Spam."}
    assert api.post("/api/v1/withdrawals", person, format="json").status_code == 403
    uid = made.json()["uid"]
    again = api.post(f"/api/v1/withdrawals/{uid}/reinstate", {"reason": "No spam."}, format="json")
    assert again.json()["reinstated_at"] is not None
    assert len(api.get("/api/v1/withdrawals").json()["results"]) == 1
