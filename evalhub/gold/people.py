"""Who is told about gold."""

from __future__ import annotations

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace


def leads_of(workspace: Workspace) -> list[Member]:
    """Those who sign in and lead."""
    leads = workspace.members.active().with_role(Role.LEAD, Role.OWNER)
    return list(leads.exclude(user=None).order_by("pk"))
