from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.evaluation.choices import BELIEVE, PEOPLE, TRY
from evalhub.evaluation.errors import BaselineMissing
from evalhub.evaluation.models import Comparison, Evaluation, HumanTrial, Look, Promotion
from evalhub.jobs.models import Job
from evalhub.registry.models import LanguageModel


def measured_on(workspace: Workspace, model: LanguageModel, set_digest: str) -> Evaluation | None:
    """The newest finished evaluation of a model with the same files, on the same base, on that set."""
    evaluations = Evaluation.objects.filter(workspace=workspace, set_digest=set_digest)
    same = Q(model__digest=model.digest) if model.digest else Q(model=model)
    found = evaluations.filter(same, model__kind=model.kind).exclude(metrics={})
    base = model.base
    for each in found.select_related("model__parent").order_by("-pk"):
        other = each.model.base
        if each.model == model or other == base or (base.digest and other.digest == base.digest):
            return each
    return None


def baseline_of(evaluation: Evaluation) -> Evaluation:
    """The evaluation on the same set of what the model's figures stand beside: itself for a base.

    Raises:
        BaselineMissing: that was never measured there.
    """
    return demand_measured(evaluation.workspace, evaluation.model, evaluation.set_digest)


def demand_measured(workspace: Workspace, model: LanguageModel, set_digest: str) -> Evaluation:
    """The evaluation on that set of the model's baseline; raise BaselineMissing where there is none."""
    base = model.baseline or model.base
    found = measured_on(workspace, base, set_digest)
    if found is None:
        raise BaselineMissing(
            f"The base model “{base}” is not measured on this set. Evaluate “{base}” on the same "
            f"set with the same settings first, then “{model}”."
        )
    return found


def demand_one_set(baseline: Evaluation, candidate: Evaluation) -> None:
    """Raise BaselineMissing where the two were measured on different rows, or decoded differently."""
    if baseline.set_digest == candidate.set_digest:
        return
    builds = ", ".join(str(each) for each in candidate.builds.order_by("pk")) or "the same set"
    raise BaselineMissing(
        f"“{baseline.model}” is measured on another set than “{candidate.model}”, so the two cannot be "
        f"compared. Evaluate “{baseline.model}” on {builds} first, with the same options."
    )


def stale_on(workspace: Workspace, set_digest: str) -> str:
    """Why figures of that set are stale, which then goes for whatever is measured on it; else empty."""
    stale = Evaluation.objects.filter(workspace=workspace, set_digest=set_digest)
    found = stale.exclude(stale_since=None).order_by("stale_since", "pk").first()
    return found.stale_because if found else ""


@dataclass(frozen=True)
class Looks:
    """How often a set was read and used: the more often, the more of what it shows is luck.

    looks: days on which a member read figures of it, added up; rivals: models beside their base.
    """

    looks: int
    people: int
    rivals: int
    tries: int  # of gates
    decisions: int

    @property
    def chance(self) -> float:
        """That one of `rivals` none of which is better looks better all the same: each does with 2.5 %.

        For rivals that have nothing to do with each other; alike as they are, it is less.
        """
        return 1 - (1 - 0.05 / 2) ** self.rivals


def looks_at(workspace: Workspace, set_digest: str) -> Looks:
    looks = Look.objects.filter(workspace=workspace, set_digest=set_digest)
    comparisons = Comparison.objects.filter(workspace=workspace, candidate__set_digest=set_digest)
    return Looks(
        looks=looks.count(),
        people=looks.values("member").distinct().count(),
        rivals=comparisons.values("candidate__model").distinct().count(),
        tries=Job.objects.filter(kind=TRY, subject_uid__in=comparisons.values("uid")).count(),
        decisions=Promotion.objects.filter(comparisons__in=comparisons).distinct().count(),
    )


def trial_of(comparison: Comparison) -> HumanTrial | None:
    """The newest blind trial of the same two models."""
    trials = HumanTrial.objects.filter(
        evaluation=comparison.candidate, incumbent=comparison.baseline.model
    )
    return trials.select_related("evaluation__model", "incumbent", "campaign").first()


def newest_try(comparison: Comparison) -> Job | None:
    """The last dry run of a gate on it; its `result` is empty until it has ended."""
    return Job.objects.filter(kind=TRY, subject_uid=comparison.uid).order_by("-pk").first()


def evaluation_summary(evaluation: Evaluation) -> dict[str, Any]:
    """For commands, ready for JSON; every metric has "value", "low", "high" and "n"."""
    return {
        "evaluation": str(evaluation.uid),
        "run": str(evaluation.run.uid),
        "model": evaluation.model.name,
        "benchmark": evaluation.benchmark.name if evaluation.benchmark else None,
        "builds": [str(each.uid) for each in evaluation.builds.order_by("pk")],
        "set_digest": evaluation.set_digest,
        "metrics": evaluation.metrics,
        "confusion": evaluation.confusion,
    }


def newest_belief(workspace: Workspace) -> Job | None:
    """What was last worked out of which figures go with people; its `result` is empty until it has ended."""
    jobs = Job.objects.filter(kind=BELIEVE, workspace=workspace)
    return jobs.order_by("-pk").first()


def newest_people(comparison: Comparison) -> Job | None:
    """The last look at what people said of both models; its `result` is empty until it has ended."""
    return Job.objects.filter(kind=PEOPLE, subject_uid=comparison.uid).order_by("-pk").first()
