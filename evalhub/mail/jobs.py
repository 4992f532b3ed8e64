"""Sending what waits. Each letter is taken by one UPDATE, so that no two workers send it."""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPSenderRefused

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from evalhub.common.outgoing_mail import OutgoingMail
from evalhub.mail.choices import LetterState
from evalhub.mail.models import Letter

log = structlog.get_logger(__name__)

PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]  # then it has failed
STUCK = timedelta(minutes=10)
KEPT = timedelta(days=90)
MOST_AT_ONCE = 500


def send_due() -> int:
    """Send what is due, oldest first; return how many were sent."""
    mail: OutgoingMail | None = settings.EVALHUB_MAIL
    if mail is None:
        return 0
    due = Letter.objects.due(at=timezone.now()).order_by("pk")
    keys = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    connection = get_connection()
    try:
        return sum(_send(pk, mail, connection) for pk in keys)
    finally:
        connection.close()


def sweep() -> None:
    """Send what waited, end what a worker died over, and forget what is long over."""
    now = timezone.now()
    stuck = Letter.objects.filter(state=LetterState.SENDING, taken_at__lt=now - STUCK)
    for letter in stuck.order_by("pk"):
        # it may have arrived: nobody gets it twice
        _end(letter, LetterState.FAILED, "The worker ended while it was sent; it may have arrived.")
    Letter.objects.filter(ended_at__lt=now - KEPT).delete()
    send_due()


def _send(pk: int, mail: OutgoingMail, connection: BaseEmailBackend) -> bool:
    now = timezone.now()
    waiting = Letter.objects.due(at=now).filter(pk=pk)
    if not waiting.update(state=LetterState.SENDING, taken_at=now):
        return False
    letter = Letter.objects.get(pk=pk)
    try:
        connection.open()  # nothing when it is open already
        connection.send_messages([_message(letter, mail, connection)])
    except (SMTPException, OSError) as error:
        connection.close()
        _put_off(letter, error, now)
        return False
    _end(letter, LetterState.SENT, "")
    return True


def _message(letter: Letter, mail: OutgoingMail, connection: BaseEmailBackend) -> EmailMessage:
    domain = mail.sender.rpartition("@")[2].strip("> ")
    return EmailMessage(
        letter.subject,
        letter.text,
        mail.sender,
        [letter.to],
        connection=connection,
        headers={
            "Message-ID": f"<{letter.uid}@{domain}>",  # the same at each try
            "Auto-Submitted": "auto-generated",
        },
    )


def _put_off(letter: Letter, error: Exception, now: datetime) -> None:
    letter.tries += 1
    told = str(error)[:300] or type(error).__name__
    log.warning("mail.not_sent", letter=str(letter.uid), tries=letter.tries, error=told)
    if letter.tries > len(PAUSES) or _is_refused_for_good(error):
        _end(letter, LetterState.FAILED, told)
        return
    letter.state, letter.error = LetterState.WAITING, told
    letter.next_try_at = now + PAUSES[letter.tries - 1]
    letter.save(update_fields=["state", "tries", "error", "next_try_at"])


def _is_refused_for_good(error: Exception) -> bool:
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    return isinstance(error, SMTPSenderRefused) and error.smtp_code >= 500


def _end(letter: Letter, state: LetterState, error: str) -> None:
    letter.state, letter.error, letter.text = state, error, ""
    letter.ended_at = timezone.now()
    letter.save(update_fields=["state", "tries", "error", "text", "ended_at"])
