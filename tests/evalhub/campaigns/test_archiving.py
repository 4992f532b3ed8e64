"""Tasks that are taken out of the work, and put back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.jobs import return_expired
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.queries import campaigns_for, progress_of
from evalhub.campaigns.services.archiving import archive_task, restore_task
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.gold import make_gold
from evalhub.campaigns.services.leases import release, skip, unskip
from evalhub.campaigns.services.steering import grow_overlap, raise_overlap, reserve, set_priority
from evalhub.common.errors import Conflict
from evalhub.judgments.services.submit import submit_judgment
from tests.evalhub.campaigns.test_claim import claim, let_run_out, row_of
from tests.factories import CampaignFactory, MemberFactory, TaskFactory
from tests.races.test_claims import answer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(bob: Member) -> Campaign:
    return CampaignFactory.create(workspace=bob.workspace, overlap=3, most_overlap=5)


@pytest.fixture
def carol(bob: Member) -> Member:
    return MemberFactory.create(workspace=bob.workspace, pseudonym="carol")


@pytest.fixture
def task(campaign: Campaign) -> Task:
    return TaskFactory.create(campaign=campaign, overlap=3)


def places(task: Task) -> tuple[int, int, int]:
    task.refresh_from_db()
    return (task.overlap, task.judged, task.open_places)


def test_nobody_else_is_asked_and_whoever_holds_it_may_submit(
    campaign: Campaign, bob: Member, carol: Member, task: Task
) -> None:
    lease = claim(campaign, bob)
    assert archive_task(task=task, by=carol)
    assert not archive_task(task=task, by=carol)
    assert places(task) == (1, 0, 0)
    assert claim_next(campaign=campaign, member_pk=carol.pk) is None
    assert [row.has_more for row in campaigns_for(carol)] == [False]
    body = answer_to(lease, more=False)
    submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    assert places(task) == (1, 1, 0)
    assert progress_of(campaign).is_finished
    assert not grow_overlap(task=task)
    assert Entry.objects.filter(verb="task.archived", actor="carol").count() == 1


@pytest.mark.parametrize("end", ["released", "skipped", "expired"])
@pytest.mark.parametrize("requeue", ["others", "back", "nobody"])
def test_a_place_that_is_given_back_is_none(
    campaign: Campaign, bob: Member, carol: Member, task: Task, end: str, requeue: str
) -> None:
    Campaign.objects.update(requeue=requeue)
    campaign.refresh_from_db()
    lease = claim(campaign, bob)
    archive_task(task=task, by=carol)
    held = row_of(lease)
    if end == "released":
        release(assignment=held, token=lease.token)
    elif end == "skipped":
        skip(assignment=held, token=lease.token)
    else:
        let_run_out(lease)
        return_expired()
    assert places(task) == (0, 0, 0)
    assert not task.reservations.exists()
    for member in (bob, carol):
        assert claim_next(campaign=campaign, member_pk=member.pk) is None


def test_what_was_skipped_before_is_not_taken_back(
    campaign: Campaign, bob: Member, carol: Member, task: Task
) -> None:
    Campaign.objects.update(requeue="nobody")
    campaign.refresh_from_db()
    lease = claim(campaign, bob)
    skip(assignment=row_of(lease), token=lease.token)
    archive_task(task=task, by=carol)
    with pytest.raises(Conflict):
        unskip(assignment=row_of(lease))
    assert places(task) == (0, 0, 0)


def test_restored_it_is_asked_about_until_it_has_what_its_campaign_wants(
    campaign: Campaign, bob: Member, carol: Member, task: Task
) -> None:
    lease = claim(campaign, bob)
    body = answer_to(lease, more=False)
    submit_judgment(assignment=lease.assignment, member_pk=bob.pk, body=body)
    archive_task(task=task, by=carol)
    change_campaign(campaign=campaign, by=carol, overlap=4)
    assert places(task) == (1, 1, 0)
    assert restore_task(task=task, by=carol)
    assert not restore_task(task=task, by=carol)
    assert places(task) == (4, 1, 3)
    assert claim(campaign, carol).task == task.uid


def test_a_reserved_one_waits_for_nobody_any_more(
    campaign: Campaign, bob: Member, carol: Member, task: Task
) -> None:
    reserve(task=task, members=[bob], by=carol)
    task.refresh_from_db()
    archive_task(task=task, by=carol)
    assert claim_next(campaign=campaign, member_pk=bob.pk) is None
    for change in (
        lambda: reserve(task=task, members=[bob], by=carol),
        lambda: raise_overlap(task=task, overlap=9, by=carol),
        lambda: make_gold(task=task),
    ):
        with pytest.raises(Conflict, match="restore it first"):
            change()
    set_priority(task=task, priority=9, by=carol)
    restore_task(task=task, by=carol)
    assert places(task) == (3, 0, 3)


def test_only_ordinary_tasks_are_archived(campaign: Campaign, carol: Member) -> None:
    for kind in (TaskKind.GOLD, TaskKind.REPEAT, TaskKind.QUALIFICATION):
        with pytest.raises(UnfitTask, match="Only ordinary tasks"):
            archive_task(task=TaskFactory.create(campaign=campaign, kind=kind), by=carol)


def test_the_database_keeps_an_archived_task_closed(task: Task, carol: Member) -> None:
    archive_task(task=task, by=carol)
    with pytest.raises(IntegrityError, match="archived_waits_for_nobody"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(is_reserved=False)


def test_a_lead_archives_and_restores_by_the_api(
    client: Client, campaign: Campaign, bob: Member, task: Task
) -> None:
    lead = MemberFactory.create(workspace=bob.workspace, roles=["lead"])
    bearer = {"Authorization": f"Bearer {create_token(member=lead, name='t', by=lead).text}"}
    url = f"/api/v1/tasks/{task.uid}"

    def patched(**body: bool) -> dict[str, object]:
        told = client.patch(url, body, content_type="application/json", headers=bearer)
        assert told.status_code == 200, told.content
        found: dict[str, object] = told.json()
        return found

    assert patched(archived=True)["is_archived"] is True
    told = client.patch(url, {"overlap": 9}, content_type="application/json", headers=bearer)
    assert (told.status_code, told.json()["code"]) == (409, "conflict")
    back = patched(archived=False)
    assert (back["is_archived"], back["overlap"]) == (False, 3)
