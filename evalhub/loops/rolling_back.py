"""Putting a model back into service that was there before; a write like those in services."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.evaluation.models import Decision
from evalhub.loops.choices import RoundState
from evalhub.loops.errors import CannotRollBack, RoundRunning
from evalhub.loops.models import Loop
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import put_in_service, take_out_of_service


def earlier_models(loop: Loop) -> QuerySet[LanguageModel]:
    """What was trained from the Loop's base, was promoted once and is not in service, newest first."""
    promoted = LanguageModel.objects.filter(
        workspace=loop.workspace, promotions__decision=Decision.PROMOTE
    ).distinct()
    keys = [
        model.pk
        for model in promoted.select_related("parent__parent__parent")
        if loop.may_serve(model) and model.pk != loop.incumbent_id
    ]
    return LanguageModel.objects.filter(pk__in=keys).order_by("-pk")


@transaction.atomic
def roll_back(
    *, loop: Loop, to: LanguageModel | None, reason: str, by: Member | None = None
) -> Loop:
    """Make an earlier model the incumbent again; the one in service is retired.

    Args:
        to: an adapter on the base or what was trained whole from it; None for the base itself.

    Raises:
        CannotRollBack: the model never was in service on this base, is there now, or nothing is.
        RoundRunning: a Round is under way, which would be measured beside the wrong model.
    """
    loop = Loop.objects.select_for_update(of=("self",)).select_related(
        "incumbent", "base_model", "workspace"
    ).get(pk=loop.pk)  # fmt: skip
    running = loop.rounds.filter(state=RoundState.RUNNING).first()
    if running is not None:
        raise RoundRunning(
            f"Round {running.number} of “{loop}” is running and compares with the model in service; "
            "cancel it first, then roll back.",
            round=str(running.uid),
        )
    if not reason.strip():
        raise CannotRollBack("Say why: the reason stands in the audit log.")
    before = loop.incumbent
    if to is not None and not earlier_models(loop).filter(pk=to.pk).exists():
        known = ", ".join(str(each) for each in earlier_models(loop)) or "none"
        raise CannotRollBack(
            f"“{to}” was not in service on “{loop.base_model}” before; there are: {known}."
        )
    if to is None and before is None:
        raise CannotRollBack("The base itself is in service already.")
    if to is not None:
        put_in_service(model=to, replaces=before, by=by)
    elif before is not None:
        take_out_of_service(model=before, by=by)
    loop.incumbent = to
    loop.save(update_fields=["incumbent"])
    record(
        "loop.rolled_back",
        actor=by.pseudonym if by else "system",
        workspace=loop.workspace.slug,
        target=f"loop {loop.uid}",
        before=str(before.uid) if before else None,
        after=str(to.uid) if to else None,
        reason=reason,
    )
    return loop
