from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.followups.models import FollowUp
from evalhub.followups.services import MOST_PROMPTS, MOST_TOKENS, MOST_VOTES


class NewFollowUpSerializer(serializers.Serializer[FollowUp]):
    """About the judgments of one campaign, or on the prompts of one collection."""

    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    model = serializers.CharField(max_length=120, help_text="the model's name")
    campaign = serializers.UUIDField(required=False)
    collection = serializers.SlugField(required=False, help_text="its slug")
    votes = serializers.IntegerField(
        min_value=1, max_value=MOST_VOTES, default=2, help_text="judgments on each answer"
    )
    most_prompts = serializers.IntegerField(min_value=1, max_value=MOST_PROMPTS, default=200)
    max_new_tokens = serializers.IntegerField(min_value=1, max_value=MOST_TOKENS, default=256)
    accepts_simulated = serializers.BooleanField(
        default=False, help_text="whether simulated members count among people"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("campaign" in attrs) == ("collection" in attrs):
            raise serializers.ValidationError("Name a campaign, or a collection.")
        return attrs


class FollowUpSerializer(serializers.ModelSerializer[FollowUp]):
    """`figures` is empty until its `state` is done: all, and a line for each criterion and overall (null).

    Each `resolved` is a share with its 95 % interval by prompt group; `learnt` has it by what the model was
    trained on: this very judgment (taught), the prompt by other judgments (met), or neither (new).
    """

    model = serializers.CharField(source="model.name")
    campaign = serializers.UUIDField(source="campaign.uid", default=None)
    collection = serializers.CharField(source="collection.slug", default=None)
    campaigns = serializers.SerializerMethodField(help_text="where people are asked")

    class Meta:
        model = FollowUp
        fields = [
            "uid", "model", "campaign", "collection", "state", "prompts", "votes",
            "accepts_simulated", "left_out", "campaigns", "figures", "error", "created_at", "done_at",
        ]  # fmt: skip

    def get_campaigns(self, follow_up: FollowUp) -> list[str]:
        return [str(each.uid) for each in follow_up.campaigns]
