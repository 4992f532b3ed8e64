from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.registry.models import LanguageModel
from evalhub.registry.serializers import LanguageModelSerializer


class ModelListView(ListAPIView[LanguageModel]):
    serializer_class = LanguageModelSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[LanguageModel]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        models = LanguageModel.objects.of_workspace(member.workspace)
        return models.select_related("parent")
