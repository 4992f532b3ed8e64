from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Assignment, Campaign, Task
from evalhub.jobs.choices import ENDED
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Rating
from evalhub.labelling.figures import Figures, Row, figures_from
from evalhub.labelling.models import Decision, LabellingFunction, LabellingRun, Proposal
from evalhub.labelling.parameters import Parameters, parameters_of
from evalhub.labelling.voting import Material, Votes, votes_by
from evalhub.rubrics.models import Criterion

READ_AT_ONCE = 1_000
SAMPLE = 300  # tasks that a function is tried on while it is written
SHOWN = 5  # examples of them
PAGE = 50
_TRIED_FOR = 20  # texts on which a pattern may take too long before the trial stops


def tasks_to_label(campaign: Campaign) -> QuerySet[Task]:
    """Those whose answers are data: no gold, practice or trial."""
    return campaign.tasks.filter(kind=TaskKind.NORMAL)


def materials(tasks: QuerySet[Task]) -> Iterator[tuple[int, Material]]:
    """Keys, rising, with what functions read; in batches, whatever the number of tasks."""
    last = 0
    while True:
        rows = tasks.filter(pk__gt=last).order_by("pk")
        batch = rows.values_list("pk", "prompt__messages", "prompt__slices")[:READ_AT_ONCE]
        found = list(batch)
        for key, messages, slices in found:
            yield key, Material(messages, slices)
        if len(found) < READ_AT_ONCE:
            return
        last = found[-1][0]


@dataclass(frozen=True)
class Trial:
    """A function on a sample of the tasks."""

    tasks: int
    votes: int
    gave_up: int  # texts on which its pattern took too long
    examples: list[str]  # last turns on which it votes


def trial_of(campaign: Campaign, given: Parameters) -> Trial:
    """What a function would vote on; the sample is the same each time, as the lot drew it."""
    votes, gave_up, seen = 0, 0, 0
    examples: list[str] = []
    voter = votes_by(given)
    rows = tasks_to_label(campaign).order_by("lot", "pk")
    for messages, slices in rows.values_list("prompt__messages", "prompt__slices")[:SAMPLE]:
        seen += 1
        try:
            is_vote = voter(Material(messages, slices))
        except TimeoutError:
            gave_up += 1
            if gave_up >= _TRIED_FOR:
                break
            continue
        votes += is_vote
        if is_vote and len(examples) < SHOWN:
            examples.append(str(messages[-1].get("content") or "") if messages else "")
    return Trial(seen, votes, gave_up, examples)


def labels_by_people(campaign: Campaign, criterion: Criterion) -> dict[int, int]:
    """What most people said, by the task's key: a tie is no label.

    Answers confirmed from a proposal are left out: they would measure a function by its own word.
    """
    said = Judgment.objects.counted().filter(
        campaign=campaign, source=Source.HUMAN, saw_proposal=False, task__kind=TaskKind.NORMAL
    )
    rows = Rating.objects.filter(judgment__in=said, criterion=criterion, completion=None)
    counts: dict[int, Counter[int]] = {}
    for task, value in rows.values_list("judgment__task", "value").iterator():
        if value is not None:
            counts.setdefault(task, Counter())[value] += 1
    labels = {}
    for task, votes in counts.items():
        (value, most), *others = votes.most_common(2)
        if not others or others[0][1] < most:
            labels[task] = value
    return labels


def newest_run(campaign: Campaign, criterion: Criterion) -> LabellingRun | None:
    """The newest that ended well."""
    runs = campaign.labelling_runs.filter(criterion=criterion, ended_at__isnull=False)
    return runs.select_related("criterion", "campaign__workspace").first()


def running(campaign: Campaign, criterion: Criterion) -> LabellingRun | None:
    """The one whose job is under way."""
    runs = campaign.labelling_runs.filter(criterion=criterion, ended_at=None)
    return runs.exclude(job__state__in=ENDED).select_related("job").first()


@dataclass(frozen=True)
class Overview:
    """The functions of a criterion, and what the newest run in a campaign says of them."""

    criterion: Criterion
    run: LabellingRun | None
    figures: Figures | None
    rows: list[Row]
    is_stale: bool  # functions were added, changed or retired since


def overview_of(campaign: Campaign, criterion: Criterion) -> Overview:
    run = newest_run(campaign, criterion)
    figures = figures_from(run.figures) if run else None
    by_function = {each.function: each for each in figures.functions} if figures else {}
    functions = LabellingFunction.objects.of(criterion).active().select_related("criterion")
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

    task: Task
    label: str
    probability: float
    agreeing: list[str]
    differing: list[str]


def with_voters(run: LabellingRun, proposals: list[Proposal]) -> list[Proposed]:
    """Who says so: the run's functions vote again on these few, as its votes stand by function."""
    figures = figures_from(run.figures)
    going = [each.function for each in figures.functions if not each.is_stopped]
    functions = LabellingFunction.objects.filter(uid__in=going).order_by("name")
    voters = [(each, votes_by(parameters_of(each.kind, each.parameters))) for each in functions]
    found = []
    for proposal in proposals:
        prompt = proposal.task.prompt
        material = Material(prompt.messages, prompt.slices)
        said = [each for each, votes in voters if _votes(votes, material)]
        found.append(
            Proposed(
                proposal.task,
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
