from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.runs.access import acting_run
from evalhub.runs.models import Run
from evalhub.runs.queries import run_summary
from evalhub.runs.serializers import RunSerializer


class RunListView(ListAPIView[Run]):
    serializer_class = RunSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Run]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Run.objects.filter(workspace=member.workspace).select_related("job", "output_model")


class RunView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        return Response(run_summary(acting_run(request, uid, to="build")))
