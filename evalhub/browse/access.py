from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.browse.choices import Kind
from evalhub.browse.models import SavedView
from evalhub.campaigns.models import Task
from evalhub.common.errors import NotFound
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion, Prompt


def access_rows(member: Member, kind: Kind, uids: Sequence[UUID]) -> QuerySet[Any]:
    """The rows of the member's workspace that `uids` name.

    Raises:
        NotFound: one of them is not there.
    """
    rows = _of_workspace(member, kind).filter(uid__in=uids)
    if rows.count() != len(set(uids)):
        raise NotFound(_("One of these rows is not there."))
    return rows


def access_saved_view(member: Member, uid: UUID) -> SavedView:
    """One's own view; of what others share, only whoever made it disposes."""
    view = SavedView.objects.filter(member=member, uid=uid).first()
    if view is None:
        raise NotFound(_("No such view."))
    return view


def _of_workspace(member: Member, kind: Kind) -> QuerySet[Any]:
    workspace = member.workspace_id
    if kind == Kind.PROMPTS:
        return Prompt.objects.filter(workspace=workspace)
    if kind == Kind.COMPLETIONS:
        return Completion.objects.filter(workspace=workspace)
    if kind == Kind.TASKS:
        return Task.objects.filter(campaign__workspace=workspace)
    return Judgment.objects.filter(workspace=workspace)
