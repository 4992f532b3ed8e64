from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.campaigns.access import acting_campaign
from evalhub.campaigns.models import Campaign
from evalhub.labelling.access import access_criterion_of, acting_function
from evalhub.labelling.body import ChangedFunction, Decisions, NewFunction, NewRun, parsed
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import LabellingRun
from evalhub.labelling.queries import newest_run, overview_of, proposals_after
from evalhub.labelling.services.carrying import carry_functions
from evalhub.labelling.services.functions import add_function, change_function, retire_function
from evalhub.labelling.services.proposals import Decided, confirm_proposals, reject_proposals
from evalhub.labelling.services.runs import start_labelling
from evalhub.labelling.told import carried_told, function_told, overview_told
from evalhub.rubrics.models import Criterion

SHAPE = OpenApiTypes.OBJECT  # docs/api.md shows it


class FunctionsView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """The active functions of a criterion, and what the newest run in the campaign says."""
        campaign = acting_campaign(request, uid, to="build")
        criterion = access_criterion_of(campaign, request.query_params.get("criterion", ""))
        found = overview_of(criterion, newest_run(campaign, criterion))
        return Response({"criterion": criterion.slug} | overview_told(found))

    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Register a function for a criterion of the campaign's rubric version."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        body = parsed(request.body, NewFunction)
        criterion = access_criterion_of(campaign, body.criterion)
        function = add_function(criterion=criterion, by=by, **body.as_asked())
        return Response(function_told(function), status=201)


class CarryView(APIView):
    @extend_schema(request=SHAPE, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> Response:
        """Carry over the functions of the version before, by the rules for its answers."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        criterion = access_criterion_of(campaign, parsed(request.body, NewRun).criterion)
        return Response(carried_told(carry_functions(criterion=criterion, by=by)))


class FunctionView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """A version of a function."""
        function, _by = acting_function(request, uid, to="build")
        return Response(function_told(function))

    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def put(self, request: Request, uid: UUID) -> Response:
        """The next version of a function; this one is retired."""
        function, by = acting_function(request, uid, to="lead")
        body = parsed(request.body, ChangedFunction)
        made = change_function(
            function=function, value=body.value, parameters=body.parameters, by=by
        )
        return Response(function_told(made), status=201)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, uid: UUID) -> Response:
        """Retire a function; it stays on record."""
        function, by = acting_function(request, uid, to="lead")
        retire_function(function=function, by=by)
        return Response(status=204)


class RunsView(APIView):
    @extend_schema(request=SHAPE, responses={202: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Let the functions vote on the campaign's tasks; the job says how far it is."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        criterion = access_criterion_of(campaign, parsed(request.body, NewRun).criterion)
        run = start_labelling(campaign=campaign, criterion=criterion, by=by)
        return Response({"uid": str(run.uid), "job": str(run.job.uid)}, status=202)


class ProposalsView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """What the caller may still confirm or reject, the surest first."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        criterion = access_criterion_of(campaign, request.query_params.get("criterion", ""))
        run = newest_run(campaign, criterion)
        results: list[dict[str, Any]] = []
        following = None
        if run is not None:
            page = proposals_after(run, by, after=request.query_params.get("after", ""))
            following = page.following
            results = [
                {
                    "task": str(each.task.uid),
                    "prompt": str(each.task.prompt.uid),
                    "value": each.value,
                    "probability": each.probability,
                    "votes_for": each.votes_for,
                    "votes_against": each.votes_against,
                }
                for each in page.rows
            ]
        after = str(following) if following else None
        return Response({"criterion": criterion.slug, "after": after, "results": results})

    @extend_schema(request=SHAPE, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> Response:
        """Confirm proposals, each by a judgment of the caller's own, and reject others."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        body = parsed(request.body, Decisions)
        run = _newest(campaign, access_criterion_of(campaign, body.criterion))
        rejected = reject_proposals(run=run, tasks=body.reject, by=by)
        confirmed = confirm_proposals(run=run, tasks=body.confirm, by=by)
        return Response({"confirmed": _told(confirmed), "rejected": _told(rejected)})


def _newest(campaign: Campaign, criterion: Criterion) -> LabellingRun:
    run = newest_run(campaign, criterion)
    if run is None:
        raise UnfitLabelling("Run the labelling functions first.")
    return run


def _told(decided: Decided) -> dict[str, int]:
    return {"done": decided.done, "gone": decided.gone}
