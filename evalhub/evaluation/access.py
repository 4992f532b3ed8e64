from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member, workspace_of
from evalhub.accounts.models import Member, Workspace
from evalhub.common.errors import NotFound
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Benchmark, Comparison, Evaluation, HumanTrial


def access_comparison(member: Member, uid: UUID) -> Comparison:
    comparisons = Comparison.objects.select_related(
        "baseline__model", "candidate__model", "baseline__run", "candidate__run"
    )
    comparison = comparisons.filter(workspace=member.workspace, uid=uid).first()
    if comparison is None:
        raise NotFound("No such comparison.")
    return comparison


def acting_comparison(request: Request, uid: UUID, *, to: Act) -> tuple[Comparison, Member]:
    """The same for the API, for a token or a session; and who acts."""
    comparison = Comparison.objects.select_related(
        "workspace", "candidate__model", "baseline__model"
    ).filter(uid=uid)
    if (found := comparison.first()) is None:
        raise NotFound("No such comparison.")
    return found, _member(request, found.workspace_id, "No such comparison.", to=to)


def access_evaluation(member: Member, uid: UUID) -> Evaluation:
    found = _evaluations().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such evaluation.")
    return found


def acting_evaluation(request: Request, uid: UUID) -> Evaluation:
    """The same for the API."""
    found = _evaluations().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such evaluation.")
    _member(request, found.workspace_id, "No such evaluation.", to="build")
    return found


def access_benchmark(member: Member, uid: UUID) -> Benchmark:
    benchmarks = Benchmark.objects.select_related("created_by")
    found = benchmarks.filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such benchmark.")
    return found


def acting_benchmark(request: Request, uid: UUID) -> Benchmark:
    """The same for the API."""
    found = Benchmark.objects.filter(uid=uid).first()
    if found is None:
        raise NotFound("No such benchmark.")
    _member(request, found.workspace_id, "No such benchmark.", to="build")
    return found


def engineer_of(request: Request) -> Member:
    """For the API: who acts in the workspace that a body names, before all else of it is looked at."""
    given = request.data.get("workspace") if isinstance(request.data, dict) else None
    slug = given if isinstance(given, str) and "\x00" not in given else None
    return acting_member(request, workspace_of(request, slug), to="engineer")


def set_named(workspace: Workspace, name: str) -> DatasetBuild | Benchmark:
    """What to measure on: a build by its uid or digest, or a benchmark by its uid, name or digest."""
    benchmarks = Benchmark.objects.filter(workspace=workspace)
    builds = workspace.builds.exclude(digest="").select_related("dataset")
    named = Q(digest=name)
    with suppress(ValueError):
        named |= Q(uid=UUID(name))
    found = benchmarks.filter(named | Q(name=name)).first() or builds.filter(named).order_by("-pk").first()  # fmt: skip
    if found is None:
        raise NotFound(
            f"There is no set “{name}” here: name a build by its uid or digest, or a benchmark by its name, "
            "uid or digest; their pages show them."
        )
    return found


def access_trial(member: Member, uid: UUID) -> HumanTrial:
    trial = trials().filter(workspace=member.workspace, uid=uid).first()
    if trial is None:
        raise NotFound("No such trial.")
    return trial


def acting_trial(request: Request, uid: UUID, *, to: Act) -> tuple[HumanTrial, Member]:
    trial = trials().filter(uid=uid).first()
    if trial is None:
        raise NotFound("No such trial.")
    return trial, _member(request, trial.workspace_id, "No such trial.", to=to)


def _evaluations() -> QuerySet[Evaluation]:
    return Evaluation.objects.select_related("model", "benchmark", "run__job", "workspace")


def trials() -> QuerySet[HumanTrial]:
    return HumanTrial.objects.select_related(
        "workspace", "evaluation__model", "incumbent", "campaign", "promotion", "collection",
        "candidate_run__job", "incumbent_run__job", "created_by", "ended_by",
        "rubric_version__rubric",
    )  # fmt: skip


def _member(request: Request, workspace_pk: int, absent: str, *, to: Act) -> Member:
    try:
        return acting_member(request, workspace_pk, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound(absent) from error
