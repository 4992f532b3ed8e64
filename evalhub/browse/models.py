from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.browse.choices import Kind
from evalhub.common.models import PublicModel, one_of


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, member: Member) -> Self:
        """One's own, and what others of the workspace share."""
        return self.filter(Q(member=member) | Q(is_shared=True), workspace_id=member.workspace_id)


class SavedView(PublicModel):
    """A filter by name, so that one need not set it again."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    criteria: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    is_shared = models.BooleanField(default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind", "name"], name="view_name_once_per_member_and_kind"
            ),
            one_of("view_kind_known", "kind", Kind),
        ]

    def __str__(self) -> str:
        return self.name
