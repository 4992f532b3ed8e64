from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.common.attachments import attachment
from evalhub.registry.access import access_endpoint, acting_model
from evalhub.registry.serving import folder_name, serving_of
from evalhub.runs.access import acting_run
from evalhub.runs.exporting.models import newest_of, open_merged, open_peft, start_merge
from evalhub.runs.exporting.served import served_summary, start_check
from evalhub.runs.exporting.services import TARGETS, export_run
from evalhub.runs.models import Recipe
from evalhub.runs.queries import merge_summary
from evalhub.runs.serializers import (
    CheckServedSerializer,
    MergeSerializer,
    ModelExportSerializer,
    RunExportSerializer,
    ServedSerializer,
)


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


class ModelExportView(APIView):
    @extend_schema(responses=ModelExportSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How a model is used elsewhere: its files, the command that serves it, its merge, what a server was found to serve."""
        model = acting_model(request, uid, to="build")
        run, check = (newest_of(model, each) for each in (Recipe.MERGE, Recipe.CHECK_SERVED))
        serving = serving_of(model)
        told = {
            "files": sorted(model.facts.get("files", {})),
            "vllm": serving.command if serving else "",
            "why_not_vllm": serving.why_not if serving else "",
            "merge": merge_summary(run) if run else None,
            "served": served_summary(check) if check else None,
        }
        return Response(told)


class ModelMergeView(APIView):
    @extend_schema(request=None, responses={202: MergeSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Merge an adapter into its base; what is done or under way is answered."""
        model = acting_model(request, uid, to="engineer")
        by = acting_member(request, model.workspace_id, to="engineer")
        run = start_merge(model=model, by=by)
        return Response(merge_summary(run), status=202)


class ModelCheckServedView(APIView):
    @extend_schema(request=CheckServedSerializer, responses={202: ServedSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Ask an endpoint whether it serves this adapter; a check of it that is under way is answered."""
        model = acting_model(request, uid, to="engineer")
        by = acting_member(request, model.workspace_id, to="engineer")
        asked = CheckServedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoint = access_endpoint(by, asked.validated_data["endpoint"])
        run = start_check(model=model, endpoint=endpoint.model, by=by)
        return Response(served_summary(run), status=202)


class ModelPeftView(APIView):
    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID) -> FileResponse:
        """An adapter's PEFT folder, as a zip; the audit log says who took it."""
        model = acting_model(request, uid, to="build")
        by = acting_member(request, model.workspace_id, to="build")
        return attachment(open_peft(model=model, by=by), f"{folder_name(model)}.zip")


class MergedFileView(APIView):
    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID, path: str) -> FileResponse:
        """One file of a merged model; the audit log says who took it."""
        run = acting_run(request, uid, to="build")
        by = acting_member(request, run.workspace_id, to="build")
        stream = open_merged(run=run, path=path, by=by)
        return attachment(stream, path.rsplit("/", 1)[-1])
