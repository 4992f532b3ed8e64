"""Reports as a page and in the API: computed by a job, kept, and shown with what is behind them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.jobs.jobs import execute
from evalhub.reports.models import Report
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.reports.test_pages_api_and_command import api_of
from tests.evalhub.reports.test_report import canonical, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(campaign: Campaign) -> Member:
    return cast_member("lead", campaign.workspace, "lead")


def signed_in(member: Member) -> Client:
    client = Client()
    assert member.user is not None
    client.force_login(member.user)
    return client


def computed(report: Report) -> Report:
    execute(report.job.uid)
    report.refresh_from_db()
    return report


@pytest.mark.parametrize("kind", ["agreement", "leaderboard"])
def test_a_report_is_asked_for_computed_and_read(
    campaign: Campaign, task: Task, lead: Member, kind: str
) -> None:
    for name, margin in (("auk", 2), ("bee", -1), ("cod", 2)):
        say(
            task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name), margin, 3
        )
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/{kind}/"
    client = signed_in(lead)
    assert b"every 2s" not in client.get(page).content
    assert client.post(page).status_code == 302
    client.post(page)  # once more while it is under way
    report = campaign.reports.get()
    assert b"every 2s" in client.get(page).content
    shown = client.get(page, headers={"HX-Request": "true"}).content
    assert b"<html" not in shown

    made = computed(report)
    assert made.made_at is not None
    text = client.get(page).content.decode()
    assert "every 2s" not in text
    assert kind == "agreement" or "llama" in text
    assert "auk" in text  # on a leaderboard, by how well she tells models apart
    answer = api_of(lead).get(f"/api/v1/campaigns/{campaign.uid}/{kind}").json()
    assert (answer["state"], answer["body"]) == ("succeeded", made.body)
    assert Entry.objects.filter(verb="report.started").count() == 1


def test_the_last_figures_stay_while_new_ones_are_computed(
    campaign: Campaign, task: Task, lead: Member
) -> None:
    say(task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym="auk"), 2)
    api, path = api_of(lead), f"/api/v1/campaigns/{campaign.uid}/agreement"
    assert api.get(path).json()["code"] == "not_computed"
    assert api.post(path).status_code == 202
    computed(campaign.reports.get())
    assert api.post(path).status_code == 202
    assert campaign.reports.count() == 2
    text = signed_in(lead).get(f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/agreement/")
    assert "undefined, because nothing was answered by two people" in text.content.decode()


def test_verdicts_stand_in_words(campaign: Campaign, task: Task, lead: Member) -> None:
    for name in ("auk", "bee"):
        say(task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name), 2)
    api_of(lead).post(f"/api/v1/campaigns/{campaign.uid}/agreement")
    computed(campaign.reports.get())
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/agreement/"
    text = signed_in(lead).get(page).content.decode()
    assert "undefined, because everybody always gave the same answer" in text


def test_ratio_alpha_stands_on_the_page_in_the_api_and_in_the_file(
    campaign: Campaign, task: Task, lead: Member
) -> None:
    canonical(campaign, task, true_zero=True)
    path = f"/api/v1/campaigns/{campaign.uid}/agreement"
    api_of(lead).post(path)
    computed(campaign.reports.get())
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/agreement/"
    shown = signed_in(lead).get(page).text
    assert "<b>0.797</b>" in shown
    assert "<dd>ratio</dd>" in shown
    [clarity] = api_of(lead).get(path).json()["body"]["questions"]
    assert clarity["level"] == "ratio"
    assert clarity["alpha"]["value"] == pytest.approx(0.797, abs=5e-4)
    lines = signed_in(lead).get(f"{page}csv/").getvalue().decode()
    assert any(line.startswith("questions.alpha,clarity,1") and ",0.797" in line
               for line in lines.splitlines())  # fmt: skip


def test_one_model_alone_is_not_ranked(campaign: Campaign, task: Task, lead: Member) -> None:
    first, second = (each.completion.generation for each in task.placed.order_by("place"))
    second.model = first.model
    second.save()
    say(task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym="auk"), 2)
    api_of(lead).post(f"/api/v1/campaigns/{campaign.uid}/leaderboard")
    computed(campaign.reports.get())
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/leaderboard/"
    assert (
        "No two models were compared with each other" in signed_in(lead).get(page).content.decode()
    )


@pytest.mark.parametrize("kind", ["agreement", "leaderboard", "reliability", "bias"])
def test_figures_from_before_they_named_their_judgments_are_shown(
    campaign: Campaign, task: Task, lead: Member, kind: str
) -> None:
    for name, margin in (("auk", 2), ("bee", -1)):
        say(
            task, make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name), margin, 3
        )
    api_of(lead).post(f"/api/v1/campaigns/{campaign.uid}/{kind}")
    made = computed(campaign.reports.get())
    made.body = older(made.body)
    made.save()
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/{kind}/"
    shown = signed_in(lead).get(page).content.decode()
    assert "overall" in shown
    assert "counts=" not in shown


NEWER = {"behind", "slices", "rows", "strangers", "pairs_left_out", "slices_left_out"}


def older(body: Any) -> Any:  # JSON
    """Without what reports have had since; rows are as old as the report on bias."""
    if isinstance(body, list):
        return [older(each) for each in body]
    if not isinstance(body, dict):
        return body
    newer = NEWER - {"rows"} if "measure" in body else NEWER
    return {name: older(each) for name, each in body.items() if name not in newer}
