"""One Round in the hands of whoever moves it on: what its Steps left for each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import HumanTrial, Promotion
from evalhub.jobs.models import Job
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import StepFailed
from evalhub.loops.models import Loop, Round, Step
from evalhub.loops.policy import Policy, read_policy
from evalhub.registry.models import LanguageModel
from evalhub.sweeps.models import Sweep

Awaited = Job | Sweep | HumanTrial  # what a Step may wait for, named by its uid


class Turn:
    """A Round with its Loop, its policy as it was, and the results of its Steps."""

    def __init__(self, round_: Round) -> None:
        self.round = round_
        self.loop: Loop = round_.loop
        self.workspace = round_.loop.workspace
        self.policy: Policy = read_policy(round_.policy)
        self.steps = {step.kind: step for step in round_.steps.order_by("position")}

    def result(self, kind: StepKind) -> dict[str, Any]:
        result: dict[str, Any] = self.steps[kind].result
        return result

    def build(self, kind: str) -> DatasetBuild:
        builds = self.result(StepKind.DATASET)["builds"]
        if kind not in builds:
            raise StepFailed(
                f"This Round built {' and '.join(builds)} rows, and its policy now asks for {kind} rows. Put the "
                "chain back as it was, then resume; or start a Round afresh."
            )
        uid = builds[kind]
        return DatasetBuild.objects.select_related("dataset").get(uid=uid)

    def policy_of(self, kind: StepKind) -> Policy:
        """The one by which a Step was done: a Round that was resumed may go on by another."""
        return read_policy(self.steps[kind].policy)

    @property
    def builds(self) -> list[DatasetBuild]:
        return [self.build(kind) for kind in ("sft", "preference")]

    @property
    def candidate(self) -> LanguageModel:
        if self.round.candidate is not None:
            return self.round.candidate
        return LanguageModel.objects.get(uid=self.result(StepKind.TRAIN)["model"])

    @property
    def incumbent(self) -> LanguageModel | None:
        """The model in service, if it came from this Loop's base."""
        model = self.loop.incumbent
        return model if model is not None and self.loop.may_serve(model) else None

    @property
    def promotion(self) -> Promotion:
        return Promotion.objects.get(uid=self.result(StepKind.DECIDE)["promotion"])


@dataclass(frozen=True)
class Plan:
    """How one kind of Step is done.

    `begin` starts Jobs or Sweeps; when all have succeeded `finish` writes `step.result` and returns
    more of them, or a trial that people hold, or none when the Step is done. Both run in one
    transaction and raise DomainErrors.
    """

    begin: Callable[[Turn, Step], Sequence[Awaited]]
    finish: Callable[[Turn, Step], Sequence[Awaited]]
