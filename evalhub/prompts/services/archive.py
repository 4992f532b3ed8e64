from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.prompts.models import Prompt


@transaction.atomic
def archive_prompt(*, prompt: Prompt, by: Member) -> bool:
    """Take it out of use, and what was written anew from it: no new task, answer or build takes either,
    and nothing is deleted.

    Tasks that are there are judged on. False: it was archived already.
    """
    standing = Prompt.objects.filter(pk=prompt.pk, archived_at=None)
    moved = standing.update(archived_at=timezone.now())
    return _recorded("prompt.archived", prompt, by) if moved else False


@transaction.atomic
def restore_prompt(*, prompt: Prompt, by: Member) -> bool:
    """Put it back into use. False: it was not archived."""
    archived = Prompt.objects.filter(pk=prompt.pk, archived_at__isnull=False)
    return _recorded("prompt.restored", prompt, by) if archived.update(archived_at=None) else False


def _recorded(verb: str, prompt: Prompt, by: Member) -> bool:
    record(verb, actor=by.pseudonym, workspace=by.workspace.slug, target=f"prompt {prompt.uid}")
    return True
