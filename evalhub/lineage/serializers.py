from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.quality.models import Withdrawal


class NewWithdrawalSerializer(serializers.Serializer[Withdrawal]):
    """What to withdraw, by one uid."""

    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    judgment = serializers.UUIDField(required=False)
    prompt = serializers.UUIDField(required=False)
    member = serializers.UUIDField(required=False)
    reason = serializers.CharField(max_length=400)
    builds_again = serializers.BooleanField(
        default=False, help_text="queue a new build of each dataset that used it"
    )


class ReasonSerializer(serializers.Serializer[Withdrawal]):
    reason = serializers.CharField(max_length=400)


class WithdrawalSerializer(serializers.ModelSerializer[Withdrawal]):
    kind = serializers.CharField(read_only=True)
    subject = serializers.UUIDField(source="subject.uid", read_only=True)
    reinstated_at = serializers.SerializerMethodField()

    class Meta:
        model = Withdrawal
        fields = ("uid", "kind", "subject", "reason", "effect", "created_at", "reinstated_at")

    def get_reinstated_at(self, withdrawal: Withdrawal) -> Any:  # a moment, or None
        return withdrawal.taken_back.created_at if withdrawal.taken_back else None
