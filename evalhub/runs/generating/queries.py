from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from evalhub.jobs.choices import JobState
from evalhub.prompts.models import Collection
from evalhub.runs.models import Recipe, Run

COUNTED = ("completions", "tokens", "rewritten", "repeated", "refused", "unasked")
_FIRST = (JobState.FAILED, JobState.CANCELLED, JobState.RUNNING, JobState.QUEUED)


def generatings_of(collection: Collection) -> QuerySet[Run]:
    """The runs that answer the prompts of a collection, newest first."""
    runs = Run.objects.filter(recipe=Recipe.GENERATE, job__subject_uid=collection.uid)
    return runs.select_related("job", "model__parent", "created_by").order_by("-pk")


def generating_summary(run: Run) -> dict[str, Any]:
    """Of all parts together: it has ended well when the last of them has."""
    parts = run.parts
    made = [each.job.result or {} for each in parts]
    ended = all(made)
    return {
        "run": str(run.whole_uid),
        "parts": [str(each.uid) for each in parts],
        "state": _state(parts),
        "error": next((each.job.error for each in parts if each.job.error), ""),
        "model": run.starts_from.name,
        "models": [each.name for each in run.answering],
        "generations": list(dict.fromkeys(uid for each in made for uid in each.get("generations", []))),
        "completions": sum(each["completions"] for each in made) if ended else None,
        "empty": sum(each["empty"] for each in made) if ended else None,
        "cost": run.metrics.get("cost"),
        "metrics": run.metrics if len(parts) == 1 else _counted(parts),
    }  # fmt: skip


def _state(parts: Sequence[Run]) -> str:
    states = {each.job.state for each in parts}
    return next((str(each) for each in _FIRST if each in states), str(JobState.SUCCEEDED))


def _counted(parts: Sequence[Run]) -> dict[str, float]:
    return {name: sum(each.metrics.get(name, 0.0) for each in parts) for name in COUNTED}
