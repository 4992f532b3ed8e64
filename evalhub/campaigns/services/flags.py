"""What annotators tell the leads about a task, and what the leads answer."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.choices import FlagKind
from evalhub.campaigns.errors import UnfitFlag
from evalhub.campaigns.models import Assignment, Flag
from evalhub.campaigns.services.archiving import archive_task
from evalhub.common.errors import Conflict


def raise_flag(*, assignment: Assignment, kind: str, text: str = "", by: Member) -> Flag:
    """Put the task into the leads' queue; the same flag again adds its words to the open one.

    Raises:
        UnfitFlag: no such kind, or a question without words.
    """
    if kind not in FlagKind.values:
        told = _("A flag is one of %(known)s.") % {"known": ", ".join(FlagKind.values)}
        raise UnfitFlag(told, field="kind")
    if kind == FlagKind.QUESTION and not text.strip():
        raise UnfitFlag(_("Write the question."), field="text")
    about = {"task_id": assignment.task_id, "member": by, "kind": kind}
    try:
        with transaction.atomic():
            return Flag.objects.create(campaign=assignment.campaign, text=text.strip(), **about)
    except IntegrityError:
        flag = Flag.objects.open().filter(**about).first()
        if flag is None:
            raise
        flag.text = "\n\n".join(part for part in (flag.text, text.strip()) if part)
        flag.save(update_fields=["text"])
        return flag


@transaction.atomic
def answer_flag(*, flag: Flag, answer: str, by: Member, archives: bool = False) -> Flag:
    """Settle it; the annotator reads the answer in their work.

    Args:
        archives: whether nobody else is to be asked about its task.

    Raises:
        Conflict: somebody has answered it already.
        UnfitFlag: a question gets words.
        UnfitTask: its task is none that is archived.
    """
    if flag.kind == FlagKind.QUESTION and not answer.strip():
        raise UnfitFlag(_("Write the answer; the annotator will read it."), field="answer")
    now = timezone.now()
    settled = Flag.objects.open().filter(pk=flag.pk)
    if not settled.update(answer=answer.strip(), answered_by=by, answered_at=now):
        raise Conflict(_("This flag has been answered already."))
    flag.refresh_from_db()
    if archives:
        archive_task(task=flag.task, by=by)
    record(
        "flag.answered",
        actor=by.pseudonym,
        workspace=flag.campaign.workspace.slug,
        target=f"flag {flag.uid}",
        kind=flag.kind,
    )
    return flag
