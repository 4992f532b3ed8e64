"""Campaigns that compare a model with itself, or with what a person wrote: nothing to rank, and that is said."""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.prompts.models import Completion, Generation
from evalhub.reports.choices import ReportKind
from evalhub.reports.services import start_report
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.reports.test_report import say
from tests.evalhub.reports.test_report_pages import computed, signed_in

pytestmark = pytest.mark.django_db

NOTHING = "No two models were compared with each other"


@pytest.fixture
def lead(campaign: Campaign) -> Member:
    return cast_member("lena", campaign.workspace, "lead")


@pytest.fixture
def judged(campaign: Campaign, task: Task) -> Campaign:
    for name, margin in (("auk", 1), ("bee", 1), ("cod", -1)):
        person = make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name)
        say(task, person, margin)
    return campaign


def page_of(campaign: Campaign, kind: str, lead: Member) -> str:
    computed(start_report(campaign=campaign, kind=ReportKind(kind), by=lead))
    path = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/{kind}/"
    return signed_in(lead).get(path).content.decode()


@pytest.mark.parametrize("kind", ["leaderboard", "bias"])
@pytest.mark.parametrize("other", ["itself", "person"])
def test_it_is_said_that_no_two_models_met(
    judged: Campaign, task: Task, lead: Member, kind: str, other: str
) -> None:
    one, two = (placed.completion for placed in task.placed.order_by("place"))
    if other == "itself":
        Generation.objects.filter(pk=two.generation_id).update(model=one.generation.model)
    else:
        writer = make.MemberFactory.create(workspace=judged.workspace, pseudonym="dog")
        Completion.objects.filter(pk=two.pk).update(written_by=writer)
    page = page_of(judged, kind, lead)
    assert NOTHING in page
    assert "Nobody has answered yet." not in page
    assert "Nobody has compared anything yet." not in page


@pytest.mark.parametrize("kind", ["leaderboard", "bias"])
def test_two_models_that_met_are_told_as_ever(judged: Campaign, lead: Member, kind: str) -> None:
    assert NOTHING not in page_of(judged, kind, lead)
