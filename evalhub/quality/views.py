from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import ROLES_FOR, access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign, access_workspace_task
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.body import Answers
from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.looking import page_of_task
from evalhub.judgments.page import desk_page
from evalhub.judgments.sheet import answers_from, fields_from
from evalhub.judgments.told import answers_in_order
from evalhub.quality.choices import Cause
from evalhub.quality.disputes import most_at_stake, said_about
from evalhub.quality.forms import AdjudicationForm, AlertsForm
from evalhub.quality.models import Adjudication, AlertRule, Consensus, Dispute
from evalhub.quality.services import adjudicate, set_alerts
from evalhub.quality.sureness import consensus_on


@require_http_methods(["GET", "POST"])
@login_required
def alerts(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """When the leads want to be told about a campaign."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    rules = AlertRule.objects.filter(campaign=campaign)
    form = AlertsForm(request.POST or None, initial={rule.measure: rule.bound for rule in rules})
    if form.is_valid():
        set_alerts(campaign=campaign, bounds=form.bounds(), by=member)
        messages.success(request, _("Saved. They are looked at every five minutes."))
        return redirect("quality:alerts", workspace, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "campaign": campaign,
        "form": form,
        "rules": rules,
    }
    return render(request, "quality/alerts.html", context, status=422 if form.errors else 200)


@require_GET
@login_required
def dispute_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The tasks on which people said different things, what matters most first."""
    member = access_member(request.user, workspace, to="build")
    campaign = access_campaign(member, uid)
    context = _context(member, campaign) | {
        "consensus": Consensus.objects.filter(campaign=campaign).first(),
        "page": most_at_stake(campaign, after=request.GET.get("after", "")),
        "adjudicated": Adjudication.objects.filter(task__campaign=campaign).count(),
        "leads": member.has(*ROLES_FOR["lead"]),
    }
    return render(request, "quality/dispute_list.html", context)


@require_GET
@login_required
def task_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What everybody said about one task, and its texts; `?names=1` says who."""
    member = access_member(request.user, workspace, to="build")
    task = access_workspace_task(member, uid)
    context = _about(request, member, task)
    each = context["each"]
    context["shown"] = each.page if each else page_of_task(task, {})
    return render(request, "quality/task_detail.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def verdict(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Decide a task; then comes the next one that matters most."""
    member = access_member(request.user, workspace, to="lead")
    task = access_workspace_task(member, uid)
    known = Adjudication.objects.filter(task=task).select_related("judgment").first()
    initial = {"verdict_cause": known.cause, "verdict_note": known.note} if known else {}
    form = AdjudicationForm(request.POST or None, initial=initial)
    if not form.is_valid():
        return _verdict_form(request, member, task, form, known)
    try:
        adjudicate(
            task=task,
            answers=answers_from(request.POST.dict(), Answers),
            cause=Cause(form.cleaned_data["verdict_cause"]),
            note=form.cleaned_data["verdict_note"],
            by=member,
        )
    except (InvalidJudgment, MalformedBody) as error:
        return _verdict_form(request, member, task, form, known, wrong=str(error))
    messages.success(request, _("Your verdict is kept."))
    following = most_at_stake(task.campaign).rows
    if not following:
        return redirect("quality:disputes", workspace, task.campaign.uid)
    return redirect("quality:verdict", workspace, following[0].task.uid)


def _verdict_form(
    request: Request,
    member: Member,
    task: Task,
    form: AdjudicationForm,
    known: Adjudication | None,
    *,
    wrong: str = "",
) -> HttpResponse:
    steps = task.campaign.preference_steps
    fields = request.POST.dict()
    if not fields and known is not None:
        fields = fields_from(answers_in_order(known.judgment), preference_steps=steps)
    context = _about(request, member, task) | page_of_task(task, fields) | desk_page(member)
    context |= {
        "form": form,
        "mode": "revise",
        "form_action": reverse("quality:verdict", args=[member.workspace.slug, task.uid]),
        "hidden": {"assignment": ""},
        "wrong": wrong,
    }
    status = 422 if wrong or form.errors else 200
    return render(request, "quality/verdict.html", context, status=status)


def _about(request: Request, member: Member, task: Task) -> dict[str, Any]:
    return _context(member, task.campaign) | {
        "task": task,
        "each": said_about(task),
        "dispute": Dispute.objects.filter(task=task).first(),
        "together": consensus_on(task),
        "names": "names" in request.GET,
        "leads": member.has(*ROLES_FOR["lead"]),
        "adjudication": Adjudication.objects.filter(task=task)
        .select_related("judgment__member")
        .first(),
    }


def _context(member: Member, campaign: Campaign) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace, "campaign": campaign}
