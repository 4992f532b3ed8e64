from __future__ import annotations

from rest_framework import serializers

from evalhub.registry.models import Endpoint, LanguageModel


class LanguageModelSerializer(serializers.ModelSerializer[LanguageModel]):
    trained_from = serializers.CharField(source="parent.name", default=None)

    class Meta:
        model = LanguageModel
        fields = ["uid", "name", "kind", "stage", "trained_from", "licence", "digest", "created_at"]


class AccessSerializer(serializers.ModelSerializer[Endpoint]):
    """`key` goes in and never comes out: left out it stays, empty it is dropped."""

    key = serializers.CharField(
        max_length=500, required=False, allow_blank=True, write_only=True, trim_whitespace=False
    )

    class Meta:
        model = Endpoint
        fields = ["url", "served_name", "key", "input_price", "output_price", "per_minute", "at_once"]  # fmt: skip


class NewEndpointSerializer(AccessSerializer):
    name = serializers.CharField(max_length=120)

    class Meta(AccessSerializer.Meta):
        fields = ["name", *AccessSerializer.Meta.fields]


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    uid = serializers.UUIDField(source="model.uid")
    name = serializers.CharField(source="model.name")
    stage = serializers.CharField(source="model.stage")
    has_key = serializers.BooleanField()

    class Meta:
        model = Endpoint
        fields = (
            "uid", "name", "stage", "url", "served_name", "has_key", "input_price", "output_price",
            "per_minute", "at_once",
        )  # fmt: skip
