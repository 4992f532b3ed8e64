from __future__ import annotations

from rest_framework import serializers

from evalhub.judgments.models import Review


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """Whose it is and who looked at it stands there once there is a verdict."""

    campaign = serializers.UUIDField(source="campaign.uid")
    judgment = serializers.UUIDField(source="judgment.uid")
    author = serializers.SerializerMethodField()
    reviewer = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = [
            "uid", "campaign", "judgment", "verdict", "author", "reviewer", "created_at",
            "reviewed_at",
        ]  # fmt: skip

    def get_author(self, review: Review) -> str | None:
        return review.author.pseudonym if review.verdict else None

    def get_reviewer(self, review: Review) -> str | None:
        if not review.verdict or review.reviewer is None:
            return None
        return review.reviewer.pseudonym


class SeenSerializer(serializers.Serializer[None]):
    seen = serializers.UUIDField()  # the judgment that was looked at


class ReturnSerializer(SeenSerializer):
    reason = serializers.CharField(max_length=5000)


class VerdictSerializer(serializers.Serializer[None]):
    uid = serializers.UUIDField()
    verdict = serializers.CharField()
