from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.prompts.access import access_collection
from evalhub.registry.access import model_named
from evalhub.registry.services import tell_read
from evalhub.runs.access import acting_run, runs_to_compare
from evalhub.runs.asked_for import read_spec, start_as_asked
from evalhub.runs.comparing import compare
from evalhub.runs.models import Rewriting, Run
from evalhub.runs.queries import run_summary, sets_of
from evalhub.runs.rewriting.services import start_rewriting
from evalhub.runs.serializers import NewRewritingSerializer, RewritingSerializer, RunSerializer


@extend_schema(parameters=[OpenApiParameter("tag", OpenApiTypes.STR, many=True)])
class RunListView(ListAPIView[Run]):
    """`tag` leaves only those that have it; given several times, all of them."""

    serializer_class = RunSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Run]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        runs = Run.objects.filter(workspace=member.workspace).select_related("job", "output_model")
        tags = self.request.query_params.getlist("tag")
        return runs.filter(tags__contains=tags) if tags else runs

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        page = super().paginate_queryset(queryset)
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        tell_read(by=acting_member(self.request, key, to="build"), sets=sets_of(page or ()))
        return page

    @extend_schema(request=OpenApiTypes.OBJECT, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Train; the body is a spec as `manage.py train` takes it."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        run = start_as_asked(read_spec(request.data), workspace=member.workspace, by=member)
        return Response(run_summary(run), status=202)


class RewritingListView(ListAPIView[Rewriting]):
    """Prompts that models wrote anew, newest first."""

    serializer_class = RewritingSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Rewriting]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        rows = Rewriting.objects.filter(workspace=member.workspace)
        return rows.select_related("source", "target", "first__job", "second__job")

    @extend_schema(request=NewRewritingSerializer, responses={202: RewritingSerializer})
    def post(self, request: Request) -> Response:
        """Let a model write the prompts of a collection anew."""
        asked = NewRewritingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        key = workspace_of(request, values.pop("workspace", None))
        member = acting_member(request, key, to="engineer")
        made = start_rewriting(
            collection=access_collection(member, values.pop("collection")),
            model=model_named(member.workspace_id, values.pop("model")),
            by=member,
            **values,
        )
        return Response(RewritingSerializer(made).data, status=202)


class RunView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        run = acting_run(request, uid, to="build")
        by = acting_member(request, run.workspace_id, to="build")
        tell_read(by=by, sets=sets_of([run]))
        return Response(run_summary(run))


class RunComparisonView(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter("run", OpenApiTypes.UUID, many=True, required=True),
            OpenApiParameter("workspace", OpenApiTypes.STR),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Two to eight runs side by side: what differs, figures, curves, answers to the same prompts."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="build")
        runs = runs_to_compare(member.workspace, request.query_params.getlist("run"))
        tell_read(by=member, sets=sets_of(runs))
        return Response(compare(runs).as_json())
