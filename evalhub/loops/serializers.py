from __future__ import annotations

from rest_framework import serializers

from evalhub.loops.models import Loop


class LoopSerializer(serializers.ModelSerializer[Loop]):
    base_model = serializers.CharField(source="base_model.name")
    incumbent = serializers.CharField(source="incumbent.name", default=None)
    collection = serializers.CharField(source="collection.slug")

    class Meta:
        model = Loop
        fields = ["uid", "slug", "name", "base_model", "incumbent", "collection", "policy"]
