from __future__ import annotations

from rest_framework import serializers

from evalhub.tracking.choices import Service
from evalhub.tracking.models import Track, Tracker


class TrackerSerializer(serializers.ModelSerializer[Tracker]):
    """`key_variable` names a variable of the worker's environment; a key itself is refused."""

    service = serializers.ChoiceField(choices=Service.choices)
    project = serializers.CharField(max_length=60)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    key_variable = serializers.CharField(max_length=200, required=False, allow_blank=True)

    class Meta:
        model = Tracker
        fields = ("service", "project", "address", "key_variable", "is_offline", "is_on")


class SendSerializer(serializers.Serializer[Track]):
    to = serializers.ChoiceField(choices=Service.choices)


class StandingSerializer(serializers.Serializer[Track]):
    """`sent_to`: the last step that is there, null where none is."""

    to = serializers.CharField()
    is_on = serializers.BooleanField()
    is_complete = serializers.BooleanField()
    sent_to = serializers.IntegerField(allow_null=True)
    seen_at = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    told_at = serializers.CharField(allow_null=True)
