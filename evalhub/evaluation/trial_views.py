from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.evaluation.access import access_comparison, access_trial, trials
from evalhub.evaluation.forms import EndTrialForm, GateForm
from evalhub.evaluation.gate import as_json, read_gate
from evalhub.evaluation.judging import conditions_of
from evalhub.evaluation.queries import newest_try
from evalhub.evaluation.reading import lines_of
from evalhub.evaluation.services import end_trial, note_looks, try_gate
from evalhub.evaluation.trials.telling import course_of, headline, in_short, progress_of


@login_required
@require_http_methods(["GET", "POST"])
def gate_try(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What a gate would say of this comparison; decides nothing. The result alone for htmx."""
    posts = request.method == "POST"
    member = access_member(request.user, workspace, to="engineer" if posts else "build")
    comparison = access_comparison(member, uid)
    note_looks(by=member, digests=[comparison.candidate.set_digest])
    tried = newest_try(comparison)
    before = {"gate": tried.payload["gate"]} if tried else None
    form = GateForm(request.POST or None, initial=before)
    if form.is_valid():
        try_gate(comparison=comparison, gate=form.cleaned_data["gate"], by=member)
        return redirect("evaluation:gate", workspace, uid)
    context = _context(member) | {
        "comparison": comparison,
        "form": form,
        "tried": tried,
        "conditions": conditions_of(read_gate(tried.payload["gate"])) if tried else [],
        "lines": [line for line in lines_of(comparison) if line.whisker],
        "may_try": member.has(Role.ENGINEER),
    }
    template = "evaluation/gate_try.html" + ("#result" if request.htmx else "")
    return render(request, template, context, status=422 if form.errors else 200)


@require_GET
@login_required
def trial_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    rows = trials().filter(workspace=member.workspace)
    page = newest_first(rows, before=request.GET.get("before", ""))
    context = _context(member) | {"page": page, "rows": [(each, in_short(each)) for each in page]}
    return render(request, "evaluation/trial_list.html", context)


@require_GET
@login_required
def trial_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    return _show(request, member, uid, EndTrialForm())


@login_required
@require_http_methods(["POST"])
def trial_end(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Stop asking people; the candidate is not promoted."""
    member = access_member(request.user, workspace, to="engineer")
    trial = access_trial(member, uid)
    form = EndTrialForm(request.POST)
    if form.is_valid():
        try:
            end_trial(trial=trial, by=member, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("evaluation:trial", workspace, uid)
    return _show(request, member, uid, form)


def _show(request: Request, member: Member, uid: UUID, form: EndTrialForm) -> HttpResponse:
    trial = access_trial(member, uid)
    gate = read_gate(trial.gate)
    context = _context(member) | {
        "trial": trial,
        "headline": headline(trial),
        "progress": progress_of(trial),
        "course": course_of(trial),
        "conditions": conditions_of(gate),
        "gate": as_json(gate),
        "form": form,
        "may_end": member.has(Role.ENGINEER),
    }
    status = 422 if form.errors else 200
    return render(request, "evaluation/trial_detail.html", context, status=status)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
