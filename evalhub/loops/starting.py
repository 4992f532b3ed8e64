"""Beginning a Round: because a person says so, or because what the policy waits for has come."""

from __future__ import annotations

import structlog
from django.db import OperationalError, transaction

from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.loops.choices import RoundState, StepKind
from evalhub.loops.errors import LoopPaused, RoundRunning
from evalhub.loops.models import Loop, Round, Step
from evalhub.loops.pausing import look_at_quality, pause
from evalhub.loops.policy import read_policy, stored
from evalhub.loops.records import record_of
from evalhub.loops.turning import advance
from evalhub.loops.waiting import readiness_of
from evalhub.registry.models import LanguageModel

log = structlog.get_logger(__name__)


@transaction.atomic
def begin_round(loop: Loop, *, by: Member | None, because: str = "") -> Round:
    """Make the next Round and start its first Step; see `services.start_round`.

    Args:
        because: what had come, when it starts by itself.
    """
    loop = locked_to_begin(loop)
    round_ = new_round(loop, by=by, because=because)
    Step.objects.bulk_create(
        Step(round=round_, kind=kind, position=place) for place, kind in enumerate(StepKind)
    )
    told = {"because": because} if because else {}
    record_of("round.started", loop, f"round {round_.uid}", by, number=round_.number, **told)
    advance(round_.pk)
    round_.refresh_from_db()
    return round_


def locked_to_begin(loop: Loop) -> Loop:
    """Raise LoopPaused or RoundRunning where no Round may begin; call it in a transaction."""
    loop = Loop.objects.select_for_update().get(pk=loop.pk)
    if loop.paused_at is not None:
        raise LoopPaused(f"“{loop}” is paused: {loop.paused_why} A lead lets it go on.")
    demand_none_running(loop)
    return loop


def new_round(
    loop: Loop, *, by: Member | None, because: str = "", candidate: LanguageModel | None = None
) -> Round:
    """Without Steps yet, by the policy that the Loop has now."""
    last = loop.rounds.order_by("-number").values_list("number", flat=True).first()
    return Round.objects.create(
        loop=loop,
        number=(last or 0) + 1,
        created_by=by,
        because=because[:300],
        policy=stored(read_policy(loop.policy)),
        candidate=candidate,
    )


def turn_all() -> int:
    """Look at every Loop that minds itself; return how many Rounds have begun.

    Safe to run twice at once: each Loop is looked at under its lock, and by then the other's Round
    is there.
    """
    return sum(_turn(pk) for pk in Loop.objects.order_by("pk").values_list("pk", flat=True))


def _turn(pk: int) -> bool:
    try:
        return _look(pk)
    except OperationalError:  # the database is away for a moment; the clock comes again
        log.exception("loop.not_looked_at", loop=pk)
        return False
    except DomainError as error:
        pause(pk, f"It could not start by itself: {error}")
        return False
    except Exception:  # whatever it is, the other Loops do not wait for it
        log.exception("loop.not_looked_at", loop=pk)
        return False


@transaction.atomic
def _look(pk: int) -> bool:
    loop = Loop.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=pk)
    if loop.paused_at is not None or not minds_itself(loop):
        return False
    policy = read_policy(loop.policy)
    if look_at_quality(loop, policy):
        return False
    readiness = readiness_of(loop, policy)
    if not readiness.is_due:
        return False
    begin_round(loop, by=None, because=readiness.because)
    return True


def minds_itself(loop: Loop) -> bool:
    """Whether it starts or pauses by itself; read from the stored policy, without a check."""
    start, bars = loop.policy.get("start") or {}, loop.policy.get("pause") or {}
    has_bar = any(value is not None for name, value in bars.items() if name != "fewest")
    return start.get("when", "hand") != "hand" or has_bar


def demand_none_running(loop: Loop) -> None:
    running = loop.rounds.filter(state=RoundState.RUNNING).first()
    if running is not None:
        raise RoundRunning(
            f"Round {running.number} of “{loop}” is still running; wait for it, or cancel it.",
            round=str(running.uid),
        )
