from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.bell import ring_task
from evalhub.common.sealing import seal
from evalhub.webhooks.bodies import body_of
from evalhub.webhooks.choices import EVENTS, TEST, DeliveryState, WebhookKind
from evalhub.webhooks.errors import BadWebhook, StillOnItsWay, WebhookOff
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.places import addresses_of, read_place
from evalhub.webhooks.signing import new_secret

BOTH_SIGN = timedelta(hours=24)  # after a change of the secret
MOST = 20  # webhooks of a workspace


class Made(NamedTuple):
    """`secret` is shown once; empty where the kind has none."""

    webhook: Webhook
    secret: str


@transaction.atomic
def add_webhook(
    *,
    workspace: Workspace,
    name: str,
    kind: str,
    address: str,
    events: Sequence[str],
    by: Member | None = None,
) -> Made:
    """Tell the server at `address` of each of `events` from now on.

    Raises:
        BadWebhook: an address, a kind or an event that means nothing, or too many webhooks.
        TargetNotAllowed: it lies in a private network that the operator has not named.
    """
    if kind not in WebhookKind.values:
        raise BadWebhook(f"A webhook is of the kind {' or '.join(WebhookKind.values)}.")
    if Webhook.objects.standing().filter(workspace=workspace).count() >= MOST:
        raise BadWebhook(f"A workspace has {MOST} webhooks at most; remove one first.")
    place = read_place(address)
    addresses_of(place)  # looked at again at each try
    secret = new_secret() if kind == WebhookKind.STANDARD else ""
    webhook = Webhook.objects.create(
        workspace=workspace,
        name=_named(name),
        kind=kind,
        address=seal(address),
        told=place.told[:300],
        secret=seal(secret) if secret else "",
        events=_known(events),
        set_by=by,
    )
    _record("webhook.added", webhook, by, to=webhook.told, kind=kind, events=webhook.events)
    return Made(webhook, secret)


@transaction.atomic
def change_webhook(
    *, webhook: Webhook, name: str, events: Sequence[str], is_on: bool, by: Member | None = None
) -> Webhook:
    """What is on its way stays; another address is another webhook, with another secret.

    Raises:
        BadWebhook: an event that we do not know, or none.
    """
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    webhook.name, webhook.events, webhook.is_on = _named(name), _known(events), is_on
    webhook.off_because = ""
    webhook.save(update_fields=["name", "events", "is_on", "off_because"])
    _record("webhook.changed", webhook, by, events=webhook.events, is_on=is_on)
    return webhook


@transaction.atomic
def rotate_secret(*, webhook: Webhook, by: Member | None = None) -> Made:
    """Sign with a new secret, and for 24 hours with the one before as well.

    Raises:
        BadWebhook: its kind has no secret.
    """
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if not webhook.secret:
        raise BadWebhook("A Slack-compatible webhook has no secret: its address is one.")
    secret = new_secret()
    webhook.old_secret, webhook.old_until = webhook.secret, timezone.now() + BOTH_SIGN
    webhook.secret = seal(secret)
    webhook.save(update_fields=["secret", "old_secret", "old_until"])
    _record("webhook.secret_rotated", webhook, by)
    return Made(webhook, secret)


@transaction.atomic
def remove_webhook(*, webhook: Webhook, by: Member | None = None) -> None:
    """Tell it nothing more; its address and secrets are forgotten, its deliveries stay for a while."""
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    webhook.removed_at, webhook.is_on = timezone.now(), False
    webhook.address = webhook.secret = webhook.old_secret = ""
    webhook.save(update_fields=["removed_at", "is_on", "address", "secret", "old_secret"])
    _record("webhook.removed", webhook, by)


@transaction.atomic
def send_test(*, webhook: Webhook, by: Member | None = None) -> Delivery:
    """Raise WebhookOff when it is switched off."""
    _demand_on(webhook)
    slug = webhook.workspace.slug
    told = {
        "workspace": slug,
        "sentence": f"A test of “{webhook}”: nothing has happened.",
        "path": reverse("webhooks:detail", args=[slug, webhook.uid]),
        "data": {"is_test": True},
    }
    delivery = Delivery.objects.create(
        webhook=webhook,
        event=TEST,
        occasion=uuid4(),
        body=body_of(webhook.kind, event=TEST, at=timezone.now(), told=told),
    )
    _record("webhook.tested", webhook, by)
    _ring()
    return delivery


@transaction.atomic
def redeliver(*, delivery: Delivery, by: Member | None = None) -> Delivery:
    """Send the same message again, under the same id.

    Raises:
        StillOnItsWay: it has not ended.
        WebhookOff: the webhook is switched off.
    """
    delivery = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    webhook = Webhook.objects.select_related("workspace").get(pk=delivery.webhook_id)
    _demand_on(webhook)
    if delivery.state in (DeliveryState.WAITING, DeliveryState.SENDING):
        raise StillOnItsWay("This message is on its way: it is tried again by itself.")
    delivery.state, delivery.tries, delivery.ended_at = DeliveryState.WAITING, 0, None
    delivery.next_try_at = timezone.now()
    delivery.save(update_fields=["state", "tries", "ended_at", "next_try_at"])
    _record("webhook.redelivered", webhook, by, delivery=str(delivery.uid))
    _ring()
    return delivery


def _demand_on(webhook: Webhook) -> None:
    if not webhook.is_on:
        raise WebhookOff(f"“{webhook}” is switched off; switch it on first.")


def _named(name: str) -> str:
    if not name.strip():
        raise BadWebhook("Give the webhook a name.")
    return name.strip()[:100]


def _known(events: Sequence[str]) -> list[str]:
    if strange := sorted(set(events) - EVENTS.keys()):
        raise BadWebhook(f"{', '.join(strange)} is no event; known are {', '.join(EVENTS)}.")
    if not events:
        raise BadWebhook(f"Name at least one event: {', '.join(EVENTS)}.")
    return sorted(set(events))


def _ring() -> None:
    transaction.on_commit(lambda: ring_task("evalhub.webhooks.tasks.send_due"), robust=True)


def _record(verb: str, webhook: Webhook, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=webhook.workspace.slug,
        target=f"webhook {webhook.uid}",
        name=webhook.name,
        **details,
    )
