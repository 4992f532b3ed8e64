from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.jobs.access import access_job
from evalhub.runs.access import acting_run
from evalhub.runs.models import Run
from evalhub.runs.pausing import pause_run, resume_run
from evalhub.runs.queries import run_summary


class RunPauseView(APIView):
    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, uid: UUID) -> Response:
        """Stop it at its next step, with a checkpoint, until somebody lets it go on."""
        run, by = _held(request, uid)
        return Response(run_summary(pause_run(run=run, by=by)))


class RunResumeView(APIView):
    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, uid: UUID) -> Response:
        """Let it go on from its last checkpoint."""
        run, by = _held(request, uid)
        return Response(run_summary(resume_run(run=run, by=by)))


class Held(NamedTuple):
    run: Run
    by: Member


def _held(request: Request, uid: UUID) -> Held:
    """Whoever may cancel a run may hold it."""
    run = acting_run(request, uid, to="view")
    by = acting_member(request, run.workspace_id, to="view")
    run.job = access_job(by, run.job.uid, to_cancel=True)
    return Held(run, by)
