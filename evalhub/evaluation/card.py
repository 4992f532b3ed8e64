"""A model's card: what it is made of, how good it is, and what to be careful about."""

from __future__ import annotations

from typing import Any

from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.figures import in_order
from evalhub.evaluation.models import Evaluation, Promotion
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run


def card_of(model: LanguageModel) -> dict[str, Any]:
    """All that is known of a model, from its weights down to the judgments behind them.

    What nobody has said or measured is empty or None, and stands in `limits` as such.
    """
    trainings = list(_trainings(model))
    evaluations = model.evaluations.filter(is_probe=False).exclude(metrics={}).order_by("-pk")
    on_builds = evaluations.filter(builds__isnull=False)
    measured = on_builds.first() or evaluations.first()
    promotions = list(model.promotions.order_by("-pk"))
    return {
        "uid": str(model.uid),
        "name": model.name,
        "kind": model.kind,
        "stage": model.stage,
        "base": str(model.base),
        "source": model.base.source,
        "digest": model.digest,
        "licence": model.licence_now,
        "trained_by": [_training(run) for run in trainings],
        "figures": _figures(measured),
        "set_digest": measured.set_digest if measured else None,
        "decisions": [_decision(promotion) for promotion in promotions],
        "limits": [*_limits(model, trainings, measured), *model.limits.splitlines()],
    }


def _trainings(model: LanguageModel) -> list[Run]:
    """The runs that made it, the first one first."""
    runs = []
    each: LanguageModel | None = model
    while each is not None:
        if (run := getattr(each, "made_by", None)) is not None:  # a reverse one-to-one
            runs.append(run)
        each = each.parent
    return runs[::-1]


def _training(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.uid),
        "recipe": run.recipe,
        "seed": run.spec.get("seed"),
        "options": run.spec.get("options", {}),
        "builds": [_build(build) for build in run.builds.select_related("dataset").order_by("pk")],
    }


def _build(build: DatasetBuild) -> dict[str, Any]:
    told = build.manifest.get("judgments", {})
    return {
        "build": str(build.uid),
        "dataset": build.dataset.name,
        "digest": build.digest,
        "rows": build.rows,
        "judgments": sum(each["judgments"] for each in told.get("used", {}).values()),
        "people": len(told.get("annotators", [])),
    }


def _figures(measured: Evaluation | None) -> dict[str, Any]:
    """Those with a value."""
    metrics = measured.metrics if measured else {}
    return {name: metrics[name] for name in in_order(metrics) if metrics[name]["n"]}


def _decision(promotion: Promotion) -> dict[str, Any]:
    return {
        "decision": promotion.decision,
        "reason": promotion.reason,
        "at": promotion.created_at.isoformat(),
        "outcomes": promotion.outcomes,
    }


def _limits(model: LanguageModel, trainings: list[Run], measured: Evaluation | None) -> list[str]:
    told = [f"It {mark.get_cause_display()}: {mark.reason}" for mark in model.marks_now]
    if not model.licence_now:
        told.append("Its licence is not stated: ask before it is used or passed on.")
    if measured is None:
        told.append("It was never measured.")
    elif measured.stale_since:
        told.append(f"Its figures are stale: {measured.stale_because}")
    for run in trainings:
        for build in run.builds.order_by("pk"):
            used = build.manifest.get("judgments", {}).get("used", {})
            for source in ("simulated", "model"):
                if count := used.get(source, {}).get("judgments", 0):
                    told.append(
                        f"{count:,} judgments that it learned from are {source}, not a person’s."
                    )
    return list(dict.fromkeys(told))
