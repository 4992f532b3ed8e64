"""Writing down what is to be sent, and sending it. Each message is taken by one UPDATE."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from evalhub.common.bell import ring_task
from evalhub.common.errors import DomainError
from evalhub.common.sealing import CannotUnseal, unseal
from evalhub.jobs.models import News
from evalhub.webhooks.bodies import body_of
from evalhub.webhooks.choices import DeliveryState
from evalhub.webhooks.errors import TargetNotAllowed
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.places import addresses_of, read_place
from evalhub.webhooks.posting import Answer, post
from evalhub.webhooks.signing import headers_of

log = structlog.get_logger(__name__)

# As Standard Webhooks recommends; then it has failed
PAUSES = [
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
]  # fmt: skip
STUCK = timedelta(minutes=5)
KEPT = timedelta(days=30)
MOST_AT_ONCE = 50
GONE = 410  # the receiver wants nothing more


def heard(news: News) -> None:
    """Something happened: write a message for each Webhook of its workspace that wants to know."""
    webhooks = Webhook.objects.standing().filter(
        workspace__slug=news.body["workspace"], is_on=True, events__contains=[news.topic]
    )
    rows = [
        Delivery(
            webhook=webhook,
            event=news.topic,
            occasion=news.uid,
            body=body_of(webhook.kind, event=news.topic, at=news.created_at, told=news.body),
        )
        for webhook in webhooks.order_by("pk")
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(lambda: ring_task("evalhub.webhooks.tasks.send_due"), robust=True)


def send_due() -> int:
    """Send what is due, oldest first; return how many arrived."""
    due = Delivery.objects.due(at=timezone.now()).order_by("pk")
    return sum(_send(pk) for pk in list(due.values_list("pk", flat=True)[:MOST_AT_ONCE]))


def sweep() -> None:
    """Send what waited, take back what a worker died over, and forget what is long over."""
    now = timezone.now()
    stuck = Delivery.objects.filter(state=DeliveryState.SENDING, taken_at__lt=now - STUCK)
    stuck.update(state=DeliveryState.WAITING)  # the receiver knows a message by its id
    Delivery.objects.filter(ended_at__lt=now - KEPT).delete()
    send_due()


def _send(pk: int) -> bool:
    now = timezone.now()
    mine = Delivery.objects.due(at=now).filter(pk=pk)
    if not mine.update(state=DeliveryState.SENDING, taken_at=now):
        return False
    delivery = Delivery.objects.select_related("webhook").get(pk=pk)
    webhook = delivery.webhook
    if webhook.removed_at is not None or not webhook.is_on:
        _end(delivery, DeliveryState.FAILED, Answer(None, "The webhook is switched off."))
        return False
    try:
        answer = _post(delivery)
    except (TargetNotAllowed, CannotUnseal) as error:  # trying again would change nothing
        _end(delivery, DeliveryState.FAILED, Answer(None, str(error)))
        return False
    except DomainError as error:  # the name is unknown: of today, perhaps
        answer = Answer(None, str(error))
    if answer.is_good:
        _end(delivery, DeliveryState.ARRIVED, answer)
        return True
    _put_off(delivery, answer)
    return False


def _post(delivery: Delivery) -> Answer:
    webhook, body, now = delivery.webhook, delivery.body.encode(), timezone.now()
    place = read_place(unseal(webhook.address))
    headers = {"Content-Type": "application/json", "User-Agent": "evalhub"}
    if webhook.secret:
        known = [unseal(webhook.secret)]
        if webhook.old_secret and webhook.old_until and webhook.old_until > now:
            known.append(unseal(webhook.old_secret))
        headers |= headers_of(
            body, message=f"msg_{delivery.uid}", timestamp=int(now.timestamp()), secrets=known
        )
    return post(place, addresses_of(place), body, headers)


def _put_off(delivery: Delivery, answer: Answer) -> None:
    log.warning("webhook.not_sent", delivery=str(delivery.uid), status=answer.status)
    if answer.status == GONE:
        why = "The receiver said that it is gone for good (410)."
        Webhook.objects.filter(pk=delivery.webhook_id).update(is_on=False, off_because=why)
    if answer.status == GONE or delivery.tries >= len(PAUSES):
        _end(delivery, DeliveryState.FAILED, answer)
        return
    delivery.state = DeliveryState.WAITING
    delivery.next_try_at = timezone.now() + PAUSES[delivery.tries]
    _keep(delivery, answer)


def _end(delivery: Delivery, state: DeliveryState, answer: Answer) -> None:
    delivery.state, delivery.ended_at = state, timezone.now()
    _keep(delivery, answer)


def _keep(delivery: Delivery, answer: Answer) -> None:
    """Write how this try ended; a message that was taken back meanwhile is for another to write."""
    mine = Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.SENDING, taken_at=delivery.taken_at
    )
    mine.update(
        state=delivery.state,
        tries=delivery.tries + 1,
        next_try_at=delivery.next_try_at,
        ended_at=delivery.ended_at,
        status=answer.status,
        answer=answer.told.replace("\x00", "")[:500],
    )
