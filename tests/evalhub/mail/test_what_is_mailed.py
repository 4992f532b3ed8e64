"""Invitations, alerts and the daily letter: to whom, once, and what the pages say about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from evalhub.accounts.choices import MailWish
from evalhub.accounts.invitations import invite, invite_again
from evalhub.accounts.models import Member, User
from evalhub.accounts.profile import set_mail_wish
from evalhub.audit.models import Entry
from evalhub.common.outgoing_mail import OutgoingMail
from evalhub.mail.jobs import send_due
from evalhub.mail.models import Letter
from evalhub.notifications.letters import mail_summaries
from evalhub.notifications.models import Notification
from evalhub.notifications.services import notify
from evalhub.quality.jobs import check_alerts, send_digests
from evalhub.quality.models import AlertRule
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

PATH = "/w/acme/campaigns/"


def wanting(member: Member, wish: MailWish) -> Member:
    user = member.user
    assert user is not None
    User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.org")
    user.refresh_from_db()
    set_mail_wish(user=user, wish=wish)
    return member


def sent() -> list[tuple[str, str]]:
    send_due()
    return [(message.to[0], message.subject) for message in mail.outbox]


def test_an_alert_goes_at_once_to_whoever_wants_that(
    mail_on: OutgoingMail, alice: Member, bob: Member, erin: Member, olga: Member
) -> None:
    wanting(alice, MailWish.ALERTS)
    wanting(bob, MailWish.DAILY)
    wanting(erin, MailWish.NONE)
    set_mail_wish(user=User.objects.get(username="olga"), wish=MailWish.ALERTS)  # no address
    notify([alice, bob, erin, olga], topic="alert", sentence=lambda: "Too slow\nnow", path=PATH)
    notify([alice], topic="digest", sentence=lambda: "Ten judgments.", path=PATH)
    assert sent() == [("alice@example.org", "Too slow now")]
    assert f"https://evalhub.example.org{PATH}" in mail.outbox[0].body
    assert Notification.objects.exclude(mailed_at=None).count() == 1


def test_one_letter_a_day_has_everything_once(
    mail_on: OutgoingMail, alice: Member, bob: Member
) -> None:
    wanting(alice, MailWish.DAILY)
    wanting(bob, MailWish.ALERTS)
    notify([alice, bob], topic="digest", sentence=lambda: "Ten judgments.", path=PATH)
    notify([alice], topic="alert", sentence=lambda: "Too slow.", path=PATH)
    assert [mail_summaries(), mail_summaries()] == [1, 0]
    ((to, subject),) = sent()
    assert (to, subject.startswith("Acme: your day")) == ("alice@example.org", True)
    body = mail.outbox[0].body
    assert body.index("Ten judgments.") < body.index("Too slow.")
    notify([alice], topic="digest", sentence=lambda: "Five more.", path=PATH)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert mail_summaries() == 1
        send_due()
    assert "Ten judgments." not in mail.outbox[1].body
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        Member.objects.filter(pk=alice.pk).update(is_active=False)
        notify([alice], topic="digest", sentence=lambda: "For nobody.", path=PATH)
        assert mail_summaries() == 0


def test_an_invitation_goes_to_its_address_and_to_nobody_else(
    client: Client, mail_on: OutgoingMail, olga: Member
) -> None:
    client.force_login(olga.user)
    given = {"username": "nina", "email": "nina@example.org", "roles": ["annotator"]}
    page = client.post("/w/acme/members/add/", given).content.decode()
    assert "nina@example.org" in page
    assert "/invitation/" not in page
    assert sent() == [("nina@example.org", "Your invitation to Acme")]
    link = next(line for line in mail.outbox[0].body.splitlines() if line.startswith("https:"))
    path = link.removeprefix("https://evalhub.example.org")
    client.logout()
    assert client.get(path).status_code == 200
    assert Letter.objects.get().text == ""  # the link stands nowhere any more
    nina = Member.objects.get(pseudonym="nina")
    assert invite_again(member=nina, by=olga).mailed_to == ""  # by hand, when it did not arrive
    assert invite(workspace=olga.workspace, username="otto", roles=["annotator"]).mailed_to == ""
    assert len(sent()) == 1


def test_a_list_of_people_is_mailed_each_to_themselves(
    client: Client, mail_on: OutgoingMail, olga: Member
) -> None:
    client.force_login(olga.user)
    text = "email\nann@example.org\nbo@example.org\n"
    plan = client.post("/w/acme/members/roster/", {"text": text}).context["plan"]
    given = {"text": text, "apply": plan.digest}
    page = client.post("/w/acme/members/roster/", given).content.decode()
    assert page.count(">goes out by e-mail<") == 2
    assert "/invitation/" not in page
    assert sorted(to for to, _subject in sent()) == ["ann@example.org", "bo@example.org"]
    assert all(len(message.recipients()) == 1 for message in mail.outbox)


def test_the_profile_says_and_changes_what_comes(
    client: Client, mail_on: OutgoingMail, alice: Member
) -> None:
    client.force_login(alice.user)
    assert "no e-mail address" in client.get("/profile/").content.decode()
    wanting(alice, MailWish.NONE)
    assert "alice@example.org" in client.get("/profile/").content.decode()
    assert client.post("/profile/mail/", {"wants_mail": "daily"}).status_code == 302
    assert User.objects.get(username="alice").wants_mail == "daily"
    assert Entry.objects.filter(verb="account.mail_wish_set").count() == 1
    assert client.post("/profile/mail/", {"wants_mail": "hourly"}).status_code == 400
    assert "once a day, too" in client.get("/w/acme/notifications/").content.decode()


def test_where_it_is_off_the_pages_say_so(client: Client, alice: Member) -> None:
    wanting(alice, MailWish.ALERTS)
    client.force_login(alice.user)
    assert "E-mail is off" in client.get("/profile/").content.decode()
    assert "E-mail is off" in client.get("/w/acme/notifications/").content.decode()
    notify([alice], topic="alert", sentence=lambda: "Too slow.", path=PATH)
    assert mail_summaries() == 0
    assert not Letter.objects.exists()


def test_an_owner_sees_what_did_not_go_out(
    client: Client, mail_on: OutgoingMail, olga: Member, alice: Member
) -> None:
    failed = {"state": "failed", "ended_at": timezone.now(), "error": "550 <b>no</b>"}
    for slug in ("acme", "elsewhere"):
        to = f"gone@{slug}.org"
        Letter.objects.create(workspace=slug, to=to, subject="Hi", once=slug, **failed)
    client.force_login(olga.user)
    page = client.get("/w/acme/notifications/").content.decode()
    assert "1 e-mail did not go out" in page
    assert "gone@acme.org" in page
    assert "550 &lt;b&gt;no&lt;/b&gt;" in page
    assert "gone@elsewhere.org" not in page
    client.force_login(alice.user)
    assert "gone@acme.org" not in client.get("/w/acme/notifications/").content.decode()


def in_german(member: Member) -> Member:
    User.objects.filter(members=member).update(language="de")
    return member


def test_an_alert_comes_in_the_language_of_whoever_gets_it(
    mail_on: OutgoingMail, alice: Member, olga: Member
) -> None:
    """A rule of one campaign fires once, and a German lead reads it in German."""
    campaign = CampaignFactory.create(
        workspace=alice.workspace, title="Runde 3", opened_at=timezone.now() - timedelta(days=3)
    )
    AlertRule.objects.create(campaign=campaign, measure="pace", bound=10)
    for member in (in_german(alice), olga):
        wanting(member, MailWish.ALERTS)
    assert check_alerts() == 1
    send_due()
    letters = {message.to[0]: message for message in mail.outbox}
    german, english = letters["alice@example.org"], letters["olga@example.org"]
    assert "(jetzt 0)" in german.subject
    assert "Das haben Sie in Ihrem Profil gewählt" in german.body
    assert "(now 0)" in english.subject
    assert "You chose this on your profile" in english.body


def test_the_daily_letter_is_german_from_its_subject_to_its_end(
    mail_on: OutgoingMail, alice: Member, olga: Member
) -> None:
    CampaignFactory.create(workspace=alice.workspace, title="Runde 3", opened_at=timezone.now())
    for member in (in_german(alice), olga):
        wanting(member, MailWish.DAILY)
    send_digests()
    assert mail_summaries() == 2
    send_due()
    letters = {message.to[0]: message for message in mail.outbox}
    german, english = letters["alice@example.org"], letters["olga@example.org"]
    assert german.subject.startswith("Acme: Ihr Tag, ")
    assert "„Runde 3“ in den letzten 24 Stunden: 0 Urteile" in german.body
    assert english.subject.startswith("Acme: your day, ")
    assert "in the last 24 hours: 0 judgments" in english.body


def test_whoever_chooses_mail_on_a_german_page_gets_it_in_german(
    mail_on: OutgoingMail, client: Client, alice: Member
) -> None:
    """Nobody has to choose a language first; who does is told in that one."""
    assert alice.user is not None
    client.force_login(alice.user)
    german = {"accept-language": "de"}
    client.post("/profile/mail/", {"wants_mail": "alerts"}, headers=german)
    alice.user.refresh_from_db()
    assert alice.user.language == "de"
    client.post("/profile/language/", {"language": "en"}, headers=german)
    alice.user.refresh_from_db()
    assert alice.user.language == "en"
    client.post("/profile/language/", {"language": "tlh"})
    alice.user.refresh_from_db()
    assert alice.user.language == "en"
