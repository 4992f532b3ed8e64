"""A message is signed so that the published library knows it, tried until it arrives, and can be sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.common.sealing import CannotUnseal, seal, unseal
from evalhub.jobs import jobs as outbox
from evalhub.jobs.events import announce
from evalhub.loops import news
from evalhub.loops.services import start_round
from evalhub.webhooks import jobs as sending
from evalhub.webhooks.choices import EVENTS
from evalhub.webhooks.errors import BadWebhook, StillOnItsWay, WebhookOff
from evalhub.webhooks.jobs import PAUSES, send_due, sweep
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.posting import Answer
from evalhub.webhooks.services import (
    add_webhook,
    change_webhook,
    redeliver,
    remove_webhook,
    rotate_secret,
    send_test,
)
from evalhub.webhooks.signing import headers_of, new_secret
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import without_torch
from tests.evalhub.webhooks.receiver import Receiver, receiving
from tests.factories import DeliveryFactory, WebhookFactory


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.EVALHUB_WEBHOOK_TARGETS = ["127.0.0.1"]
    with receiving() as server:
        yield server


def added(erin: Member, receiver: Receiver, kind: str = "standard") -> tuple[Webhook, str]:
    return add_webhook(
        workspace=erin.workspace, name="Ops", kind=kind, events=[*EVENTS], by=erin,
        address=f"http://127.0.0.1:{receiver.port}/hooks/T0KEN",
    )  # fmt: skip


def happened(erin: Member, sentence: str = "Main round 1 is done.") -> None:
    announce(
        "round.ended", erin.uid, workspace=erin.workspace.slug, sentence=sentence,
        path="/w/acme/rounds/1/", data={"number": 1, "state": "succeeded"},
    )  # fmt: skip
    outbox.deliver_waiting()


def test_the_published_library_verifies_what_arrives(erin: Member, receiver: Receiver) -> None:
    _, secret = added(erin, receiver)
    happened(erin)
    assert send_due() == 1
    headers, body = receiver.got[0]
    message = Verifier(secret).verify(body, headers)
    assert message["type"] == "round.ended"
    assert message["data"]["number"] == 1
    assert message["data"]["workspace"] == "acme"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.answer) == ("arrived", 200, "said")
    assert headers["webhook-id"] == f"msg_{delivery.uid}"


def test_another_secret_another_body_and_an_old_time_are_refused_by_it() -> None:
    secret, body = new_secret(), b'{"a": 1}'
    now = int(datetime.now(UTC).timestamp())
    signed = headers_of(body, message="msg_1", timestamp=now, secrets=[secret])
    assert Verifier(secret).verify(body, signed) == {"a": 1}
    old = headers_of(body, message="msg_1", timestamp=now - 600, secrets=[secret])
    for key, content, headers in (
        (new_secret(), body, signed), (secret, b'{"a": 2}', signed), (secret, body, old),
    ):  # fmt: skip
        with pytest.raises(WebhookVerificationError):
            Verifier(key).verify(content, headers)


def test_after_a_change_of_the_secret_both_sign_for_a_day(erin: Member, receiver: Receiver) -> None:
    webhook, before = added(erin, receiver)
    after = rotate_secret(webhook=webhook, by=erin).secret
    happened(erin)
    send_due()
    headers, body = receiver.got[0]
    assert Verifier(before).verify(body, headers) == Verifier(after).verify(body, headers)
    Webhook.objects.update(old_until=timezone.now() - timedelta(seconds=1))
    happened(erin)
    send_due()
    assert len(receiver.got[1][0]["webhook-signature"].split()) == 1


def test_one_message_for_each_that_wants_it_however_often_the_news_comes(
    erin: Member, charlie: Member, receiver: Receiver
) -> None:
    from evalhub.jobs.models import News

    added(erin, receiver)
    WebhookFactory.create(workspace=charlie.workspace)
    WebhookFactory.create(workspace=erin.workspace, events=["loop.paused"])
    WebhookFactory.create(workspace=erin.workspace, is_on=False)
    happened(erin)
    News.objects.update(delivered_at=None)
    outbox.deliver_waiting()
    assert [send_due(), send_due()] == [1, 0]
    assert (Delivery.objects.count(), len(receiver.got)) == (1, 1)


def test_what_does_not_arrive_is_tried_ever_later_with_the_same_id_and_given_up(
    erin: Member, receiver: Receiver
) -> None:
    added(erin, receiver)
    receiver.answers = [(500, {})] * (len(PAUSES) + 1)
    happened(erin)
    at = timezone.now()
    for tries, pause in enumerate(PAUSES, 1):
        for moment in (at, at + pause - timedelta(seconds=1)):
            with time_machine.travel(moment, tick=False):
                send_due()
            assert len(receiver.got) == tries
        at += pause
    with time_machine.travel(at, tick=False):
        send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.status) == ("failed", len(PAUSES) + 1, 500)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == len(receiver.got)

    redeliver(delivery=delivery, by=erin)
    assert send_due() == 1
    assert receiver.got[-1][1] == receiver.got[0][1]
    assert Entry.objects.get(verb="webhook.redelivered").actor == "erin"


def test_what_a_worker_died_over_is_sent_again(erin: Member, receiver: Receiver) -> None:
    added(erin, receiver)
    happened(erin)
    Delivery.objects.update(state="sending", taken_at=timezone.now() - timedelta(minutes=6))
    sweep()
    assert Delivery.objects.get().state == "arrived"


def test_whoever_lost_a_message_to_another_does_not_write_how_it_ended(
    erin: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep took it back while it was sent, and somebody sends it now."""
    added(erin, receiver)
    happened(erin)
    theirs = timezone.now() + timedelta(minutes=6)

    def lost_meanwhile(*_sent: object) -> Answer:
        Delivery.objects.update(state="sending", taken_at=theirs)
        return Answer(500, "said")

    monkeypatch.setattr(sending, "post", lost_meanwhile)
    send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.taken_at, delivery.tries) == ("sending", theirs, 0)
    assert (delivery.status, delivery.answer) == (None, "")


def test_a_receiver_that_is_gone_for_good_is_told_nothing_more(
    erin: Member, receiver: Receiver
) -> None:
    webhook, _ = added(erin, receiver)
    receiver.answers = [(410, {})]
    happened(erin)
    send_due()
    webhook.refresh_from_db()
    assert (webhook.is_on, Delivery.objects.get().state) == (False, "failed")
    assert "(410)" in webhook.off_because
    with pytest.raises(WebhookOff):
        send_test(webhook=webhook, by=erin)


def test_nobody_listening_is_an_answer_too(erin: Member, settings: Any) -> None:
    settings.EVALHUB_WEBHOOK_TARGETS = ["127.0.0.1"]
    with receiving() as gone:
        added(erin, gone)
    happened(erin)
    send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status) == ("waiting", None)
    assert delivery.answer.startswith("ConnectionRefusedError")
    with pytest.raises(StillOnItsWay):
        redeliver(delivery=delivery, by=erin)


def test_a_chat_gets_one_line_in_which_nothing_is_markup(erin: Member, receiver: Receiver) -> None:
    added(erin, receiver, kind="slack")
    happened(erin, "<!channel> A & B <https://evil.example|click>")
    send_due()
    headers, body = receiver.got[0]
    assert json.loads(body) == {
        "text": "&lt;!channel&gt; A &amp; B &lt;https://evil.example|click&gt;"
    }
    assert "webhook-signature" not in headers


def test_a_round_tells_its_decision_and_its_end(
    erin: Member, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    added(erin, receiver)
    turned(start_round(loop=a_loop(erin, tmp_path), by=erin))
    assert send_due() == 2
    decided, ended = (json.loads(body) for _, body in receiver.got)
    assert (decided["type"], decided["data"]["decision"]) == ("round.decided", "promote")
    assert (ended["type"], ended["data"]["state"]) == ("round.ended", "succeeded")
    assert {news.ENDED, news.DECIDED, news.PAUSED} == set(EVENTS)


def test_secrets_and_addresses_rest_sealed(erin: Member, receiver: Receiver, settings: Any) -> None:
    webhook, secret = added(erin, receiver)
    kept = Webhook.objects.values("address", "secret", "told").get()
    assert "T0KEN" not in str(kept)
    assert secret not in str(kept)
    assert (unseal(kept["secret"]), kept["told"]) == (secret, f"http://127.0.0.1:{receiver.port}")
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(CannotUnseal):
        unseal(webhook.secret)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(webhook.secret) == secret
    assert unseal(seal("x")) == "x"
    remove_webhook(webhook=webhook, by=erin)
    assert Webhook.objects.values_list("address", "secret").get() == ("", "")


def test_what_means_nothing_is_refused(erin: Member, receiver: Receiver) -> None:
    webhook, _ = added(erin, receiver)
    with pytest.raises(BadWebhook, match="x is no event"):
        change_webhook(webhook=webhook, name="a", events=["x"], is_on=True, by=erin)
    with pytest.raises(BadWebhook, match="at least one event"):
        change_webhook(webhook=webhook, name="a", events=[], is_on=True, by=erin)


def test_pages_show_the_secret_once_and_what_was_sent(
    erin: Member, bob: Member, receiver: Receiver, client: Client
) -> None:
    client.force_login(erin.user)
    form = {
        "name": "Ops", "kind": "standard", "events": ["round.ended"],
        "address": f"http://127.0.0.1:{receiver.port}/hooks/T0KEN",
    }  # fmt: skip
    shown = client.post(reverse("webhooks:add", args=["acme"]), form).content.decode()
    webhook = Webhook.objects.get()
    secret = unseal(webhook.secret)
    assert secret in shown
    page = reverse("webhooks:detail", args=["acme", webhook.uid])
    client.post(reverse("webhooks:test", args=["acme", webhook.uid]))
    send_due()
    told = client.get(page).content.decode()
    assert "webhook.test" in told
    assert "answered with 200" in told
    assert secret not in told
    assert "T0KEN" not in told
    again = reverse("webhooks:again", args=["acme", Delivery.objects.get().uid])
    assert client.post(again).status_code == 302
    assert send_due() == 1
    refused = client.post(
        reverse("webhooks:add", args=["acme"]), form | {"address": "https://10.0.0.1/"}
    )
    assert refused.status_code == 422
    assert "private network" in refused.content.decode()
    client.force_login(bob.user)
    assert client.get(page).status_code == 403


def test_the_api_does_the_same(
    erin: Member, charlie: Member, receiver: Receiver, client: Client
) -> None:
    def asked(member: Member) -> dict[str, str]:
        return {"authorization": f"Bearer {create_token(member=member, name='api').text}"}

    headers = asked(erin)
    body = {
        "name": "Ops", "events": ["loop.paused"], "address": f"http://127.0.0.1:{receiver.port}/",
    }  # fmt: skip
    made = client.post(
        "/api/v1/webhooks", body, content_type="application/json", headers=headers
    ).json()
    assert made["secret"].startswith("whsec_")
    address = f"/api/v1/webhooks/{made['webhook']['uid']}"
    assert "secret" not in client.get(address, headers=headers).json()
    changed = client.patch(
        address, {"is_on": False}, content_type="application/json", headers=headers
    )
    assert (changed.json()["is_on"], changed.json()["events"]) == (False, ["loop.paused"])
    client.patch(address, {"is_on": True}, content_type="application/json", headers=headers)
    assert client.post(f"{address}/test", headers=headers).status_code == 202
    send_due()
    sent = client.get(f"{address}/deliveries", headers=headers).json()["results"]
    assert [each["state"] for each in sent] == ["arrived"]
    assert client.get(address, headers=asked(charlie)).status_code == 404
    assert client.delete(address, headers=headers).status_code == 204
    assert client.get(address, headers=headers).status_code == 404
    again = client.post(f"/api/v1/deliveries/{sent[0]['uid']}/again", headers=headers)
    assert again.status_code == 404


def test_a_delivery_of_a_removed_webhook_ends(erin: Member, receiver: Receiver) -> None:
    webhook, _ = added(erin, receiver)
    DeliveryFactory.create(webhook=webhook)
    remove_webhook(webhook=webhook, by=erin)
    assert send_due() == 0
    assert Delivery.objects.get().answer == "The webhook is switched off."
