from __future__ import annotations

from rest_framework import serializers

from evalhub.sweeps.models import Sweep


class SweepSerializer(serializers.ModelSerializer[Sweep]):
    model = serializers.CharField(source="model.name")

    class Meta:
        model = Sweep
        fields = ["uid", "kind", "recipe", "model", "objective", "sampler", "state", "most_tries", "created_at"]  # fmt: skip


class ExtendSerializer(serializers.Serializer[Sweep]):
    tries = serializers.IntegerField(min_value=1)
