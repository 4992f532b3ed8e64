from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.models import Comparison, Evaluation, Promotion
from evalhub.evaluation.serializers import (
    ComparisonSerializer,
    EvaluationSerializer,
    PromotionSerializer,
)


class EvaluationListView(ListAPIView[Evaluation]):
    serializer_class = EvaluationSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Evaluation]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Evaluation.objects.filter(workspace=member.workspace).select_related("model")


class ComparisonListView(ListAPIView[Comparison]):
    serializer_class = ComparisonSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Comparison]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        comparisons = Comparison.objects.filter(workspace=member.workspace)
        return comparisons.select_related("baseline__model", "candidate__model")


class PromotionListView(ListAPIView[Promotion]):
    serializer_class = PromotionSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Promotion]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Promotion.objects.filter(workspace=member.workspace).select_related("model")
