"""A page about one thing costs as many queries for many rows in it as for one.

test_queries.py has the lists of a workspace; here are the pages of one campaign, one rubric, one link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.wordings import place_in_half
from evalhub.judgments.models import Judgment
from tests import factories as make
from tests.contract.test_queries import look_at_the_tables, queries
from tests.security.routes import all_routes

MORE = 12
Grow = Callable[[], None]

# A file, or a way on to another page.
OTHERWISE = {"judgments:judge"}


def pages_of(prefix: str) -> list[str]:
    """The pages below `prefix` that name nothing else: their paths behind it."""
    whole = f"w/<slug:workspace>/{prefix}/<uuid:uid>/"
    rests = [
        route.path.removeprefix(whole)
        for route in all_routes()
        if route.path.startswith(whole) and route.name not in OTHERWISE
    ]
    return sorted({rest for rest in rests if "<" not in rest})


def costs(client: Client, base: str, rests: list[str], grow: Grow) -> dict[str, Any]:
    """Pages whose queries grow with what they show: how many before, and after."""
    grow()
    look_at_the_tables()
    before = {rest: queries(client, base + rest) for rest in rests}
    for _ in range(MORE):
        grow()
    look_at_the_tables()
    after = {rest: queries(client, base + rest) for rest in rests}
    assert before[""] is not None  # the page itself
    return {rest: (before[rest], after[rest]) for rest in rests if before[rest] != after[rest]}


def another_person(campaign: Campaign) -> None:
    """Comes into the campaign with one of everything that somebody can leave there."""
    workspace = campaign.workspace
    person = make.MemberFactory.create(workspace=workspace, languages=["de"], groups=["night"])
    place_in_half(campaign, person.pk)
    submitted = make.AssignmentFactory.create(
        task=make.TaskFactory.create(campaign=campaign), member=person, state="submitted"
    )
    judgment = make.JudgmentFactory.create(
        task=submitted.task, member=person, assignment=submitted, active_ms=40_000
    )
    prefers(judgment, 1)
    make.ReviewFactory.create(judgment=judgment)
    make.ReturnedJudgmentFactory.create(judgment=judgment)
    for state in ("held", "skipped", "expired"):
        task = make.TaskFactory.create(campaign=campaign)
        held = make.AssignmentFactory.create(task=task, member=person, state=state)
        if state == "expired":
            make.DraftFactory.create(assignment=held, late=True)
    make.FlagFactory.create(task=submitted.task, member=person)
    make.GuidelinesFactory.create(
        campaign=campaign, number=campaign.guidelines_versions.count() + 1
    )
    make.ExpertAnswerFactory.create(task__campaign=campaign)
    gold = make.ExpertAnswerFactory.create(task__campaign=campaign, task__kind="gold")
    answered = make.AssignmentFactory.create(task=gold.task, member=person, state="submitted")
    verdict = make.JudgmentFactory.create(task=gold.task, member=person, assignment=answered)
    make.AppealFactory.create(verdict__judgment=verdict)
    make.PayRateFactory.create(campaign=campaign, since=timezone.now())
    make.JoinLinkFactory.create(campaign=campaign)
    make.ReportLinkFactory.create(campaign=campaign)
    make.ExclusionFactory.create(campaign=campaign, member=person)
    make.ExportFactory.create(campaign=campaign)


def prefers(judgment: Judgment, margin: int) -> None:
    first, second = (row.completion for row in judgment.task.placed.order_by("place"))
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=margin)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("state", ["open", "draft"])
def test_pages_of_a_campaign(client: Client, olga: Member, state: str) -> None:
    campaign = make.CampaignFactory.create(
        workspace=olga.workspace, state=state, overlap=2, review_share=100
    )
    pilot = make.CampaignFactory.create(workspace=olga.workspace, pilot_of=campaign, overlap=2)
    disputed = make.TaskFactory.create_batch(2, campaign=pilot, overlap=40)

    def grow() -> None:
        another_person(campaign)
        for task in disputed:
            for margin in (-1, 1):
                prefers(make.JudgmentFactory.create(task=task), margin)

    client.force_login(olga.user)
    base = f"/w/acme/campaigns/{campaign.uid}/"
    assert costs(client, base, pages_of("campaigns"), grow) == {}


@pytest.mark.slow
@pytest.mark.django_db
def test_pages_of_a_rubrics_version(client: Client, olga: Member) -> None:
    first = make.RubricVersionFactory.create(
        rubric__workspace=olga.workspace, number=1, published_at=timezone.now()
    )
    draft = make.RubricVersionFactory.create(rubric=first.rubric, number=2, published_at=None)

    def grow() -> None:
        nth = draft.criteria.count()
        for version in (first, draft):
            make.CriterionFactory.create(
                version=version, slug=f"c{nth}", position=nth, question=f"Version {version.number}?"
            )

    client.force_login(olga.user)
    base = f"/w/acme/rubrics/versions/{draft.uid}/"
    assert costs(client, base, pages_of("rubrics/versions"), grow) == {}


@pytest.mark.slow
@pytest.mark.django_db
def test_the_page_of_a_join_link(client: Client, olga: Member) -> None:
    link = make.JoinLinkFactory.create(campaign__workspace=olga.workspace)
    client.force_login(olga.user)

    def grow() -> None:
        make.ParticipantFactory.create(link=link)

    assert costs(client, f"/w/acme/join-links/{link.uid}/", pages_of("join-links"), grow) == {}


@pytest.mark.slow
@pytest.mark.django_db
def test_the_page_of_a_pay_run(client: Client, olga: Member, acme: Workspace) -> None:
    run = make.PayRunFactory.create(workspace=acme)
    client.force_login(olga.user)

    def grow() -> None:
        make.PayLineFactory.create(run=run)

    assert costs(client, f"/w/acme/pay-runs/{run.uid}/", pages_of("pay-runs"), grow) == {}


@pytest.mark.slow
@pytest.mark.django_db
def test_the_page_of_a_managers_person(client: Client, olga: Member, acme: Workspace) -> None:
    manager = make.MemberFactory.create(workspace=acme, roles=["manager"], manages=["night"])
    person = make.MemberFactory.create(workspace=acme, groups=["night"])
    client.force_login(manager.user)

    def grow() -> None:
        campaign = make.CampaignFactory.create(workspace=acme, people=[person.pk])
        task = make.TaskFactory.create(campaign=campaign)
        held = make.AssignmentFactory.create(task=task, member=person, state="submitted")
        make.JudgmentFactory.create(task=task, member=person, assignment=held, active_ms=9_000)
        make.FlagFactory.create(task=task, member=person)

    assert (
        costs(client, f"/w/acme/groups/people/{person.uid}/", pages_of("groups/people"), grow) == {}
    )
