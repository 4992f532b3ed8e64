from __future__ import annotations

from rest_framework import serializers

from evalhub.evaluation.models import Comparison, Evaluation, HumanTrial, Promotion


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    model = serializers.CharField(source="model.name")

    class Meta:
        model = Evaluation
        fields = ["uid", "model", "set_digest", "metrics", "created_at"]


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    baseline = serializers.CharField(source="baseline.model.name")
    candidate = serializers.CharField(source="candidate.model.name")

    class Meta:
        model = Comparison
        fields = ["uid", "baseline", "candidate", "metrics", "created_at"]


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    model = serializers.CharField(source="model.name")

    class Meta:
        model = Promotion
        fields = [
            "uid",
            "model",
            "decision",
            "reason",
            "evidence",
            "warnings",
            "gate",
            "outcomes",
            "created_at",
        ]


class TrialSerializer(serializers.ModelSerializer[HumanTrial]):
    """`look`: n prompts, win rate `mean` with `low` and `high` at any look, e-values in nats."""

    candidate = serializers.CharField(source="evaluation.model.name")
    against = serializers.CharField(source="incumbent.name")
    campaign = serializers.UUIDField(source="campaign.uid", default=None)
    promotion = serializers.UUIDField(source="promotion.uid", default=None)

    class Meta:
        model = HumanTrial
        fields = [
            "uid",
            "candidate",
            "against",
            "state",
            "outcome",
            "campaign",
            "prompts",
            "left_out",
            "look",
            "gate",
            "outcomes",
            "promotion",
            "error",
            "created_at",
            "decided_at",
        ]


class CardSerializer(serializers.Serializer[Comparison]):
    licence = serializers.CharField(max_length=200, allow_blank=True, required=False)
    limits = serializers.CharField(max_length=5000, allow_blank=True, required=False)


class GateSerializer(serializers.Serializer[Comparison]):
    gate = serializers.DictField(help_text="the help page on evaluation has its fields")


class EndTrialSerializer(serializers.Serializer[HumanTrial]):
    because = serializers.CharField(max_length=1000)
