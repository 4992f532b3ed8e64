from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.common.money import amount_of
from evalhub.judgments.models import PayRun
from evalhub.judgments.pay.earned import Line


class LineSerializer(serializers.Serializer[Any]):  # Any: a line of either kind
    member = serializers.UUIDField(source="member.uid")
    pseudonym = serializers.CharField(source="member.pseudonym")
    campaign = serializers.UUIDField(source="rate.campaign.uid")
    unit = serializers.CharField(source="rate.unit")
    rate = serializers.DecimalField(max_digits=12, decimal_places=4, source="rate.amount")
    currency = serializers.CharField(source="rate.currency")
    judgments = serializers.IntegerField()
    untimed = serializers.IntegerField()
    active_ms = serializers.IntegerField()
    amount = serializers.SerializerMethodField()

    def get_amount(self, line: Line) -> str:
        """Exact, with all digits of the currency."""
        return str(amount_of(line.amount, line.rate.currency))


class EarnedSerializer(LineSerializer):
    returned = serializers.IntegerField()
    extra = serializers.IntegerField()
    withdrawn = serializers.IntegerField()


class PayLineSerializer(LineSerializer):
    is_correction = serializers.BooleanField()


class EarnedLinesSerializer(serializers.Serializer[Any]):  # Any: a dict of them
    lines = EarnedSerializer(many=True)


class PayLinesSerializer(serializers.Serializer[Any]):  # Any: a dict of them
    lines = PayLineSerializer(many=True)


class PayRunSerializer(serializers.ModelSerializer[PayRun]):
    closed_by = serializers.CharField(source="closed_by.pseudonym")

    class Meta:
        model = PayRun
        fields = ("uid", "created_at", "begins_at", "ends_at", "closed_by")
