from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.datasets.models import Dataset, DatasetBuild
from evalhub.datasets.services import BUILDABLE


class NewDatasetSerializer(serializers.Serializer[Dataset]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=[kind.value for kind in BUILDABLE])
    definition = serializers.DictField(
        default=dict, help_text="docs/formats.md lists the fields and their defaults"
    )


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ("uid", "name", "kind", "definition", "created_at")


class BuildSerializer(serializers.ModelSerializer[DatasetBuild]):
    """The state of the job; digest, rows, files and manifest once it has succeeded.

    `erased_at`: since when files are missing that held the words of somebody who was erased.
    """

    dataset = serializers.UUIDField(source="dataset.uid", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)
    files = serializers.SerializerMethodField()

    class Meta:
        model = DatasetBuild
        fields = (
            "uid",
            "dataset",
            "kind",
            "job",
            "state",
            "error",
            "digest",
            "rows",
            "files",
            "manifest",
            "erased_at",
            "crossed_at",
            "created_at",
        )

    def get_files(self, build: DatasetBuild) -> dict[str, dict[str, Any]]:
        """By name: sha256 and bytes. Where they lie is no business of a caller."""
        return {
            name: {"sha256": each["sha256"], "bytes": each["bytes"]}
            for name, each in build.files.items()
        }
