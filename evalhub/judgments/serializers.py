"""Judgments as those who watch read them: by completion, not by what was shown.

Where an answer is about the prompt alone, its completion is null.
"""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evalhub.judgments.models import (
    Correction,
    JudgedStep,
    JudgedToolCall,
    Judgment,
    Preference,
    RankedCompletion,
    Rating,
    Span,
)


class RatingSerializer(serializers.ModelSerializer[Rating]):
    completion = serializers.UUIDField(source="completion.uid", default=None)
    criterion = serializers.CharField(source="criterion.slug")

    class Meta:
        model = Rating
        fields = ["completion", "criterion", "turn", "value", "reason", "comment"]


class PreferenceSerializer(serializers.ModelSerializer[Preference]):
    criterion = serializers.CharField(source="criterion.slug", default=None)
    first = serializers.UUIDField(source="first.uid")
    second = serializers.UUIDField(source="second.uid")

    class Meta:
        model = Preference
        fields = ["criterion", "first", "second", "margin", "both_bad", "comment"]


class RankedSerializer(serializers.ModelSerializer[RankedCompletion]):
    completion = serializers.UUIDField(source="completion.uid")

    class Meta:
        model = RankedCompletion
        fields = ["completion", "tier"]


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    completion = serializers.UUIDField(source="completion.uid")

    class Meta:
        model = Correction
        fields = ["completion", "content"]


class PassageSerializer(serializers.ModelSerializer[Span]):
    """The evidence: a passage of the prompt's document number `document`, from 0."""

    start = serializers.IntegerField(source="document_start")
    end = serializers.IntegerField(source="document_end")

    class Meta:
        model = Span
        fields = ["document", "start", "end"]


class SpanSerializer(serializers.ModelSerializer[Span]):
    completion = serializers.UUIDField(source="completion.uid", default=None)
    passage = serializers.SerializerMethodField()

    class Meta:
        model = Span
        fields = [
            "completion",
            "start",
            "end",
            "error_type",
            "severity",
            "evidence",
            "passage",
            "note",
        ]

    @extend_schema_field(PassageSerializer(allow_null=True))
    def get_passage(self, span: Span) -> dict[str, object] | None:
        return None if span.document is None else dict(PassageSerializer(span).data)


class StepSerializer(serializers.ModelSerializer[JudgedStep]):
    completion = serializers.UUIDField(source="completion.uid")

    class Meta:
        model = JudgedStep
        fields = ["completion", "step", "start", "end", "verdict"]


class ToolCallSerializer(serializers.ModelSerializer[JudgedToolCall]):
    completion = serializers.UUIDField(source="completion.uid")

    class Meta:
        model = JudgedToolCall
        fields = ["completion", "call", "right_tool", "right_arguments"]


class JudgmentSerializer(serializers.ModelSerializer[Judgment]):
    campaign = serializers.UUIDField(source="campaign.uid")
    task = serializers.UUIDField(source="task.uid")
    annotator = serializers.CharField(source="member.pseudonym")
    supersedes = serializers.UUIDField(source="supersedes.uid", default=None)
    guidelines = serializers.IntegerField(source="guidelines.number", default=None)
    ratings = RatingSerializer(many=True)
    preferences = PreferenceSerializer(many=True)
    ranking = RankedSerializer(many=True)
    corrections = CorrectionSerializer(many=True)
    spans = SpanSerializer(many=True)
    steps = StepSerializer(many=True)
    tool_calls = ToolCallSerializer(many=True)
    demonstration = serializers.CharField(source="demonstration.content", default=None)

    class Meta:
        model = Judgment
        fields = [
            "uid",
            "campaign",
            "task",
            "annotator",
            "source",
            "judged_at",
            "active_ms",
            "wall_ms",
            "withdrawn_at",
            "is_extra",
            "is_fix",
            "is_verdict",
            "saw_proposal",
            "guidelines",
            "supersedes",
            "ratings",
            "preferences",
            "ranking",
            "corrections",
            "spans",
            "steps",
            "tool_calls",
            "demonstration",
            "critique",
        ]
