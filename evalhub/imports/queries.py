from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from msgspec import to_builtins

from evalhub.formats.mapping import proposed
from evalhub.imports.models import Import, RejectedRow

SHOWN = 20  # rejected rows in an answer; all of them are in the CSV


def first_rejected() -> Prefetch[str, QuerySet[RejectedRow], str]:
    """The rejected rows that an answer shows, for a list of imports in one query."""
    rows = RejectedRow.objects.order_by("line", "pk")[:SHOWN]
    return Prefetch("rejected", rows, to_attr="first_rejected")


def mapping_for(source: Import) -> dict[str, Any]:
    """What the columns of a table probably are: as for the last table with the same ones, else by
    their names."""
    if source.mapping:
        return dict(source.mapping)
    table = source.counts["table"]
    before = Import.objects.filter(
        workspace=source.workspace, counts__table__columns=table["columns"]
    ).exclude(mapping={})
    last = before.order_by("-pk").first()
    if last is not None:
        return dict(last.mapping)
    return {"columns": to_builtins(proposed(table["columns"], table["rows"]))}


def summary_of(source: Import) -> dict[str, Any]:
    """What a script reads: counts, and the first rejected rows with their reasons."""
    counts = source.counts
    prefetch_related_objects([source], first_rejected())  # nothing to do where a list did it
    rejected: list[RejectedRow] = getattr(source, "first_rejected", [])
    return {
        "import": str(source.uid),
        "kind": source.kind,
        "format": counts.get("format", source.format),
        **{name: counts.get(name, 0) for name in ("rows", "new", "unchanged", "rejected")},
        "rejected_rows": [
            {"line": row.line, "field": row.field, "reason": row.reason, "excerpt": row.excerpt}
            for row in rejected
        ],
        "prompts": counts.get("prompts", {}),
        "masks": source.masks,
        "mask_words": source.mask_words,
        "masked": counts.get("masked", {}),
        "awaits_confirmation": source.awaits_a_yes,
        "awaits_mapping": source.awaits_a_mapping,
        "mapping": source.mapping,
        "encoding": counts.get("encoding", ""),
        "table": counts.get("table"),
        "preview": counts.get("preview"),
        "rubrics": counts.get("rubrics", []),
        "relocated_spans": counts.get("relocated_spans", 0),
        "ignored_fields": counts.get("ignored", {}),
        "campaigns": list(counts.get("campaigns", {}).values()),
    }
