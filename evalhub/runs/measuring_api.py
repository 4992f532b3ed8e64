from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.datasets.access import acting_build
from evalhub.registry.access import model_named
from evalhub.runs.queries import run_summary
from evalhub.runs.serializers import NewMeasureSerializer
from evalhub.runs.services import start_measuring


class BuildMeasureView(APIView):
    @extend_schema(request=NewMeasureSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, uid: UUID) -> Response:
        """Count the tokens of a build's rows as a model will read them; they come to stand on the build."""
        build = acting_build(request, uid)
        by = acting_member(request, build.workspace_id, to="build")
        asked = NewMeasureSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        model = model_named(build.workspace_id, asked.validated_data["model"])
        return Response(run_summary(start_measuring(build=build, model=model, by=by)), status=202)
