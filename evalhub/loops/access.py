from __future__ import annotations

from uuid import UUID

from django.db import models
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.loops.models import Loop, Round


def access_loop(member: Member, uid: UUID) -> Loop:
    loop = _loops().filter(uid=uid, workspace=member.workspace).first()
    if loop is None:
        raise NotFound("No such Loop.")
    return loop


def access_round(member: Member, uid: UUID) -> Round:
    round_ = _rounds().filter(uid=uid, loop__workspace=member.workspace).first()
    if round_ is None:
        raise NotFound("No such Round.")
    return round_


def acting_loop(request: Request, uid: UUID, *, to: Act) -> tuple[Loop, Member]:
    """The same for the API, for a token or a session; and who acts."""
    loop = _loops().filter(uid=uid).first()
    if loop is None:
        raise NotFound("No such Loop.")
    return loop, _member(request, loop.workspace_id, "No such Loop.", to=to)


def acting_round(request: Request, uid: UUID, *, to: Act) -> tuple[Round, Member]:
    round_ = _rounds().filter(uid=uid).first()
    if round_ is None:
        raise NotFound("No such Round.")
    return round_, _member(request, round_.loop.workspace_id, "No such Round.", to=to)


def _member(request: Request, workspace_pk: int, absent: str, *, to: Act) -> Member:
    try:
        return acting_member(request, workspace_pk, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound(absent) from error


def _loops() -> models.QuerySet[Loop]:
    return Loop.objects.select_related(
        "workspace", "base_model", "incumbent", "collection", "rubric_version__rubric"
    )


def _rounds() -> models.QuerySet[Round]:
    return Round.objects.select_related(
        "loop__workspace",
        "loop__base_model",
        "loop__incumbent",
        "loop__collection",
        "created_by",
        "candidate",
    )
