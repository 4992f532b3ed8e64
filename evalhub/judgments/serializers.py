"""Judgments as those who watch read them: by completion, not by what was shown."""

from __future__ import annotations

from rest_framework import serializers

from evalhub.judgments.models import Correction, Judgment, Preference, RankedCompletion, Rating


class RatingSerializer(serializers.ModelSerializer[Rating]):
    completion = serializers.UUIDField(source="completion.uid")
    criterion = serializers.CharField(source="criterion.slug")

    class Meta:
        model = Rating
        fields = ["completion", "criterion", "turn", "value", "reason"]


class PreferenceSerializer(serializers.ModelSerializer[Preference]):
    criterion = serializers.CharField(source="criterion.slug", default=None)
    first = serializers.UUIDField(source="first.uid")
    second = serializers.UUIDField(source="second.uid")

    class Meta:
        model = Preference
        fields = ["criterion", "first", "second", "margin", "both_bad"]


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


class JudgmentSerializer(serializers.ModelSerializer[Judgment]):
    campaign = serializers.UUIDField(source="campaign.uid")
    task = serializers.UUIDField(source="task.uid")
    annotator = serializers.CharField(source="member.pseudonym")
    supersedes = serializers.UUIDField(source="supersedes.uid", default=None)
    ratings = RatingSerializer(many=True)
    preferences = PreferenceSerializer(many=True)
    ranking = RankedSerializer(many=True)
    corrections = CorrectionSerializer(many=True)

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
            "supersedes",
            "ratings",
            "preferences",
            "ranking",
            "corrections",
            "critique",
        ]
