from __future__ import annotations

from rest_framework import serializers

from evalhub.reports.choices import ExportFormat
from evalhub.reports.models import Export


class NewExportSerializer(serializers.Serializer[Export]):
    format = serializers.ChoiceField(choices=ExportFormat.values)
    everything = serializers.BooleanField(
        default=False, help_text="also judgments that do not count, each marked with its state"
    )


class ExportSerializer(serializers.ModelSerializer[Export]):
    """The state of the job; rows, bytes, digest and what was left out once it has succeeded."""

    campaign = serializers.UUIDField(source="campaign.uid", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)
    done = serializers.IntegerField(source="job.done", read_only=True)
    total = serializers.IntegerField(source="job.total", read_only=True)

    class Meta:
        model = Export
        fields = (
            "uid",
            "campaign",
            "format",
            "everything",
            "job",
            "state",
            "error",
            "done",
            "total",
            "rows",
            "bytes",
            "digest",
            "left_out",
            "created_at",
            "expires_at",
        )
