"""News that moves a follow-up on: the model has answered, a judgment counts, the figures failed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Q

from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Task
from evalhub.followups.asking import ask_people
from evalhub.followups.choices import SUM_UP, FollowUpState
from evalhub.followups.ending import count_soon, fail
from evalhub.followups.models import FollowUp
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job, News
from evalhub.judgments.models import Judgment


def job_ended(news: News) -> None:
    answering = FollowUp.objects.filter(
        run__job__uid=news.subject_uid, state=FollowUpState.ANSWERING
    )
    for follow_up in answering.values_list("pk", flat=True):
        ask_people(follow_up)
    if news.body.get("kind") == SUM_UP and news.body.get("state") != JobState.SUCCEEDED:
        _not_counted(news)


@transaction.atomic
def _not_counted(news: News) -> None:
    job = Job.objects.get(uid=news.subject_uid)
    rows = FollowUp.objects.select_for_update(of=("self",)).select_related("workspace")
    for follow_up in rows.filter(uid=job.payload["follow_up"], state=FollowUpState.COUNTING):
        fail(follow_up, f"The figures could not be worked out: {job.error or 'the job was cancelled.'}")  # fmt: skip


def campaign_closed(news: News) -> None:
    """By hand, or as its time was over: nobody is asked there any more."""
    mine = Q(ranking__uid=news.subject_uid) | Q(comparison__uid=news.subject_uid)
    rows = FollowUp.objects.filter(mine, state=FollowUpState.OPEN)
    for follow_up in rows.values_list("pk", flat=True):
        count_when_all_are_in(follow_up)


def judgment_counted(news: News) -> None:
    """Most judgments are of other campaigns: one look-up by the judgment's own key."""
    campaigns = Judgment.objects.filter(uid=news.subject_uid).values("campaign_id")
    mine = Q(ranking_id__in=campaigns) | Q(comparison_id__in=campaigns)
    rows = FollowUp.objects.filter(mine, state=FollowUpState.OPEN)
    for follow_up in rows.values_list("pk", flat=True):
        count_when_all_are_in(follow_up)


@transaction.atomic
def count_when_all_are_in(follow_up_pk: int) -> None:
    """Twice changes nothing."""
    rows = FollowUp.objects.select_for_update(of=("self",))
    follow_up = rows.select_related("run__job", "model", "workspace", "ranking", "comparison").get(
        pk=follow_up_pk
    )
    if follow_up.state == FollowUpState.OPEN and not waiting_for(follow_up):
        count_soon(follow_up)


def waiting_for(follow_up: FollowUp) -> int:
    """Tasks that have not all their judgments yet, and may still get them."""
    keys = [each.pk for each in follow_up.campaigns if each.state != CampaignState.CLOSED]
    said = Judgment.objects.counted().filter(campaign__in=keys).order_by()
    full = said.values("task").annotate(places=Count("pk")).filter(places__gte=follow_up.votes)
    return Task.objects.filter(campaign__in=keys).count() - full.count()
