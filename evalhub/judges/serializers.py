from __future__ import annotations

from rest_framework import serializers

from evalhub.judges.choices import OnConflict
from evalhub.judges.models import Judge
from evalhub.judges.services import MOST_REQUESTS, MOST_TASKS
from evalhub.judges.trusting import FEWEST, LEAST


class JudgeSerializer(serializers.ModelSerializer[Judge]):
    name = serializers.CharField(source="member.pseudonym")
    model = serializers.CharField(source="model.name")
    rubric = serializers.CharField(source="rubric.slug")

    class Meta:
        model = Judge
        fields = ["uid", "name", "model", "rubric", "created_at"]


class NewJudgeSerializer(serializers.Serializer[None]):
    name = serializers.CharField(max_length=100)
    model = serializers.CharField(max_length=120, help_text="Its name in the registry.")
    rubric_version = serializers.UUIDField(help_text="A published one.")


class NewPromptSerializer(serializers.Serializer[None]):
    rubric_version = serializers.UUIDField()
    instructions = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="Empty: the rubric’s own words."
    )


class NewJudgingSerializer(serializers.Serializer[None]):
    campaign = serializers.UUIDField()
    on_conflict = serializers.ChoiceField(OnConflict.choices, default=OnConflict.TIE.value)
    most_tasks = serializers.IntegerField(min_value=1, max_value=MOST_TASKS, default=MOST_TASKS)
    most_requests = serializers.IntegerField(min_value=1, default=MOST_REQUESTS)
    most_cost = serializers.DecimalField(
        max_digits=12, decimal_places=4, allow_null=True, default=None
    )
    max_new_tokens = serializers.IntegerField(min_value=16, max_value=32_768, default=512)


class BarSerializer(serializers.Serializer[None]):
    least = serializers.FloatField(default=LEAST)
    fewest = serializers.IntegerField(default=FEWEST)
