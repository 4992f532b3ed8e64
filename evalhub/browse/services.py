from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from evalhub.accounts.access import ROLES_FOR
from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.browse.acts import Act, Arguments, Outcome, act_named, apply_to
from evalhub.browse.choices import Kind
from evalhub.browse.errors import UnfitAct, ViewNameTaken
from evalhub.browse.models import SavedView
from evalhub.browse.rows import Criteria, asked_for
from evalhub.common.errors import Forbidden
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job

MOST_AT_ONCE = 50


def act_on(
    *, kind: Kind, rows: QuerySet[Any], act: str, arguments: Arguments, by: Member
) -> Outcome:
    """Do it to each of a page's rows at once; what each did or why it refused is in the outcome.

    Raises:
        UnfitAct: no such act, none or too many rows.
        Forbidden: none of the roles of `by` allows it.
    """
    chosen = _act(kind, act, by)
    found = list(rows.select_related(*chosen.parts).order_by("-pk")[: MOST_AT_ONCE + 1])
    if not found:
        raise UnfitAct(_("Choose rows first."), field="rows")
    if len(found) > MOST_AT_ONCE:
        raise UnfitAct(_("Too many rows at once; take all that match."), field="rows")
    outcome = Outcome()
    apply_to(found, chosen, arguments, by, outcome)
    return outcome


@transaction.atomic
def act_on_all(
    *, kind: Kind, criteria: Criteria, act: str, arguments: Arguments, by: Member
) -> Job:
    """Queue it for all rows that match now; what comes later is left alone.

    Raises:
        UnfitAct: no such act.
        Forbidden: none of the roles of `by` allows it.
        TooManyJobs: the workspace has too many jobs waiting.
    """
    chosen = _act(kind, act, by)
    walked = asked_for(kind, by.workspace, criteria).walked
    job = queue_job(
        kind="browse.act",
        title=f"{chosen.label}: {Kind(kind).label}",
        workspace=by.workspace,
        by=by,
        payload={
            "kind": kind.value,
            "criteria": dict(criteria),
            "act": act,
            "arguments": dict(arguments),
            "newest": walked.aggregate(newest=Max("pk"))["newest"] or 0,
        },
    )
    record(
        "rows.acted_on",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"job {job.uid}",
        kind=kind.value,
        act=act,
        criteria=dict(criteria),
    )
    return job


@transaction.atomic
def save_view(
    *, kind: Kind, name: str, criteria: Criteria, is_shared: bool, by: Member
) -> SavedView:
    """Keep a filter under a name.

    Raises:
        ViewNameTaken: one of one's own views of these rows is called so already.
    """
    try:
        with transaction.atomic():
            view = SavedView.objects.create(
                workspace=by.workspace,
                member=by,
                kind=kind,
                name=name,
                criteria=dict(criteria),
                is_shared=is_shared,
            )
    except IntegrityError as error:
        raise ViewNameTaken(_("One of your views is called so already."), field="name") from error
    _record("view.saved", view, by)
    return view


@transaction.atomic
def delete_view(*, view: SavedView, by: Member) -> None:
    _record("view.deleted", view, by)
    view.delete()


def _act(kind: Kind, name: str, by: Member) -> Act:
    act = act_named(kind, name)
    if not by.has(*ROLES_FOR[act.right]):
        raise Forbidden(_("None of your roles allows this."))
    return act


def _record(verb: str, view: SavedView, by: Member) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"view {view.uid}",
        name=view.name,
        is_shared=view.is_shared,
    )
