from __future__ import annotations

from django.db.models import Count

from evalhub.prompts.models import Collection, Split


def prompts_per_split(collection: Collection) -> dict[str, int]:
    """How many prompts each split has; every split is there, with 0 if need be."""
    counts = collection.prompts.order_by().values_list("group__split").annotate(count=Count("pk"))
    return {split.value: 0 for split in Split} | dict(counts)
