from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.accounts.models import Member
from evalhub.common.rest import KeysetPagination
from evalhub.imports.access import acting_import
from evalhub.imports.exports import rejected_csv
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import first_rejected
from evalhub.imports.serializers import ImportSerializer, MappingSerializer, UploadSerializer
from evalhub.imports.services import confirm_import, map_import, start_hub_import, start_import


class ImportListView(ListAPIView[Import]):
    """Imports of the workspace, newest first."""

    serializer_class = ImportSerializer
    pagination_class = KeysetPagination
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> QuerySet[Import]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        imports = Import.objects.filter(workspace=member.workspace)
        return imports.select_related("workspace", "collection", "job").prefetch_related(
            first_rejected()
        )

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={202: ImportSerializer}
    )
    def post(self, request: Request) -> Response:
        """Keep the file and queue the reading of it; look at the answer's `uid` for progress."""
        asked = UploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        key = workspace_of(request, values.get("workspace"))
        member = acting_member(request, key, to="build")
        return Response(ImportSerializer(_started(member, values)).data, status=202)


class ImportView(APIView):
    @extend_schema(responses=ImportSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far the reading is, and what was rejected."""
        return Response(ImportSerializer(acting_import(request, uid)).data)


class ConfirmView(APIView):
    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Read the file with what its preview (`summary.masked`) showed masked."""
        source = acting_import(request, uid)
        member = acting_member(request, source.workspace_id, to="build")
        return Response(ImportSerializer(confirm_import(source=source, by=member)).data, status=202)


class MappingView(APIView):
    @extend_schema(request=MappingSerializer, responses={202: ImportSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Say what the columns of a table are (`summary.table`); it is looked through anew."""
        source = acting_import(request, uid)
        member = acting_member(request, source.workspace_id, to="build")
        asked = MappingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        mapping = {name: value for name, value in asked.validated_data.items() if value is not True}
        source = map_import(source=source, mapping=mapping, by=member)
        return Response(ImportSerializer(source).data, status=202)


class RejectedView(APIView):
    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, uid: UUID) -> StreamingHttpResponse:
        """Every rejected row: line, field, reason, excerpt."""
        source = acting_import(request, uid)
        return StreamingHttpResponse(
            rejected_csv(source),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="rejected-{source.uid}.csv"'},
        )


def _started(member: Member, values: dict[str, Any]) -> Import:
    """The import that a request asks for."""
    more: dict[str, Any] = {
        "workspace": member.workspace,
        "collection": values["collection"],
        "kind": ImportKind(values["kind"]),
        "format": values["format"],
        "masks": sorted(values["masks"]),
        "mask_words": values["mask_words"],
        "mapping": values.get("mapping"),
        "rubric": values.get("rubric", ""),
        "licence": values["licence"],
        "red_team": values["red_team"],
        "previews": values["preview"],
        "by": member,
    }
    if "dataset" in values:
        names = {name: values.get(name, "") for name in ("dataset", "split", "revision")}
        return start_hub_import(**names, **more)
    return start_import(filename=values["file"].name, stream=values["file"], **more)
