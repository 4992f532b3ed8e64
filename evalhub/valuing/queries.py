from __future__ import annotations

from django.db.models import QuerySet

from evalhub.campaigns.models import Campaign
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.valuing.choices import VALUE
from evalhub.valuing.models import Valuation, ValuedTask

SHOWN = 20


def valuation_of(campaign: Campaign) -> Valuation | None:
    return Valuation.objects.filter(campaign=campaign).first()


def newest_job(valuation: Valuation) -> Job | None:
    """The last one that was asked for, whatever became of it."""
    return Job.objects.filter(kind=VALUE, subject_uid=valuation.uid).order_by("-pk").first()


def next_tasks(valuation: Valuation) -> QuerySet[ValuedTask]:
    """What is asked next, in order."""
    rows = ValuedTask.objects.filter(valuation=valuation, task__open_places__gt=0)
    return rows.select_related("task__prompt").order_by("task__rank")[:SHOWN]


def is_due(valuation: Valuation) -> bool:
    """Whether as many judgments as it wants came since it was done."""
    new = Judgment.objects.counted().filter(
        campaign=valuation.campaign_id, pk__gt=valuation.last_judgment
    )
    return new[: valuation.every].count() >= valuation.every
