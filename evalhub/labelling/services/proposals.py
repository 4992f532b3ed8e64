from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.services.lending import lend_chosen
from evalhub.common.errors import Conflict
from evalhub.judgments.body import RatingGiven, SubmitBody
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.submit import submit_judgment
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import Decision, LabellingRun, Proposal
from evalhub.labelling.queries import undecided

MOST_AT_ONCE = 50  # proposals that are decided by one click


class Decided(NamedTuple):
    done: int
    gone: int  # were decided, judged or taken by others meanwhile


def confirm_proposals(*, run: LabellingRun, tasks: Collection[UUID], by: Member) -> Decided:
    """Judge each task as proposed: a judgment of one's own, which says that a proposal was seen.

    Each takes one of its task's places, by the rules of a claim and a submit.

    Raises:
        UnfitLabelling: too many at once.
        InvalidJudgment: the rubric asks for more than this criterion.
        CampaignNotOpen, GuidelinesNotAccepted, NotEligible, ShareReached, EnoughForToday: as in a
            claim; what was confirmed before stays.
    """
    done = 0
    for proposal in _chosen(run, tasks, by):
        try:
            with transaction.atomic():
                decide(run, proposal, by, judgment=_judged(run, proposal, by))
        except Conflict as error:
            if type(error) is not Conflict:  # one of those above, which would meet the next as well
                raise
            continue
        done += 1
    return Decided(done, len(set(tasks)) - done)


@transaction.atomic
def reject_proposals(*, run: LabellingRun, tasks: Collection[UUID], by: Member) -> Decided:
    """Never propose this value for these tasks again; people judge them as any other.

    Raises:
        UnfitLabelling: too many at once.
    """
    done = 0
    for proposal in _chosen(run, tasks, by):
        with suppress(Conflict):  # gone
            decide(run, proposal, by, judgment=None)
            done += 1
    return Decided(done, len(set(tasks)) - done)


def _chosen(run: LabellingRun, tasks: Collection[UUID], by: Member) -> list[Proposal]:
    if len(tasks) > MOST_AT_ONCE:
        raise UnfitLabelling(f"At most {MOST_AT_ONCE} proposals at once.")
    rows = undecided(run, by).filter(task__uid__in=tasks)
    return list(rows.select_related("task__campaign__workspace", "task__prompt"))


def _judged(run: LabellingRun, proposal: Proposal, by: Member) -> Judgment:
    assignment = lend_chosen(task=proposal.task, to=by)
    rating = RatingGiven(response=None, criterion=run.criterion.slug, value=proposal.value)
    body = SubmitBody(token=assignment.token, submission_id=uuid4(), ratings=[rating])
    made = submit_judgment(assignment=assignment.uid, member_pk=by.pk, body=body)
    Judgment.objects.filter(uid=made.judgment).update(saw_proposal=True)  # not committed before
    return Judgment.objects.get(uid=made.judgment)


def decide(run: LabellingRun, proposal: Proposal, by: Member, *, judgment: Judgment | None) -> None:
    try:
        with transaction.atomic():
            Decision.objects.create(
                run=run,
                task=proposal.task,
                criterion=run.criterion,
                value=proposal.value,
                probability=proposal.probability,
                judgment=judgment,
                decided_by=by,
                decided_at=timezone.now(),
            )
    except IntegrityError as error:  # two leads at once
        raise Conflict("Somebody else has decided this proposal meanwhile.") from error
    record(
        "proposal.rejected" if judgment is None else "proposal.confirmed",
        actor=by.pseudonym,
        workspace=run.campaign.workspace.slug,
        target=f"task {proposal.task.uid}",
        criterion=run.criterion.slug,
        value=proposal.value,
        probability=round(proposal.probability, 3),
    )
