from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evalhub.evaluation.models import Benchmark, Comparison, Evaluation, HumanTrial, Promotion
from evalhub.evaluation.queries import Looks, looks_at, newest_people


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    model = serializers.CharField(source="model.name")

    class Meta:
        model = Evaluation
        fields = [
            "uid",
            "model",
            "set_digest",
            "metrics",
            "stale_since",
            "stale_because",
            "created_at",
        ]


class MeasuredSerializer(EvaluationSerializer):
    """`metrics` is empty until the run has ended; look at its `state`."""

    benchmark = serializers.UUIDField(source="benchmark.uid", default=None)
    run = serializers.UUIDField(source="run.uid")
    state = serializers.CharField(source="run.job.state")
    error = serializers.CharField(source="run.job.error")

    class Meta(EvaluationSerializer.Meta):
        fields = [
            "uid",
            "model",
            "set_digest",
            "benchmark",
            "run",
            "state",
            "error",
            "metrics",
            "confusion",
            "created_at",
        ]


class MeasureSerializer(serializers.Serializer[Evaluation]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    model = serializers.CharField(max_length=120, help_text="the model's name")
    sets = serializers.ListField(
        child=serializers.CharField(max_length=200), default=list, max_length=3,
        help_text="builds by uid or digest, or one benchmark by name, uid or digest; none where options.harness "
        "names tasks of lm-evaluation-harness",
    )  # fmt: skip
    rewarder = serializers.CharField(
        max_length=120, required=False, help_text="the name of a reward model"
    )
    options = serializers.DictField(default=dict, help_text="of the recipe evaluate")
    again = serializers.BooleanField(
        default=False,
        help_text="measure anew what was measured there, as for a plug-in that is new",
    )


class BenchmarkSerializer(serializers.ModelSerializer[Benchmark]):
    """`carries`: how many rows have each column."""

    class Meta:
        model = Benchmark
        fields = ["uid", "name", "licence", "digest", "rows", "carries", "created_at"]


class NewBenchmarkSerializer(serializers.Serializer[Benchmark]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    name = serializers.CharField(max_length=200)
    file = serializers.FileField(help_text="CSV or JSON Lines")
    licence = serializers.CharField(max_length=200, default="", allow_blank=True)
    plain = serializers.BooleanField(
        default=False, help_text="prompts are texts to be written on, and no questions of a user"
    )


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    baseline = serializers.CharField(source="baseline.model.name")
    candidate = serializers.CharField(source="candidate.model.name")
    stale_because = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Comparison
        fields = ["uid", "baseline", "candidate", "metrics", "stale_because", "created_at"]


class LooksSerializer(serializers.Serializer[Looks]):
    """How often the set was read and used; `chance` that one of so many rivals is better by luck."""

    looks = serializers.IntegerField()
    people = serializers.IntegerField()
    rivals = serializers.IntegerField()
    tries = serializers.IntegerField()
    decisions = serializers.IntegerField()
    chance = serializers.FloatField()


class WholeComparisonSerializer(ComparisonSerializer):
    """With the differences by slice, the examples, how fresh the set is, the looks at it, and what people
    said of both models' answers to held-out prompts (null where nobody has summed it up)."""

    set_digest = serializers.CharField(source="candidate.set_digest")
    looks = serializers.SerializerMethodField()
    people = serializers.SerializerMethodField()

    class Meta:
        model = Comparison
        fields = [
            *ComparisonSerializer.Meta.fields, "set_digest", "by_slice", "examples", "fresh", "looks",
            "people",
        ]  # fmt: skip

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_people(self, comparison: Comparison) -> dict[str, object] | None:
        job = newest_people(comparison)
        return job.result or None if job else None

    @extend_schema_field(LooksSerializer)
    def get_looks(self, comparison: Comparison) -> dict[str, object]:
        return dict(
            LooksSerializer(looks_at(comparison.workspace, comparison.candidate.set_digest)).data
        )


def whole(comparison: Comparison) -> dict[str, object]:
    return dict(WholeComparisonSerializer(comparison).data)


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
