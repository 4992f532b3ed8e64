"""A stored judgment on its page: looked at, reopened, handed back."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.judgments.models import Judgment, ReturnedJudgment
from evalhub.prompts.models import Completion
from tests.evalhub.judgments.conftest import body_for
from tests.factories import JudgmentFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "judge"}


@pytest.fixture
def judgment(api: APIClient, campaign: Campaign) -> Judgment:
    """Bob's: A is clearly better, where A is the task's second completion."""
    Campaign.objects.update(asks=["critique", "spans"])
    version = campaign.rubric_version
    version.error_types = [{"slug": "false", "name": "False statement", "description": ""}]
    version.save()
    task = TaskFactory.create(campaign=campaign)
    lease = api.post(f"/api/v1/campaigns/{campaign.uid}/claim", {}, format="json").json()
    Assignment.objects.update(permutation=[1, 0])
    span = {"response": "A", "start": 0, "end": 5, "error_type": "false", "note": "Not so."}
    body = body_for(lease["token"], critique="Clearer.", active_ms=41_000, spans=[span])
    answer = api.post(f"/api/v1/assignments/{lease['assignment']}/submit", body, format="json")
    assert answer.status_code == 201, answer.json()
    stored = Judgment.objects.get(uid=answer.json()["judgment"])
    assert stored.preferences.get().first == task.placed.get(place=0).completion
    assert stored.preferences.get().margin == -2
    return stored


def signed_in(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def look_at(judgment: Judgment) -> str:
    return f"/w/acme/judgments/{judgment.uid}/"


def reopen(judgment: Judgment) -> str:
    return f"/w/acme/my-work/judgments/{judgment.uid}/revise/"


def fields(**more: str) -> dict[str, str]:
    return {"submission_id": str(uuid4()), "preference": "B1", **more}


def test_its_author_sees_what_they_said_as_it_was_shown(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    html = signed_in(client, bob).get(look_at(judgment)).content.decode()
    assert re.search(r'value="A2"[^>]* checked', html)
    first, second = judgment.task.completions.order_by("placed__place")
    assert html.index(second.content) < html.index(first.content)
    assert "Clearer." in html
    assert "41 s" in html
    assert "False statement" in html
    assert f"{second.content[:5]}</blockquote>" in html
    assert "disabled" in html


def test_those_who_watch_see_it_and_other_annotators_do_not(
    client: Client, judgment: Judgment, alice: Member, erin: Member, charlie: Member
) -> None:
    other = MemberFactory.create(workspace=judgment.workspace)
    reviewer = MemberFactory.create(workspace=judgment.workspace, roles=["reviewer"])
    statuses = {alice: 200, erin: 200, reviewer: 200, other: 404, charlie: 404}
    for member, status in statuses.items():
        assert signed_in(client, member).get(look_at(judgment)).status_code == status


def test_the_page_names_no_model(client: Client, bob: Member, judgment: Judgment) -> None:
    pages = [look_at(judgment), reopen(judgment), "/w/acme/my-work/submitted/"]
    html = "".join(signed_in(client, bob).get(page).content.decode() for page in pages)
    for completion in judgment.task.completions.select_related("generation__model"):
        generation = completion.generation
        for secret in (completion.uid, generation.uid, generation.model.uid, generation.model.name):
            assert str(secret) not in html


def test_names_that_were_blacked_out_stay_so(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    Campaign.objects.update(masks_identity=True)
    Completion.objects.update(content="I am Claude, made by Anthropic.")
    for page in (look_at(judgment), reopen(judgment)):
        html = signed_in(client, bob).get(page).content.decode()
        assert "made by" in html
        assert "Claude" not in html
        assert "Anthropic" not in html


def test_a_revision_is_a_new_judgment_and_both_name_each_other(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    page = signed_in(client, bob)
    html = page.get(reopen(judgment)).content.decode()
    assert re.search(r'value="A2"[^>]* checked', html)
    answer = page.post(reopen(judgment), fields(critique="On reflection."), follow=True)
    revised = Judgment.objects.get(supersedes=judgment)
    assert revised.preferences.get().margin == 1
    assert answer.redirect_chain[-1][0] == look_at(revised)
    assert look_at(judgment) in answer.content.decode()
    old = page.get(look_at(judgment)).content.decode()
    assert look_at(revised) in old
    assert "superseded" in old


def test_what_a_revision_lacks_is_said_and_what_was_typed_stays(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    typed = {"submission_id": str(uuid4()), "critique": "half a th"}
    answer = signed_in(client, bob).post(reopen(judgment), typed)
    assert answer.status_code == 422
    assert "half a th" in answer.content.decode()
    assert typed["submission_id"] in answer.content.decode()
    assert not Judgment.objects.filter(supersedes=judgment).exists()


def test_the_script_gets_the_form_alone_and_an_empty_answer(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    page = signed_in(client, bob)
    html = page.get(reopen(judgment), headers=SCRIPT).content.decode()
    assert "<html" not in html
    assert 'id="text"' in html
    assert 'data-mode="revise"' in html
    sent = fields()
    for _ in range(2):  # a retry is no second revision
        assert page.post(reopen(judgment), sent, headers=SCRIPT).status_code == 204
    assert Judgment.objects.filter(supersedes=judgment).count() == 1


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"submission_id": str(uuid4())}, 422, "invalid_judgment"),
        ({"submission_id": "7", "preference": "A1"}, 400, "malformed"),
    ],
)
def test_the_script_is_told_the_field_that_is_wrong(
    client: Client, bob: Member, judgment: Judgment, sent: dict[str, str], status: int, code: str
) -> None:
    answer = signed_in(client, bob).post(reopen(judgment), sent, headers=SCRIPT)
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert set(told) >= {"code", "detail", "field"}


def test_a_judgment_is_not_reopened_where_it_must_not_be(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    page = signed_in(client, bob)
    JudgmentFactory.create(task=judgment.task, member=bob, supersedes=judgment)
    assert "revised already" in page.get(reopen(judgment), follow=True).content.decode()
    assert page.get(reopen(judgment), headers=SCRIPT).status_code == 409
    Campaign.objects.update(allows_revision=False)
    assert (
        "takes no revisions" in page.post(reopen(judgment), fields(), follow=True).content.decode()
    )
    imported = JudgmentFactory.create(task=judgment.task, member=bob, source="imported")
    assert page.get(reopen(imported)).status_code == 302


def test_only_its_author_reopens_it(
    client: Client, judgment: Judgment, olga: Member, alice: Member
) -> None:
    for member, status in ((olga, 404), (alice, 403)):
        answer = signed_in(client, member).post(reopen(judgment), fields())
        assert answer.status_code == status


# Handing back


def hand_back(client: Client, judgment: Judgment, reason: str) -> Any:
    return client.post(f"{look_at(judgment)}return/", {"reason": reason}, follow=True)


def test_a_reviewer_hands_it_back_and_a_revision_settles_it(
    client: Client, bob: Member, judgment: Judgment
) -> None:
    reviewer = MemberFactory.create(workspace=judgment.workspace, roles=["reviewer"])
    answer = hand_back(signed_in(client, reviewer), judgment, "B is cut off; read its end.")
    assert "B is cut off" in answer.content.decode()
    assert "Hand it back</button>" not in answer.content.decode()
    entry = Entry.objects.get(verb="judgment.returned")
    assert (entry.actor, entry.target) == (reviewer.pseudonym, f"judgment {judgment.uid}")

    page = signed_in(client, bob)
    assert "B is cut off" in page.get("/w/acme/my-work/returned/").content.decode()
    page.post(reopen(judgment), fields())
    assert page.get("/w/acme/my-work/returned/").context["lines"] == []


def test_a_return_says_why_and_comes_once(
    client: Client, alice: Member, judgment: Judgment
) -> None:
    page = signed_in(client, alice)
    assert hand_back(page, judgment, "  ").status_code == 422
    hand_back(page, judgment, "Read on.")
    assert "returned already" in hand_back(page, judgment, "Again.").content.decode()
    assert ReturnedJudgment.objects.get().reason == "Read on."


def test_what_was_superseded_or_no_person_said_is_not_returned(
    client: Client, alice: Member, bob: Member, judgment: Judgment
) -> None:
    page = signed_in(client, alice)
    JudgmentFactory.create(task=judgment.task, member=bob, supersedes=judgment)
    assert (
        "revised or withdrawn meanwhile" in hand_back(page, judgment, "Read on.").content.decode()
    )
    simulated = JudgmentFactory.create(task=judgment.task, source="simulated")
    assert "Only what a person" in hand_back(page, simulated, "Read on.").content.decode()
    assert not ReturnedJudgment.objects.exists()


def test_annotators_and_engineers_hand_nothing_back(
    client: Client, bob: Member, erin: Member, judgment: Judgment
) -> None:
    for member in (bob, erin):
        page = signed_in(client, member)
        assert page.post(f"{look_at(judgment)}return/", {"reason": "x"}).status_code == 403
        assert "Hand it back" not in page.get(look_at(judgment)).content.decode()
