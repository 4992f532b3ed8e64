from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from evalhub.prompts.models import Collection
from evalhub.runs.models import Recipe, Run


def generatings_of(collection: Collection) -> QuerySet[Run]:
    """The runs that answer the prompts of a collection, newest first."""
    runs = Run.objects.filter(recipe=Recipe.GENERATE, job__subject_uid=collection.uid)
    return runs.select_related("job", "model__parent", "created_by").order_by("-pk")


def generating_summary(run: Run) -> dict[str, Any]:
    made = run.job.result or {}
    return {
        "run": str(run.uid),
        "state": run.job.state,
        "error": run.job.error,
        "model": run.starts_from.name,
        "generations": made.get("generations", []),
        "completions": made.get("completions"),
        "empty": made.get("empty"),
        "cost": run.metrics.get("cost"),
        "metrics": run.metrics,
    }
