from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.prompts.access import access_collection
from evalhub.registry.access import model_named
from evalhub.runs.scoring.queries import authors_by, scoring_summary
from evalhub.runs.scoring.services import start_scoring
from evalhub.runs.serializers import (
    AuthorSerializer,
    NewScoringSerializer,
    ScoringSerializer,
)


class ScoringListView(APIView):
    @extend_schema(parameters=[NewScoringSerializer], responses=AuthorSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Who wrote better answers, as a reward model scored them."""
        member = acting_member(
            request, workspace_of(request, request.query_params.get("workspace")), to="build"
        )
        asked = NewScoringSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        collection = access_collection(member, given["collection"])
        authors = authors_by(model_named(member.workspace_id, given["model"]), collection)
        return Response([asdict(each) for each in authors])

    @extend_schema(request=NewScoringSerializer, responses={202: ScoringSerializer})
    def post(self, request: Request) -> Response:
        """Let a reward model score the answers of a collection that it has not scored yet."""
        asked = NewScoringSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        member = acting_member(
            request, workspace_of(request, given.get("workspace")), to="engineer"
        )
        run = start_scoring(
            collection=access_collection(member, given["collection"]),
            model=model_named(member.workspace_id, given["model"]),
            by=member,
        )
        return Response(scoring_summary(run), status=202)
