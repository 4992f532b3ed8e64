"""How much each person may judge in a day, and what they did today."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_colleague, access_colleagues, access_member
from evalhub.accounts.choices import MemberKind
from evalhub.accounts.forms import LimitsForm
from evalhub.accounts.http import Request
from evalhub.accounts.queries import words_in
from evalhub.accounts.services import set_limits, set_limits_of_each
from evalhub.campaigns.services.limits import today_of
from evalhub.common.errors import NotFound

SHOWN = 500


@require_http_methods(["GET", "POST"])
@login_required
def limit_list(request: Request, workspace: str) -> HttpResponse:
    """Everybody who judges here; those who came by a join link have the link's own bound.

    POST sets the limits of those who are ticked.
    """
    member = access_member(request.user, workspace, to="lead")
    form = LimitsForm(request.POST if request.method == "POST" else None)
    ticked = _ticked(request)
    if form.is_valid() and ticked:
        chosen = access_colleagues(member, ticked)
        count = set_limits_of_each(members=chosen, by=member, **form.cleaned_data)
        told = ngettext(
            "Saved for %(n)s person; it counts from the next task on.",
            "Saved for %(n)s people; it counts from the next task on.",
            count,
        )
        messages.success(request, told % {"n": count})
        return redirect(
            f"{reverse('judgments:limits', args=[workspace])}?{request.GET.urlencode()}"
        )
    if request.method == "POST" and not ticked:
        form.add_error(None, _("Tick somebody first."))
    people = member.workspace.members.active().judging().filter(kind=MemberKind.PERSON)
    groups = words_in(member.workspace)["groups"]
    if (group := request.GET.get("group", "")) in groups:
        people = people.filter(groups__contains=[group])
    context = {
        "member": member,
        "workspace": member.workspace,
        "people": people.order_by("pseudonym")[:SHOWN],
        "groups": groups,
        "asked": group,
        "form": form,
        "ticked": ticked,
    }
    status = 422 if form.errors else 200
    return render(request, "judgments/limits.html", context, status=status)


def _ticked(request: Request) -> list[UUID]:
    try:
        return [UUID(uid) for uid in request.POST.getlist("rows")]
    except ValueError as error:
        raise NotFound(_("One of these people is not there.")) from error


@require_http_methods(["GET", "POST"])
@login_required
def limits_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    colleague = access_colleague(member, uid)
    initial = {"most_tasks": colleague.most_tasks, "most_minutes": colleague.most_minutes}
    form = LimitsForm(request.POST or None, initial=initial)
    if form.is_valid():
        set_limits(member=colleague, by=member, **form.cleaned_data)
        messages.success(request, _("Saved; it counts from the next task on."))
        return redirect("judgments:limits", workspace)
    context = {
        "member": member,
        "workspace": member.workspace,
        "colleague": colleague,
        "form": form,
        "today": today_of(colleague),
    }
    status = 422 if form.errors else 200
    return render(request, "judgments/limits_edit.html", context, status=status)
