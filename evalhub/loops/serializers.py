from __future__ import annotations

from rest_framework import serializers

from evalhub.loops.models import Loop


class LoopSerializer(serializers.ModelSerializer[Loop]):
    base_model = serializers.CharField(source="base_model.name")
    incumbent = serializers.CharField(source="incumbent.name", default=None)
    collection = serializers.CharField(source="collection.slug")
    rubric_version = serializers.UUIDField(source="rubric_version.uid")

    class Meta:
        model = Loop
        fields = [
            "uid",
            "slug",
            "name",
            "base_model",
            "incumbent",
            "collection",
            "rubric_version",
            "policy",
            "paused_at",
            "paused_why",
        ]


class LoopChangesSerializer(serializers.Serializer[Loop]):
    """What PATCH takes; what is not given stays."""

    name = serializers.CharField(max_length=100, required=False)
    collection = serializers.SlugField(required=False, help_text="its slug")
    rubric_version = serializers.UUIDField(required=False, help_text="a published version's uid")
    policy = serializers.DictField(
        required=False, help_text="the fields to change; the help page on Rounds has them all"
    )


class RollBackSerializer(serializers.Serializer[Loop]):
    model = serializers.UUIDField(allow_null=True, help_text="null: the base itself")
    reason = serializers.CharField(max_length=400)


class DecideSerializer(serializers.Serializer[Loop]):
    model = serializers.UUIDField(help_text="an adapter on the Loop's base")


class GoOnSerializer(serializers.Serializer[Loop]):
    reason = serializers.CharField(max_length=500)
