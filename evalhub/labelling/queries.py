from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Task
from evalhub.jobs.choices import ENDED
from evalhub.labelling.figures import Figures, Row, figures_from
from evalhub.labelling.grounds import scores_of
from evalhub.labelling.models import (
    CollectionRun,
    Decision,
    LabellingFunction,
    LabellingRun,
    PromptProposal,
    Proposal,
)
from evalhub.labelling.parameters import models_of, parameters_of
from evalhub.labelling.voting import Material, Votes, votes_by
from evalhub.prompts.models import Collection, Prompt
from evalhub.rubrics.models import Criterion

PAGE = 50


def newest_run(campaign: Campaign, criterion: Criterion) -> LabellingRun | None:
    """The newest that ended well."""
    runs = campaign.labelling_runs.filter(criterion=criterion, ended_at__isnull=False)
    return runs.select_related("criterion", "campaign__workspace").first()


def running(campaign: Campaign, criterion: Criterion) -> LabellingRun | None:
    """The one whose job is under way."""
    runs = campaign.labelling_runs.filter(criterion=criterion, ended_at=None)
    return runs.exclude(job__state__in=ENDED).select_related("job").first()


def newest_run_on(collection: Collection, criterion: Criterion) -> CollectionRun | None:
    """The newest that ended well."""
    runs = CollectionRun.objects.filter(collection=collection, criterion=criterion)
    return runs.filter(ended_at__isnull=False).select_related("criterion").first()


def running_on(collection: Collection, criterion: Criterion) -> CollectionRun | None:
    """The one whose job is under way."""
    runs = CollectionRun.objects.filter(collection=collection, criterion=criterion, ended_at=None)
    return runs.exclude(job__state__in=ENDED).select_related("job").first()


def functions_before(criterion: Criterion) -> list[LabellingFunction]:
    """Active ones of the nearest earlier version that has any for this question, not carried over yet."""
    earlier = LabellingFunction.objects.active().filter(
        criterion__slug=criterion.slug,
        criterion__version__rubric=criterion.version.rubric_id,
        criterion__version__number__lt=criterion.version.number,
    )
    nearest = earlier.order_by("-criterion__version__number").first()
    if nearest is None:
        return []
    there = LabellingFunction.objects.of(criterion).filter(carried_from__name=OuterRef("name"))
    rows = earlier.filter(~Exists(there), criterion=nearest.criterion_id)
    return list(rows.select_related("criterion__version").order_by("name"))


@dataclass(frozen=True)
class Overview:
    """The functions of a criterion, and what a run says of them."""

    criterion: Criterion
    run: LabellingRun | CollectionRun | None
    figures: Figures | None
    rows: list[Row]
    is_stale: bool  # functions were added, changed or retired since


def overview_of(criterion: Criterion, run: LabellingRun | CollectionRun | None) -> Overview:
    """Args: run: the newest that ended well."""
    figures = figures_from(run.figures) if run else None
    by_function = {each.function: each for each in figures.functions} if figures else {}
    functions = LabellingFunction.objects.of(criterion).active()
    functions = functions.select_related("criterion", "carried_from")
    tasks = figures.tasks if figures else 0
    rows = [Row(each, by_function.get(each.uid), tasks) for each in functions]
    is_stale = figures is not None and {row.function.uid for row in rows} != set(by_function)
    return Overview(criterion, run, figures, rows, is_stale)


def undecided(run: LabellingRun, member: Member) -> QuerySet[Proposal]:
    """What the member can still confirm or reject, the surest first.

    Not where somebody decided it, the task has no place left, or the member had it already.
    """
    decided = Decision.objects.filter(
        task=OuterRef("task"), criterion=run.criterion_id, value=OuterRef("value")
    )
    mine = Assignment.objects.filter(task=OuterRef("task"), member=member)
    rows = run.proposals.filter(~Exists(decided), ~Exists(mine))
    rows = rows.filter(task__open_places__gt=0, task__is_reserved=False)
    return rows.order_by("-probability", "task")


@dataclass(frozen=True)
class ProposalPage:
    rows: list[Proposal]
    following: UUID | None  # of `?after=`


def proposals_after(
    run: LabellingRun, member: Member, *, after: str = "", value: int | None = None
) -> ProposalPage:
    """A page of what is undecided; an `after` that names no proposal gives the first."""
    rows = undecided(run, member)
    if value is not None:
        rows = rows.filter(value=value)
    last = _named(run, after)
    if last is not None:
        less = Q(probability__lt=last.probability)
        same = Q(probability=last.probability, task__gt=last.task_id)
        rows = rows.filter(less | same)
    found = list(rows.select_related("task__prompt")[: PAGE + 1])
    following = found[PAGE - 1].task.uid if len(found) > PAGE else None
    return ProposalPage(found[:PAGE], following)


@dataclass(frozen=True)
class Proposed:
    """A proposal with the names of the functions behind it and against it."""

    task: Task | None  # to confirm it by; none: it is about a prompt alone
    prompt: Prompt
    label: str
    probability: float
    agreeing: list[str]
    differing: list[str]


def with_voters(
    run: LabellingRun | CollectionRun, proposals: Sequence[Proposal | PromptProposal]
) -> list[Proposed]:
    """Who says so: the run's functions vote again on these few, as its votes stand by function."""
    figures = figures_from(run.figures)
    going = [each.function for each in figures.functions if not each.is_stopped]
    functions = LabellingFunction.objects.filter(uid__in=going).order_by("name")
    told = [parameters_of(each.kind, each.parameters) for each in functions]
    voters = [(each, votes_by(given)) for each, given in zip(functions, told, strict=True)]
    scores = scores_of([each.asked.pk for each in proposals], models_of(told))
    found = []
    for proposal in proposals:
        prompt = proposal.asked
        material = Material(prompt.messages, prompt.slices, scores[prompt.pk])
        said = [each for each, votes in voters if _votes(votes, material)]
        found.append(
            Proposed(
                proposal.task if isinstance(proposal, Proposal) else None,
                prompt,
                run.criterion.words_for(proposal.value),
                proposal.probability,
                [each.name for each in said if each.value == proposal.value],
                [each.name for each in said if each.value != proposal.value],
            )
        )
    return found


def _votes(votes: Votes, material: Material) -> bool:
    try:
        return votes(material)
    except TimeoutError:  # as in the run: no vote
        return False


@dataclass(frozen=True)
class PromptPage:
    rows: list[PromptProposal]
    following: UUID | None  # of `?after=`


def prompts_after(run: CollectionRun, *, after: str = "", value: int | None = None) -> PromptPage:
    """A page of what is proposed for prompts that are in use, the surest first."""
    in_use = run.collection.prompts.in_use()
    rows = run.proposals.filter(prompt__in=in_use).order_by("-probability", "prompt")
    if value is not None:
        rows = rows.filter(value=value)
    try:
        last = run.proposals.filter(prompt__uid=UUID(after)).first() if after else None
    except ValueError:
        last = None
    if last is not None:
        less = Q(probability__lt=last.probability)
        rows = rows.filter(less | Q(probability=last.probability, prompt__gt=last.prompt_id))
    found = list(rows.select_related("prompt")[: PAGE + 1])
    return PromptPage(found[:PAGE], found[PAGE - 1].prompt.uid if len(found) > PAGE else None)


def _named(run: LabellingRun, uid: str) -> Proposal | None:
    try:
        return run.proposals.filter(task__uid=UUID(uid)).first()
    except ValueError:
        return None


def confirmed(campaign: Campaign, criterion: Criterion) -> dict[str, int]:
    """How many proposals were confirmed and rejected in the campaign."""
    rows = Decision.objects.filter(task__campaign=campaign, criterion=criterion)
    yes = rows.filter(judgment__isnull=False).count()
    return {"confirmed": yes, "rejected": rows.count() - yes}
