from __future__ import annotations

import pytest
from django.urls import reverse

from evalhub.judgments.models import Judgment
from evalhub.labelling.models import Decision, LabellingFunction, LabellingRun
from tests.evalhub.labelling.conftest import REFUND, labelled
from tests.factories import CampaignFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client, alice):
    client.force_login(alice.user)
    return client


def at(campaign, name):
    return reverse(f"labelling:{name}", args=[campaign.workspace.slug, campaign.uid])


def of(function, name):
    return reverse(f"labelling:{name}", args=[function.workspace.slug, function.uid])


def test_a_lead_adds_a_function_runs_it_and_reads_its_figures(lead, campaign, criterion, tasks):
    made = lead.post(
        f"{at(campaign, 'function_new')}?kind=keywords",
        {"name": "a refund", "value": "1", "words": "refund\n\nmoney back", "at_least": 1,
         "part": "last_turn"},
    )  # fmt: skip
    assert made.status_code == 302
    assert LabellingFunction.objects.get().parameters["words"] == ["refund", "money back"]

    lead.post(at(campaign, "run"))
    assert LabellingRun.objects.get().job.kind == "labelling.run"
    assert "queued" in lead.get(at(campaign, "overview")).text

    run = LabellingRun.objects.get()
    run.delete()
    run.job.delete()
    labelled(campaign, criterion, LabellingFunction.objects.get().created_by)
    page = lead.get(at(campaign, "overview")).text
    assert "67 %" in page  # 4 of 6
    assert "nobody yet" in page


def test_a_form_that_does_not_fit_says_why_at_its_field(lead, campaign, criterion, tasks):
    answer = lead.post(
        f"{at(campaign, 'function_new')}?kind=regex",
        {"name": "x", "value": "1", "pattern": "(", "part": "last_turn"},
    )
    assert answer.status_code == 422
    assert "This is no pattern" in answer.text
    assert not LabellingFunction.objects.exists()


def test_what_it_would_vote_on_is_shown_while_it_is_written_and_escaped(lead, campaign, criterion):
    turns = [{"role": "user", "content": "<script>alert(1)</script> refund"}]
    TaskFactory.create(campaign=campaign, prompt__messages=turns)
    url = f"{at(campaign, 'function_try')}?kind=regex"
    told = lead.post(url, {"pattern": "refund", "part": "last_turn"}).text
    assert "<b>1</b> of 1 prompts" in told
    assert "&lt;script&gt;" in told
    assert "This is no pattern" in lead.post(url, {"pattern": "(", "part": "last_turn"}).text


def test_a_change_is_prefilled_and_makes_a_version(lead, campaign, criterion, tasks, functions):
    url = of(functions[1], "function_edit")
    page = lead.get(url)
    assert "money back" in page.text
    assert "<b>2</b> of 6" in page.text
    fields = {"value": "2", "words": "money", "at_least": 1, "part": "last_turn"}
    assert lead.post(url, fields).status_code == 302
    newest = LabellingFunction.objects.active().get(name="money back")
    assert (newest.number, newest.value) == (2, 2)
    assert lead.post(url, fields).status_code == 422  # the old version is retired


def test_a_retired_function_is_gone_from_the_list(lead, campaign, criterion, functions):
    gone = lead.post(of(functions[2], "function_retire"), follow=True)
    assert "“a question” votes no more." in gone.text
    assert of(functions[2], "function_edit") not in gone.text


def test_a_lead_confirms_and_rejects_what_is_ticked(
    lead, campaign, criterion, tasks, functions, alice
):
    labelled(campaign, criterion, alice)
    url = at(campaign, "proposals")
    page = lead.get(url).text
    assert "money back, refund" in page  # who says so

    told = lead.post(url, {"act": "confirm", "rows": [tasks[1].uid]}, follow=True)
    assert "1 confirmed." in told.text
    assert Judgment.objects.get().ratings.get().value == REFUND
    told = lead.post(url, {"act": "reject", "rows": [tasks[2].uid, tasks[1].uid]}, follow=True)
    assert "1 rejected. 1 were decided" in told.text
    assert Decision.objects.count() == 2
    only = lead.get(f"{url}?value=2").text
    assert "I want a refund" not in only


def test_a_campaign_of_another_type_has_none(lead, alice):
    other = CampaignFactory.create(workspace=alice.workspace)
    answer = lead.get(at(other, "overview"))
    assert answer.status_code == 422
    assert "label campaign" in answer.text


def test_the_list_asks_the_same_number_of_queries_however_long(
    lead, campaign, criterion, tasks, functions, alice, django_assert_max_num_queries
):
    labelled(campaign, criterion, alice)
    with django_assert_max_num_queries(20):
        lead.get(at(campaign, "proposals"))
