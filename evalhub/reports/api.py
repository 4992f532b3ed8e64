from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.campaigns.access import acting_campaign
from evalhub.common.attachments import attachment
from evalhub.reports.access import acting_export, newest_made
from evalhub.reports.choices import ExportFormat, ReportKind
from evalhub.reports.errors import NotComputed
from evalhub.reports.flat import csv_of
from evalhub.reports.parts import only
from evalhub.reports.progress import progress_report
from evalhub.reports.serializers import ExportSerializer, NewExportSerializer, ReportSerializer
from evalhub.reports.services import (
    open_export,
    start_export,
    start_report,
    start_reports,
)


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


class ReportView(APIView):
    kind = ReportKind.AGREEMENT

    @extend_schema(
        parameters=[
            OpenApiParameter("format", str, enum=["json", "csv"]),
            OpenApiParameter("by", str, enum=["slice", "version", "pair", "model", "week"]),
        ],
        responses={
            (200, "application/json"): ReportSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        """The report that was asked for last: its state, and its figures once there are some.

        With `?format=csv` the figures of the newest that is made, one a line. With `?by=` only what is
        split by that: agreement by `slice`, `version` or `pair`, the leaderboard by `slice`, bias by
        `model`, `slice` or `week`.
        """
        campaign = acting_campaign(request, uid, to="build")
        by = request.query_params.get("by", "")
        if request.query_params.get("format") == "csv":
            return csv_of(newest_made(campaign, self.kind), by=by)
        report = campaign.reports.filter(kind=self.kind).select_related("campaign", "job").first()
        if report is None:
            raise NotComputed(_("Nobody has asked for this report yet; POST computes it."))
        if by:
            report.body = only(self.kind, report.body, by)
        return Response(ReportSerializer(report).data)

    @extend_schema(request=None, responses={202: ReportSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Queue the computing of the report; one that is under way is answered instead."""
        campaign = acting_campaign(request, uid, to="build")
        by = acting_member(request, campaign.workspace_id, to="build")
        report = start_report(campaign=campaign, kind=self.kind, by=by)
        return Response(ReportSerializer(report).data, status=202)


class ReportsView(APIView):
    @extend_schema(request=None, responses={202: ReportSerializer(many=True)})
    def post(self, request: Request, uid: UUID) -> Response:
        """Queue all reports of a campaign as one job, which reads the answers once.

        One of each kind that says something of such a campaign; of a kind that is under way that one.
        """
        campaign = acting_campaign(request, uid, to="build")
        by = acting_member(request, campaign.workspace_id, to="build")
        reports = start_reports(campaign=campaign, by=by)
        return Response(ReportSerializer(reports, many=True).data, status=202)


class ProgressView(APIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, uid: UUID) -> Response:
        """How far the campaign is, its pace and when it will be done; worked out when asked."""
        return Response(progress_report(acting_campaign(request, uid, to="build")))


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
        return attachment(open_export(export=export, by=member), export.filename)
