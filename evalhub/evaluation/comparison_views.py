"""A comparison to read, and to take away as a file."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.evaluation.access import access_comparison
from evalhub.evaluation.models import Comparison
from evalhub.evaluation.queries import looks_at, newest_people, trial_of
from evalhub.evaluation.reading import lines_of, people_lines, sentence
from evalhub.evaluation.serializers import whole
from evalhub.evaluation.services import note_looks
from evalhub.evaluation.showing import (
    CHANGE,
    csv_text,
    examples_by,
    figures_by_slice,
    label_of,
    orders_of,
    slice_lines,
    slices_in_words,
)
from evalhub.evaluation.summing import sum_up_people
from evalhub.evaluation.trials.telling import in_short


@require_GET
@login_required
def comparison_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """The whole page; which figure by slice, and how examples are sorted, is chosen in the URL."""
    member = access_member(request.user, workspace, to="build")
    comparison = _looked_at(member, uid)
    context = {
        "member": member,
        "workspace": member.workspace,
        "comparison": comparison,
        "sentence": sentence(comparison),
        "lines": lines_of(comparison),
        "promotions": comparison.promotions.all(),
        "looks": looks_at(member.workspace, comparison.candidate.set_digest),
    }
    context |= _people(member, comparison)
    context |= _slices(comparison, request.GET.get("figure", ""))
    context |= _examples(comparison, request.GET.get("examples", CHANGE))
    return render(request, "evaluation/comparison_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def comparison_people(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What people say of both models, for htmx while a worker sums it up; a POST asks for that."""
    posts = request.method == "POST"
    member = access_member(request.user, workspace, to="engineer" if posts else "build")
    comparison = _looked_at(member, uid)
    if posts:
        sum_up_people(comparison=comparison, by=member)
        return redirect(reverse("evaluation:detail", args=[workspace, uid]) + "#people")
    context = {"workspace": member.workspace, "comparison": comparison}
    return render(request, "evaluation/_people.html", context | _people(member, comparison))


@require_GET
@login_required
def comparison_csv(request: Request, workspace: str, uid: UUID) -> StreamingHttpResponse:
    """Every figure a line, of all rows and of each slice."""
    member = access_member(request.user, workspace, to="build")
    comparison = _looked_at(member, uid)
    answer = StreamingHttpResponse(csv_text(comparison), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="comparison-{uid}.csv"'
    return answer


@require_GET
@login_required
def comparison_json(request: Request, workspace: str, uid: UUID) -> JsonResponse:
    """All that is stored of it, as the API tells it."""
    member = access_member(request.user, workspace, to="build")
    answer = JsonResponse(whole(_looked_at(member, uid)), json_dumps_params={"indent": 1})
    answer.headers["Content-Disposition"] = f'attachment; filename="comparison-{uid}.json"'
    return answer


def _looked_at(member: Member, uid: UUID) -> Comparison:
    comparison = access_comparison(member, uid)
    note_looks(by=member, digests=[comparison.candidate.set_digest])
    return comparison


def _people(member: Member, comparison: Comparison) -> dict[str, object]:
    trial, job = trial_of(comparison), newest_people(comparison)
    found = job.result if job else {}
    return {
        "trial": trial,
        "trial_said": in_short(trial) if trial else "",
        "people_job": job,
        "people": found,
        "people_lines": people_lines(found) if found else [],
        "may_sum_up": member.has(Role.ENGINEER),
    }


def _slices(comparison: Comparison, asked: str) -> dict[str, object]:
    figures = figures_by_slice(comparison)
    figure = asked if asked in figures else next(iter(figures), "")
    lines = slice_lines(comparison, figure) if figure else []
    return {
        "figure": figure,
        "figures": [(name, label_of(name)) for name in figures],
        "slice_lines": lines,
        "slices_said": slices_in_words(lines, figure) if lines else "",
        "slices_left_out": comparison.by_slice.get("left_out", 0),
    }


def _examples(comparison: Comparison, asked: str) -> dict[str, object]:
    orders = orders_of(comparison)
    order = asked if asked in {each.name for each in orders} else CHANGE
    return {"order": order, "orders": orders, "examples": examples_by(comparison, order)}
