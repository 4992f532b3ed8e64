from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.access import acting_benchmark, acting_evaluation, engineer_of
from evalhub.evaluation.benchmarks import add_benchmark
from evalhub.evaluation.models import Benchmark
from evalhub.evaluation.serializers import (
    BenchmarkSerializer,
    MeasuredSerializer,
    NewBenchmarkSerializer,
)
from evalhub.evaluation.services import note_looks


class BenchmarkListView(ListAPIView[Benchmark]):
    """Benchmarks of the workspace, newest first."""

    serializer_class = BenchmarkSerializer
    pagination_class = KeysetPagination
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> QuerySet[Benchmark]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Benchmark.objects.filter(workspace=member.workspace)

    @extend_schema(
        request={"multipart/form-data": NewBenchmarkSerializer},
        responses={201: BenchmarkSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a file's rows as a frozen set; the same rows again give the same benchmark."""
        member = engineer_of(request)
        asked = NewBenchmarkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        benchmark = add_benchmark(
            workspace=member.workspace, name=values["name"], stream=values["file"],
            licence=values["licence"], plain=values["plain"], by=member,
        )  # fmt: skip
        return Response(BenchmarkSerializer(benchmark).data, status=201)


class BenchmarkView(APIView):
    @extend_schema(responses=BenchmarkSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """What its rows carry."""
        return Response(BenchmarkSerializer(acting_benchmark(request, uid)).data)


class EvaluationView(APIView):
    @extend_schema(responses=MeasuredSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far it is, and its figures with intervals once it has ended, which is a look at its set."""
        evaluation = acting_evaluation(request, uid)
        if evaluation.is_measured:
            by = acting_member(request, evaluation.workspace_id, to="build")
            note_looks(by=by, digests=[evaluation.set_digest])
        return Response(MeasuredSerializer(evaluation).data)
