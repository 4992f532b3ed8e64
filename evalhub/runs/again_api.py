from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.datasets.access import access_build
from evalhub.registry.access import model_named
from evalhub.runs.access import acting_run
from evalhub.runs.again import clone_run, repeat_run
from evalhub.runs.queries import run_summary
from evalhub.runs.remarks import keep_note, tag_run
from evalhub.runs.serializers import CloneSerializer, RemarksSerializer


class RunRepeatView(APIView):
    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, uid: UUID) -> Response:
        """The same spec once more, for weights that are equal to the bit."""
        run = acting_run(request, uid, to="engineer")
        by = acting_member(request, run.workspace_id, to="engineer")
        return Response(run_summary(repeat_run(run=run, by=by)), status=202)


class RunCloneView(APIView):
    @extend_schema(request=CloneSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, uid: UUID) -> Response:
        """The same settings with changes; what is not named stays as it was."""
        run = acting_run(request, uid, to="engineer")
        by = acting_member(request, run.workspace_id, to="engineer")
        asked = CloneSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changes = dict(asked.validated_data)
        if "model" in changes:
            changes["model"] = model_named(run.workspace_id, changes["model"])
        if "build" in changes:
            changes["build"] = access_build(by, changes["build"])
        return Response(run_summary(clone_run(run=run, by=by, **changes)), status=202)


class RunRemarksView(APIView):
    @extend_schema(request=RemarksSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, uid: UUID) -> Response:
        """Tags of the run, and your own note on it."""
        run = acting_run(request, uid, to="engineer")
        by = acting_member(request, run.workspace_id, to="engineer")
        asked = RemarksSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if "tags" in asked.validated_data:
            run.tags = tag_run(run=run, tags=asked.validated_data["tags"], by=by).tags
        if "note" in asked.validated_data:
            keep_note(run=run, text=asked.validated_data["note"], by=by)
        return Response(run_summary(run))
