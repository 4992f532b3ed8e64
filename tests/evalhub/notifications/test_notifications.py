from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.notifications.models import Notification
from evalhub.notifications.services import notify

pytestmark = pytest.mark.django_db


def test_one_reads_only_what_one_was_told(client: Client, alice: Member, bob: Member) -> None:
    notify([alice], topic="alert", sentence=lambda: "Look <b>here</b>", path="/w/acme/campaigns/")
    client.force_login(alice.user)
    assert "1 new notification" in client.get("/w/acme/").content.decode()
    page = client.get("/w/acme/notifications/").content.decode()
    assert "Look &lt;b&gt;here&lt;/b&gt;" in page
    assert 'href="/w/acme/campaigns/"' in page
    client.force_login(bob.user)
    assert "Look" not in client.get("/w/acme/notifications/").content.decode()
    client.post("/w/acme/notifications/read/")
    assert Notification.objects.unread().count() == 1
    client.force_login(alice.user)
    client.post("/w/acme/notifications/read/")
    assert not Notification.objects.unread().exists()
    assert "new notification" not in client.get("/w/acme/").content.decode()


def test_an_occasion_is_told_once(alice: Member, bob: Member) -> None:
    told = {"topic": "digest", "sentence": lambda: "Ten.", "path": "/", "once": "digest 1"}
    assert notify([alice], **told) == 1
    assert notify([alice, bob], **told) == 1
    assert notify([alice, bob], **told) == 0
    assert notify([alice], topic="alert", sentence=lambda: "Again.", path="/") == 1
    assert notify([alice], topic="alert", sentence=lambda: "Again.", path="/") == 1
    assert Notification.objects.of_member(alice).count() == 3
