"""Practice: the tasks of a campaign that an expert has answered, one by one. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign, shown_to
from evalhub.campaigns.models import Campaign
from evalhub.judgments.body import Answers
from evalhub.judgments.comparing import beside
from evalhub.judgments.errors import InvalidJudgment, MalformedBody
from evalhub.judgments.experts import check_answers, practice_of
from evalhub.judgments.looking import page_of_task
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.page import desk_page
from evalhub.judgments.sheet import answers_from


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def practice(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Task `n`, and after the answers the expert's beside them."""
    member = access_member(request.user, workspace, to="judge")
    campaign = access_campaign(member, uid)
    asked = request.GET.get("n", "1")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1
    expert, count = practice_of(campaign, number)
    context = _context(member, campaign) | {"number": number, "count": count, "next": number + 1}
    if expert is None:
        return render(request, "judgments/practice_over.html", context)
    shown_to(expert.task.campaign, member.pk)
    if request.method == "GET":
        return _form(request, member, expert, context, {})
    fields = request.POST.dict()
    try:
        answers = answers_from(fields, Answers)
        check_answers(expert.task, answers)
    except (InvalidJudgment, MalformedBody) as error:
        return _form(request, member, expert, context, fields, wrong=str(error))
    context["beside"] = beside(expert.task, msgspec.to_builtins(answers), expert)
    context |= page_of_task(expert.task, fields) | {"campaign": campaign}
    return render(request, "judgments/practice_result.html", context)


def _form(
    request: Request,
    member: Member,
    expert: ExpertAnswer,
    context: dict[str, Any],
    fields: Mapping[str, str],
    *,
    wrong: str = "",
) -> HttpResponse:
    campaign: Campaign = context["campaign"]
    url = reverse("judgments:practice", args=[member.workspace.slug, campaign.uid])
    context |= page_of_task(expert.task, fields) | desk_page(member)
    context |= {
        "campaign": campaign,
        "mode": "practice",
        "form_action": f"{url}?n={context['number']}",
        "hidden": {"assignment": ""},
        "wrong": wrong,
    }
    return render(request, "judgments/practice.html", context, status=422 if wrong else 200)


def _context(member: Member, campaign: Campaign) -> dict[str, Any]:
    return {"member": member, "workspace": member.workspace, "campaign": campaign}
