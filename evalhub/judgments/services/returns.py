from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.judgments.choices import Source, Verdict
from evalhub.judgments.errors import UnfitReturn
from evalhub.judgments.models import Judgment, ReturnedJudgment, Review


@transaction.atomic
def return_judgment(*, judgment: Judgment, reason: str, by: Member) -> ReturnedJudgment:
    """Hand a judgment back to its author, who reads why; their revision settles it.

    It counts until then. Where it waits for a review, this is the verdict.

    Raises:
        UnfitReturn: no reason was given.
        Conflict: it was returned already, has been revised since, or no person made it here.
    """
    if not reason.strip():
        raise UnfitReturn(_("Say why; its author reads it."), field="reason")
    if judgment.source != Source.HUMAN:
        raise Conflict(
            _("Only what a person judged here is returned; nobody would revise this one.")
        )
    if not Judgment.objects.current().filter(pk=judgment.pk).exists():
        raise Conflict(_("It has been revised or withdrawn meanwhile; look again."))
    try:
        with transaction.atomic():
            returned = ReturnedJudgment.objects.create(
                judgment=judgment, reason=reason.strip(), returned_by=by
            )
    except IntegrityError as error:
        raise Conflict(_("It was returned already.")) from error
    Review.objects.waiting().filter(judgment=judgment).exclude(author=by).update(
        verdict=Verdict.RETURNED, reviewer=by, reviewed_at=timezone.now(), held_until=None
    )
    record(
        "judgment.returned",
        actor=by.pseudonym,
        workspace=judgment.workspace.slug,
        target=f"judgment {judgment.uid}",
        campaign=str(judgment.campaign.uid),
    )
    return returned
