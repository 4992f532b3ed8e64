"""Rubrics for programs: a version as its document, and documents into drafts."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.rubrics.access import acting_rubric, acting_rubric_version
from evalhub.rubrics.document import document_of, read_document
from evalhub.rubrics.intake import rubric_from, version_from
from evalhub.rubrics.models import RubricVersion
from evalhub.rubrics.serializers import (
    DOCUMENT,
    NewRubricSerializer,
    NewVersionSerializer,
    RubricVersionSerializer,
)
from evalhub.rubrics.services import publish_version


class RubricVersionListView(ListAPIView[RubricVersion]):
    """The versions of the workspace's rubrics, newest first."""

    serializer_class = RubricVersionSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[RubricVersion]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        acting_member(self.request, key, to="watch")
        return RubricVersion.objects.filter(rubric__workspace=key).select_related("rubric")

    @extend_schema(request=NewRubricSerializer, responses={201: RubricVersionSerializer})
    def post(self, request: Request) -> Response:
        """A new rubric whose version 1 is a draft of what the document says."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="lead")
        asked = NewRubricSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        document = read_document(asked.raw_document())
        version = rubric_from(
            document=document,
            workspace=member.workspace,
            slug=asked.validated_data["slug"],
            name=asked.validated_data["name"] or document.name,
            by=member,
        )
        return Response(RubricVersionSerializer(version).data, status=201)


class NewVersionView(APIView):
    @extend_schema(request=NewVersionSerializer, responses={201: RubricVersionSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """The rubric's next version, as a draft of what the document says."""
        rubric, member = acting_rubric(request, uid)
        asked = NewVersionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        document = read_document(asked.raw_document())
        version = version_from(document=document, rubric=rubric, by=member)
        return Response(RubricVersionSerializer(version).data, status=201)


class RubricVersionView(APIView):
    @extend_schema(responses=DOCUMENT)
    def get(self, request: Request, uid: UUID) -> HttpResponse:
        """One version as the documented JSON, byte for byte as the page's download."""
        version, _member = acting_rubric_version(request, uid, to="view")
        return HttpResponse(document_of(version), content_type="application/json")


class PublishView(APIView):
    @extend_schema(request=None, responses=RubricVersionSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Freeze a draft so that campaigns can use it."""
        version, member = acting_rubric_version(request, uid, to="lead")
        published = publish_version(version=version, by=member)
        return Response(RubricVersionSerializer(published).data)
