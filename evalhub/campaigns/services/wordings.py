"""Two wordings of a rubric, tried on random halves of the people; then one is kept."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.access import shown_to
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Assignment, Campaign, WordingHalf
from evalhub.campaigns.services.leases import release
from evalhub.common.errors import Conflict
from evalhub.rubrics.carried import has_same_scale
from evalhub.rubrics.models import RubricVersion


@transaction.atomic
def try_wordings(*, campaign: Campaign, second: RubricVersion | None, by: Member) -> Campaign:
    """Show half of the people `second`, by lot, and the others the campaign's own version.

    None: everybody is shown the campaign's own.

    Raises:
        Conflict: it was opened, and people have judged by what they were shown.
        UnfitCampaign: the two do not ask the same questions on the same scales.
    """
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if locked.state != CampaignState.DRAFT:
        told = _("“%(title)s” was opened: wordings are tried from the first judgment on.")
        raise Conflict(told % {"title": locked.title})
    if second is not None:
        _check_alike(locked.rubric_version, second)
    locked.second_version = second
    locked.save(update_fields=["second_version"])
    _record("campaign.wordings_set", locked, by, second=None if second is None else second.number)
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def keep_wording(*, campaign: Campaign, version: RubricVersion, by: Member) -> Campaign:
    """Show everybody `version` from now on; who holds tasks with the other wording gets them anew.

    What was typed there is kept as a draft.

    Raises:
        Conflict: no two wordings are tried, or `version` is neither.
    """
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if locked.second_version_id is None:
        raise Conflict(_("This campaign tries no two wordings."))
    if version.pk not in (locked.rubric_version_id, locked.second_version_id):
        raise Conflict(_("This campaign does not try this version."))
    halves = WordingHalf.objects.filter(campaign=locked).exclude(version=version)
    others = list(halves.values_list("member", flat=True))
    locked.rubric_version, locked.second_version = version, None
    locked.save(update_fields=["rubric_version", "second_version"])
    held = Assignment.objects.held().filter(campaign=locked, member__in=others)
    for assignment in held.order_by("pk"):
        release(assignment=assignment, token=assignment.token)
    _record("campaign.wording_kept", locked, by, version=version.number)
    campaign.refresh_from_db()
    return campaign


def place_in_half(campaign: Campaign, member_pk: int) -> None:
    """Store which wording the member is shown, before the first task; nothing without a trial."""
    if campaign.second_version_id is not None:
        shown = shown_to(campaign, member_pk).rubric_version
        row = WordingHalf(campaign=campaign, member_id=member_pk, version=shown)
        WordingHalf.objects.bulk_create([row], ignore_conflicts=True)


def _check_alike(first: RubricVersion, second: RubricVersion) -> None:
    if second.rubric_id != first.rubric_id or second.pk == first.pk:
        raise UnfitCampaign(_("The second wording is another version of the same rubric."))
    if not second.is_frozen:
        raise UnfitCampaign(_("Publish the second wording first."))
    ones = {each.slug: each for each in first.criteria.all()}
    others = {each.slug: each for each in second.criteria.all()}
    if differing := sorted(ones.keys() ^ others.keys()):
        told = _("Both wordings need the same criteria; only one has %(names)s.")
        raise UnfitCampaign(told % {"names": ", ".join(differing)})
    unlike = sorted(slug for slug in ones if not has_same_scale(ones[slug], others[slug]))
    if unlike:
        told = _("Both wordings need the same kinds and scales; they differ in %(names)s.")
        raise UnfitCampaign(told % {"names": ", ".join(unlike)})
    if _marks(first) != _marks(second):
        raise UnfitCampaign(_("Both wordings need the same error types and severities."))


def _marks(version: RubricVersion) -> set[str]:
    return {each["slug"] for each in [*version.error_types, *version.severities]}


def _record(verb: str, campaign: Campaign, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=campaign.workspace.slug,
        target=f"campaign {campaign.uid}",
        **details,
    )
