from __future__ import annotations

from typing import Any

from evalhub.runs.models import Run


def generating_summary(run: Run) -> dict[str, Any]:
    made = run.job.result or {}
    return {
        "run": str(run.uid),
        "state": run.job.state,
        "error": run.job.error,
        "model": run.starts_from.name,
        "models": [each.name for each in run.answering],
        "generations": made.get("generations", []),
        "completions": made.get("completions"),
        "empty": made.get("empty"),
        "cost": run.metrics.get("cost"),
        "metrics": run.metrics,
    }
