"""The claim must not pay for what its member has done before, nor trust the statistics."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.campaigns.services.claim import FROM_THE_FRONT, claim_next, from_rank
from evalhub.campaigns.services.statements import FRESH, HAND
from evalhub.campaigns.services.tasks import add_tasks
from tests.factories import CampaignFactory, CompletionFactory, MemberFactory, PromptFactory

DONE = 1500
pytestmark = pytest.mark.django_db

# Every table that a claim reads: what a test before left in the statistics stays, even rolled back
_READ = sorted(set(re.findall(r"\b(?:campaigns|prompts|accounts)_[a-z]+", FRESH)))
_ANALYZE = f"ANALYZE {', '.join(_READ)}"
_JUDGED_ALL_BUT_THE_LAST = """
    INSERT INTO campaigns_assignment (uid, created_at, campaign_id, task_id, member_id, state, token,
                                      claimed_at, expires_at, rank, permutation)
    SELECT gen_random_uuid(), now(), campaign_id, id, %s, 'submitted', 1, now(), now(), rank, '{0,1}'
    FROM campaigns_task WHERE campaign_id = %s ORDER BY rank LIMIT %s
"""


def plan_of(campaign: Campaign, member: Member, after: int, options: str) -> dict[str, Any]:
    asked = {"campaign": campaign.pk, "member": member.pk, "minutes": 30} | from_rank(after)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({options} FORMAT JSON) {FRESH}", asked)
        (told,) = cursor.fetchone()
    plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return plan


def blocks_touched(campaign: Campaign, member: Member, after: int) -> int:
    """Database blocks of 8 KB that a claim reads, whatever the machine's speed."""
    plan = plan_of(campaign, member, after, "ANALYZE, BUFFERS,")
    assert plan["Actual Rows"] == 1
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_a_claim_stays_cheap_for_somebody_who_judged_much(bob: Member) -> None:
    """Analysed before he began: the statistics know nothing of these 1,500 assignments."""
    campaign = CampaignFactory.create(workspace=bob.workspace, overlap=3)
    prompt = PromptFactory.create(collection__workspace=bob.workspace)
    pair = CompletionFactory.create_batch(2, prompt=prompt)
    add_tasks(campaign=campaign, items=[(prompt, pair)] * (DONE + 2), seed=1)
    assert TaskCompletion.objects.count() == 2 * (DONE + 2)
    with connection.cursor() as cursor:
        cursor.execute(_ANALYZE)  # else it is chance which test autovacuum last looked at
        cursor.execute(_JUDGED_ALL_BUT_THE_LAST, [bob.pk, campaign.pk, DONE])
    ranks = campaign.tasks.order_by("rank").values_list("rank", flat=True)
    with_cursor = blocks_touched(campaign, bob, ranks[DONE - 1])
    from_the_front = blocks_touched(campaign, bob, FROM_THE_FRONT)
    assert with_cursor < 250
    assert from_the_front < 20 * DONE  # a few per task passed over; the square would be a million
    # Else a plan for these very values looks cheaper to PostgreSQL than the one it keeps, and it plans
    # anew, at twice the cost of the claim, for everybody who is far into a campaign.
    carol = MemberFactory.create(workspace=bob.workspace)
    costs = [
        plan_of(campaign, member, after, "")["Total Cost"]
        for member in (bob, carol)
        for after in (FROM_THE_FRONT, ranks[1], ranks[DONE])
    ]
    assert len(set(costs)) == 1


def test_a_claim_goes_on_from_the_latest_task_and_looks_at_the_front_last(bob: Member) -> None:
    """Of what stands before it they have had nearly all: that is no walk for each claim."""
    campaign = CampaignFactory.create(workspace=bob.workspace, overlap=3, hand_size=4)
    prompt = PromptFactory.create(collection__workspace=bob.workspace)
    pair = CompletionFactory.create_batch(2, prompt=prompt)
    add_tasks(campaign=campaign, items=[(prompt, pair)] * (DONE + 3), seed=1)
    with connection.cursor() as cursor:
        cursor.execute(_ANALYZE)
        cursor.execute(_JUDGED_ALL_BUT_THE_LAST, [bob.pk, campaign.pk, DONE])
    tasks = list(campaign.tasks.order_by("rank"))
    bob.assignments.filter(task=tasks[0]).delete()  # as if it had come to stand there since
    held: list[UUID] = []
    for _ in range(4):
        lease = claim_next(campaign=campaign, member_pk=bob.pk, holding=held)
        assert lease is not None
        held.append(lease.assignment)
    got = [bob.assignments.get(uid=uid).task for uid in held]
    assert got == [*tasks[DONE:], tasks[0]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {HAND}", [[], bob.pk, campaign.pk])
        (told,) = cursor.fetchone()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 60
