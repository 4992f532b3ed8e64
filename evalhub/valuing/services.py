from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Campaign
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.valuing.choices import VALUE, Aim
from evalhub.valuing.errors import CannotValue
from evalhub.valuing.models import Valuation, ValuedTask
from evalhub.valuing.queries import newest_job, why_not

LEAST_BY_LOT, LEAST_EVERY, MOST_EVERY = 5, 10, 100_000


@transaction.atomic
def ask_by_value(
    *,
    campaign: Campaign,
    aim: Aim = Aim.BOTH,
    by_lot: int = 20,
    every: int = 50,
    threshold: float = 4.0,
    by: Member | None = None,
) -> Valuation:
    """Let a campaign ask first what is likeliest to change a decision; asked again, it is valued anew.

    Args:
        by_lot: percent of the tasks that stand where a lot puts them, so that figures of these alone are of all.
        every: judgments after which its open tasks are valued anew.
        threshold: points of 1 to 5 from which a rated answer is good enough for a dataset.

    Raises:
        CannotValue: its tasks decide nothing, it is closed, or the share by lot was drawn already.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    _demand(locked, by_lot=by_lot, every=every, threshold=threshold)
    valuation = Valuation.objects.filter(campaign=locked).first()
    if valuation is not None and valuation.turn and valuation.by_lot != by_lot:
        raise CannotValue(
            f"{valuation.by_lot} % of the tasks were drawn by lot, and who was drawn stays drawn: "
            f"leave the share at {valuation.by_lot}."
        )
    if valuation is None:
        valuation = Valuation(campaign=locked, created_by=by)
    valuation.aim, valuation.by_lot, valuation.every, valuation.is_on = aim, by_lot, every, True
    valuation.threshold = threshold
    valuation.save()
    _record(
        "campaign.valued", valuation, by,
        aim=str(aim), by_lot=by_lot, every=every, threshold=threshold,
    )  # fmt: skip
    queue_valuing(valuation, by=by)
    return valuation


@transaction.atomic
def stop_valuing(*, valuation: Valuation, by: Member | None = None) -> Valuation:
    """Value no task anew; the order stays as it is."""
    valuation.is_on = False
    valuation.save(update_fields=["is_on"])
    _record("campaign.valuing_stopped", valuation, by)
    return valuation


def queue_valuing(valuation: Valuation, *, by: Member | None = None) -> Job:
    """The job that waits or is under way already, or a new one."""
    known = newest_job(valuation)
    if known is not None and not known.is_ended:
        return known
    campaign = valuation.campaign
    return queue_job(
        kind=VALUE,
        title=f"What to ask next in {campaign.title}",
        workspace=campaign.workspace,
        by=by,
        subject_uid=valuation.uid,
        payload={"valuation": str(valuation.uid)},
    )


@transaction.atomic
def keep_lots(*, valuation: Valuation, tasks: Sequence[int], by_lot: Collection[int]) -> None:
    """Remember which of the tasks a lot chose and which their decision value, before they are valued.

    Args:
        tasks: their keys; `by_lot` the keys of some of them.
    """
    ValuedTask.objects.bulk_create(
        [
            ValuedTask(valuation=valuation, task_id=key, by_lot=key in by_lot, place=place)
            for place, key in enumerate(tasks)
        ],
        batch_size=500,
    )


def _demand(campaign: Campaign, *, by_lot: int, every: int, threshold: float) -> None:
    if why := why_not(campaign):
        raise CannotValue(why)
    if campaign.state == CampaignState.CLOSED:
        raise CannotValue(f"“{campaign.title}” is closed: nothing is asked there any more.")
    if not LEAST_BY_LOT <= by_lot <= 100:
        raise CannotValue(f"by_lot is {by_lot}, but must be {LEAST_BY_LOT} to 100 percent.")
    if not LEAST_EVERY <= every <= MOST_EVERY:
        raise CannotValue(
            f"every is {every}, but must be {LEAST_EVERY} to {MOST_EVERY:,} judgments."
        )
    if not 1 <= threshold <= 5:
        raise CannotValue(f"threshold is {threshold:g}, but must be 1 to 5 points.")


def _record(verb: str, valuation: Valuation, by: Member | None, **more: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=valuation.campaign.workspace.slug,
        target=f"campaign {valuation.campaign.uid}",
        **more,
    )
