from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.webhooks.models import Delivery, Webhook

NO_WEBHOOK, NO_DELIVERY = "No such webhook.", "No such delivery."


def access_webhook(member: Member, uid: UUID) -> Webhook:
    webhooks = Webhook.objects.standing().select_related("workspace")
    webhook = webhooks.filter(uid=uid, workspace=member.workspace).first()
    if webhook is None:
        raise NotFound(NO_WEBHOOK)
    return webhook


def access_delivery(member: Member, uid: UUID) -> Delivery:
    deliveries = Delivery.objects.select_related("webhook__workspace")
    mine = deliveries.filter(webhook__workspace=member.workspace, webhook__removed_at=None)
    delivery = mine.filter(uid=uid).first()
    if delivery is None:
        raise NotFound(NO_DELIVERY)
    return delivery


def acting_webhook(request: Request, uid: UUID) -> tuple[Webhook, Member]:
    """The same for the API; and who acts."""
    key = Webhook.objects.filter(uid=uid).values_list("workspace_id", flat=True).first()
    member = _member(request, key, NO_WEBHOOK)
    return access_webhook(member, uid), member


def acting_delivery(request: Request, uid: UUID) -> tuple[Delivery, Member]:
    key = Delivery.objects.filter(uid=uid).values_list("webhook__workspace_id", flat=True).first()
    member = _member(request, key, NO_DELIVERY)
    return access_delivery(member, uid), member


def _member(request: Request, workspace_pk: int | None, absent: str) -> Member:
    if workspace_pk is None:
        raise NotFound(absent)
    try:
        return acting_member(request, workspace_pk, to="engineer")
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound(absent) from error
