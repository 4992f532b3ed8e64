"""What a campaign looks like from above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Now

from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Ask, AssignmentState, SkipReason, TaskKind
from evalhub.campaigns.eligibility import open_to
from evalhub.campaigns.models import (
    Acceptance,
    Assignment,
    Campaign,
    Guidelines,
    MemberShare,
    Reservation,
    Task,
    TaskCount,
)
from evalhub.common.identity import mask_identity
from evalhub.prompts.documents import Document, documents_in
from evalhub.prompts.models import Prompt
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import Criterion


@dataclass(frozen=True)
class Progress:
    """Counted in judgments, except `tasks`; done + in_hand + waiting = wanted."""

    tasks: int
    wanted: int
    done: int
    waiting: int
    counted_at: datetime | None = None  # of a large campaign; None: just now

    @property
    def in_hand(self) -> int:
        return self.wanted - self.done - self.waiting

    @property
    def percent(self) -> int:
        return 100 * self.done // self.wanted if self.wanted else 0

    @property
    def is_finished(self) -> bool:
        return self.wanted > 0 and self.done == self.wanted


@dataclass(frozen=True)
class Hand:
    """One annotator's assignments that are no judgment; who opts out of a task skips it uncounted."""

    held: int = 0
    skipped: int = 0
    extra: int = 0


@dataclass(frozen=True)
class GuidelinesVersion:
    guidelines: Guidelines
    accepted: int  # members


@dataclass(frozen=True)
class MyCampaign:
    """An open campaign as one annotator sees it."""

    campaign: Campaign
    submitted: int
    has_more: bool
    waiting: int  # places that nobody holds or has filled
    has_practice: bool
    to_accept: bool  # there are guidelines to read and accept first
    is_share_reached: bool  # one person may judge no more of it


def progress_of(campaign: Campaign) -> Progress:
    return progress_of_each([campaign])[campaign.pk]


def progress_of_each(campaigns: Sequence[Campaign]) -> dict[int, Progress]:
    """By the campaign's key, in two queries for all of them: a large one's as last counted."""
    keys = [campaign.pk for campaign in campaigns]
    found = {
        row.campaign_id: Progress(row.tasks, row.wanted, row.done, row.waiting, row.counted_at)
        for row in TaskCount.objects.filter(campaign__in=keys)
    }
    found |= added_up([key for key in keys if key not in found])
    return {key: found.get(key, Progress(0, 0, 0, 0)) for key in keys}


def added_up(campaigns: Sequence[int]) -> dict[int, Progress]:
    """One pass over their tasks (about 30 ms at 100,000); none for a campaign without any."""
    sums = (
        Task.objects.filter(campaign__in=campaigns)
        .values_list("campaign_id")
        .annotate(
            tasks=Count("pk", filter=~Q(kind=TaskKind.PRACTICE)),
            wanted=Sum("overlap"),
            done=Sum("judged"),
            waiting=Sum("open_places"),
        )
        .order_by("campaign_id")
    )
    return {key: Progress(*counts) for key, *counts in sums}


def hands_of(campaign: Campaign) -> dict[int, Hand]:
    """By the member's key; found through the members, of whom there are few."""
    members = campaign.workspace.members.values("pk")
    states = [AssignmentState.HELD, AssignmentState.SKIPPED, AssignmentState.EXTRA]
    counts = (
        Assignment.objects.filter(member__in=members, campaign=campaign, state__in=states)
        .values_list("member_id")
        .annotate(
            held=Count("pk", filter=Q(state=AssignmentState.HELD)),
            skipped=Count(
                "pk", filter=Q(state=AssignmentState.SKIPPED) & ~Q(skip_reason=SkipReason.OPT_OUT)
            ),
            extra=Count("pk", filter=Q(state=AssignmentState.EXTRA)),
        )
        .order_by("member_id")
    )
    return {key: Hand(*given) for key, *given in counts}


def asked_in(campaign: Campaign) -> list[str]:
    """What the campaign asks beyond what its type always asks, in words."""
    return [str(Ask(ask).label) for ask in Ask.values if ask in campaign.asks]


def versions_of(campaign: Campaign) -> list[GuidelinesVersion]:
    """Every version of its guidelines with how many have accepted it, newest first."""
    rows = campaign.guidelines_versions.select_related("created_by")
    counted = rows.annotate(accepted=Count("acceptances")).order_by("-number")
    return [GuidelinesVersion(row, row.accepted) for row in counted]


def campaigns_for(member: Member) -> list[MyCampaign]:
    """The open campaigns that the member may judge in, those with something left for them first.

    One in which they hold a task stays in the list whatever it asks for since.
    """
    mine = Assignment.objects.filter(member=member, task=OuterRef("pk"))
    kept = Reservation.objects.filter(member=member, task=OuterRef("pk"), due_at__lte=Now())
    waits = Reservation.objects.filter(member=member, task=OuterRef("task"))
    tasks = Task.objects.open().filter(campaign=OuterRef("pk")).filter(~Exists(mine))
    untouched = tasks.filter(Q(is_reserved=False) | Exists(kept))
    shares = MemberShare.objects.filter(member=member, taken__gte=F("most"))
    reached = set(shares.values_list("campaign_id", flat=True))
    held = Assignment.objects.held().filter(member=member, campaign=OuterRef("pk"))
    unfinished = Assignment.objects.filter(member=member, campaign=OuterRef("pk")).filter(
        Q(state=AssignmentState.HELD)
        | Q(
            Q(task__is_reserved=False) | Exists(waits),
            state__in=[AssignmentState.RELEASED, AssignmentState.EXPIRED],
            task__open_places__gt=0,
        )
    )
    campaigns = Campaign.objects.of_workspace(member.workspace).open()
    campaigns = campaigns.filter(open_to(member) | Exists(held))
    more = (Exists(untouched) | Exists(unfinished)) & ~Q(pk__in=reached) | Exists(held)
    with_more = set(campaigns.filter(more).values_list("pk", flat=True))
    rows = sorted(campaigns, key=lambda row: (row.pk in with_more, row.pk), reverse=True)
    keys = [row.pk for row in rows]
    done, waiting = submitted_by(member, keys), _waiting_in(keys)
    practice = Task.objects.filter(campaign__in=keys, kind=TaskKind.PRACTICE)
    with_practice = set(practice.values_list("campaign_id", flat=True).distinct())
    accepted = set(Acceptance.objects.filter(member=member).values_list("guidelines_id", flat=True))
    return [
        MyCampaign(
            campaign=row,
            submitted=done.get(row.pk, 0),
            has_more=row.pk in with_more,
            waiting=waiting.get(row.pk, 0),
            has_practice=row.pk in with_practice,
            to_accept=row.guidelines_id is not None and row.guidelines_id not in accepted,
            is_share_reached=row.pk in reached,
        )
        for row in rows
    ]


def _waiting_in(campaigns: Sequence[int]) -> dict[int, int]:
    """Places for whoever comes, by the campaign's key: a large one's as last counted."""
    counted = TaskCount.objects.filter(campaign__in=campaigns)
    found = dict(counted.values_list("campaign_id", "shared"))
    return found | shared_in([key for key in campaigns if key not in found])


def shared_in(campaigns: Sequence[int]) -> dict[int, int]:
    """The open places; what is reserved is left out: for whom tells of gold and repeats."""
    shared = Task.objects.open().filter(campaign__in=campaigns, is_reserved=False)
    rows = shared.values_list("campaign_id")
    return dict(rows.annotate(Sum("open_places")))


def submitted_by(member: Member, campaigns: Sequence[int]) -> dict[int, int]:
    """How many judgments the member submitted, by campaign key."""
    rows = (
        Assignment.objects.filter(
            member=member, campaign__in=campaigns, state=AssignmentState.SUBMITTED
        )
        .values_list("campaign_id")
        .annotate(Count("pk"))
    )
    return dict(rows)


def has_accepted(member_pk: int, guidelines_pk: int) -> bool:
    """Whether the member may judge by these guidelines; only persons are asked to accept them."""
    if Acceptance.objects.filter(member_id=member_pk, guidelines_id=guidelines_pk).exists():
        return True
    return not Member.objects.filter(pk=member_pk, kind=MemberKind.PERSON).exists()


@dataclass(frozen=True)
class Beside:
    """What stands beside a task's responses."""

    documents: Sequence[Document] = ()  # the prompt's sources, in order
    reference: str = ""  # "": none, or not shown


def beside_of(prompt: Prompt, asks: Sequence[str]) -> Beside:
    reference = prompt.reference if Ask.REFERENCE in asks else ""
    return Beside(documents_in(prompt.documents), reference or "")


def mask_of(workspace: int) -> Callable[[str], str]:
    """What blacks out the names by which a text tells who wrote it, and leaves it as long as before.

    The names of the workspace's own models are among them.
    """
    names = LanguageModel.objects.filter(workspace_id=workspace).values_list("name", flat=True)
    own = list(names.order_by("pk"))
    return lambda text: mask_identity(text, own)


def masked(texts: Sequence[str], *, workspace: int) -> list[str]:
    """The texts, each by `mask_of`."""
    mask = mask_of(workspace)
    return [mask(text) for text in texts]


def masked_turns(
    messages: Sequence[dict[str, Any]], mask: Callable[[str], str]
) -> list[dict[str, Any]]:
    """A conversation in which no turn of the assistant tells who it is; people's turns as they were."""
    return [
        turn
        if turn["role"] != "assistant"
        else turn
        | {"content": mask(turn["content"])}
        | ({"tool_calls": masked_calls(turn["tool_calls"], mask)} if "tool_calls" in turn else {})
        for turn in messages
    ]


def masked_calls(
    calls: Sequence[dict[str, Any]], mask: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Tool calls with the texts among their arguments masked."""
    return [call | {"arguments": _masked_value(call["arguments"], mask)} for call in calls]


def _masked_value(value: Any, mask: Callable[[str], str]) -> Any:  # JSON
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked_value(each, mask) for each in value]
    if isinstance(value, dict):
        return {name: _masked_value(each, mask) for name, each in value.items()}
    return value


@lru_cache(maxsize=256)
def criteria_of(version_pk: int) -> tuple[Criterion, ...]:
    """The criteria of a published version, in order.

    Kept in the process: a published version is frozen, and each submit asks for it.
    """
    return tuple(Criterion.objects.filter(version_id=version_pk).order_by("position", "pk"))
