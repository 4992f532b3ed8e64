"""One table of prompts, completions, tasks and judgments, and what is done with many at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.browse.access import access_rows, access_saved_view
from evalhub.browse.acts import ACTS, Outcome, act_named
from evalhub.browse.choices import Kind
from evalhub.browse.errors import UnfitAct, ViewNameTaken
from evalhub.browse.finding import found
from evalhub.browse.forms import ArgumentsForm, FilterForm, ViewForm
from evalhub.browse.models import SavedView
from evalhub.browse.rows import PARTS, asked_for, with_newest_campaign
from evalhub.browse.services import act_on, act_on_all, delete_view, save_view
from evalhub.common.errors import NotFound


@require_GET
@login_required
def start(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    return _page(request, member, Kind.PROMPTS, request.GET)


@require_GET
@login_required
def browse(request: Request, workspace: str, kind: Kind) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    return _page(request, member, kind, request.GET)


@require_POST
@login_required
def act(request: Request, workspace: str, kind: Kind) -> HttpResponse:
    """On the rows that are ticked at once; on all that match as a job."""
    member = access_member(request.user, workspace, to="build")
    name = request.POST.get("act", "")
    chosen = act_named(kind, name)
    asked = QueryDict(request.POST.get("criteria", ""))
    form = ArgumentsForm(request.POST, act=name, needs=chosen.needs, workspace=member.workspace)
    if not form.is_valid():
        return _page(request, member, kind, asked, tried={name: form})
    if request.POST.get("scope") == "all":
        job = act_on_all(
            kind=kind,
            criteria=_criteria(kind, member, asked),
            act=name,
            arguments=form.arguments(),
            by=member,
        )
        messages.success(request, _("A job does it now; here you see how far it is."))
        return redirect("jobs:detail", workspace, job.uid)
    rows = access_rows(member, kind, _uids(request))
    _tell(request, act_on(kind=kind, rows=rows, act=name, arguments=form.arguments(), by=member))
    return redirect(f"{reverse(f'browse:{kind}', args=[workspace])}?{asked.urlencode()}")


@require_POST
@login_required
def view_save(request: Request, workspace: str, kind: Kind) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    asked = QueryDict(request.POST.get("criteria", ""))
    form = ViewForm(request.POST)
    if form.is_valid():
        criteria = _criteria(kind, member, asked)
        try:
            save_view(kind=kind, criteria=criteria, by=member, **form.cleaned_data)
        except ViewNameTaken as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("Saved; it stands among the views."))
            return redirect(f"{reverse(f'browse:{kind}', args=[workspace])}?{asked.urlencode()}")
    return _page(request, member, kind, asked, view_form=form)


@require_POST
@login_required
def view_delete(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    view = access_saved_view(member, uid)
    delete_view(view=view, by=member)
    messages.success(request, _("The view is gone; the rows are as they were."))
    return redirect(f"browse:{view.kind}", workspace)


def _criteria(kind: Kind, member: Member, asked: QueryDict) -> dict[str, str]:
    """As the page shows them; nothing is left out unseen, or more rows would be meant."""
    form = FilterForm(asked, kind=kind, workspace=member.workspace)
    if not form.is_valid():
        raise UnfitAct(_("The filter has a fault; mend it first."), field="criteria")
    return form.criteria()


def _uids(request: Request) -> list[UUID]:
    try:
        return [UUID(uid) for uid in request.POST.getlist("rows")]
    except ValueError as error:
        raise NotFound(_("One of these rows is not there.")) from error


def _tell(request: Request, outcome: Outcome) -> None:
    if outcome.changed:
        told = ngettext("%(n)s row changed.", "%(n)s rows changed.", outcome.changed)
        messages.success(request, told % {"n": outcome.changed})
    if outcome.same:
        told = ngettext("%(n)s row was so already.", "%(n)s rows were so already.", outcome.same)
        messages.info(request, told % {"n": outcome.same})
    for reason, count in outcome.refused.most_common():
        told = ngettext("%(n)s row was not changed:", "%(n)s rows were not changed:", count)
        messages.warning(request, f"{told % {'n': count}} {reason}")


def _page(
    request: Request,
    member: Member,
    kind: Kind,
    asked: QueryDict,
    *,
    tried: dict[str, ArgumentsForm] | None = None,
    view_form: ViewForm | None = None,
) -> HttpResponse:
    form = FilterForm(
        with_newest_campaign(kind, member.workspace, asked), kind=kind, workspace=member.workspace
    )
    criteria = form.criteria()
    page = found(
        asked_for(kind, member.workspace, criteria),
        parts=PARTS[kind],
        before=asked.get("before", ""),
    )
    views = SavedView.objects.seen_by(member).filter(kind=kind).select_related("member")
    context = {
        "member": member,
        "workspace": member.workspace,
        "kind": kind,
        "tabs": _tabs(member),
        "form": form,
        "query": urlencode(criteria),
        "criteria": criteria,
        "page": page,
        "acts": _acts(member, kind, tried or {}),
        "views": [(view, urlencode(view.criteria)) for view in views],
        "view_form": view_form or ViewForm(auto_id="view_%s"),
    }
    is_faulty = bool(form.errors or tried or (view_form and view_form.errors))
    return render(request, "browse/browse.html", context, status=422 if is_faulty else 200)


def _tabs(member: Member) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "title": kind.label,
            "url": reverse(f"browse:{kind}", args=[member.workspace.slug]),
        }
        for kind in Kind
    ]


def _acts(member: Member, kind: Kind, tried: dict[str, ArgumentsForm]) -> list[dict[str, Any]]:
    """What the member may do with such rows, each with the form for what it needs."""
    return [
        {
            "name": name,
            "label": act.label,
            "form": tried.get(name)
            or ArgumentsForm(None, act=name, needs=act.needs, workspace=member.workspace),
        }
        for name, act in ACTS[kind].items()
        if member.has(*ROLES_FOR[act.right])
    ]
