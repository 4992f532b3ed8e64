from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.rubrics.models import ScaleKind
from evalhub.valuing.choices import VALUE
from evalhub.valuing.models import Valuation, ValuedTask

SHOWN = 20


def why_not(campaign: Campaign) -> str:
    """Why no judgment of this campaign can have a decision value; empty where one can."""
    if campaign.type in (TaskType.COMPARISON, TaskType.RANKING):
        return ""
    if campaign.type != TaskType.RATING:
        return _(
            "Labels and demonstrations decide neither between models nor between answers, so such tasks "
            "come by lot. Comparisons, rankings and ratings can be valued."
        )
    weighed = campaign.rubric_version.criteria.filter(
        kind__in=[ScaleKind.SCALE, ScaleKind.YES_NO], weight__gt=0
    )
    if weighed.exists():
        return ""
    return _(
        "No criterion of this rubric is a scale, or yes or no, that weighs in a mean: its ratings say of "
        "no answer that it is better, so its tasks come by lot."
    )


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
