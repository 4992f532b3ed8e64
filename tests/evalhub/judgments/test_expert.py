"""Practice with the expert's answer, gold that nobody can tell, and calibration after the fact."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.jobs.jobs import deliver_waiting
from evalhub.judgments.calibration import calibration_of
from evalhub.judgments.models import ExpertAnswer, Judgment
from tests.evalhub.judgments.conftest import body_for
from tests.factories import CriterionFactory, TaskFactory

pytestmark = pytest.mark.django_db


def signed_in(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def expert_url(campaign: Campaign, rest: str = "") -> str:
    return f"/w/acme/campaigns/{campaign.uid}/expert/{rest}"


def practice_url(campaign: Campaign, number: int = 1) -> str:
    return f"/w/acme/campaigns/{campaign.uid}/practice/?n={number}"


def say(client: Client, task: Task, kind: str = "gold", **more: str) -> Any:
    sent = {
        "task": str(task.uid),
        "expert_kind": kind,
        "expert_reason": "B **invents** a date.",
        "preference": "A2",
        **more,
    }
    return client.post(expert_url(task.campaign, "add/"), sent)


# What leads do


def test_practice_is_a_copy_and_the_task_stays_in_the_data(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    task = TaskFactory.create(campaign=campaign)
    assert say(signed_in(client, alice), task, "practice").status_code == 302
    copy = Task.objects.get(kind="practice")
    assert (copy.prompt, copy.overlap, copy.open_places) == (task.prompt, 0, 0)
    order = [row.placed.order_by("place").values_list("completion") for row in (task, copy)]
    assert list(order[0]) == list(order[1])
    assert ExpertAnswer.objects.get().task == copy
    task.refresh_from_db()
    assert (task.kind, task.open_places) == ("normal", 1)


def test_gold_is_the_task_itself(client: Client, alice: Member, campaign: Campaign) -> None:
    task = TaskFactory.create(campaign=campaign)
    say(signed_in(client, alice), task)
    task.refresh_from_db()
    assert (task.kind, task.open_places) == ("gold", 1)
    answer = ExpertAnswer.objects.get()
    assert (answer.task, answer.written_by) == (task, alice)
    assert answer.answers["preferences"] == [
        {"criterion": None, "choice": "A", "strength": 2, "comment": ""}
    ]
    assert Entry.objects.filter(verb="task.expert_answered", actor="alice").count() == 1


def test_a_second_answer_replaces_the_first_and_the_kind_stays(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    task = TaskFactory.create(campaign=campaign)
    page = signed_in(client, alice)
    say(page, task, "practice")
    copy = Task.objects.get(kind="practice")
    shown = page.get(f"{expert_url(campaign, 'add/')}?task={copy.uid}").content.decode()
    assert re.search(r'value="A2"[^>]* checked', shown)
    say(page, copy, "practice", preference="B1")
    say(page, task, "practice", preference="tie")
    assert ExpertAnswer.objects.get().answers["preferences"][0]["choice"] == "tie"
    refused = say(page, copy, "gold")
    assert refused.status_code == 422
    assert "is practice already" in refused.content.decode()


def test_an_answer_that_does_not_fit_is_refused_and_kept_in_the_form(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    task = TaskFactory.create(campaign=campaign)
    answer = say(signed_in(client, alice), task, preference="", critique="My thoughts")
    assert answer.status_code == 422
    assert "which response is better" in answer.content.decode()
    assert "My thoughts" in answer.content.decode()
    assert not ExpertAnswer.objects.exists()


def test_the_next_task_is_one_that_no_expert_has_answered(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    first, second, third = TaskFactory.create_batch(3, campaign=campaign)
    page = signed_in(client, alice)
    say(page, first, "practice")
    say(page, second, "gold")
    assert third.prompt.last_turn in page.get(expert_url(campaign, "add/")).content.decode()
    say(page, third, "gold")
    after = page.get(expert_url(campaign, "add/"), follow=True).content.decode()
    assert "Every task here has" in after
    for task in (first, second, third):
        assert task.prompt.last_turn in after


def test_only_leads_see_practice_and_gold(
    client: Client, bob: Member, erin: Member, charlie: Member, campaign: Campaign
) -> None:
    for member, status in ((bob, 403), (erin, 403), (charlie, 404)):
        for rest in ("", "add/"):
            assert signed_in(client, member).get(expert_url(campaign, rest)).status_code == status


def test_the_progress_of_a_campaign_leaves_practice_out(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    say(signed_in(client, alice), TaskFactory.create(campaign=campaign), "practice")
    progress = client.get(f"/w/acme/campaigns/{campaign.uid}/").context["progress"]
    assert (progress.tasks, progress.wanted) == (1, 1)


# What annotators do


def test_practice_shows_ones_answers_beside_the_experts_and_stores_nothing(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    task = TaskFactory.create(campaign=campaign)
    say(signed_in(client, alice), task, "practice", critique="A cites its source.")
    page = signed_in(client, bob)
    assert practice_url(campaign).partition("?")[0] in page.get("/w/acme/my-work/").content.decode()
    shown = page.get(practice_url(campaign)).content.decode()
    assert task.prompt.last_turn in shown
    assert "invents" not in shown
    assert "checked" not in shown.split('id="sheet"')[1].split("</form>")[0]

    answer = page.post(practice_url(campaign), {"preference": "B1", "critique": "B is short."})
    beside = answer.context["beside"]
    assert [(row.mine.value, row.expert.value, row.differs) for row in beside.rows] == [
        ("B1", "A2", True)
    ]
    html = answer.content.decode()
    for words in ("<strong>invents</strong>", "A cites its source.", "B is short.", "differs"):
        assert words in html
    assert not Judgment.objects.exists()
    assert not Assignment.objects.exists()


def test_practice_says_what_is_missing_and_ends_after_the_last(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    say(signed_in(client, alice), TaskFactory.create(campaign=campaign), "practice")
    page = signed_in(client, bob)
    assert page.post(practice_url(campaign), {"critique": "?"}).status_code == 422
    assert "That was the last one" in page.get(practice_url(campaign, 2)).content.decode()
    assert page.get(practice_url(campaign, 0)).status_code == 200
    for odd in ("x", "-1", "99999999999999999999", "²"):
        url = practice_url(campaign).replace("n=1", f"n={odd}")
        assert page.get(url).status_code == 200


def test_a_campaign_without_practice_says_so(
    client: Client, bob: Member, campaign: Campaign
) -> None:
    page = signed_in(client, bob)
    assert "No practice tasks here" in page.get(practice_url(campaign)).content.decode()
    assert "practice" not in page.get("/w/acme/my-work/").content.decode()


def everything_before_submit(page: Client, api: APIClient, campaign: Campaign) -> list[str]:
    """What bob gets to see of his task before he submits it, in pages and in the API."""
    claimed = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json")
    assignment = Assignment.objects.latest("pk")
    told = [claimed]
    told.append(
        api.post(f"/api/v1/assignments/{assignment.uid}/draft", {"body": {}}, format="json")
    )
    told += [
        page.get(f"/w/acme/campaigns/{campaign.uid}/{rest}") for rest in ("judge/", "guidelines/")
    ]
    told += [page.get(f"/w/acme/my-work/{rest}") for rest in ("", "drafts/", "calibration/")]
    told += [api.get("/api/v1/campaigns"), api.get(f"/api/v1/campaigns/{campaign.uid}")]
    token = claimed.json()["token"]
    told.append(
        api.post(f"/api/v1/assignments/{assignment.uid}/skip", {"token": token}, format="json")
    )
    told.append(page.get("/w/acme/my-work/skipped/"))
    changing = re.compile(
        r'[0-9a-f]{8}-[0-9a-f-]{27}|value="[A-Za-z0-9]{64}"|x-csrftoken": "\w+"|\d{4}-\d\d-\d\dT[^"]+'
        r"|\d\d:\d\d(:\d\d)?"
    )
    return [
        changing.sub(
            "·", f"{answer.status_code} {sorted(answer.headers)} {answer.content.decode()}"
        )
        for answer in told
    ]


def test_gold_cannot_be_told_from_any_other_task_before_submit(
    client: Client, api: APIClient, bob: Member, alice: Member, campaign: Campaign
) -> None:
    """Byte by byte the same, but for what changes by itself: uids, times, tokens."""
    task = TaskFactory.create(campaign=campaign, overlap=5)
    page = signed_in(client, bob)
    normal = everything_before_submit(page, api, campaign)
    Draft.objects.all().delete()
    Assignment.objects.all().delete()
    Task.objects.update(open_places=5)
    say(signed_in(Client(), alice), task)
    gold = everything_before_submit(page, api, campaign)
    responses = [row.content for row in task.completions.all()]
    for one, other in zip(normal, gold, strict=True):
        for text in responses:  # shuffled anew for each
            one, other = (each.replace(text, "response") for each in (one, other))
        assert one == other


# Calibration


def judge(api: APIClient, campaign: Campaign, order: list[int], **said: Any) -> Judgment:
    lease = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json").json()
    Assignment.objects.filter(uid=lease["assignment"]).update(permutation=order)
    body = body_for(lease["token"], **said)
    answer = api.post(f"/api/v1/assignments/{lease['assignment']}/submit", body, format="json")
    assert answer.status_code == 201, answer.json()
    return Judgment.objects.get(uid=answer.json()["judgment"])


def preference(choice: str, strength: int = 1) -> list[dict[str, Any]]:
    return [{"criterion": None, "choice": choice, "strength": strength}]


def test_calibration_undoes_the_shuffle_and_counts_what_is_near(
    client: Client, api: APIClient, bob: Member, alice: Member, campaign: Campaign
) -> None:
    """The expert: the first is better by 2, and its factuality is 4.

    Shown as [second, first], bob's "B by 2" is the same; "B by 1" is near. His 3 for the
    factuality of B, the first, is near; his 1 would not be. So 1 of 4 is the same and 3 are near.
    """
    page = signed_in(client, alice)
    for _ in range(2):
        task = TaskFactory.create(campaign=campaign)
        say(page, task, **{"rating.A.factuality": "4"})
    for strength, value in ((2, 3), (1, 1)):
        rating = [{"response": "B", "criterion": "factuality", "value": value}]
        judge(api, campaign, [1, 0], preferences=preference("B", strength), ratings=rating)
    found = calibration_of(bob)
    assert (found.whole.same, found.whole.near, found.whole.n) == (1, 3, 4)
    assert [(part.title, part.n, part.same) for part in found.parts] == [
        ("Factuality", 2, 0),
        ("Overall", 2, 1),
    ]
    assert found.whole.share == 0.25
    deliver_waiting()  # as the sweep does: verdicts are rows
    html = signed_in(client, bob).get("/w/acme/my-work/calibration/").content.decode()
    assert "25 %" in html
    for judgment in Judgment.objects.all():
        assert f"/w/acme/judgments/{judgment.uid}/" in html


def test_an_answer_mended_after_reading_the_experts_counts_as_first_given(
    client: Client, api: APIClient, bob: Member, alice: Member, campaign: Campaign
) -> None:
    say(signed_in(client, alice), TaskFactory.create(campaign=campaign))
    first = judge(api, campaign, [0, 1], preferences=preference("B"))
    before = calibration_of(bob).whole
    body = {"submission_id": str(uuid4()), "preferences": preference("A", 2)}
    answer = api.post(f"/api/v1/judgments/{first.uid}/revise", body, format="json")
    assert answer.status_code == 201
    assert calibration_of(bob).whole == before


def test_yes_and_no_are_never_near(
    client: Client, api: APIClient, bob: Member, alice: Member, campaign: Campaign
) -> None:
    CriterionFactory.create(
        version=campaign.rubric_version, slug="polite", kind="yes_no", low=0, high=1, anchors={}
    )
    task = TaskFactory.create(campaign=campaign)
    say(signed_in(client, alice), task, **{"rating.A.polite": "1"})
    rating = [{"response": "A", "criterion": "polite", "value": 0}]
    judge(api, campaign, [0, 1], preferences=preference("tie"), ratings=rating)
    assert {part.title: part.near for part in calibration_of(bob).parts} == {
        "Overall": 0,
        "Polite": 0,
    }


def test_a_look_at_a_judged_gold_task_shows_the_expert_as_it_was_shuffled(
    client: Client, api: APIClient, bob: Member, alice: Member, campaign: Campaign
) -> None:
    task = TaskFactory.create(campaign=campaign)
    say(signed_in(client, alice), task)
    judgment = judge(api, campaign, [1, 0], preferences=preference("B", 2))
    answer = signed_in(client, bob).get(f"/w/acme/judgments/{judgment.uid}/")
    assert (answer.context["expert"].same, answer.context["expert"].asked) == (1, 1)
    assert "<strong>invents</strong>" in answer.content.decode()


def test_without_gold_there_is_no_figure(client: Client, bob: Member, campaign: Campaign) -> None:
    page = signed_in(client, bob)
    assert calibration_of(bob).whole.share is None
    assert "No figure yet" in page.get("/w/acme/my-work/calibration/").content.decode()
