from __future__ import annotations

from rest_framework import serializers

from evalhub.registry.models import LanguageModel


class LanguageModelSerializer(serializers.ModelSerializer[LanguageModel]):
    trained_from = serializers.CharField(source="parent.name", default=None)

    class Meta:
        model = LanguageModel
        fields = ["uid", "name", "kind", "stage", "trained_from", "licence", "digest", "created_at"]
