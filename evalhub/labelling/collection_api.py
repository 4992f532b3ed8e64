"""Labelling functions on a collection. `criterion` is a uid: a collection has no rubric of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.labelling.access import access_criterion_on, acting_collection
from evalhub.labelling.body import NewFunction, NewRun, parsed
from evalhub.labelling.queries import newest_run_on, overview_of, prompts_after
from evalhub.labelling.services.carrying import carry_functions
from evalhub.labelling.services.functions import add_function
from evalhub.labelling.services.runs import start_labelling_collection
from evalhub.labelling.told import carried_told, function_told, overview_told

SHAPE = OpenApiTypes.OBJECT  # docs/api.md shows it


class CollectionFunctionsView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """The active functions of a criterion, and what the newest run on the collection says."""
        collection, member = acting_collection(request, uid, to="build")
        criterion = access_criterion_on(member, request.query_params.get("criterion", ""))
        found = overview_of(criterion, newest_run_on(collection, criterion))
        return Response({"criterion": str(criterion.uid)} | overview_told(found))

    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Register a function."""
        _collection, by = acting_collection(request, uid, to="lead")
        body = parsed(request.body, NewFunction)
        criterion = access_criterion_on(by, body.criterion)
        function = add_function(criterion=criterion, by=by, **body.as_asked())
        return Response(function_told(function), status=201)


class CollectionCarryView(APIView):
    @extend_schema(request=SHAPE, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> Response:
        """Carry over the functions of the version before."""
        _collection, by = acting_collection(request, uid, to="lead")
        criterion = access_criterion_on(by, parsed(request.body, NewRun).criterion)
        return Response(carried_told(carry_functions(criterion=criterion, by=by)))


class CollectionRunsView(APIView):
    @extend_schema(request=SHAPE, responses={202: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Let the functions vote on the collection's prompts; the job says how far it is."""
        collection, by = acting_collection(request, uid, to="lead")
        criterion = access_criterion_on(by, parsed(request.body, NewRun).criterion)
        run = start_labelling_collection(collection=collection, criterion=criterion, by=by)
        return Response({"uid": str(run.uid), "job": str(run.job.uid)}, status=202)


class CollectionProposalsView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """What is proposed for prompts, the surest first; a campaign is to confirm in."""
        collection, member = acting_collection(request, uid, to="lead")
        criterion = access_criterion_on(member, request.query_params.get("criterion", ""))
        run = newest_run_on(collection, criterion)
        results: list[dict[str, Any]] = []
        after = None
        if run is not None:
            page = prompts_after(run, after=request.query_params.get("after", ""))
            after = str(page.following) if page.following else None
            results = [
                {
                    "prompt": str(each.prompt.uid),
                    "value": each.value,
                    "probability": each.probability,
                    "votes_for": each.votes_for,
                    "votes_against": each.votes_against,
                }
                for each in page.rows
            ]
        return Response({"criterion": str(criterion.uid), "after": after, "results": results})
