from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.runs.access import acting_run
from evalhub.tracking.access import access_service, tracker_named
from evalhub.tracking.models import Tracker
from evalhub.tracking.queries import standings_of
from evalhub.tracking.serializers import SendSerializer, StandingSerializer, TrackerSerializer
from evalhub.tracking.services import send_run, set_tracker

WORKSPACE = OpenApiParameter("workspace", OpenApiTypes.STR)


class TrackerListView(APIView):
    @extend_schema(parameters=[WORKSPACE], responses=TrackerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The services elsewhere that are told the figures of runs."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        trackers = Tracker.objects.filter(workspace=member.workspace)
        return Response(TrackerSerializer(trackers, many=True).data)

    @extend_schema(parameters=[WORKSPACE], request=TrackerSerializer, responses=TrackerSerializer)
    def post(self, request: Request) -> Response:
        """Set up the service, or change how it is set up."""
        key = workspace_of(request, request.query_params.get("workspace"))
        by = acting_member(request, key, to="engineer")
        asked = TrackerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        service = access_service(values.pop("service"))
        tracker = set_tracker(workspace=by.workspace, service=service, by=by, **values)
        return Response(TrackerSerializer(tracker).data)


class RunTrackingView(APIView):
    @extend_schema(responses=StandingSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """How far each service knows the run."""
        run = acting_run(request, uid, to="build")
        return Response([each.as_json() for each in standings_of(run)])

    @extend_schema(request=SendSerializer, responses={202: StandingSerializer(many=True)})
    def post(self, request: Request, uid: UUID) -> Response:
        """Send what is missing there."""
        run = acting_run(request, uid, to="engineer")
        by = acting_member(request, run.workspace_id, to="engineer")
        asked = SendSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        tracker = tracker_named(run.workspace, asked.validated_data["to"])
        send_run(run=run, tracker=tracker, by=by)
        return Response([each.as_json() for each in standings_of(run)], status=202)
