"""What each Step of a Round took: its time, how much of that its runs' processes, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from evalhub.common.durations import in_words
from evalhub.judgments.models import Judgment
from evalhub.loops.choices import StepKind
from evalhub.loops.models import Round, Step
from evalhub.loops.report import runs_of
from evalhub.runs.costs import cost_of
from evalhub.runs.models import Run
from evalhub.sweeps.models import Sweep


@dataclass(frozen=True)
class Spent:
    """Of one Step; None is not known. `minutes` are of annotators, for what the Round learnt from."""

    seconds: float | None  # from its begin to its end
    in_runs: float | None  # of them: in processes of runs; None where it has none
    money: Decimal | None = None  # of devices
    currency: str = ""
    minutes: float | None = None

    @property
    def sentence(self) -> str:
        if self.seconds is None:
            return ""
        parts = [f"Took {in_words(self.seconds)}"]
        if self.in_runs is not None:
            parts.append(f"{in_words(self.in_runs)} of it in runs")
        if self.money is not None:
            parts.append(f"{self.money.normalize():f} {self.currency} of device time")
        if self.minutes is not None:
            parts.append(f"{self.minutes:.0f} minutes of annotators since the Round before")
        return ", ".join(parts) + "."


def spent_on(step: Step) -> Spent:
    began, ended = step.started_at, step.ended_at
    seconds = (ended - began).total_seconds() if began and ended else None
    if step.kind == StepKind.DATASET:
        return Spent(seconds, None, minutes=_minutes(step.round))
    runs = _runs(step)
    if not runs:
        return Spent(seconds, None)
    costs = [cost_of(run) for run in runs]
    known = [cost.device_seconds for cost in costs if cost.device_seconds is not None]
    money = [cost.money for cost in costs if cost.money is not None]
    price = costs[0].price
    return Spent(
        seconds,
        sum(known) if known else None,
        sum(money, Decimal(0)) if money else None,
        price.currency if price else "",
    )


def overhead_of(round_: Round) -> float | None:
    """Seconds of a Round that has ended in which none of its runs' processes ran, as if one after another."""
    if round_.ended_at is None:
        return None
    steps = list(round_.steps.all())
    in_runs = sum(run.seconds or 0.0 for step in steps for run in _runs(step))
    return (round_.ended_at - round_.created_at).total_seconds() - in_runs


def _runs(step: Step) -> list[Run]:
    """That this very Step started; what an earlier one measured already cost nothing again."""
    nothing: dict[str, dict[str, Any]] = {kind.value: {} for kind in StepKind}
    runs = runs_of(nothing | {step.kind: step.result})
    if step.kind == StepKind.TRAIN and (uid := step.result.get("sweep")):
        sweep = Sweep.objects.filter(uid=uid).first()
        tries = Run.objects.filter(try_of__sweep=sweep).select_related("job", "output_model")
        runs += list(tries.order_by("pk"))
    return [run for run in runs if step.started_at and run.created_at >= step.started_at]


def _minutes(round_: Round) -> float | None:
    """Active time that people gave on the Loop's prompts since the Round before began; None of a Round that
    learns nothing from them.
    """
    if round_.candidate_id is not None:
        return None
    rows = Judgment.objects.filter(
        workspace=round_.loop.workspace_id,
        task__prompt__collection=round_.loop.collection_id,
        created_at__lt=round_.created_at,
    )
    learning = round_.loop.rounds.filter(candidate=None)
    before = learning.filter(number__lt=round_.number).order_by("-number").first()
    if before is not None:
        rows = rows.filter(created_at__gte=before.created_at)
    total = rows.aggregate(total=Sum("active_ms"))["total"]
    return None if total is None else total / 60_000
