"""A share of each person's judgments is looked at: who gets which, and what they find."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.common.errors import Conflict
from evalhub.common.lots import falls_on
from evalhub.jobs.events import announce
from evalhub.judgments.body import ReviseBody
from evalhub.judgments.checks import findings_of
from evalhub.judgments.choices import Source, Verdict
from evalhub.judgments.models import Judgment, Review
from evalhub.judgments.queries import material_of_task, question_of, task_as_judged
from evalhub.judgments.services.answers import store_answers
from evalhub.judgments.services.retries import stored_before
from evalhub.judgments.services.returns import return_judgment

HOLD = timedelta(minutes=30)  # as long as one reviewer has a judgment before others may


@transaction.atomic
def draw_for_review(*, judgment: UUID) -> Review | None:
    """Put a judgment that counts now on the reviewers' list, if the lot falls on it.

    A revision of one that waits there takes its place. Safe to call twice.
    """
    rows = Judgment.objects.select_related("campaign", "task", "assignment", "supersedes")
    found = rows.filter(uid=judgment, campaign__review_share__gt=0).first()
    if found is None or not _may_be_drawn(found):
        return None
    if found.supersedes is not None:
        waiting = Review.objects.waiting().filter(judgment=found.supersedes)
        waiting.update(judgment=found, reviewer=None, held_until=None)
    Review.objects.bulk_create(
        [Review(judgment=found, campaign=found.campaign, author_id=found.member_id)],
        ignore_conflicts=True,
    )
    return Review.objects.get(judgment=found)


def is_drawn(assignment: UUID, *, share: int) -> bool:
    """Whether the lot falls on what is said under an assignment, at `share` percent."""
    return falls_on(assignment, purpose="evalhub.judgments.review", share=share)


def _may_be_drawn(judgment: Judgment) -> bool:
    share, assignment = judgment.campaign.review_share, judgment.assignment
    if not share or assignment is None or judgment.source != Source.HUMAN or judgment.is_fix:
        return False
    if judgment.task.kind != TaskKind.NORMAL:  # gold and repeats measure by themselves
        return False
    if not Judgment.objects.counted().filter(pk=judgment.pk).exists():
        return False
    return is_drawn(assignment.uid, share=share)


@transaction.atomic
def lend_review(*, campaign: Campaign, by: Member) -> Review | None:
    """What waits longest, for half an hour; what `by` holds already comes first. None: no more."""
    free = Review.objects.free_for(by).filter(campaign=campaign)
    locked = free.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")
    found = locked.filter(reviewer=by).first() or locked.first()
    return None if found is None else _hold(found, by)


@transaction.atomic
def take_review(*, review: Review, by: Member) -> Review:
    """Hold the one that was asked for by name.

    Raises:
        Conflict: it has its verdict, somebody else holds it, or it is one's own.
    """
    free = Review.objects.free_for(by).filter(pk=review.pk)
    found = free.select_for_update(no_key=True, of=("self",)).first()
    if found is None:
        raise Conflict(_refusal(Review.objects.get(pk=review.pk), by))
    return _hold(found, by)


@transaction.atomic
def accept_judgment(*, review: Review, seen: UUID, by: Member) -> Review:
    """Leave the judgment as it is.

    Args:
        seen: the judgment that was on the page.

    Raises:
        Conflict: the first verdict wins, or the judgment was revised meanwhile.
    """
    settled = _settle(review, seen, by, Verdict.ACCEPTED)
    _record("judgment.accepted", settled, by)
    return settled


@transaction.atomic
def return_reviewed(*, review: Review, seen: UUID, reason: str, by: Member) -> Review:
    """Hand it back to its author with a reason; their revision comes for review again.

    Raises:
        Conflict: as in `accept_judgment`, or the campaign takes no revisions.
        UnfitReturn: no reason was given.
    """
    if not review.campaign.allows_revision:
        raise Conflict(_("This campaign takes no revisions: accept it, or fix it yourself."))
    settled = _settle(review, seen, by, Verdict.RETURNED)
    return_judgment(judgment=settled.judgment, reason=reason, by=by)
    return settled


@transaction.atomic
def fix_judgment(*, review: Review, seen: UUID, body: ReviseBody, by: Member) -> Judgment:
    """Say it better: the reviewer's own judgment takes the place of the author's, which stays.

    The same submission_id gives the same judgment.

    Raises:
        Conflict: as in `accept_judgment`.
        InvalidJudgment: the answers do not fit the task or the rubric.
        SubmissionMismatch: other answers were stored under this submission_id.
    """
    was, assignment = review.judgment, _assignment_of(review)
    stored = stored_before(by.pk, assignment.uid, body)
    if stored is not None:
        return stored
    task = task_as_judged(was)
    question = question_of(task, order=assignment.permutation)
    findings = findings_of(body, question, lambda: material_of_task(task))
    settled = _settle(review, seen, by, Verdict.FIXED)
    try:
        with transaction.atomic():
            fix = _stored(settled.judgment, body, digest=body.digest(assignment.uid), by=by)
    except IntegrityError as error:
        raise Conflict(_("Its author has revised it meanwhile; look again.")) from error
    store_answers(fix, findings)
    announce("judgment.counted", fix.uid)
    _record("judgment.fixed", settled, by, fix=str(fix.uid))
    return fix


def _stored(was: Judgment, body: ReviseBody, *, digest: str, by: Member) -> Judgment:
    return Judgment.objects.create(
        workspace_id=was.workspace_id,
        campaign_id=was.campaign_id,
        task_id=was.task_id,
        assignment_id=was.assignment_id,
        rubric_version_id=was.rubric_version_id,
        member=by,
        source=Source.HUMAN,
        submission_id=body.submission_id,
        body_digest=digest,
        active_ms=body.active_ms,
        critique=body.critique,
        supersedes=was,
        is_fix=True,
        judged_at=timezone.now(),
    )


def _hold(review: Review, by: Member) -> Review:
    review.reviewer, review.held_until = by, timezone.now() + HOLD
    review.save(update_fields=["reviewer", "held_until"])
    return review


def _settle(review: Review, seen: UUID, by: Member, verdict: Verdict) -> Review:
    """Write the verdict, if `by` holds it still and it is about the judgment that they saw."""
    locked = Review.objects.select_for_update(no_key=True, of=("self",))
    found = locked.select_related("judgment__workspace", "campaign").get(pk=review.pk)
    if found.verdict or found.reviewer_id != by.pk:
        raise Conflict(_refusal(found, by))
    is_current = Judgment.objects.current().filter(pk=found.judgment_id).exists()
    if found.judgment.uid != seen or not is_current:
        raise Conflict(_("Its author has revised it meanwhile; look again."))
    found.verdict, found.reviewed_at, found.held_until = verdict, timezone.now(), None
    found.save(update_fields=["verdict", "reviewed_at", "held_until"])
    return found


def _refusal(review: Review, by: Member) -> str:
    if review.verdict:
        return _("Somebody has reviewed it already; the first verdict counts.")
    if review.author_id == by.pk:
        return _("Nobody reviews their own work.")
    if review.reviewer_id not in (None, by.pk):
        return _("Somebody else is looking at it now.")
    return _("Its author has revised it meanwhile; look again.")


def _assignment_of(review: Review) -> Assignment:
    if review.judgment.assignment is None:
        raise ValueError("only what was said under an assignment is reviewed")
    return review.judgment.assignment


def _record(verb: str, review: Review, by: Member, **details: str) -> None:
    judgment = review.judgment
    record(
        verb,
        actor=by.pseudonym,
        workspace=judgment.workspace.slug,
        target=f"judgment {judgment.uid}",
        campaign=str(review.campaign.uid),
        **details,
    )
