from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.judges.access import access_judge, judges
from evalhub.judges.choices import Unread
from evalhub.judges.forms import BarForm, JudgingForm, NewJudgeForm, PromptForm
from evalhub.judges.models import Judge, JudgeAcceptance
from evalhub.judges.queries import judgings_of, newest_prompt
from evalhub.judges.services import (
    accept_judge,
    create_judge,
    measure_again,
    revoke_acceptance,
    start_judging,
    write_prompt,
)
from evalhub.judges.trusting import failings, latest_report, standing_acceptance


@require_GET
@login_required
def judge_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    rows = judges().filter(workspace=member.workspace)
    page = newest_first(rows, before=request.GET.get("before", ""))
    context = _context(member) | {"page": page, "is_lead": member.has(Role.LEAD)}
    return render(request, "judges/judge_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def judge_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    form = NewJudgeForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            judge = create_judge(by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("judges:detail", workspace, judge.uid)
    status = 422 if form.errors else 200
    return render(
        request, "judges/judge_new.html", _context(member) | {"form": form}, status=status
    )


@require_GET
@login_required
def judge_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The table of judgings alone for htmx, while one is under way."""
    member = access_member(request.user, workspace, to="build")
    return _detail(request, member, access_judge(member, uid))


@login_required
@require_http_methods(["GET", "POST"])
def prompt_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What the judge is told; saving freezes a new version."""
    member = access_member(request.user, workspace, to="lead")
    judge = access_judge(member, uid)
    prompt = newest_prompt(judge)
    initial = {"version": prompt.rubric_version.uid, "instructions": prompt.instructions}
    form = PromptForm(request.POST or None, prompt=prompt, initial=initial)
    if form.is_valid():
        try:
            write_prompt(judge=judge, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("judges:detail", workspace, uid)
    context = _context(member) | {"judge": judge, "form": form}
    return render(request, "judges/prompt_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def judging_new(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    judge = access_judge(member, uid)
    form = JudgingForm(request.POST or None, prompt=newest_prompt(judge))
    if form.is_valid():
        try:
            start_judging(judge=judge, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("judges:detail", workspace, uid)
    context = _context(member) | {"judge": judge, "form": form}
    return render(request, "judges/judging_new.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def judge_measure(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    job = measure_again(judge=access_judge(member, uid), by=member)
    return redirect("jobs:detail", workspace, job.uid)


@require_POST
@login_required
def judge_accept(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    judge = access_judge(member, uid)
    form = BarForm(request.POST)
    if form.is_valid():
        try:
            accept_judge(judge=judge, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("judges:detail", workspace, uid)
    return _detail(request, member, judge, bar=form)


@require_POST
@login_required
def judge_revoke(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    revoke_acceptance(judge=access_judge(member, uid), by=member)
    return redirect("judges:detail", workspace, uid)


def _detail(
    request: Request, member: Member, judge: Judge, bar: BarForm | None = None
) -> HttpResponse:
    prompt, judgings = newest_prompt(judge), judgings_of(judge)
    report, accepted = latest_report(prompt), standing_acceptance(prompt)
    body = report.body if report else None
    context = _context(member) | {
        "judge": judge,
        "prompt": prompt,
        "earlier": judge.prompts.exclude(pk=prompt.pk),
        "judgings": judgings,
        "is_live": any(not each.run.job.is_ended for each in judgings),
        "report": report,
        "accepted": accepted,
        "fails": failings(body, accepted.bar) if body and accepted else [],
        "unreadable": [(Unread(why).label, n) for why, n in body["why_unreadable"].items()] if body else [],
        "bar": bar or BarForm(initial=_stands(accepted)),
        "is_lead": member.has(Role.LEAD),
    }  # fmt: skip
    template = "judges/judge_detail.html" + ("#rows" if request.htmx else "")
    return render(request, template, context, status=422 if bar else 200)


def _stands(accepted: JudgeAcceptance | None) -> dict[str, float] | None:
    return {**accepted.bar, "fewest": int(accepted.bar["fewest"])} if accepted else None


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
