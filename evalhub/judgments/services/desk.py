from __future__ import annotations

from collections.abc import Mapping

from evalhub.accounts.models import Member
from evalhub.judgments.models import DeskSettings


def set_desk(
    *, member: Member, preset: str, keys: Mapping[str, str], auto_advance: bool, auto_submit: bool
) -> DeskSettings:
    """How the member likes the annotator's page; `keys` holds what differs from the preset."""
    values = {
        "preset": preset,
        "keys": dict(keys),
        "auto_advance": auto_advance,
        "auto_submit": auto_submit,
    }
    return DeskSettings.objects.update_or_create(member=member, defaults=values)[0]
