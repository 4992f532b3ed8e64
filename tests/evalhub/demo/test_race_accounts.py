"""The race's accounts can find each fault: rows that hold it are given, and the figures say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Draft, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.leases import save_draft
from evalhub.demo.race.accounts import Books, Figures, Stored, read_books, tally
from evalhub.demo.race.accounts import Task as Counted
from evalhub.demo.race.kills import Outage
from evalhub.judgments.body import PreferenceGiven, RatingGiven, SubmitBody
from evalhub.judgments.models import Judgment, Rating
from evalhub.judgments.services.submit import submit_judgment
from tests.factories import CampaignFactory, CriterionFactory, MemberFactory, TaskFactory

TOLD = {"s1": {"j1"}, "s2": {"j2"}}
STORED = [Stored("s1", "j1"), Stored("s2", "j2")]
FULL = Counted(overlap=2, judged=2, open_places=0, judgments=2, members=2, held=0, eligible=5)
CLEAN = Figures(submitted=2, stored=2, lost=0, duplicated=0, over_collected=0, starved=0)


def books(
    stored: Sequence[Stored] = STORED,
    *tasks: Counted,
    drafts: frozenset[tuple[str, str]] = frozenset(),
) -> Books:
    return Books(stored, tasks or [FULL], drafts)


def test_what_was_told_and_stored_alike_has_no_fault() -> None:
    assert tally(TOLD, {}, books()) == CLEAN
    assert CLEAN.faults == 0


@pytest.mark.parametrize(
    "stored",
    [
        STORED[:1],
        [STORED[0], Stored("s2", "another")],
        [STORED[0], Stored("s2", "j2", is_whole=False)],
    ],
    ids=["not there", "as another judgment", "in pieces"],
)
def test_an_acknowledged_judgment_that_is_not_there_whole_is_lost(stored: list[Stored]) -> None:
    assert tally(TOLD, {}, books(stored)) == replace(CLEAN, stored=len(stored), lost=1)


def test_a_second_judgment_told_for_one_submission_is_lost() -> None:
    assert tally({**TOLD, "s1": {"j1", "j3"}}, {}, books()).lost == 1


def test_work_told_to_be_kept_is_lost_when_the_draft_is_not_there() -> None:
    assert tally(TOLD, {"a1": "s3"}, books()).lost == 1
    assert tally(TOLD, {"a1": "s3"}, books(drafts=frozenset({("a1", "s4")}))).lost == 1
    assert tally(TOLD, {"a1": "s3"}, books(drafts=frozenset({("a1", "s3")}))).lost == 0


def test_a_second_row_of_a_submission_is_duplicated() -> None:
    twice = [*STORED, Stored("s2", "j3")]
    assert tally(TOLD, {}, books(twice)) == replace(CLEAN, stored=3, duplicated=1)


def test_what_nobody_was_told_of_is_duplicated() -> None:
    more = [*STORED, Stored("s9", "j9")]
    assert tally(TOLD, {}, books(more)) == replace(CLEAN, stored=3, duplicated=1)


def test_two_judgments_of_one_member_on_a_task_are_duplicated() -> None:
    assert tally(TOLD, {}, books(STORED, FULL._replace(members=1))).duplicated == 1


def test_judgments_beyond_k_are_over_collected_and_each_counts() -> None:
    over = FULL._replace(judgments=4, judged=2, members=4, open_places=0)
    assert tally(TOLD, {}, books(STORED, over)).over_collected == 2 + 1  # and the counters lie


@pytest.mark.parametrize(
    "wrong", [{"judged": 1}, {"open_places": 1}, {"judged": 1, "open_places": 1}]
)
def test_a_counter_that_a_recount_contradicts_is_over_collected(wrong: dict[str, int]) -> None:
    assert tally(TOLD, {}, books(STORED, FULL._replace(**wrong), FULL)).over_collected == 1


def test_wanted_judgments_that_somebody_could_have_given_are_starved() -> None:
    short = FULL._replace(judged=0, judgments=0, members=0, open_places=2)
    assert tally(TOLD, {}, books(STORED, short)).starved == 2
    alone = books(STORED, short._replace(eligible=1))
    assert (tally(TOLD, {}, alone).starved, alone.out_of_people) == (1, 1)


def test_a_lease_that_was_never_given_back_is_starved() -> None:
    kept = FULL._replace(judged=1, judgments=1, members=1, held=1)
    assert (
        tally(TOLD, {}, books(STORED, kept)).starved == 1 + 1
    )  # the lease, and what it keeps away


def test_a_5xx_is_explained_by_the_database_being_away_and_by_nothing_else() -> None:
    outage = Outage(began=10.0, ended=12.0)
    assert outage.explains(sent=9.0, answered=10.1)
    assert outage.explains(sent=12.5, answered=12.6)
    assert not outage.explains(sent=9.0, answered=9.9)
    assert not outage.explains(sent=13.5, answered=13.6)


# The same from rows


@pytest.fixture
def campaign(acme: object) -> Campaign:
    campaign: Campaign = CampaignFactory.create(overlap=2, hand_size=2, asks=["ratings"])
    CriterionFactory.create(version=campaign.rubric_version, slug="tone", required=False)
    TaskFactory.create_batch(2, campaign=campaign)
    return campaign


def judge(campaign: Campaign, member: Member) -> dict[str, set[str]]:
    lease = claim_next(campaign=campaign, member_pk=member.pk)
    assert lease is not None
    body = SubmitBody(
        token=lease.token,
        submission_id=uuid4(),
        ratings=[RatingGiven(response=each, criterion="tone", value=3) for each in "AB"],
        preferences=[PreferenceGiven(choice="A")],
    )
    stored = submit_judgment(assignment=lease.assignment, member_pk=member.pk, body=body)
    return {str(body.submission_id): {str(stored.judgment)}}


def of(campaign: Campaign) -> Books:
    connection.ensure_connection()
    return read_books(connection.connection, campaign=str(campaign.uid), people=9, criteria=1)


@pytest.mark.django_db
def test_the_books_of_a_campaign_are_its_rows(campaign: Campaign) -> None:
    members = MemberFactory.create_batch(3, workspace=campaign.workspace)
    told = {key: uid for each in members[:2] for key, uid in judge(campaign, each).items()}
    assert tally(told, {}, of(campaign)) == replace(CLEAN, starved=2)  # the second task

    told |= {key: uid for each in members[:2] for key, uid in judge(campaign, each).items()}
    assert tally(told, {}, of(campaign)) == replace(CLEAN, submitted=4, stored=4)

    Task.objects.filter(pk=campaign.tasks.earliest("pk").pk).update(judged=1)
    Rating.objects.latest("pk").delete()
    assert tally(told, {}, of(campaign)) == Figures(4, 4, 1, 0, over_collected=1, starved=0)

    Judgment.objects.filter(task=campaign.tasks.latest("pk")).update(member=members[2])
    assert tally(told, {}, of(campaign)).duplicated == 1


@pytest.mark.django_db
def test_a_judgment_that_was_withdrawn_is_none(campaign: Campaign) -> None:
    told = judge(campaign, MemberFactory.create(workspace=campaign.workspace))
    Judgment.objects.update(withdrawn_at=timezone.now())
    figures = tally(told, {}, of(campaign))
    assert (figures.submitted, figures.stored, figures.lost) == (1, 0, 1)


@pytest.mark.django_db
def test_a_draft_counts_as_kept_when_its_author_will_be_offered_the_task(
    campaign: Campaign,
) -> None:
    lease = claim_next(
        campaign=campaign, member_pk=MemberFactory.create(workspace=campaign.workspace).pk
    )
    assert lease is not None
    assignment = Assignment.objects.get(uid=lease.assignment)
    save_draft(assignment=assignment, body={"submission_id": "s1", "token": lease.token})
    promised = {str(lease.assignment): "s1"}
    assert tally({}, promised, of(campaign)).lost == 1  # a draft like any other: not a late one
    Draft.objects.update(late=True)
    assert tally({}, promised, of(campaign)).lost == 0
    Draft.objects.update(late=False)
    Assignment.objects.update(token=lease.token + 1)
    assert tally({}, promised, of(campaign)).lost == 0
