from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.attachments import attachment
from evalhub.common.errors import NotFound
from evalhub.datasets.access import (
    access_diff,
    access_push,
    acting_build,
    acting_build_export,
    acting_for,
)
from evalhub.datasets.diffing import start_diff
from evalhub.datasets.export.asked import Container, asked_for
from evalhub.datasets.export.services import open_build_export, start_build_export
from evalhub.datasets.models import BuildPush, DatasetBuild, DiffReport
from evalhub.datasets.push.services import start_push
from evalhub.datasets.serializers import (
    BuildExportSerializer,
    DiffSerializer,
    NewBuildExportSerializer,
    NewDiffSerializer,
    NewPushSerializer,
    PushSerializer,
)


class BuildExportsView(APIView):
    @extend_schema(responses=BuildExportSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """The last 50 exports of a build, newest first."""
        exports = acting_build(request, uid).exports.select_related("build", "job")
        return Response(BuildExportSerializer(exports.order_by("-pk")[:50], many=True).data)

    @extend_schema(request=NewBuildExportSerializer, responses={202: BuildExportSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Queue the writing of the build for another program."""
        build, values = acting_build(request, uid), NewBuildExportSerializer(data=request.data)
        values.is_valid(raise_exception=True)
        given = values.validated_data
        splits = tuple(given["splits"])
        asked = asked_for(build, shape=given["shape"], container=given["format"], splits=splits)
        export = start_build_export(build=build, asked=asked, by=_asker(request, build))
        return Response(BuildExportSerializer(export).data, status=202)


class BuildExportView(APIView):
    @extend_schema(responses=BuildExportSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far an export is, and what it could not hold."""
        return Response(BuildExportSerializer(acting_build_export(request, uid)[0]).data)


class BuildExportDownloadView(APIView):
    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID) -> FileResponse:
        """The file; the audit log says who took it."""
        export, member = acting_build_export(request, uid)
        return attachment(open_build_export(export=export, by=member), export.filename)


class BuildPushesView(APIView):
    @extend_schema(responses=PushSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """The last 50 pushes of a build, newest first."""
        pushes = acting_build(request, uid).pushes.select_related("build", "job")
        return Response(PushSerializer(pushes.order_by("-pk")[:50], many=True).data)

    @extend_schema(request=NewPushSerializer, responses={202: PushSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Queue the copying of the build to a place that the operator allows."""
        build, values = acting_build(request, uid), NewPushSerializer(data=request.data)
        values.is_valid(raise_exception=True)
        given = values.validated_data
        asked = asked_for(build, shape=given["shape"], container=Container.FOLDER)
        by = _asker(request, build)
        push = start_push(build=build, asked=asked, target=given["target"], by=by)
        return Response(PushSerializer(push).data, status=202)


class BuildPushView(APIView):
    @extend_schema(responses=PushSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far a push is."""
        rows = BuildPush.objects.values_list("workspace", flat=True)
        member = acting_for(request, rows, uid, "push")
        return Response(PushSerializer(access_push(member, uid)).data)


class BuildDiffsView(APIView):
    @extend_schema(request=NewDiffSerializer, responses={202: DiffSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Compare the build with another one of its dataset; what was once found is answered."""
        build, values = acting_build(request, uid), NewDiffSerializer(data=request.data)
        values.is_valid(raise_exception=True)
        others = DatasetBuild.objects.select_related("job").filter(dataset=build.dataset_id)
        other = others.exclude(pk=build.pk).filter(uid=values.validated_data["other"]).first()
        if other is None:
            raise NotFound("This dataset has no such other build.")
        old, new = sorted([build, other], key=lambda each: each.pk)
        report = start_diff(old=old, new=new, by=_asker(request, build))
        return Response(DiffSerializer(report).data, status=202)


class BuildDiffView(APIView):
    @extend_schema(responses=DiffSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """What changed, once it is worked out."""
        rows = DiffReport.objects.values_list("new__workspace", flat=True)
        member = acting_for(request, rows, uid, "comparison")
        return Response(DiffSerializer(access_diff(member, uid)).data)


def _asker(request: Request, build: DatasetBuild) -> Member:
    return acting_member(request, build.workspace_id, to="build")
