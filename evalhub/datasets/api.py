from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.attachments import attachment
from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.common.rest import KeysetPagination
from evalhub.datasets.access import acting_build, acting_dataset
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import Dataset
from evalhub.datasets.serializers import (
    BuildSerializer,
    DatasetSerializer,
    NewDatasetSerializer,
)
from evalhub.datasets.services import create_dataset, start_build


class DatasetListView(ListAPIView[Dataset]):
    """Datasets of the workspace, newest first."""

    serializer_class = DatasetSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Dataset]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Dataset.objects.filter(workspace=member.workspace)

    @extend_schema(request=NewDatasetSerializer, responses={201: DatasetSerializer})
    def post(self, request: Request) -> Response:
        """Store a definition; build it with a POST to its `builds`."""
        asked = NewDatasetSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        key = workspace_of(request, values.get("workspace"))
        member = acting_member(request, key, to="build")
        dataset = create_dataset(
            workspace=member.workspace,
            name=values["name"],
            kind=BuildKind(values["kind"]),
            definition=values["definition"],
            by=member,
        )
        return Response(DatasetSerializer(dataset).data, status=201)


class DatasetBuildsView(APIView):
    @extend_schema(responses=BuildSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """The last 50 builds of a dataset, newest first."""
        dataset, _ = acting_dataset(request, uid)
        builds = dataset.builds.select_related("dataset", "job").order_by("-pk")[:50]
        return Response(BuildSerializer(builds, many=True).data)

    @extend_schema(request=None, responses={202: BuildSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Freeze the definition and queue the build of it."""
        dataset, member = acting_dataset(request, uid)
        build = start_build(dataset=dataset, by=member)
        return Response(BuildSerializer(build).data, status=202)


class BuildView(APIView):
    @extend_schema(responses=BuildSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """A build, its state and its manifest."""
        return Response(BuildSerializer(acting_build(request, uid)).data)


class BuildFileView(APIView):
    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID, name: str) -> FileResponse:
        """One file of a build."""
        build = acting_build(request, uid)
        if name not in build.files:
            raise NotFound("This build has no such file.")
        stream = file_store().open(build.files[name]["key"])
        return attachment(stream, name)
