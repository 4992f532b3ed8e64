"""Webhooks for outsiders: set them up, see what was sent, send it again."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.webhooks.access import acting_delivery, acting_webhook
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.serializers import (
    AddSerializer,
    ChangeSerializer,
    DeliverySerializer,
    MadeSerializer,
    WebhookSerializer,
)
from evalhub.webhooks.services import (
    add_webhook,
    change_webhook,
    redeliver,
    remove_webhook,
    rotate_secret,
    send_test,
)

WORKSPACE = OpenApiParameter("workspace", OpenApiTypes.STR)


class WebhookListView(APIView):
    @extend_schema(parameters=[WORKSPACE], responses=WebhookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Who is told what happens here."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        webhooks = Webhook.objects.standing().filter(workspace=member.workspace)
        return Response(WebhookSerializer(webhooks, many=True).data)

    @extend_schema(parameters=[WORKSPACE], request=AddSerializer, responses={201: MadeSerializer})
    def post(self, request: Request) -> Response:
        """Tell a server of events from now on; the answer has the secret, this once."""
        key = workspace_of(request, request.query_params.get("workspace"))
        by = acting_member(request, key, to="engineer")
        asked = AddSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = add_webhook(workspace=by.workspace, by=by, **asked.validated_data)
        return Response(MadeSerializer(made).data, status=201)


class WebhookView(APIView):
    @extend_schema(responses=WebhookSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """One of them."""
        webhook, _ = acting_webhook(request, uid)
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(request=ChangeSerializer, responses=WebhookSerializer)
    def patch(self, request: Request, uid: UUID) -> Response:
        """Change its name, its events, or switch it off; what is not given stays."""
        webhook, by = acting_webhook(request, uid)
        asked = ChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = {"name": webhook.name, "events": webhook.events, "is_on": webhook.is_on}
        changed = change_webhook(webhook=webhook, by=by, **(now | asked.validated_data))
        return Response(WebhookSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, uid: UUID) -> Response:
        """Tell it nothing more."""
        webhook, by = acting_webhook(request, uid)
        remove_webhook(webhook=webhook, by=by)
        return Response(status=204)


class WebhookSecretView(APIView):
    @extend_schema(request=None, responses=MadeSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """A new secret; for 24 hours the one before signs as well."""
        webhook, by = acting_webhook(request, uid)
        return Response(MadeSerializer(rotate_secret(webhook=webhook, by=by)).data)


class WebhookTestView(APIView):
    @extend_schema(request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Send a message that says that nothing happened."""
        webhook, by = acting_webhook(request, uid)
        return Response(DeliverySerializer(send_test(webhook=webhook, by=by)).data, status=202)


class DeliveryListView(ListAPIView[Delivery]):
    serializer_class = DeliverySerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Delivery]:
        webhook, _ = acting_webhook(self.request, self.kwargs["uid"])
        return Delivery.objects.filter(webhook=webhook)


class DeliveryAgainView(APIView):
    @extend_schema(request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Send the same message again, under the same id."""
        delivery, by = acting_delivery(request, uid)
        return Response(DeliverySerializer(redeliver(delivery=delivery, by=by)).data, status=202)
