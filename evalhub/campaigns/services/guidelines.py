"""What people read and accept before they judge, in versions."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.errors import UnfitCampaign
from evalhub.campaigns.models import Acceptance, Campaign, Guidelines
from evalhub.common.errors import Conflict


@transaction.atomic
def set_guidelines(
    *, campaign: Campaign, content: str, consent: str = "", by: Member | None
) -> Guidelines:
    """Make a new version the current one; everybody reads and accepts it before the next task.

    Raises:
        UnfitCampaign: it says nothing.
    """
    if not (content.strip() or consent.strip()):
        raise UnfitCampaign(_("Write the guidelines, or the consent that people are to give."))
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    last = locked.guidelines_versions.aggregate(last=Max("number"))["last"] or 0
    version = Guidelines.objects.create(
        campaign=locked, number=last + 1, content=content, consent=consent, created_by=by
    )
    locked.guidelines = version
    locked.save(update_fields=["guidelines"])
    campaign.guidelines = version
    record(
        "campaign.guidelines_set",
        actor=by.pseudonym if by else "system",
        workspace=campaign.workspace.slug,
        target=f"campaign {campaign.uid}",
        number=version.number,
    )
    return version


def accept_guidelines(*, guidelines: Guidelines, by: Member) -> Acceptance:
    """`by` has read them and agrees; saying so twice changes nothing.

    Raises:
        Conflict: there is a newer version; read that one.
    """
    if guidelines.campaign.guidelines_id != guidelines.pk:
        raise Conflict(_("These guidelines have been replaced; read the newer ones."))
    return Acceptance.objects.get_or_create(guidelines=guidelines, member=by)[0]
