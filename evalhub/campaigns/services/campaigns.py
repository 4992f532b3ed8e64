"""Making a campaign and moving it through its life."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.choices import (
    FITTING_TYPES,
    PREFERENCE_STEPS,
    Ask,
    CampaignState,
    Design,
    Origin,
    TaskType,
)
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.selection import Selection
from evalhub.campaigns.services.guidelines import set_guidelines
from evalhub.campaigns.services.tasks import add_selected
from evalhub.common.errors import Conflict
from evalhub.jobs.events import announce
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
    people: Sequence[int]  # keys of the members who alone may judge
    closes_at: datetime | None  # closed by itself from then on; never
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
    """Make a draft; fill it with `add_tasks` or the like, then open it.

    Raises:
        UnfitCampaign: the rubric version is not published, belongs to another workspace, or says
            nothing about what the campaign asks.
    """
    guidelines, consent = settings.pop("guidelines", ""), settings.pop("consent", "")
    settings["asks"] = sorted({str(ask) for ask in settings.get("asks", [Ask.CRITIQUE])})
    check_settings(TaskType(type), settings, rubric_version, workspace)
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


def check_settings(
    type_: TaskType, settings: Settings, version: RubricVersion, workspace: Workspace
) -> None:
    """Raise UnfitCampaign when they do not go together."""
    if not version.is_frozen:
        told = _("Publish %(version)s first: a campaign needs a frozen version.")
        raise UnfitCampaign(told % {"version": version}, field="rubric_version")
    if version.rubric.workspace_id != workspace.pk:
        raise UnfitCampaign(_("The rubric belongs to another workspace."))
    asks = settings["asks"]
    overlap, most = settings.get("overlap", 1), settings.get("most_overlap")
    if most is not None and most < overlap:
        told = _("The overlap grows from %(n)s: the most must not be below that.")
        raise UnfitCampaign(told % {"n": overlap}, field="most_overlap")
    if settings.get("preference_steps", PREFERENCE_STEPS[0]) not in PREFERENCE_STEPS:
        raise UnfitCampaign(
            _("A comparison has 3, 5 or 7 steps from A to B."), field="preference_steps"
        )
    if unfit := [ask for ask in asks if type_ not in FITTING_TYPES[Ask(ask)]]:
        told = _("A %(type)s campaign cannot ask for %(asks)s; leave that out.")
        raise UnfitCampaign(told % {"type": type_, "asks": ", ".join(unfit)}, field="asks")
    if Ask.SPANS in asks and not version.error_types:
        told = _("%(version)s names no error types for marked passages; make a version that does.")
        raise UnfitCampaign(told % {"version": version}, field="rubric_version")


@transaction.atomic
def create_from_selection(
    *,
    title: str,
    rubric_version: RubricVersion,
    type: TaskType,
    selection: Selection,
    by: Member,
    **settings: Unpack[Settings],
) -> Campaign:
    """Make a draft with the tasks of `selection`.

    Raises:
        UnfitCampaign: as `create_campaign` does, or nothing in the selection makes a task.
    """
    campaign = create_campaign(
        workspace=by.workspace,
        title=title,
        rubric_version=rubric_version,
        type=type,
        by=by,
        **settings,
    )
    if not add_selected(campaign=campaign, selection=selection):
        raise UnfitCampaign(_nothing_in(selection, TaskType(type)))
    return campaign


def _nothing_in(selection: Selection, type_: TaskType) -> str:
    names = {"collection": selection.collection, "type": type_}
    if not selection.prompts().exists():
        if selection.slices:
            slices = {"slices": ", ".join(selection.slices)}
            return _("%(collection)s has no prompt of %(slices)s.") % (names | slices)
        return _("%(collection)s has no prompts yet; import some.") % names
    if type_ == TaskType.COMPARISON and selection.design == Design.NEAREST:
        told = _(
            "No prompt of %(collection)s has two different answers of these models that people have "
            "rated. Rate them first, or choose other pairs."
        )
        return told % names
    if type_ == TaskType.COMPARISON and selection.design == Design.SCORED:
        told = _(
            "No prompt of %(collection)s has two different answers of these models that one reward "
            "model has scored. Score answers first, on the collection’s page, or choose other pairs."
        )
        return told % names
    told = _(
        "No prompt of %(collection)s has enough different answers of these models for a %(type)s "
        "task. Choose more models, or generate more completions."
    )
    return told % names


def open_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Let annotators claim its tasks. Raise UnfitCampaign when it has none, or no time left."""
    if campaign.closes_at is not None and campaign.closes_at <= timezone.now():
        told = _("This campaign’s time is over; give it a later one before you open it.")
        raise UnfitCampaign(told)
    if not campaign.tasks.exists():
        raise UnfitCampaign(_("This campaign has no tasks yet; add some before you open it."))
    return _move(campaign, CampaignState.OPEN, after=[CampaignState.DRAFT], verb="opened", by=by)


def pause_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Lend nothing more for now; what is in people's hands can still be submitted."""
    return _move(campaign, CampaignState.PAUSED, after=[CampaignState.OPEN], verb="paused", by=by)


def resume_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    return _move(campaign, CampaignState.OPEN, after=[CampaignState.PAUSED], verb="resumed", by=by)


@transaction.atomic
def close_campaign(*, campaign: Campaign, by: Member | None) -> Campaign:
    """Lend nothing more for good; what is in people's hands can still be submitted."""
    before = [CampaignState.DRAFT, CampaignState.OPEN, CampaignState.PAUSED]
    closed = _move(campaign, CampaignState.CLOSED, after=before, verb="closed", by=by)
    announce("campaign.closed", closed.uid)
    return closed


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
