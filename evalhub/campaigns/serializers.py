from __future__ import annotations

from rest_framework import serializers

from evalhub.campaigns.models import Campaign
from evalhub.rubrics.models import Criterion


class CriterionSerializer(serializers.ModelSerializer[Criterion]):
    class Meta:
        model = Criterion
        fields = [
            "slug",
            "name",
            "question",
            "kind",
            "low",
            "high",
            "anchors",
            "required",
            "cannot_tell",
            "asks_comment",
        ]


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign as annotators may see it: nothing here tells which models are compared."""

    workspace = serializers.CharField(source="workspace.slug")
    rubric = serializers.CharField(source="rubric_version.rubric.slug")
    rubric_version = serializers.UUIDField(source="rubric_version.uid")
    guidelines = serializers.CharField(source="guidelines.content", default=None)

    class Meta:
        model = Campaign
        fields = [
            "uid",
            "workspace",
            "title",
            "type",
            "origin",
            "state",
            "overlap",
            "hand_size",
            "lease_minutes",
            "asks",
            "preference_steps",
            "allows_revision",
            "task_order",
            "requeue",
            "most_overlap",
            "max_share",
            "review_share",
            "languages",
            "groups",
            "qualifications",
            "allows_extra",
            "content_warning",
            "guidelines",
            "rubric",
            "rubric_version",
            "created_at",
            "opened_at",
            "closes_at",
            "closed_at",
        ]


class ProgressSerializer(serializers.Serializer[object]):
    tasks = serializers.IntegerField()
    wanted = serializers.IntegerField()
    done = serializers.IntegerField()
    in_hand = serializers.IntegerField()
    waiting = serializers.IntegerField()


class CampaignDetailSerializer(CampaignSerializer):
    criteria = CriterionSerializer(source="rubric_version.criteria", many=True)
    progress = ProgressSerializer(allow_null=True)  # null for who only judges

    class Meta(CampaignSerializer.Meta):
        fields = [*CampaignSerializer.Meta.fields, "criteria", "progress"]
