"""Gold for the leads: how much is mixed in, how each does, what passes it, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import TaskKind
from evalhub.common.errors import Conflict
from evalhub.common.paging import newest_first
from evalhub.gold.accepted import accepted_by, also_from
from evalhub.gold.access import access_gold
from evalhub.gold.forms import PlanForm, RuleForm, WithdrawForm
from evalhub.gold.models import Appeal, GoldPlan
from evalhub.gold.queries import rows_for
from evalhub.gold.services.appeals import withdraw
from evalhub.gold.services.plans import set_plan
from evalhub.judgments.access import access_judgment
from evalhub.judgments.errors import InvalidJudgment, UnfitExpertAnswer
from evalhub.judgments.looking import page_of_task, reading
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.services.expert import gold_from_judgment
from evalhub.judgments.services.gold import set_gold_rule
from evalhub.judgments.sheet import fields_from


@require_http_methods(["GET", "POST"])
@login_required
def gold_list(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A campaign's gold, and how much of it people get."""
    member = access_member(request.user, workspace, to="lead")
    campaign = access_campaign(member, uid)
    plan = GoldPlan.objects.filter(campaign=campaign).first() or GoldPlan(campaign=campaign)
    names = ("share", "exposure", "repeat_share", "repeat_hours")
    initial = {name: getattr(plan, name) for name in names}
    form = PlanForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            set_plan(campaign=campaign, by=member, **form.cleaned_data)
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("gold:list", workspace, uid)
    of_campaign = ExpertAnswer.objects.filter(task__campaign=campaign)
    golds = of_campaign.exclude(task__kind=TaskKind.PRACTICE).select_related("task__prompt")
    page = newest_first(golds, before=request.GET.get("before", ""))
    context = _around(member) | {
        "campaign": campaign,
        "form": form,
        "plan": plan,
        "page": page,
        "rows": rows_for(page),
        "appeals": Appeal.objects.waiting().of_campaign(campaign).count(),
    }
    return render(request, "gold/gold_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def gold_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What passes a gold, and who passed."""
    member = access_member(request.user, workspace, to="lead")
    gold = access_gold(member, uid)
    page = _page_of(gold)
    rows = accepted_by(gold, page)
    initial = {"tolerance": gold.tolerance, "cannot_tell_fails": gold.cannot_tell_fails}
    form = RuleForm(request.POST or None, initial=initial)
    if form.is_valid():
        given = {row.name: request.POST.getlist(f"also.{row.name}") for row in rows}
        set_gold_rule(answer=gold, also=also_from(given, rows), by=member, **form.cleaned_data)
        messages.success(request, _("Saved. Everybody’s answers are scored by it in a moment."))
        return redirect("gold:detail", workspace, uid)
    return _detail(request, member, gold, page, form=form, status=422 if form.errors else 200)


@require_POST
@login_required
def gold_from(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A judgment that a lead trusts becomes gold, with one click; then they say what else passes."""
    member = access_member(request.user, workspace, to="lead")
    judgment = access_judgment(member, uid)
    try:
        gold = gold_from_judgment(judgment=judgment, reason="", by=member)
    except (InvalidJudgment, UnfitExpertAnswer) as error:
        messages.warning(request, str(error))
        return redirect("judgments:look", workspace, uid)
    messages.success(request, _("This is gold now. Say below what else passes, if anything does."))
    return redirect("gold:detail", workspace, gold.uid)


@require_POST
@login_required
def gold_withdraw(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    gold = access_gold(member, uid)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _detail(request, member, gold, _page_of(gold), withdrawing=form, status=422)
    try:
        count = withdraw(gold=gold, reason=form.cleaned_data["reason"], by=member)
    except Conflict as error:
        messages.warning(request, str(error))
    else:
        told = _("It is withdrawn; verdicts that count no more: %(n)s.")
        messages.success(request, told % {"n": count})
    return redirect("gold:detail", workspace, uid)


def _page_of(gold: ExpertAnswer) -> dict[str, Any]:
    steps = gold.task.campaign.preference_steps
    page = page_of_task(gold.task, fields_from(gold.answers, preference_steps=steps))
    return page | reading(page)


def _detail(
    request: Request,
    member: Member,
    gold: ExpertAnswer,
    page: dict[str, Any],
    *,
    form: RuleForm | None = None,
    withdrawing: WithdrawForm | None = None,
    status: int = 200,
) -> HttpResponse:
    initial = {"tolerance": gold.tolerance, "cannot_tell_fails": gold.cannot_tell_fails}
    verdicts = gold.task.gold_verdicts.select_related("judgment", "member", "appeal")
    context = (
        _around(member)
        | page
        | {
            "gold": gold,
            "row": rows_for([gold])[0],
            "accepted": accepted_by(gold, page),
            "form": form or RuleForm(initial=initial),
            "withdrawing": withdrawing or WithdrawForm(),
            "page": newest_first(verdicts, before=request.GET.get("before", "")),
        }
    )
    return render(request, "gold/gold_detail.html", context, status=status)


def _around(member: Member) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace}
