from __future__ import annotations

from rest_framework import serializers

from evalhub.runs.models import Run


class RunSerializer(serializers.ModelSerializer[Run]):
    state = serializers.CharField(source="job.state")
    output_model = serializers.CharField(source="output_model.name", default=None)

    class Meta:
        model = Run
        fields = ["uid", "recipe", "state", "seconds", "metrics", "output_model", "created_at"]
