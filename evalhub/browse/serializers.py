from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.browse.choices import Kind, Mark
from evalhub.campaigns.models import Task
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion, Prompt


class PromptRowSerializer(serializers.ModelSerializer[Prompt]):
    collection = serializers.CharField(source="collection.slug")

    class Meta:
        model = Prompt
        fields = [
            "uid", "external_id", "collection", "messages", "slices", "archived_at", "created_at",
        ]  # fmt: skip


class CompletionRowSerializer(serializers.ModelSerializer[Completion]):
    prompt = serializers.UUIDField(source="prompt.uid")
    model = serializers.CharField(source="generation.model.name")

    class Meta:
        model = Completion
        fields = ["uid", "prompt", "model", "content", "created_at"]


class TaskRowSerializer(serializers.ModelSerializer[Task]):
    prompt = serializers.UUIDField(source="prompt.uid")
    campaign = serializers.UUIDField(source="campaign.uid")

    class Meta:
        model = Task
        fields = [
            "uid", "campaign", "prompt", "kind", "priority", "overlap", "judged", "open_places",
            "is_reserved", "archived_at", "created_at",
        ]  # fmt: skip


class JudgmentRowSerializer(serializers.ModelSerializer[Judgment]):
    """`GET judgments` tells what was said."""

    campaign = serializers.UUIDField(source="campaign.uid")
    task = serializers.UUIDField(source="task.uid")
    prompt = serializers.UUIDField(source="task.prompt.uid")
    annotator = serializers.CharField(source="member.pseudonym")
    marks = serializers.SerializerMethodField()
    is_superseded = serializers.SerializerMethodField()

    class Meta:
        model = Judgment
        fields = [
            "uid", "campaign", "task", "prompt", "annotator", "source", "judged_at", "active_ms",
            "marks", "is_superseded",
        ]  # fmt: skip

    def get_marks(self, judgment: Judgment) -> list[str]:
        """As the filter `mark` names them."""
        are = {
            Mark.RETURNED: hasattr(judgment, "returned"),
            Mark.FIX: judgment.is_fix,
            Mark.VERDICT: judgment.is_verdict,
            Mark.EXTRA: judgment.is_extra,
            Mark.WITHDRAWN: judgment.withdrawn_at is not None,
        }
        return [mark.value for mark, is_so in are.items() if is_so]

    def get_is_superseded(self, judgment: Judgment) -> bool:
        return hasattr(judgment, "superseded_by")


ROWS: dict[Kind, type[serializers.ModelSerializer[Any]]] = {
    Kind.PROMPTS: PromptRowSerializer,
    Kind.COMPLETIONS: CompletionRowSerializer,
    Kind.TASKS: TaskRowSerializer,
    Kind.JUDGMENTS: JudgmentRowSerializer,
}


class FoundSerializer(serializers.Serializer[None]):
    count = serializers.IntegerField(allow_null=True)
    is_stretch = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = serializers.ListField(child=serializers.DictField())
