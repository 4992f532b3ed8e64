"""Making a campaign and moving it through its life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.choices import (
    COMPLETIONS_PER_TASK,
    FITTING_TYPES,
    PREFERENCE_STEPS,
    Ask,
    CampaignState,
    Origin,
    TaskType,
)
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.guidelines import set_guidelines
from evalhub.campaigns.services.tasks import Design, Shape, add_from_completions, add_tasks
from evalhub.common.errors import Conflict
from evalhub.prompts.models import Collection, Completion
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion


class Settings(TypedDict, total=False):
    """How a campaign is judged; what is left out keeps its default."""

    overlap: int  # judgments wanted per task; 1
    hand_size: int  # tasks that one person may hold; 20
    lease_minutes: int  # 30
    asks: Sequence[str]  # beyond what the type always asks, see `Ask`; room for a reason
    preference_steps: int  # 3, 5 or 7 buttons from "A" to "B" of a comparison; 5
    masks_identity: bool  # hide "I am GPT…" on display
    allows_revision: bool  # may people reopen what they submitted; yes
    task_order: str  # which task comes next, see `TaskOrder`; by priority
    requeue: str  # where a skipped task goes, see `Requeue`; to others
    most_overlap: int | None  # how far a task's overlap may grow where people disagree; not at all
    max_share: int | None  # percent of its judgments that one person may give; any
    review_share: int  # percent of each person's judgments that a reviewer looks at; none
    languages: Sequence[str]  # people must speak one of them
    groups: Sequence[str]  # and be in one of these
    qualifications: Sequence[str]  # and have all of these
    allows_extra: bool  # may work whose place is gone be submitted, apart from k; no
    content_warning: str  # then responses are blurred until clicked
    guidelines: str  # Markdown that people read and accept before they judge
    consent: str  # what they agree to besides


@transaction.atomic
def create_campaign(
    *,
    workspace: Workspace,
    title: str,
    rubric_version: RubricVersion,
    type: TaskType,
    by: Member | None,
    origin: Origin = Origin.PEOPLE,
    **settings: Unpack[Settings],
) -> Campaign:
    """Make a draft; fill it with `add_tasks` or `add_from_completions`, then open it.

    Raises:
        UnfitCampaign: the rubric version is not published, belongs to another workspace, or says
            nothing about what the campaign asks.
    """
    if not rubric_version.is_frozen:
        raise UnfitCampaign(f"Publish {rubric_version} first: a campaign needs a frozen version.")
    if rubric_version.rubric.workspace_id != workspace.pk:
        raise UnfitCampaign("The rubric belongs to another workspace.")
    guidelines, consent = settings.pop("guidelines", ""), settings.pop("consent", "")
    settings["asks"] = sorted({str(ask) for ask in settings.get("asks", [Ask.CRITIQUE])})
    _check(TaskType(type), settings, rubric_version)
    campaign = Campaign.objects.create(
        workspace=workspace,
        title=title,
        rubric_version=rubric_version,
        type=type,
        created_by=by,
        origin=origin,
        **settings,
    )
    _record("campaign.created", campaign, by, type=campaign.type, overlap=campaign.overlap)
    if guidelines.strip() or consent.strip():
        set_guidelines(campaign=campaign, content=guidelines, consent=consent, by=by)
    return campaign


def _check(type_: TaskType, settings: Settings, version: RubricVersion) -> None:
    asks = settings["asks"]
    overlap, most = settings.get("overlap", 1), settings.get("most_overlap")
    if most is not None and most < overlap:
        raise UnfitCampaign(f"The overlap grows from {overlap}: the most must not be below that.")
    if settings.get("preference_steps", PREFERENCE_STEPS[0]) not in PREFERENCE_STEPS:
        raise UnfitCampaign("A comparison has 3, 5 or 7 steps from A to B.")
    if unfit := [ask for ask in asks if type_ not in FITTING_TYPES[Ask(ask)]]:
        raise UnfitCampaign(
            f"A {type_} campaign cannot ask for {', '.join(unfit)}; leave that out."
        )
    if Ask.SPANS in asks and not version.error_types:
        raise UnfitCampaign(
            f"{version} names no error types for marked passages; make a version that does."
        )


@transaction.atomic
def create_from_collection(
    *,
    workspace: Workspace,
    title: str,
    rubric_version: RubricVersion,
    type: TaskType,
    by: Member,
    collection: Collection,
    models: Sequence[LanguageModel] = (),
    design: Design = "first_two",
    **settings: Unpack[Settings],
) -> Campaign:
    """Make a draft with a task for each prompt of `collection` that `models` answered.

    A label or demonstration task needs no answer: then every prompt makes one.

    Raises:
        UnfitCampaign: there is no prompt with as many different answers as the type takes.
    """
    campaign = create_campaign(
        workspace=workspace,
        title=title,
        rubric_version=rubric_version,
        type=type,
        by=by,
        **settings,
    )
    if COMPLETIONS_PER_TASK[TaskType(type)] == (0, 0):
        if not add_tasks(campaign=campaign, items=_prompts_of(collection)):
            raise UnfitCampaign(f"{collection} has no prompts yet; import some.")
        return campaign
    completions = Completion.objects.filter(
        workspace=workspace,
        prompt__collection=collection,
        prompt__archived_at=None,
        generation__model__in=models,
    )
    if not add_from_completions(campaign=campaign, completions=completions, design=design):
        raise UnfitCampaign(
            f"No prompt of {collection} has enough different answers of these models for a "
            f"{campaign.type} task. Choose more models, or generate more completions."
        )
    return campaign


def _prompts_of(collection: Collection) -> Iterator[Shape]:
    for prompt in collection.prompts.in_use().order_by("pk").iterator(chunk_size=1000):
        yield prompt, ()


def open_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Let annotators claim its tasks. Raise UnfitCampaign when it has none."""
    if not campaign.tasks.exists():
        raise UnfitCampaign("This campaign has no tasks yet; add some before you open it.")
    return _move(campaign, CampaignState.OPEN, after=[CampaignState.DRAFT], verb="opened", by=by)


def pause_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Lend nothing more for now; what is in people's hands can still be submitted."""
    return _move(campaign, CampaignState.PAUSED, after=[CampaignState.OPEN], verb="paused", by=by)


def resume_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    return _move(campaign, CampaignState.OPEN, after=[CampaignState.PAUSED], verb="resumed", by=by)


def close_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Lend nothing more for good; what is in people's hands can still be submitted."""
    before = [CampaignState.DRAFT, CampaignState.OPEN, CampaignState.PAUSED]
    return _move(campaign, CampaignState.CLOSED, after=before, verb="closed", by=by)


@transaction.atomic
def _move(
    campaign: Campaign,
    to: CampaignState,
    *,
    after: Sequence[CampaignState],
    verb: str,
    by: Member | None,
) -> Campaign:
    now = timezone.now()
    stamps = {"opened": {"opened_at": now}, "closed": {"closed_at": now}}.get(verb, {})
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=after).update(state=to, **stamps)
    campaign.refresh_from_db(fields=["state", "opened_at", "closed_at"])
    if not moved:
        raise Conflict(f"“{campaign.title}” is {campaign.state}: it cannot be {verb}.")
    _record(f"campaign.{verb}", campaign, by)
    return campaign


def _record(verb: str, campaign: Campaign, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=campaign.workspace.slug,
        target=f"campaign {campaign.uid}",
        title=campaign.title,
        **details,
    )
