from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.export.asked import Container
from evalhub.datasets.models import BuildExport, BuildPush, Dataset, DatasetBuild, DiffReport
from evalhub.datasets.push.targets import FORMS
from evalhub.datasets.queries import SPLITS
from evalhub.formats.shapes import SHAPES


class NewDatasetSerializer(serializers.Serializer[Dataset]):
    workspace = serializers.SlugField(required=False, help_text="its slug; a token needs none")
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=BuildKind.choices)
    definition = serializers.DictField(
        default=dict, help_text="docs/formats.md lists the fields and their defaults"
    )


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ("uid", "name", "kind", "definition", "created_at")


class BuildSerializer(serializers.ModelSerializer[DatasetBuild]):
    """The state of the job; digest, rows, files and manifest once it has succeeded.

    `token_lengths`: what a trainer counted, by the uid of the base it counted for. `erased_at`: since when files are missing that held the words of somebody who was erased.
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
            "token_lengths",
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


class NewBuildExportSerializer(serializers.Serializer[BuildExport]):
    shape = serializers.ChoiceField(choices=list(SHAPES), default="trl")
    format = serializers.ChoiceField(choices=Container.values, default=Container.FOLDER.value)
    splits = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SPLITS)),
        default=list(SPLITS),
        help_text="one alone is a file; several, and a folder, come as a zip archive",
    )


class BuildExportSerializer(serializers.ModelSerializer[BuildExport]):
    """The state of the job; what was written, left out and lost once it has succeeded."""

    build = serializers.UUIDField(source="build.uid", read_only=True)
    format = serializers.CharField(source="container", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)

    class Meta:
        model = BuildExport
        fields = (
            "uid", "build", "shape", "format", "splits", "job", "state", "error", "found",
            "filename", "bytes", "digest", "created_at", "expires_at",
        )  # fmt: skip


class NewPushSerializer(serializers.Serializer[BuildPush]):
    target = serializers.CharField(max_length=300, help_text=FORMS)
    shape = serializers.ChoiceField(choices=list(SHAPES), default="trl")


class PushSerializer(serializers.ModelSerializer[BuildPush]):
    """`outcome` is empty until the job has ended well; `is_new` false: it was there already."""

    build = serializers.UUIDField(source="build.uid", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)

    class Meta:
        model = BuildPush
        fields = (
            "uid", "build", "target", "shape", "job", "state", "error", "outcome", "created_at",
        )  # fmt: skip


class NewDiffSerializer(serializers.Serializer[DiffReport]):
    other = serializers.UUIDField(help_text="another finished build of the same dataset")


class DiffSerializer(serializers.ModelSerializer[DiffReport]):
    """`body` is empty until the job has ended well."""

    old = serializers.UUIDField(source="old.uid", read_only=True)
    new = serializers.UUIDField(source="new.uid", read_only=True)
    job = serializers.UUIDField(source="job.uid", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)

    class Meta:
        model = DiffReport
        fields = ("uid", "old", "new", "job", "state", "error", "body", "made_at")
