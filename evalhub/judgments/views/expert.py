"""Leads say what an expert answers: for practice, and as gold."""

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

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign, access_task
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.errors import NotFound
from evalhub.common.paging import newest_first
from evalhub.judgments.body import Answers
from evalhub.judgments.errors import InvalidJudgment, MalformedBody, UnfitExpertAnswer
from evalhub.judgments.experts import next_without_expert
from evalhub.judgments.forms import ExpertForm
from evalhub.judgments.looking import page_of_task
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.page import desk_page
from evalhub.judgments.services.expert import set_expert_answer
from evalhub.judgments.sheet import answers_from, fields_from


@require_GET
@login_required
def expert_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member, campaign = _leading(request, workspace, uid)
    answers = ExpertAnswer.objects.filter(task__campaign=campaign)
    answers = answers.select_related("task__prompt", "written_by")
    page = newest_first(answers, before=request.GET.get("before", ""))
    context = _context(member, campaign) | {"page": page}
    return render(request, "judgments/expert_list.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def expert_add(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Answer the task that `task` names, or the next that no expert has answered."""
    member, campaign = _leading(request, workspace, uid)
    task = _task(campaign, request.POST.get("task") or request.GET.get("task", ""))
    if task is None:
        messages.info(request, _("Every task here has an expert’s answer."))
        return redirect("judgments:expert", workspace, uid)
    form = ExpertForm(request.POST or None, initial=_initial(task))
    if not form.is_valid():
        return _form(request, member, task, form)
    fields = request.POST.dict()
    try:
        set_expert_answer(
            task=task,
            answers=answers_from(fields, Answers),
            reason=form.cleaned_data["expert_reason"],
            kind=form.cleaned_data["expert_kind"],
            by=member,
        )
    except (InvalidJudgment, MalformedBody, UnfitExpertAnswer) as error:
        return _form(request, member, task, form, fields=fields, wrong=str(error))
    messages.success(request, _("Your answer is kept."))
    return redirect("judgments:expert", workspace, uid)


def _leading(request: Request, workspace: str, uid: UUID) -> tuple[Member, Campaign]:
    member = access_member(request.user, workspace, to="lead")
    return member, access_campaign(member, uid)


def _task(campaign: Campaign, uid: str) -> Task | None:
    if not uid:
        return next_without_expert(campaign)
    try:
        return access_task(campaign, UUID(uid))
    except ValueError as error:
        raise NotFound(_("No such task.")) from error


def _stored(task: Task) -> ExpertAnswer | None:
    return ExpertAnswer.objects.filter(task=task).first()


def _initial(task: Task) -> dict[str, str]:
    stored = _stored(task)
    kind = TaskKind.GOLD if task.kind == TaskKind.GOLD else TaskKind.PRACTICE
    return {"expert_kind": kind.value, "expert_reason": stored.reason if stored else ""}


def _form(
    request: Request,
    member: Member,
    task: Task,
    form: ExpertForm,
    *,
    fields: dict[str, str] | None = None,
    wrong: str = "",
) -> HttpResponse:
    campaign = task.campaign
    if fields is None:
        stored = _stored(task)
        steps = campaign.preference_steps
        fields = fields_from(stored.answers, preference_steps=steps) if stored else {}
        fields = request.POST.dict() or fields
    context = _context(member, campaign) | page_of_task(task, fields) | desk_page(member)
    context |= {
        "form": form,
        "mode": "revise",
        "form_action": reverse("judgments:expert_add", args=[member.workspace.slug, campaign.uid]),
        "hidden": {"assignment": "", "task": task.uid},
        "wrong": wrong,
    }
    status = 422 if wrong or form.errors else 200
    return render(request, "judgments/expert_add.html", context, status=status)


def _context(member: Member, campaign: Campaign) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace, "campaign": campaign}
