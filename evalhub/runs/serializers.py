from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.registry.adapters import CONFIG, WEIGHTS
from evalhub.registry.models import LanguageModel
from evalhub.runs.demands import MOST_MODELS, MOST_PARTS
from evalhub.runs.exporting.served import NO_ENDPOINT
from evalhub.runs.exporting.services import TARGETS
from evalhub.runs.models import DevicePrice, Rewriting, RewritingWay, Run
from evalhub.runs.rewriting.asking import CODES
from evalhub.runs.rewriting.services import MOST_EACH, MOST_PROMPTS
from evalhub.runs.scoring.queries import Author


class RunSerializer(serializers.ModelSerializer[Run]):
    state = serializers.CharField(source="job.state")
    output_model = serializers.CharField(source="output_model.name", default=None)

    class Meta:
        model = Run
        fields = (
            "uid", "recipe", "state", "seconds", "metrics", "output_model", "tags", "created_at",
        )  # fmt: skip


class RemarksSerializer(serializers.Serializer[Run]):
    """What is not named stays as it is."""

    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False)
    note = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, help_text="yours; blank takes it away"
    )


class DevicePriceSerializer(serializers.Serializer[DevicePrice]):
    """For an hour of a device."""

    amount = serializers.DecimalField(max_digits=12, decimal_places=4)
    currency = serializers.CharField(max_length=3, help_text="of ISO 4217")


class CloneSerializer(serializers.Serializer[Run]):
    """What shall be other than in the run that is cloned."""

    options = serializers.DictField(required=False, help_text="null takes the recipe's default")
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    model = serializers.CharField(required=False, max_length=120, help_text="its name")
    build = serializers.UUIDField(required=False, help_text="to learn from")
    despite = serializers.CharField(
        required=False, max_length=2000, help_text="why findings that block do not matter"
    )


class NewRewritingSerializer(serializers.Serializer[Rewriting]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    collection = serializers.SlugField(max_length=50)
    model = serializers.CharField(max_length=120, help_text="its name")
    way = serializers.ChoiceField(choices=RewritingWay.values)
    language = serializers.ChoiceField(
        choices=CODES, required=False, help_text="of the prompts, for back_translation"
    )
    through = serializers.ChoiceField(
        choices=CODES, required=False, help_text="in between, for back_translation"
    )
    each = serializers.IntegerField(min_value=1, max_value=MOST_EACH, default=1)
    most = serializers.IntegerField(min_value=1, max_value=MOST_PROMPTS, default=1000)
    max_new_tokens = serializers.IntegerField(min_value=8, max_value=4096, default=256)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class RewritingSerializer(serializers.ModelSerializer[Rewriting]):
    """`made` is null until the last run has ended and its answers are stored as prompts."""

    collection = serializers.CharField(source="source.slug", read_only=True)
    target = serializers.CharField(source="target.slug", read_only=True)
    state = serializers.CharField(source="last_run.job.state", read_only=True)
    runs = serializers.SerializerMethodField()

    class Meta:
        model = Rewriting
        fields = (
            "uid", "collection", "target", "way", "language", "through", "runs", "state", "made",
            "dropped", "created_at",
        )  # fmt: skip

    def get_runs(self, rewriting: Rewriting) -> list[str]:
        """The uid of each, in order."""
        runs = (rewriting.first, rewriting.second)
        return [str(run.uid) for run in runs if run is not None]


class NewMeasureSerializer(serializers.Serializer[Run]):
    model = serializers.CharField(max_length=120, help_text="the name of a base or an adapter")


class NewScoringSerializer(serializers.Serializer[Run]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    collection = serializers.SlugField(max_length=50)
    model = serializers.CharField(max_length=120, help_text="the name of a reward model")


class ScoringSerializer(serializers.Serializer[Run]):
    """`scores` is null until the run has ended."""

    run = serializers.UUIDField()
    state = serializers.CharField()
    error = serializers.CharField(allow_blank=True)
    model = serializers.CharField()
    scores = serializers.IntegerField(allow_null=True)


class NewGenerationSerializer(serializers.Serializer[Run]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    collection = serializers.SlugField(max_length=50)
    model = serializers.CharField(max_length=120, help_text="the name of the one that answers")
    beside = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=MOST_MODELS - 1,
        help_text="names of others on the same base, which answer in the same run",
    )  # fmt: skip
    judge = serializers.CharField(
        max_length=120, required=False, help_text="the name of a reward model, which scores them"
    )
    parts = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_PARTS, help_text="runs that share the prompts"
    )
    options = serializers.DictField(
        required=False, help_text="n, temperatures, top_ps, refills, best and more of the recipe"
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class GeneratingSerializer(serializers.Serializer[Run]):
    """`completions` is null until the run has ended; `cost` where a server's prices are known."""

    run = serializers.UUIDField()
    parts = serializers.ListField(
        child=serializers.UUIDField(), help_text="runs that share the prompts"
    )
    state = serializers.CharField(help_text="of all parts together")
    error = serializers.CharField(allow_blank=True)
    model = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField(), help_text="all that answer")
    generations = serializers.ListField(child=serializers.UUIDField())
    completions = serializers.IntegerField(allow_null=True)
    empty = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)
    metrics = serializers.DictField()


class AuthorSerializer(serializers.Serializer[Author]):
    """`lead`: above the mean of all answers to the same prompt; null where there is nothing to compare."""

    name = serializers.CharField(help_text="of the model that wrote the answers")
    answers = serializers.IntegerField()
    compared = serializers.IntegerField(help_text="to prompts that have other answers too")
    best = serializers.IntegerField(help_text="that score highest of those to their prompt")
    lead = serializers.FloatField(allow_null=True)


class NewAdapterSerializer(serializers.Serializer[LanguageModel]):
    base = serializers.CharField(max_length=500, help_text="a registered base: name, source or uid")
    config = serializers.FileField(help_text=CONFIG)
    weights = serializers.FileField(help_text=f"{WEIGHTS}; never a pickle")
    build = serializers.UUIDField(required=False, help_text="that it was trained on")
    name = serializers.CharField(max_length=120, default="", allow_blank=True)


class AdapterSerializer(serializers.ModelSerializer[LanguageModel]):
    """`facts`: trained_on as its own configuration says, rank, modules, and notes on what was checked."""

    base = serializers.CharField(source="parent.name")
    facts = serializers.SerializerMethodField()

    class Meta:
        model = LanguageModel
        fields = ("uid", "name", "kind", "stage", "base", "digest", "facts", "created_at")

    def get_facts(self, model: LanguageModel) -> dict[str, Any]:  # Any: JSON
        return {name: value for name, value in model.facts.items() if name != "files"}


class RunExportSerializer(serializers.Serializer[Run]):
    """`unheld` says what of the run's settings that trainer has no place for."""

    target = serializers.ChoiceField(choices=list(TARGETS))
    filename = serializers.CharField()
    shape = serializers.CharField(help_text="of the build's rows that go with it")
    text = serializers.CharField()
    unheld = serializers.ListField(child=serializers.CharField())


class MergeSerializer(serializers.Serializer[Run]):
    """Figures and files are there once the run has ended; logits on six fixed prompts."""

    run = serializers.UUIDField()
    state = serializers.CharField()
    max_logit_difference = serializers.FloatField(allow_null=True)
    same_top_token = serializers.FloatField(allow_null=True)
    files = serializers.ListField(child=serializers.CharField())


class CheckServedSerializer(serializers.Serializer[Run]):
    endpoint = serializers.UUIDField(
        help_text="uid of the model that a server runs",
        error_messages={"required": NO_ENDPOINT, "invalid": NO_ENDPOINT},
    )


class ServedSerializer(serializers.Serializer[Run]):
    """`is_right` is null until it has ended; shares and findings stand in the help."""

    run = serializers.UUIDField()
    state = serializers.CharField()
    endpoint = serializers.CharField(help_text="its name")
    metrics = serializers.DictField(child=serializers.FloatField())
    findings = serializers.ListField(child=serializers.DictField())
    is_right = serializers.BooleanField(allow_null=True)


class ModelExportSerializer(serializers.Serializer[LanguageModel]):
    files = serializers.ListField(child=serializers.CharField())
    vllm = serializers.CharField(allow_blank=True, help_text="the command that serves it")
    why_not_vllm = serializers.CharField(allow_blank=True)
    merge = MergeSerializer(allow_null=True)
    served = ServedSerializer(allow_null=True)
