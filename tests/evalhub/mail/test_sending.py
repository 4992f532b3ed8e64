"""A letter goes out once, is tried again while that can help, and its end is known."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from evalhub.common.embedded.errors import CannotStart
from evalhub.common.outgoing_mail import OutgoingMail, outgoing_mail, server_settings
from evalhub.mail.jobs import PAUSES, send_due, sweep
from evalhub.mail.models import Letter
from evalhub.mail.services import Wanted, post
from evalhub.web import doctor
from tests.mail_server import Post, mail_server

pytestmark = pytest.mark.django_db

ROOT, SENDER = "https://evalhub.example.org", "evalhub <evalhub@example.org>"


def wanted(to: str = "ann@example.org", **changes: str) -> Wanted:
    values = {"subject": "Look", "text": "Here.", "once": f"occasion {to}"} | changes
    return Wanted(to=to, **values)


class AwayBackend(BaseEmailBackend):
    """A server that does not answer."""

    def open(self) -> bool:
        raise ConnectionRefusedError("nobody listens")


def test_a_real_server_gets_each_letter_for_its_one_address(
    settings: Any, mail_on: OutgoingMail
) -> None:
    at_the_other_end = Post()
    at_the_other_end.refused = {"gone@example.org"}
    with mail_server(at_the_other_end) as port:
        for name, value in server_settings(f"smtp://127.0.0.1:{port}").items():
            setattr(settings, name, value)
        post([wanted(), wanted("gone@example.org"), wanted("bo@example.org", text="Grüße\n.\n")])
        assert send_due() == 2
    (first, ann), (second, bo) = at_the_other_end.got
    assert [first, second] == [["ann@example.org"], ["bo@example.org"]]
    assert (ann["From"], ann["To"], ann["Subject"]) == (SENDER, "ann@example.org", "Look")
    assert ann["Auto-Submitted"] == "auto-generated"
    body = bo.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n").startswith("Grüße\n.\n")
    gone = Letter.objects.get(to="gone@example.org")  # refused for good: not tried again
    assert (gone.state, gone.tries) == ("failed", 1)
    assert "no such mailbox" in gone.error


def test_the_same_occasion_makes_one_letter_and_is_sent_once(mail_on: OutgoingMail) -> None:
    post([wanted()], workspace="acme")
    post([wanted(text="Again.")], workspace="acme")
    assert [send_due(), send_due()] == [1, 0]
    (sent,) = mail.outbox
    assert (sent.to, sent.cc, sent.bcc, sent.body) == (["ann@example.org"], [], [], "Here.")
    letter = Letter.objects.get()
    assert (letter.state, letter.text) == ("sent", "")


def test_a_subject_is_one_line(mail_on: OutgoingMail) -> None:
    post([wanted(subject="Look\r\nBcc: everybody@example.org\n" + "x" * 300)])
    assert send_due() == 1
    subject = mail.outbox[0].subject
    assert subject.startswith("Look Bcc: everybody@example.org x")
    assert len(subject) == 150


def test_a_server_that_is_away_is_tried_again_and_then_given_up(
    settings: Any, mail_on: OutgoingMail
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.AwayBackend"
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        post([wanted()])
        assert [send_due(), send_due()] == [0, 0]  # the second finds nothing due
        letter = Letter.objects.get()
        assert (letter.state, letter.tries, letter.error) == ("waiting", 1, "nobody listens")
        assert letter.next_try_at == now + PAUSES[0]
        for pause in PAUSES:
            clock.shift(pause)
            sweep()
    letter.refresh_from_db()
    assert (letter.state, letter.tries, letter.text) == ("failed", 6, "")
    assert Letter.objects.failed_lately().get() == letter
    assert mail.outbox == []


def test_what_a_worker_died_over_is_not_sent_twice(mail_on: OutgoingMail) -> None:
    post([wanted()])
    Letter.objects.update(state="sending", taken_at=timezone.now() - timedelta(minutes=11))
    sweep()
    assert mail.outbox == []
    letter = Letter.objects.get()
    assert letter.state == "failed"
    assert "may have arrived" in letter.error
    Letter.objects.update(ended_at=timezone.now() - timedelta(days=91))
    sweep()
    assert not Letter.objects.exists()


def test_where_it_is_off_nothing_is_written() -> None:
    post([wanted()])
    assert not Letter.objects.exists()
    assert outgoing_mail(url="", sender="", root="") is None


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"url": "http://mail.example.org"}, "EVALHUB_EMAIL_URL"),
        ({"url": "smtp://"}, "EVALHUB_EMAIL_URL"),
        ({"sender": "evalhub"}, "EVALHUB_EMAIL_FROM"),
        ({"sender": "a@b.org\nBcc: c@d.org"}, "EVALHUB_EMAIL_FROM"),
        ({"root": "evalhub.example.org"}, "EVALHUB_PUBLIC_URL"),
    ],
)
def test_a_setting_that_is_missing_is_named(changes: dict[str, str], names: str) -> None:
    given = {"url": "smtp+tls://me:pw@mail.example.org:587", "sender": SENDER, "root": ROOT + "/"}
    good = outgoing_mail(**given)
    assert good == OutgoingMail(SENDER, ROOT, "mail.example.org:587")
    with pytest.raises(CannotStart, match=names):
        outgoing_mail(**(given | changes))


def test_the_servers_settings_are_djangos() -> None:
    tls = server_settings("smtp+tls://me%40x.org:p%2Fw@mail.example.org:587")
    assert (tls["EMAIL_HOST_USER"], tls["EMAIL_HOST_PASSWORD"]) == ("me@x.org", "p/w")
    assert (tls["EMAIL_PORT"], tls["EMAIL_USE_TLS"], tls["EMAIL_TIMEOUT"]) == (587, True, 20)
    assert server_settings("smtp+ssl://mail.example.org:465")["EMAIL_USE_SSL"] is True
    assert server_settings("smtp://mail.example.org")["EMAIL_PORT"] == 25
    assert server_settings("") == {}


def test_the_doctor_names_a_server_that_is_away_and_letters_that_failed(
    settings: Any, mail_on: OutgoingMail
) -> None:
    with ExitStack() as open_things:
        assert doctor.mail(open_things) == "127.0.0.1:25 answers"
        failed = {"state": "failed", "ended_at": timezone.now()}
        Letter.objects.create(to="gone@example.org", subject="Hi", once="1", **failed)
        with pytest.raises(doctor.Fault, match="1 e-mails did not go out"):
            doctor.mail(open_things)
        settings.EMAIL_BACKEND = f"{__name__}.AwayBackend"
        with pytest.raises(doctor.Fault, match="nobody listens"):
            doctor.mail(open_things)
        settings.EVALHUB_MAIL = None
        assert doctor.mail(open_things).startswith("off")
