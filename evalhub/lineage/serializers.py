from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.lineage.models import ContaminationCheck
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


class NewCheckSerializer(serializers.Serializer[ContaminationCheck]):
    """One of the three."""

    collection = serializers.SlugField(required=False)
    build = serializers.UUIDField(required=False)
    benchmark = serializers.CharField(max_length=200, required=False, help_text="its name")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name a collection, a build or a benchmark.")
        return attrs

    def against(self) -> dict[str, str]:
        ((kind, name),) = self.validated_data.items()
        return {"kind": kind, "name": str(name)}


class CheckSerializer(serializers.ModelSerializer[ContaminationCheck]):
    """`result` once the job has succeeded: counts by split, and the first pairs with where they stand."""

    build = serializers.UUIDField(source="build.uid", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    against = serializers.SerializerMethodField()

    class Meta:
        model = ContaminationCheck
        fields = ("uid", "build", "job", "state", "against", "result", "created_at")

    def get_against(self, check: ContaminationCheck) -> dict[str, str]:
        return {"kind": check.against["kind"], "name": check.against["name"]}
