from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.webhooks.choices import DeliveryState, WebhookKind


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def standing(self) -> Self:
        return self.filter(removed_at=None)


class Webhook(PublicModel):
    """A server elsewhere that is told what happens in a workspace.

    Its address and secrets are kept sealed, see common/sealed.py: who knows a Slack address may
    write there.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=WebhookKind.choices)
    address = models.TextField()  # sealed
    told = models.CharField(max_length=300)  # of the address, what may be shown
    secret = models.TextField(blank=True)  # sealed; none for Slack
    old_secret = models.TextField(blank=True)  # sealed; signs as well until `old_until`
    old_until = models.DateTimeField(null=True, blank=True)
    events: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=60))
    is_on = models.BooleanField(default=True)
    off_because = models.CharField(max_length=200, blank=True)  # where it was not a person
    removed_at = models.DateTimeField(null=True, blank=True)
    set_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [one_of("webhook_kind_known", "kind", WebhookKind)]

    def __str__(self) -> str:
        return self.name

    @property
    def is_slack(self) -> bool:
        return self.kind == WebhookKind.SLACK


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, *, at: datetime) -> Self:
        return self.filter(state=DeliveryState.WAITING, next_try_at__lte=at)


class Delivery(PublicModel):
    """One message to one Webhook, until it has arrived or was given up. Its uid is the message's id.

    waiting -> sending -> arrived | failed;  sending -> waiting;  failed | arrived -> waiting, by hand
    """

    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=60)
    occasion = models.UUIDField()  # the news: it makes one message for each Webhook
    body = models.TextField()  # the very bytes that are signed
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING.value
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # of HTTP, of the last try
    answer = models.CharField(max_length=500, blank=True)  # the beginning of it, or what went wrong

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "occasion"], name="one_delivery_per_webhook_and_occasion"
            ),
            one_of("delivery_state_known", "state", DeliveryState),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="delivery_unended",
                condition=Q(state__in=[DeliveryState.WAITING, DeliveryState.SENDING]),
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.uid}"
