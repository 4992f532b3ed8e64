"""Whoever sets up a webhook reaches nothing that only this machine could reach."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.common.sealing import seal
from evalhub.webhooks.errors import BadWebhook, TargetNotAllowed
from evalhub.webhooks.jobs import send_due
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.places import addresses_of, read_place
from evalhub.webhooks.services import add_webhook
from tests.evalhub.webhooks.receiver import receiving
from tests.factories import DeliveryFactory, WebhookFactory
from training.addresses import is_public

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.7", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
    "2001:0:7f00:1::",
]  # fmt: skip
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700::6810:84e5", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_of_the_public_internet_is_known(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_of_the_public_internet_is_let_through(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/", "https://localhost/", "https://[::1]:8443/x", "https://2130706433/",
        "https://0x7f.1/", "https://0177.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://127.1/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)  # fmt: skip
def test_no_way_to_write_an_inner_address_gets_through(text: str) -> None:
    """Some of them are no names to every resolver; none of them is ever allowed."""
    with pytest.raises((TargetNotAllowed, BadWebhook)):
        addresses_of(read_place(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "ftp://example.org/", "file:///etc/passwd", "https://", "https://user@example.org/",
        "https://user:pw@example.org/", "https://example.org/#x", "https://example.org:99999/",
        "https://exa mple.org/", "https://example.org/\r\nX: y", "https://example.org\\@127.0.0.1/",
        "//example.org/", "javascript:alert(1)", "https://example.org/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    with pytest.raises(BadWebhook):
        read_place(text)


def answers(*each: str) -> Any:
    """A name server: one list of addresses after another."""
    lists = [text.split() for text in each]

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        found = lists.pop(0) if len(lists) > 1 else lists[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in found]

    return look_up


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.215.14 10.0.0.1"))
    with pytest.raises(TargetNotAllowed, match="private network"):
        addresses_of(read_place("https://sneaky.example/"))


def test_without_encryption_nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.215.14"))
    with pytest.raises(TargetNotAllowed, match="use https"):
        addresses_of(read_place("http://example.org/"))


def test_a_name_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(BadWebhook, match="No server is known"):
        addresses_of(read_place("https://nowhere.example/"))


def test_the_operator_may_name_a_host_or_a_network(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.1.2.3"))
    inside = read_place("http://chat.lan:8065/hooks/x")
    settings.EVALHUB_WEBHOOK_TARGETS = ["CHAT.lan"]
    assert addresses_of(inside) == ["10.1.2.3"]
    settings.EVALHUB_WEBHOOK_TARGETS = ["10.1.0.0/16"]
    assert addresses_of(inside) == ["10.1.2.3"]
    settings.EVALHUB_WEBHOOK_TARGETS = ["10.2.0.0/16", "mail.lan"]
    with pytest.raises(TargetNotAllowed):
        addresses_of(inside)


def test_a_private_target_is_refused_when_it_is_set_up(erin: Member) -> None:
    with pytest.raises(TargetNotAllowed):
        add_webhook(
            workspace=erin.workspace, name="x", kind="slack", address="https://127.0.0.1/",
            events=["round.ended"], by=erin,
        )  # fmt: skip
    assert not Webhook.objects.exists()


def test_a_name_that_becomes_private_later_is_refused_at_the_try(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: public when it was set up, loopback when it is used."""
    with receiving() as receiver:
        address = f"https://rebinding.example:{receiver.port}/"
        DeliveryFactory.create(webhook=WebhookFactory.create(address=seal(address)))
        monkeypatch.setattr(socket, "getaddrinfo", answers("127.0.0.1"))
        assert send_due() == 0
        assert receiver.got == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries) == ("failed", 1)
    assert "private network" in delivery.answer


def test_the_connection_goes_to_the_address_that_was_looked_at(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding between the look and the connection: the name is asked for once alone."""
    asked: list[str] = []
    real = answers("127.0.0.1")

    def look_up(host: str, port: int, *rest: object, **named: object) -> list[tuple[object, ...]]:
        if host == "127.0.0.1":  # the connection itself, to a number
            return real(host, port)
        asked.append(host)
        return real(host, port)

    settings.EVALHUB_WEBHOOK_TARGETS = ["once.example"]
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with receiving() as receiver:
        address = f"http://once.example:{receiver.port}/x"
        DeliveryFactory.create(webhook=WebhookFactory.create(address=seal(address)))
        assert send_due() == 1
        assert receiver.got[0][0]["host"] == f"once.example:{receiver.port}"
    assert asked == ["once.example"]


def test_a_redirect_is_not_followed(db: None, settings: Any) -> None:
    settings.EVALHUB_WEBHOOK_TARGETS = ["127.0.0.1"]
    with receiving() as receiver, receiving() as inner:
        receiver.answers = [(302, {"Location": f"http://127.0.0.1:{inner.port}/secret"})]
        address = f"http://127.0.0.1:{receiver.port}/"
        DeliveryFactory.create(webhook=WebhookFactory.create(address=seal(address)))
        assert send_due() == 0
        assert (len(receiver.got), inner.got) == (1, [])
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status) == ("waiting", 302)
    assert "Redirects are not followed" in delivery.answer
    assert delivery.next_try_at > timezone.now()
