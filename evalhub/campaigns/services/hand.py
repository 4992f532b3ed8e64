"""What a member holds of a campaign, and what else a claim goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from evalhub.campaigns.services.statements import HAND
from evalhub.common.rows import array_of, first_row


class Hand(NamedTuple):
    held: int
    forgotten: bool  # something in it was not named
    is_eligible: bool  # for more
    is_limited: bool  # to so much a day
    latest: int | None  # the rank of what they were lent last


def hand_of(campaign_pk: int, member_pk: int, holding: Sequence[UUID]) -> Hand:
    row = first_row(HAND, [array_of(holding), member_pk, campaign_pk])
    return Hand(*row or (0, False, False, False, None))
