from __future__ import annotations

from rest_framework import serializers

from evalhub.valuing.choices import Aim
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import newest_job
from evalhub.valuing.services import LEAST_BY_LOT, LEAST_EVERY, MOST_EVERY


class AskByValueSerializer(serializers.Serializer[Valuation]):
    aim = serializers.ChoiceField(choices=Aim.choices, default=Aim.BOTH)
    by_lot = serializers.IntegerField(
        min_value=LEAST_BY_LOT, max_value=100, default=20,
        help_text="percent of the tasks that stand where a lot puts them",
    )  # fmt: skip
    every = serializers.IntegerField(
        min_value=LEAST_EVERY, max_value=MOST_EVERY, default=50,
        help_text="judgments after which open tasks are valued anew",
    )  # fmt: skip
    threshold = serializers.FloatField(
        min_value=1, max_value=5, default=4.0,
        help_text="points of 1 to 5 from which a rated answer is good enough for a dataset",
    )  # fmt: skip


class ValuationSerializer(serializers.ModelSerializer[Valuation]):
    """`figures` is empty until the tasks were valued once; look at the job's `state`."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = Valuation
        fields = [
            "uid", "aim", "by_lot", "every", "threshold", "is_on", "turn", "state", "valued_at",
            "figures",
        ]  # fmt: skip

    def get_state(self, valuation: Valuation) -> str:
        job = newest_job(valuation)
        return str(job.state) if job else ""
