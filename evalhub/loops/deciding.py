"""Deciding on a model that no Round of the Loop made: trained by hand, by a sweep or elsewhere. A write like
those in services."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.loops.choices import StepKind, StepState
from evalhub.loops.errors import CannotDecide
from evalhub.loops.models import Loop, Round, Step
from evalhub.loops.records import record_of
from evalhub.loops.rolling_back import earlier_models
from evalhub.loops.starting import locked_to_begin, new_round
from evalhub.loops.turning import advance
from evalhub.registry.models import LanguageModel

STEPS = (StepKind.BASELINE, StepKind.EVALUATE, StepKind.DECIDE)


@transaction.atomic
def decide_on(*, loop: Loop, model: LanguageModel, by: Member | None = None) -> Round:
    """Begin a Round that measures `model` beside the base and the model in service, and decides by the
    Loop's gate; promoted it is the Loop's model in service.

    It is measured on the set that the newest Round built: nothing is built or learnt, and no campaign opens.

    Raises:
        CannotDecide: it was not trained from the Loop's base, is or was in service there, or no Round has built
            a set yet.
        LoopPaused, RoundRunning: as for `services.start_round`.
    """
    loop = locked_to_begin(loop)
    demand_candidate(loop, model)
    built = _newest_set(loop)
    round_ = new_round(loop, by=by, candidate=model)
    done = Step(
        round=round_, kind=StepKind.DATASET, position=0, state=StepState.SUCCEEDED, result=built
    )
    to_do = [Step(round=round_, kind=kind, position=at) for at, kind in enumerate(STEPS, 1)]
    Step.objects.bulk_create([done, *to_do])
    record_of(
        "round.started", loop, f"round {round_.uid}", by,
        number=round_.number, decides_on=str(model.uid),
    )  # fmt: skip
    advance(round_.pk)
    round_.refresh_from_db()
    return round_


def demand_candidate(loop: Loop, model: LanguageModel) -> None:
    """Raise CannotDecide where a decision could not bring it into service."""
    if not loop.may_serve(model):
        raise CannotDecide(
            f"“{model}” was not trained from “{loop.base_model}”, the base of “{loop}”: it could not be measured "
            "beside it. Choose a model that was, or a Loop on its own base."
        )
    if model == loop.incumbent:
        raise CannotDecide(f"“{model}” is in service already.")
    if earlier_models(loop).filter(pk=model.pk).exists():
        raise CannotDecide(
            f"“{model}” was promoted before: put it back into service with Roll back."
        )


def _newest_set(loop: Loop) -> dict[str, Any]:
    """What the Step that built it left, and of which Round it is."""
    built = Step.objects.filter(
        round__loop=loop, kind=StepKind.DATASET, state=StepState.SUCCEEDED, round__candidate=None
    )
    step = built.select_related("round").order_by("-round__number").first()
    if step is None:
        raise CannotDecide(
            f"No Round of “{loop}” has built a set to measure on; start a Round first."
        )
    result: dict[str, Any] = step.result
    return result | {"of_round": step.round.number}
