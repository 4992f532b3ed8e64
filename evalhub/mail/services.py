from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from evalhub.common.bell import ring_task
from evalhub.mail.models import Letter

LONGEST_SUBJECT = 150


@dataclass(frozen=True)
class Wanted:
    to: str
    subject: str
    text: str
    once: str  # names the occasion: it makes one letter, however often it is posted


def is_on() -> bool:
    return settings.EVALHUB_MAIL is not None


def link_to(path: str) -> str:
    """The address of a page here, for a letter; the path alone where e-mail is off."""
    mail = settings.EVALHUB_MAIL
    return mail.link(path) if mail else path


@transaction.atomic
def post(letters: Iterable[Wanted], *, workspace: str = "") -> None:
    """Write them in the caller's transaction; a worker sends them after the commit.

    Each goes to its one address. Nothing happens where e-mail is off.
    """
    if not is_on():
        return
    rows = [
        Letter(
            workspace=workspace,
            to=each.to,
            subject=" ".join(each.subject.split())[:LONGEST_SUBJECT],
            text=each.text,
            once=each.once,
        )
        for each in letters
    ]
    if rows:
        Letter.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(lambda: ring_task("evalhub.mail.tasks.send_due"), robust=True)
