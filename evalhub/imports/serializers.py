from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from evalhub.common.own_words import MOST_LETTERS
from evalhub.common.personal_data import KINDS
from evalhub.formats.readers import FORMATS
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import summary_of


class UploadSerializer(serializers.Serializer[Import]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    collection = serializers.SlugField(max_length=50)
    kind = serializers.ChoiceField(choices=ImportKind.choices)
    format = serializers.ChoiceField(choices=["auto", *FORMATS], default="auto")
    file = serializers.FileField(required=False)
    dataset = serializers.CharField(
        required=False, max_length=200, help_text="a hub's dataset, owner/name, in place of a file"
    )
    split = serializers.CharField(required=False, max_length=100, help_text="of the dataset")
    revision = serializers.CharField(required=False, max_length=100, help_text="of the dataset")
    mapping = serializers.JSONField(
        required=False, help_text="of a table's columns, see docs/formats.md, Tables"
    )
    licence = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="under which it was published"
    )
    red_team = serializers.BooleanField(
        default=False,
        help_text="prompts written to make a model fail, in a collection of their own",
    )
    rubric = serializers.SlugField(
        required=False, max_length=50, help_text="in place of the one that the file names"
    )
    preview = serializers.BooleanField(
        default=False, help_text="look only: `summary.preview`; read after `confirm/`"
    )
    masks = serializers.MultipleChoiceField(
        choices=KINDS,
        default=set,
        help_text="kinds of personal data to mask; the file is then read after `confirm/`",
    )
    mask_words = serializers.ListField(
        child=serializers.CharField(max_length=MOST_LETTERS),
        default=list,
        help_text="words to mask besides, or patterns: # a digit, @ a letter, * the rest of a word",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("file" in given) == ("dataset" in given):
            raise serializers.ValidationError(
                {"file": "Send a file, or the id of a dataset: one of the two."}
            )
        return given


class MappingSerializer(serializers.Serializer[Import]):
    columns = serializers.JSONField(help_text="by column: {as, name, of, low, high}")
    has_head = serializers.BooleanField(default=True)


class ImportSerializer(serializers.ModelSerializer[Import]):
    """The state of the job, and the counts so far."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    collection = serializers.CharField(source="collection.slug", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)
    summary = serializers.SerializerMethodField()
    rejected_csv = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = (
            "uid",
            "workspace",
            "collection",
            "filename",
            "licence",
            "created_at",
            "job",
            "state",
            "error",
            "summary",
            "rejected_csv",
        )

    def get_rejected_csv(self, source: Import) -> str:
        """Where all rejected rows are; the summary has the first 20."""
        return reverse("import_rejected", args=[source.uid])

    def get_summary(self, source: Import) -> dict[str, Any]:  # any JSON
        return summary_of(source)
