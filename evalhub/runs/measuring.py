"""From the figures of a measuring run to its builds."""

from __future__ import annotations

from typing import Any

from evalhub.datasets.services import record_lengths
from evalhub.runs.models import Run


def keep_lengths(run: Run) -> None:
    """Safe to do twice: a build keeps one measurement for each base."""
    for build in run.builds.all():
        record_lengths(
            build=build,
            model=run.starts_from.base,
            figures=lengths_in(run.metrics, list(run.spec["inputs"])),
            run=str(run.uid),
            by=run.created_by,
        )


def lengths_in(metrics: dict[str, Any], inputs: list[str]) -> dict[str, Any]:
    """{"limit": …, "splits": {"train": {"rows", "too_long", "longest", …}}} from names with prefixes."""
    splits = {
        name: {
            figure.removeprefix(f"{name}_"): int(value)
            for figure, value in metrics.items()
            if figure.startswith(f"{name}_")
        }
        for name in inputs
    }
    return {"limit": int(metrics["limit"]), "splits": splits}
