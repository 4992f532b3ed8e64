from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.accounts.forms import USERNAME
from evalhub.campaigns.models import Flag


class WorkSerializer(serializers.Serializer[Any]):  # Any: a dataclass, here and below
    judged = serializers.IntegerField()
    week = serializers.IntegerField(help_text="Of those, in the last seven days.")
    timed = serializers.IntegerField(help_text="Of those, with a known active time.")
    active_ms = serializers.IntegerField()
    ms_each = serializers.IntegerField(allow_null=True)
    last_hour = serializers.DateTimeField(allow_null=True)


class ShareSerializer(serializers.Serializer[Any]):
    part = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ReviewedSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    accepted = serializers.IntegerField()
    fixed = serializers.IntegerField()
    returned = serializers.IntegerField()
    acceptance = ShareSerializer()


class RowSerializer(serializers.Serializer[Any]):
    """One person with their figures; `groups` are those that the caller manages."""

    uid = serializers.UUIDField(source="person.uid")
    pseudonym = serializers.CharField(source="person.pseudonym")
    is_active = serializers.BooleanField(source="person.is_active")
    groups = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField(), source="person.languages")
    most_tasks = serializers.IntegerField(source="person.most_tasks", allow_null=True)
    most_minutes = serializers.IntegerField(source="person.most_minutes", allow_null=True)
    work = WorkSerializer()
    held = serializers.IntegerField()
    gold = ShareSerializer()
    reviewed = ReviewedSerializer()
    open_flags = serializers.IntegerField()


class TallySerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    same = serializers.IntegerField()
    near = serializers.IntegerField()
    n = serializers.IntegerField()


class PartSerializer(serializers.Serializer[Any]):
    campaign = serializers.UUIDField(source="campaign.uid")
    title = serializers.CharField(source="campaign.title")
    work = WorkSerializer()
    held = serializers.IntegerField()
    gold = ShareSerializer()
    reviewed = ReviewedSerializer()


class OfferSerializer(serializers.Serializer[Any]):
    campaign = serializers.UUIDField(source="campaign.uid")
    title = serializers.CharField(source="campaign.title")
    is_for_all = serializers.BooleanField()
    is_named = serializers.BooleanField()


class PersonSerializer(serializers.Serializer[Any]):
    person = RowSerializer()
    calibration = TallySerializer(many=True)
    campaigns = PartSerializer(many=True)
    offers = OfferSerializer(many=True)


class NewPersonSerializer(serializers.Serializer[None]):
    username = serializers.CharField(max_length=150, validators=USERNAME)
    email = serializers.EmailField(max_length=254, required=False, default="", allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField(max_length=50), max_length=50)


class InvitedSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    pseudonym = serializers.CharField()
    link = serializers.CharField(help_text="Shown this once; empty where none is needed.")
    mailed_to = serializers.CharField()


class PersonChangeSerializer(serializers.Serializer[None]):
    """What is left out stays; `null` takes a limit away."""

    groups = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=50, required=False
    )
    most_tasks = serializers.IntegerField(
        min_value=0, max_value=100_000, required=False, allow_null=True
    )
    most_minutes = serializers.IntegerField(
        min_value=0, max_value=1440, required=False, allow_null=True
    )
    campaigns = serializers.ListField(child=serializers.UUIDField(), max_length=500, required=False)


class PersonFlagSerializer(serializers.ModelSerializer[Flag]):
    member = serializers.UUIDField(source="member.uid")
    pseudonym = serializers.CharField(source="member.pseudonym")
    campaign = serializers.UUIDField(source="campaign.uid")

    class Meta:
        model = Flag
        fields = [
            "uid", "member", "pseudonym", "campaign", "kind", "text", "created_at", "answer",
            "answered_at",
        ]  # fmt: skip
