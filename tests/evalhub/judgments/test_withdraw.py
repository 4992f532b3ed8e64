"""Taking a judgment back in its first seconds: through the API, the page, and what counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Assignment, Campaign, Task
from evalhub.campaigns.queries import progress_of
from evalhub.jobs.jobs import deliver_waiting
from evalhub.jobs.models import News
from evalhub.judgments.calibration import calibration_of
from evalhub.judgments.choices import Source
from evalhub.judgments.figures import figures_of
from evalhub.judgments.models import Judgment
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests.evalhub.judgments.conftest import body_for, client_of
from tests.factories import ExpertAnswerFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def thirty_seconds(settings: Any) -> None:
    settings.EVALHUB_UNDO_SECONDS = 30


def judge(api: APIClient, campaign: Campaign, **more: Any) -> Judgment:
    claimed = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json").json()
    url = f"/api/v1/assignments/{claimed['assignment']}/submit"
    answer = api.post(url, body_for(claimed["token"], **more), format="json")
    assert answer.status_code == 201, answer.json()
    return Judgment.objects.get(uid=answer.json()["judgment"])


def withdraw(api: APIClient, judgment: Judgment) -> Any:
    return api.post(f"/api/v1/judgments/{judgment.uid}/withdraw")


def grow_old(judgment: Judgment) -> None:
    Judgment.objects.filter(pk=judgment.pk).update(
        created_at=timezone.now() - timedelta(seconds=31)
    )


def test_a_withdrawn_judgment_leaves_its_place_to_the_same_person_and_no_other(
    api: APIClient, campaign: Campaign, alice: Member
) -> None:
    task = TaskFactory.create(campaign=campaign)
    judgment = judge(api, campaign, critique="hasty")
    answer = withdraw(api, judgment)
    mine = Assignment.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "judgment": str(judgment.uid),
        "assignment": str(mine.uid),
        "token": 2,
    }
    assert withdraw(api, judgment).json() == answer.json()
    task.refresh_from_db()
    assert (mine.state, task.judged, task.open_places) == ("held", 0, 0)
    assert not News.objects.filter(subject_uid=judgment.uid).exists()
    alice.roles = ["annotator"]
    alice.save()
    nothing = client_of(alice).post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json")
    assert nothing.status_code == 204
    url = f"/api/v1/assignments/{mine.uid}/submit"
    again = api.post(url, body_for(2, critique="thought over"), format="json")
    assert again.status_code == 201
    task.refresh_from_db()
    assert (task.judged, task.open_places, progress_of(campaign).done) == (1, 0, 1)
    assert list(Judgment.objects.order_by("pk").values_list("critique", flat=True)) == [
        "hasty",
        "thought over",
    ]
    assert Judgment.objects.current().get().critique == "thought over"


def test_what_was_withdrawn_is_not_sent_again_by_a_late_retry(
    api: APIClient, campaign: Campaign
) -> None:
    TaskFactory.create(campaign=campaign)
    judgment = judge(api, campaign)
    withdraw(api, judgment)
    url = f"/api/v1/assignments/{Assignment.objects.get().uid}/submit"
    body = body_for(1) | {"submission_id": str(judgment.submission_id)}
    answer = api.post(url, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "submission_mismatch")
    assert Assignment.objects.get().state == "held"


def test_it_is_too_late_once_it_counts_or_was_revised(api: APIClient, campaign: Campaign) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    old, revised = judge(api, campaign), judge(api, campaign)
    grow_old(old)
    url = f"/api/v1/judgments/{revised.uid}/revise"
    body = body_for(1, critique="better")
    del body["token"]
    assert api.post(url, body, format="json").status_code == 201
    revision = Judgment.objects.get(supersedes=revised)
    for judgment in (old, revised, revision):
        answer = withdraw(api, judgment)
        assert (answer.status_code, answer.json()["code"]) == (409, "too_late_to_withdraw")
    assert set(Task.objects.values_list("judged", flat=True)) == {1}
    assert not Judgment.objects.exclude(withdrawn_at=None).exists()


def test_a_withdrawn_judgment_cannot_be_revised_and_a_strangers_is_absent(
    api: APIClient, campaign: Campaign, charlie: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    judgment = judge(api, campaign)
    assert withdraw(client_of(charlie), judgment).status_code == 404
    withdraw(api, judgment)
    body = body_for(1)
    del body["token"]
    answer = api.post(f"/api/v1/judgments/{judgment.uid}/revise", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_hand_may_be_one_too_full_and_the_lease_runs_out_as_ever(
    api: APIClient, campaign: Campaign
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    judgment = judge(api, campaign)
    claim = f"/api/v1/campaigns/{campaign.uid}/claim"
    holding: list[str] = []
    for _ in range(2):
        holding.append(api.post(claim, {"holding": holding}, format="json").json()["assignment"])
    assert withdraw(api, judgment).status_code == 200
    assert Assignment.objects.held().count() == 3
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    return_expired()
    assert set(Task.objects.values_list("judged", "open_places")) == {(0, 1)}


def test_nothing_counts_a_judgment_before_it_can_be_withdrawn_no_more(
    api: APIClient, campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create_batch(3, campaign=campaign)
    old, young, back = (judge(api, campaign) for _ in range(3))
    grow_old(old)
    withdraw(api, back)
    assert set(Judgment.objects.counted()) == {old}
    before = Scope(take_snapshot(bob.workspace), (Source.HUMAN,))
    assert (set(before.judgments()), before.snapshot.judgments) == ({old}, 1)
    assert set(before.unsettled()) == {young}
    grow_old(young)
    after = Scope(take_snapshot(bob.workspace), (Source.HUMAN,))
    assert set(after.judgments()) == {old, young}
    assert before.snapshot.digest != after.snapshot.digest
    assert figures_of(bob).judged == 2


def test_news_waits_until_the_judgment_counts(api: APIClient, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    judge(api, campaign)
    deliver_waiting()
    news = News.objects.get(topic="judgment.counted")
    assert news.delivered_at is None
    News.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    deliver_waiting()
    news.refresh_from_db()
    assert news.delivered_at is not None


def test_the_experts_answer_stays_hidden_until_it_is_too_late_to_withdraw(
    api: APIClient, campaign: Campaign, client: Client, bob: Member
) -> None:
    task = TaskFactory.create(campaign=campaign, kind="gold")
    ExpertAnswerFactory.create(task=task, reason="Blue scatters most.")
    judgment = judge(api, campaign)
    assert bob.user is not None
    client.force_login(bob.user)
    url = f"/w/acme/judgments/{judgment.uid}/"
    assert "Blue scatters most." not in client.get(url).content.decode()
    assert calibration_of(bob).whole.n == 0
    grow_old(judgment)
    assert "Blue scatters most." in client.get(url).content.decode()
    assert calibration_of(bob).whole.n == 1


def test_the_page_gets_the_task_back_with_all_that_was_said(
    api: APIClient, campaign: Campaign, client: Client, bob: Member
) -> None:
    TaskFactory.create_batch(2, campaign=campaign)
    judgment = judge(api, campaign, critique="hasty")
    assert bob.user is not None
    client.force_login(bob.user)
    url = f"/w/acme/campaigns/{campaign.uid}/judge/withdraw/"
    answer = client.post(url, {"judgment": judgment.uid}, headers={"X-Requested-With": "judge"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'data-assignment="{judgment.assignment.uid}"' in html  # type: ignore[union-attr]  # it has one
    assert "hasty" in html
    assert 'name="token" value="2"' in html
    listed = client.get("/w/acme/my-work/submitted/").content.decode()
    assert "withdrawn" in listed
    assert "Reopen" not in listed


def test_a_model_cannot_withdraw_so_its_judgment_stands_at_once(
    campaign: Campaign, bob: Member
) -> None:
    TaskFactory.create(campaign=campaign)
    model = MemberFactory.create(
        workspace=bob.workspace, user=None, kind="model", roles=["annotator"]
    )
    api = client_of(model)
    judgment = judge(api, campaign)
    assert set(Judgment.objects.said_by_models()) == {judgment}
    assert not Judgment.objects.counted().exists(), "among people's words it has no place"
    assert withdraw(api, judgment).json()["code"] == "too_late_to_withdraw"
    deliver_waiting()
    assert News.objects.get(topic="judgment.counted").delivered_at is not None
