from __future__ import annotations

from typing import Any, Self

from django.db import models

from evalhub.common.models import PublicModel


class EntryQuerySet(models.QuerySet["Entry"]):
    def of_workspace(self, slug: str) -> Self:
        return self.filter(workspace=slug)


class Entry(PublicModel):
    """Who did what to what, when. Plain columns: it outlives accounts and what it speaks of."""

    workspace = models.CharField(max_length=60, blank=True)
    actor = models.CharField(max_length=150)  # a pseudonym, a user name or "system"
    verb = models.CharField(max_length=60)  # namespaced: campaign.opened
    target = models.CharField(max_length=80, blank=True)  # kind and uid: "campaign 6f9…"
    details: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["workspace", "-id"], name="entry_by_workspace")]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.target}"
