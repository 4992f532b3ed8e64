from __future__ import annotations

from rest_framework import serializers

from evalhub.webhooks.choices import WebhookKind
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.services import Made


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """`to` is the host alone: the address is never told again."""

    to = serializers.CharField(source="told", read_only=True)

    class Meta:
        model = Webhook
        fields = ["uid", "name", "kind", "to", "events", "is_on", "off_because", "created_at"]
        read_only_fields = fields


class AddSerializer(serializers.Serializer[Webhook]):
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(WebhookKind.choices, default=WebhookKind.STANDARD.value)
    address = serializers.CharField(max_length=2000)
    events = serializers.ListField(child=serializers.CharField(max_length=60), max_length=20)


class ChangeSerializer(serializers.Serializer[Webhook]):
    """What is not given stays."""

    name = serializers.CharField(max_length=100, required=False)
    events = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=20, required=False
    )
    is_on = serializers.BooleanField(required=False)


class MadeSerializer(serializers.Serializer[Made]):
    """`secret` is told this once."""

    webhook = WebhookSerializer()
    secret = serializers.CharField()


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = [
            "uid", "event", "state", "tries", "status", "answer", "body", "created_at", "next_try_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields
