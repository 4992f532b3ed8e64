"""Making a campaign and moving it through its life."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState, Origin, TaskType
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.tasks import Design, add_from_completions
from evalhub.common.errors import Conflict
from evalhub.prompts.models import Collection, Completion
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion


@transaction.atomic
def create_campaign(
    *,
    workspace: Workspace,
    title: str,
    rubric_version: RubricVersion,
    type: TaskType,
    by: Member | None,
    overlap: int = 1,
    origin: Origin = Origin.PEOPLE,
    instructions: str = "",
    hand_size: int = 2,
    lease_minutes: int = 30,
    asks_ratings: bool = False,
    asks_critique: bool = True,
    asks_correction: bool = False,
) -> Campaign:
    """Make a draft; fill it with `add_tasks` or `add_from_completions`, then open it.

    Args:
        asks_ratings: of a comparison or ranking, whether each response is rated as well; then the
            rubric's required criteria must be answered. A rating campaign always asks.

    Raises:
        UnfitCampaign: the rubric version is not published, or belongs to another workspace.
    """
    if not rubric_version.is_frozen:
        raise UnfitCampaign(f"Publish {rubric_version} first: a campaign needs a frozen version.")
    if rubric_version.rubric.workspace_id != workspace.pk:
        raise UnfitCampaign("The rubric belongs to another workspace.")
    campaign = Campaign.objects.create(
        workspace=workspace,
        title=title,
        rubric_version=rubric_version,
        type=type,
        created_by=by,
        overlap=overlap,
        origin=origin,
        instructions=instructions,
        hand_size=hand_size,
        lease_minutes=lease_minutes,
        asks_ratings=asks_ratings,
        asks_critique=asks_critique,
        asks_correction=asks_correction,
    )
    _record("campaign.created", campaign, by, type=campaign.type, overlap=overlap)
    return campaign


@transaction.atomic
def create_from_collection(
    *,
    workspace: Workspace,
    title: str,
    rubric_version: RubricVersion,
    type: TaskType,
    by: Member,
    collection: Collection,
    models: Sequence[LanguageModel],
    overlap: int = 1,
    instructions: str = "",
    design: Design = "first_two",
    asks_ratings: bool = False,
    asks_critique: bool = True,
    asks_correction: bool = False,
) -> Campaign:
    """Make a draft with a task for each prompt of `collection` that `models` answered.

    Raises:
        UnfitCampaign: there is no prompt with as many different answers as the type takes.
    """
    campaign = create_campaign(
        workspace=workspace,
        title=title,
        rubric_version=rubric_version,
        type=type,
        by=by,
        overlap=overlap,
        instructions=instructions,
        asks_ratings=asks_ratings,
        asks_critique=asks_critique,
        asks_correction=asks_correction,
    )
    completions = Completion.objects.filter(
        workspace=workspace, prompt__collection=collection, generation__model__in=models
    )
    if not add_from_completions(campaign=campaign, completions=completions, design=design):
        raise UnfitCampaign(
            f"No prompt of {collection} has enough different answers of these models for a "
            f"{campaign.type} task. Choose more models, or generate more completions."
        )
    return campaign


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
