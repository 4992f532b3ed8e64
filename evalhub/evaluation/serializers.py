from __future__ import annotations

from rest_framework import serializers

from evalhub.evaluation.models import Comparison, Evaluation, Promotion


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
        fields = ["uid", "model", "decision", "reason", "evidence", "warnings", "created_at"]
