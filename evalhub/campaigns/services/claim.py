"""Lending tasks: who gets which one next. The statements, and how they stay cheap: statements.py."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, transaction

from evalhub.campaigns.choices import Ask, CampaignState, TaskOrder
from evalhub.campaigns.eligibility import lacking
from evalhub.campaigns.errors import (
    EnoughForToday,
    ShareReached,
    guidelines_first,
    hand_full,
    not_eligible,
    not_open,
    share_reached,
    taken_by_others,
)
from evalhub.campaigns.models import BAND, Campaign
from evalhub.campaigns.queries import (
    Beside,
    beside_of,
    has_accepted,
    mask_of,
    masked_calls,
    masked_turns,
)
from evalhub.campaigns.services.hand import hand_of
from evalhub.campaigns.services.limits import check_today
from evalhub.campaigns.services.shares import share_of
from evalhub.campaigns.services.statements import (
    AGAIN,
    FRESH,
    FRESH_WAITING,
    HELD,
    LOCK_HAND,
)
from evalhub.campaigns.services.wordings import place_in_half
from evalhub.common.rows import array_of, first_row
from evalhub.prompts.models import Prompt

FROM_THE_FRONT = -(2**63)
NO_CALLS: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Desk:
    """What claiming needs to know of a campaign."""

    pk: int
    uid: UUID
    type: str
    state: str
    hand_size: int
    lease_minutes: int
    rubric_version: UUID
    workspace: int
    masks_identity: bool
    asks: Sequence[str]

    @classmethod
    def of(cls, campaign: Campaign) -> Desk:
        return cls(
            pk=campaign.pk,
            uid=campaign.uid,
            type=campaign.type,
            state=campaign.state,
            hand_size=campaign.hand_size,
            lease_minutes=campaign.lease_minutes,
            rubric_version=campaign.rubric_version.uid,
            workspace=campaign.workspace_id,
            masks_identity=campaign.masks_identity,
            asks=campaign.asks,
        )


class Response(NamedTuple):
    content: str
    tool_calls: list[dict[str, Any]]

    def public(self, label: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"label": label, "content": self.content}
        return shown | {"tool_calls": self.tool_calls} if self.tool_calls else shown


@dataclass(frozen=True)
class Lease:
    """A task on loan, as its annotator sees it: the responses in the order they are shown."""

    desk: Desk
    assignment: UUID
    token: int
    expires_at: datetime
    task: UUID
    rank: int
    conversation: list[dict[str, Any]]
    responses: list[Response]
    has_documents: bool
    is_new: bool  # never held before: there is no draft

    def beside(self) -> Beside:
        """What stands beside the responses; asks the database only where there can be any."""
        if not self.has_documents and Ask.REFERENCE not in self.desk.asks:
            return Beside()
        prompt = Prompt.objects.only("documents", "reference").get(tasks__uid=self.task)
        return beside_of(prompt, self.desk.asks)

    def public(self) -> dict[str, Any]:
        """The claim's answer in the API. It names no completion and no model, on purpose."""
        beside = self.beside()
        return {
            "assignment": self.assignment,
            "token": self.token,
            "expires_at": self.expires_at,
            "campaign": self.desk.uid,
            "rubric_version": self.desk.rubric_version,
            "task": {
                "uid": self.task,
                "type": self.desk.type,
                "conversation": self.conversation,  # role, content, and tool_calls where there are
                "documents": [each.public() for each in beside.documents],
                "reference": beside.reference,
                "responses": [
                    response.public(label)
                    for label, response in zip(ascii_uppercase, self.responses, strict=False)
                ],
            },
        }


def claim_next(
    *,
    campaign: Campaign,
    member_pk: int,
    holding: Sequence[UUID] = (),
    wanted: UUID | None = None,
) -> Lease | None:
    """Lend the member the task that comes next, for the campaign's lease time.

    What they hold and do not name in `holding` comes back first. Two people never get the last
    open place of one task, and nobody gets a completion they wrote. None: nothing is left.

    Args:
        wanted: an assignment that they lost, to be lent again and nothing else.

    Raises:
        HandFull: the member holds as many as the campaign allows.
        CampaignNotOpen: it is a draft, paused or closed.
        GuidelinesNotAccepted: there is something to read and accept first.
        NotEligible: the campaign asks for what the member does not have.
        ShareReached: they have judged as much of it as one person may.
        EnoughForToday: they have judged as much as they may in a day.
        LeaseLost: others have the last place of `wanted`.
    """
    place_in_half(campaign, member_pk)
    desk = Desk.of(campaign)
    if desk.state != CampaignState.OPEN:
        raise not_open(campaign.title, desk.state)
    if campaign.guidelines_id and not has_accepted(member_pk, campaign.guidelines_id):
        raise guidelines_first(campaign.title, desk.uid)
    share = None if campaign.max_share is None else share_of(campaign, member_pk)
    with transaction.atomic():
        with connection.cursor() as cursor:  # two tabs at once must not fill the hand twice
            cursor.execute(LOCK_HAND, [member_pk])
        hand = hand_of(desk.pk, member_pk, holding)
        back = take_back(desk=desk, member_pk=member_pk, holding=holding) if hand.held else None
        if back is not None:
            return back
        if not hand.is_eligible:
            raise not_eligible(campaign.title, lacking(campaign, member_pk))
        if hand.held >= desk.hand_size:
            raise hand_full(hand.held)
        if hand.is_limited:
            check_today(member_pk)
        # What is begun comes first where the order says so, and little of it is left there
        after = None if campaign.task_order == TaskOrder.FINISH else hand.latest
        if wanted is not None:
            lease = _lent(AGAIN, desk, member_pk, first=False, wanted=wanted)
        else:
            lease = (
                _lent(AGAIN, desk, member_pk, first=True, wanted=None)
                or lend_new(desk=desk, member_pk=member_pk, after=after)
                or lend_last(desk=desk, member_pk=member_pk)
            )
    if lease is None and share is not None and share.is_reached():
        raise share_reached(campaign.title, share.most)
    if lease is None and wanted is not None:
        raise taken_by_others()
    return lease


def take_back(*, desk: Desk, member_pk: int, holding: Sequence[UUID]) -> Lease | None:
    """What the member holds and does not name in `holding`, its lease renewed."""
    return _lent(HELD, desk, member_pk, holding=array_of(holding))


def asked_of_next(desk: Desk, *, holding: Sequence[UUID], after: int) -> dict[str, Any]:
    """What `next_steps` takes beside the member, the campaign and the assignment that ends."""
    asked = {"minutes": desk.lease_minutes, "hand": desk.hand_size, "holding": array_of(holding)}
    return asked | from_rank(after)


def lend_on(*, desk: Desk, member_pk: int, holding: Sequence[UUID]) -> Lease | None:
    """What comes next for somebody who has just submitted, when nothing lay ahead of them."""
    hand = hand_of(desk.pk, member_pk, holding)
    if hand.forgotten:
        return take_back(desk=desk, member_pk=member_pk, holding=holding)
    if hand.held >= desk.hand_size:
        return None
    with suppress(ShareReached, EnoughForToday):
        if hand.is_limited:
            check_today(member_pk)
        fresh = lend_new(desk=desk, member_pk=member_pk, after=None)  # nothing lay ahead
        return fresh or lend_last(desk=desk, member_pk=member_pk)
    return None


def lend_new(*, desk: Desk, member_pk: int, after: int | None) -> Lease | None:
    """A task the member never had; None may mean "all locked".

    Args:
        after: the rank of what they were lent last. Before it stands what they have done, thousands
            of tasks to walk past, so it is looked at when there is nothing behind. None: all of it.
    """
    ahead = None if after is None else _lent(FRESH, desk, member_pk, **from_rank(after))
    return ahead or _lent(FRESH, desk, member_pk, **from_rank(FROM_THE_FRONT))


def lend_last(*, desk: Desk, member_pk: int) -> Lease | None:
    """What is left when `lend_new` found nothing, waiting for whoever is at it; None is certain.

    The caller must hold no lock on a task, or two could wait for each other.
    """
    fresh = _lent(FRESH_WAITING, desk, member_pk, **from_rank(FROM_THE_FRONT))
    return fresh or _lent(AGAIN, desk, member_pk, first=False, wanted=None)


def from_rank(after: int) -> dict[str, int]:
    """Where `FRESH` looks: behind `after`, and at what stands before its band."""
    return {"after": after, "band": after - after % BAND}


def lease_of(desk: Desk, row: Sequence[Any], *, is_new: bool) -> Lease:
    assignment, token, expires_at, task, rank, messages, contents, tool_calls, has_documents = row
    conversation = msgspec.json.decode(messages)  # Django leaves the JSON of a bare cursor as text
    responses = [  # none where the prompt stands alone
        Response(content, NO_CALLS if calls == "[]" else msgspec.json.decode(calls))
        for content, calls in zip(contents or [], tool_calls or [], strict=True)
    ]
    if desk.masks_identity:
        mask = mask_of(desk.workspace)
        conversation = masked_turns(conversation, mask)
        responses = [
            Response(mask(each.content), masked_calls(each.tool_calls, mask)) for each in responses
        ]
    return Lease(
        desk,
        assignment,
        token,
        expires_at,
        task,
        rank,
        conversation,
        responses,
        has_documents,
        is_new,
    )


def _lent(statement: str, desk: Desk, member_pk: int, **more: object) -> Lease | None:
    values = {"campaign": desk.pk, "member": member_pk, "minutes": desk.lease_minutes, **more}
    try:
        row = first_row(statement, values)
    except IntegrityError as error:
        if not is_about_share(error):
            raise
        raise share_reached() from error  # two claims at once for the last of it
    is_new = statement in (FRESH, FRESH_WAITING)
    return None if row is None else lease_of(desk, row, is_new=is_new)


def is_about_share(error: IntegrityError) -> bool:
    return "nobody_over_their_share" in str(error)
