from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.runs.access import acting_run
from evalhub.runs.exporting.services import TARGETS, export_run
from evalhub.runs.serializers import RunExportSerializer


class RunExportView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("as", OpenApiTypes.STR, enum=list(TARGETS), required=True)],
        responses=RunExportSerializer,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        """The run's settings as a file of another trainer; the audit log says who took them."""
        run = acting_run(request, uid, to="build")
        by = acting_member(request, run.workspace_id, to="build")
        target = request.query_params.get("as", "")
        made = export_run(run=run, target=target, by=by)
        told = {"target": target, "filename": made.filename, "shape": made.shape}
        return Response(told | {"text": made.text, "unheld": made.unheld})
