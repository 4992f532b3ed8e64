"""Judging a whole campaign by its services, as somebody at its page would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign
from evalhub.campaigns.services.claim import claim_next
from evalhub.judgments.body import SubmitBody, parsed
from evalhub.judgments.services.submit import submit_judgment


def say(
    campaign: Campaign,
    member: Member,
    choices: Mapping[int, str],
    *,
    ratings: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Compare all tasks of the campaign that are left for the member.

    Args:
        choices: by the key of a prompt which completion is better, in the task's own order: "first",
            "second" or "tie"; a tie where none is given.
        ratings: said of each of the two responses.
    """
    while lease := claim_next(campaign=campaign, member_pk=member.pk):
        assignment = Assignment.objects.select_related("task").get(uid=lease.assignment)
        wanted = choices.get(assignment.task.prompt_id, "tie")
        place = {"first": 0, "second": 1}.get(wanted)
        choice = "tie" if place is None else "AB"[assignment.permutation.index(place)]
        body = {
            "token": lease.token,
            "submission_id": str(uuid4()),
            "claim_next": False,
            "ratings": [{"response": label, **each} for label in "AB" for each in ratings],
            "preferences": [{"criterion": None, "choice": choice, "strength": 2}],
            "critique": f"{member} says {wanted}",
        }
        submit_judgment(
            assignment=lease.assignment,
            member_pk=member.pk,
            body=parsed(msgspec.json.encode(body), SubmitBody),
        )
