from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.campaigns.access import acting_campaign
from evalhub.reports.access import acting_export
from evalhub.reports.choices import ExportFormat
from evalhub.reports.serializers import ExportSerializer, NewExportSerializer
from evalhub.reports.services import open_export, start_export


class CampaignExportsView(APIView):
    @extend_schema(responses=ExportSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """The last 50 exports of a campaign, newest first."""
        campaign = acting_campaign(request, uid, to="build")
        exports = campaign.exports.select_related("campaign", "job").order_by("-pk")[:50]
        return Response(ExportSerializer(exports, many=True).data)

    @extend_schema(request=NewExportSerializer, responses={202: ExportSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Queue the writing of the campaign's judgments into a file."""
        campaign = acting_campaign(request, uid, to="build")
        asked = NewExportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        export = start_export(
            campaign=campaign,
            format=ExportFormat(asked.validated_data["format"]),
            everything=asked.validated_data["everything"],
            by=acting_member(request, campaign.workspace_id, to="build"),
        )
        return Response(ExportSerializer(export).data, status=202)


class ExportView(APIView):
    @extend_schema(responses=ExportSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far an export is."""
        return Response(ExportSerializer(acting_export(request, uid).export).data)


class ExportDownloadView(APIView):
    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID) -> FileResponse:
        """The file; the audit log says who took it."""
        export, member = acting_export(request, uid)
        return FileResponse(
            open_export(export=export, by=member),
            as_attachment=True,
            filename=export.filename,
            content_type="application/octet-stream",
        )
