from __future__ import annotations

from typing import Any

from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.evaluation.choices import TRY
from evalhub.evaluation.errors import BaselineMissing
from evalhub.evaluation.models import Comparison, Evaluation
from evalhub.jobs.models import Job
from evalhub.registry.models import LanguageModel


def measured_on(workspace: Workspace, model: LanguageModel, set_digest: str) -> Evaluation | None:
    """The newest finished evaluation of a model with the same files on that set."""
    evaluations = Evaluation.objects.filter(workspace=workspace, set_digest=set_digest)
    same = Q(model__digest=model.digest) if model.digest else Q(model=model)
    return (
        evaluations.filter(same)
        .filter(model__kind=model.kind)
        .exclude(metrics={})
        .order_by("-pk")
        .first()
    )


def baseline_of(evaluation: Evaluation) -> Evaluation:
    """The evaluation of the base model on the same set.

    Raises:
        BaselineMissing: the base was never measured there.
    """
    base = evaluation.model.base
    found = measured_on(evaluation.workspace, base, evaluation.set_digest)
    if found is None:
        raise BaselineMissing(
            f"The base model “{base}” is not measured on this set. Evaluate “{base}” on the same "
            "builds first, then the adapter."
        )
    return found


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
