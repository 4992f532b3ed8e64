"""Sweeps for outsiders: start one, read how it goes, train its best try."""

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
from evalhub.common.errors import NotFound
from evalhub.common.rest import KeysetPagination
from evalhub.datasets.access import access_build
from evalhub.runs.queries import run_summary
from evalhub.sweeps.access import acting_sweep
from evalhub.sweeps.asked_for import read_spec, start_as_asked
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import sweep_summary
from evalhub.sweeps.serializers import ExtendSerializer, SweepSerializer
from evalhub.sweeps.services import cancel_sweep, extend_sweep, train_best

SUMMARY = OpenApiTypes.OBJECT  # as `manage.py sweep --json` ends with


class SweepListView(ListAPIView[Sweep]):
    serializer_class = SweepSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Sweep]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Sweep.objects.filter(workspace=member.workspace).select_related("model")

    @extend_schema(request=SUMMARY, responses={201: SUMMARY})
    def post(self, request: Request) -> Response:
        """Start a sweep or a learning curve; the body is a spec as `manage.py sweep` takes it."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        spec = read_spec(request.data)
        try:
            build = access_build(member, UUID(spec.build))
        except ValueError as error:
            raise NotFound("No such build.") from error
        sweep = start_as_asked(spec, workspace=member.workspace, build=build, by=member)
        return Response(sweep_summary(sweep), status=201)


class SweepView(APIView):
    @extend_schema(responses=SUMMARY)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far it is: every try with its settings, state and figure, and the best."""
        sweep, _ = acting_sweep(request, uid, to="build")
        return Response(sweep_summary(sweep))


class SweepCancelView(APIView):
    @extend_schema(request=None, responses=SUMMARY)
    def post(self, request: Request, uid: UUID) -> Response:
        """Start no more tries, and stop those under way."""
        sweep, member = acting_sweep(request, uid, to="engineer")
        return Response(sweep_summary(cancel_sweep(sweep=sweep, by=member)))


class SweepExtendView(APIView):
    @extend_schema(request=ExtendSerializer, responses=SUMMARY)
    def post(self, request: Request, uid: UUID) -> Response:
        """Go on with so many more tries."""
        sweep, member = acting_sweep(request, uid, to="engineer")
        given = ExtendSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        more = given.validated_data["tries"]
        return Response(sweep_summary(extend_sweep(sweep=sweep, tries=more, by=member)))


class SweepFinalView(APIView):
    @extend_schema(request=None, responses=SUMMARY)
    def post(self, request: Request, uid: UUID) -> Response:
        """Train with the best settings on all training rows; answers with the run."""
        sweep, member = acting_sweep(request, uid, to="engineer")
        return Response(run_summary(train_best(sweep=sweep, by=member)))
