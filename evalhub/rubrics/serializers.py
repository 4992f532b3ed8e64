from __future__ import annotations

import json

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evalhub.accounts.models import slug_rule
from evalhub.rubrics.models import RubricVersion

DOCUMENT = OpenApiTypes.OBJECT  # docs/rubric.schema.json has its fields


@extend_schema_field(DOCUMENT)
class DocumentField(serializers.DictField):
    """A rubric as `evalhub-rubric-1`; what is in it is checked by `read_document`."""


class NewVersionSerializer(serializers.Serializer[RubricVersion]):
    document = DocumentField()

    def raw_document(self) -> bytes:
        """The document as it would stand in a file."""
        return json.dumps(self.validated_data["document"], ensure_ascii=False).encode()


class NewRubricSerializer(NewVersionSerializer):
    slug = serializers.CharField(max_length=50, validators=[slug_rule])
    name = serializers.CharField(
        max_length=100, required=False, default="", help_text="the document’s when left out"
    )


class RubricVersionSerializer(serializers.ModelSerializer[RubricVersion]):
    """One version; its document is at `rubrics/versions/{uid}`."""

    rubric = serializers.UUIDField(source="rubric.uid", read_only=True)
    slug = serializers.CharField(source="rubric.slug", read_only=True)
    name = serializers.CharField(source="rubric.name", read_only=True)

    class Meta:
        model = RubricVersion
        fields = ("uid", "rubric", "slug", "name", "number", "created_at", "published_at")
