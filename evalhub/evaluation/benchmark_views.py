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
from evalhub.common.paging import newest_first
from evalhub.evaluation.access import access_benchmark, access_evaluation
from evalhub.evaluation.benchmarks import add_benchmark
from evalhub.evaluation.errors import BadBenchmark
from evalhub.evaluation.figures import in_order
from evalhub.evaluation.forms import BenchmarkForm
from evalhub.evaluation.models import Benchmark
from evalhub.evaluation.services import note_looks


@require_GET
@login_required
def benchmark_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    benchmarks = Benchmark.objects.filter(workspace=member.workspace)
    page = newest_first(benchmarks, before=request.GET.get("before", ""))
    context = _context(member) | {"page": page, "may_add": member.has(Role.ENGINEER)}
    return render(request, "evaluation/benchmark_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def benchmark_add(request: Request, workspace: str) -> HttpResponse:
    """A file becomes a frozen set, or every faulty row is named."""
    member = access_member(request.user, workspace, to="engineer")
    form = BenchmarkForm(request.POST or None, request.FILES or None)
    faults = None
    if form.is_valid():
        values = form.cleaned_data
        try:
            benchmark = add_benchmark(
                workspace=member.workspace, name=values["name"], stream=values["file"],
                licence=values["licence"], plain=values["plain"], by=member,
            )  # fmt: skip
        except BadBenchmark as error:
            form.add_error("file", str(error))
            faults = error.data.get("rows")
        else:
            return redirect("evaluation:benchmark", workspace, benchmark.uid)
    context = _context(member) | {"form": form, "faults": faults}
    status = 422 if form.errors else 200
    return render(request, "evaluation/benchmark_add.html", context, status=status)


@require_GET
@login_required
def benchmark_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What its rows carry, and who was measured on it."""
    member = access_member(request.user, workspace, to="build")
    benchmark = access_benchmark(member, uid)
    evaluations = benchmark.evaluations.select_related("model", "run__job")[:50]
    context = _context(member) | {
        "benchmark": benchmark,
        "evaluations": evaluations,
        "may_measure": member.has(Role.ENGINEER),
    }
    return render(request, "evaluation/benchmark_detail.html", context)


@require_GET
@login_required
def evaluation_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A model's figures on one set, and what it took for what."""
    member = access_member(request.user, workspace, to="build")
    evaluation = access_evaluation(member, uid)
    note_looks(by=member, digests=[evaluation.set_digest] if evaluation.is_measured else [])
    figures = [
        (name, evaluation.metrics[name])
        for name in in_order(evaluation.metrics)
        if evaluation.metrics[name]["n"]
    ]
    told = evaluation.confusion
    lines = zip(told["labels"], told["counts"], strict=True) if told else ()
    context = _context(member) | {
        "evaluation": evaluation,
        "figures": figures,
        "confusion": list(lines),
        "labels": told.get("labels", []),
    }
    return render(request, "evaluation/evaluation_detail.html", context)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
