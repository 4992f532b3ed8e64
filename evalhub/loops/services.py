from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.loops.choices import RoundState, StepKind, StepState
from evalhub.loops.errors import LoopSlugTaken, RoundNotResumable, RoundOver, RoundRunning
from evalhub.loops.models import Loop, Round, Step
from evalhub.loops.policy import read_policy, stored
from evalhub.loops.turning import advance
from evalhub.prompts.models import Collection
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion


def create_loop(
    *,
    workspace: Workspace,
    slug: str,
    name: str,
    base_model: LanguageModel,
    collection: Collection,
    rubric_version: RubricVersion,
    policy: dict[str, Any] | None = None,
    by: Member | None = None,
) -> Loop:
    """Set up the policy that Rounds follow; what `policy` leaves out has its default.

    Raises:
        BadPolicy: a field or option that we do not know, or a value of the wrong type.
        CannotRun: the model is not a base model.
        LoopSlugTaken: the workspace has a Loop of that slug.
    """
    if base_model.kind != ModelKind.BASE:
        raise CannotRun(f"A Loop trains adapters on a base model; “{base_model}” is none.")
    loop = Loop(
        workspace=workspace,
        slug=slug,
        name=name,
        base_model=base_model,
        collection=collection,
        rubric_version=rubric_version,
        policy=stored(read_policy(policy or {})),
    )
    loop.clean_fields()
    try:
        with transaction.atomic():
            loop.save()
            _record("loop.created", loop, f"loop {loop.uid}", by)
    except IntegrityError as error:
        raise LoopSlugTaken(f"There is a Loop “{slug}” already; choose another slug.") from error
    return loop


@transaction.atomic
def start_round(*, loop: Loop, by: Member | None = None) -> Round:
    """Begin the next turn of the circle; its first Step's Jobs are queued on return.

    Raises:
        RoundRunning: the Loop's last Round has not ended.
    """
    loop = Loop.objects.select_for_update().get(pk=loop.pk)
    _demand_none_running(loop)
    last = loop.rounds.order_by("-number").values_list("number", flat=True).first()
    round_ = Round.objects.create(
        loop=loop,
        number=(last or 0) + 1,
        created_by=by,
        policy=stored(read_policy(loop.policy)),
    )
    Step.objects.bulk_create(
        Step(round=round_, kind=kind, position=place) for place, kind in enumerate(StepKind)
    )
    _record("round.started", loop, f"round {round_.uid}", by, number=round_.number)
    advance(round_.pk)
    round_.refresh_from_db()
    return round_


@transaction.atomic
def resume_round(*, round_: Round, by: Member | None = None) -> Round:
    """Go on from the Step that failed or was cancelled; what was done stays.

    Raises:
        RoundNotResumable: the Round has not failed.
        RoundRunning: another Round of the Loop runs meanwhile.
    """
    loop = Loop.objects.select_for_update().get(pk=round_.loop_id)
    round_ = Round.objects.select_for_update().get(pk=round_.pk)
    if round_.state not in (RoundState.FAILED, RoundState.CANCELLED):
        raise RoundNotResumable(f"This Round has {round_.state}; only a failed one is resumed.")
    _demand_none_running(loop)
    round_.state, round_.ended_at = RoundState.RUNNING, None
    round_.save(update_fields=["state", "ended_at"])
    undone = round_.steps.exclude(state=StepState.SUCCEEDED)
    undone.update(state=StepState.WAITING, awaits=[], result={}, error="", ended_at=None)
    _record("round.resumed", loop, f"round {round_.uid}", by)
    advance(round_.pk)
    round_.refresh_from_db()
    return round_


@transaction.atomic
def cancel_round(*, round_: Round, by: Member | None = None) -> Round:
    """Stop at the running Step and cancel its Jobs.

    Raises:
        RoundOver: it has ended.
    """
    round_ = Round.objects.select_for_update().select_related("loop").get(pk=round_.pk)
    if round_.state != RoundState.RUNNING:
        raise RoundOver(f"This Round has {round_.state} already.")
    now = timezone.now()
    round_.state, round_.ended_at = RoundState.CANCELLED, now
    round_.save(update_fields=["state", "ended_at"])
    running = round_.steps.filter(state=StepState.RUNNING)
    awaited = [uid for step in running for uid in step.awaits]
    running.update(state=StepState.CANCELLED, ended_at=now)
    for job in Job.objects.unended().filter(uid__in=awaited).order_by("pk"):
        cancel_job(job=job, by=by)
    _record("round.cancelled", round_.loop, f"round {round_.uid}", by)
    return round_


def _demand_none_running(loop: Loop) -> None:
    running = loop.rounds.filter(state=RoundState.RUNNING).first()
    if running is not None:
        raise RoundRunning(
            f"Round {running.number} of “{loop}” is still running; wait for it, or cancel it.",
            round=str(running.uid),
        )


def _record(verb: str, loop: Loop, target: str, by: Member | None, **details: object) -> None:
    actor = by.pseudonym if by else "system"
    record(verb, actor=actor, workspace=loop.workspace.slug, target=target, **details)
