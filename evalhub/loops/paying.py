from __future__ import annotations

from typing import Any

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member
from evalhub.common.errors import Forbidden


def demand_may_pay(before: dict[str, Any], after: dict[str, Any], by: Member | None) -> None:
    """Raise Forbidden when the policy's pay is changed by somebody who may set no campaign's rate."""
    if _pay(before) != _pay(after) and by is not None and not by.has(Role.LEAD):
        raise Forbidden("What people earn (campaign.pay) is a lead’s to say; ask one to save it.")


def _pay(policy: dict[str, Any]) -> Any:  # JSON
    campaign = policy.get("campaign")
    return campaign.get("pay") if isinstance(campaign, dict) else None
