from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.prompts.access import access_collection
from evalhub.registry.access import model_named
from evalhub.runs.generating.queries import generating_summary
from evalhub.runs.generating.services import start_generating
from evalhub.runs.serializers import GeneratingSerializer, NewGenerationSerializer


class GenerationListView(APIView):
    @extend_schema(request=NewGenerationSerializer, responses={202: GeneratingSerializer})
    def post(self, request: Request) -> Response:
        """Let a model, ours or a server's, answer the prompts of a collection."""
        by = acting_member(request, workspace_of(request, _named(request)), to="engineer")
        asked = NewGenerationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        judge = given.get("judge")
        run = start_generating(
            collection=access_collection(by, given["collection"]),
            model=model_named(by.workspace_id, given["model"]),
            beside=[model_named(by.workspace_id, each) for each in given.get("beside", [])],
            judge=model_named(by.workspace_id, judge) if judge else None,
            options=given.get("options", {}),
            seed=given.get("seed", 0),
            parts=given.get("parts", 1),
            by=by,
        )
        return Response(generating_summary(run), status=202)


def _named(request: Request) -> str | None:
    """The workspace that is asked for, before anything else of the body is looked at."""
    given = request.data.get("workspace") if isinstance(request.data, dict) else None
    return given if isinstance(given, str) else None
