from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.common.paging import newest_first
from evalhub.evaluation.forms import MeasureForm
from evalhub.evaluation.models import Comparison
from evalhub.evaluation.reading import sentence
from evalhub.evaluation.services import evaluate_model, note_looks


@require_GET
@login_required
def comparison_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    comparisons = Comparison.objects.filter(workspace=member.workspace)
    comparisons = comparisons.select_related("baseline__model", "candidate__model")
    page = newest_first(comparisons, before=request.GET.get("before", ""))
    note_looks(by=member, digests=[each.candidate.set_digest for each in page])
    rows = [(comparison, sentence(comparison)) for comparison in page]
    context = _context(member) | {"page": page, "rows": rows}
    return render(request, "evaluation/comparison_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def measure(request: Request, workspace: str) -> HttpResponse:
    """Measure any model on the test split of chosen builds; the base first."""
    member = access_member(request.user, workspace, to="engineer")
    form = MeasureForm(request.POST or None, workspace=member.workspace)
    if form.is_valid():
        try:
            evaluation = evaluate_model(
                workspace=member.workspace,
                model=form.cleaned_data["model"],
                builds=form.builds(),
                benchmark=form.cleaned_data["benchmark"],
                rewarder=form.cleaned_data["rewarder"],
                options=form.options(),
                again=form.cleaned_data["again"],
                by=member,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:detail", workspace, evaluation.run.uid)
    return render(request, "evaluation/measure.html", _context(member) | {"form": form})


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
