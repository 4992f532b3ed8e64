"""Work whose place is gone, sent twice at the same moment."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

import pytest

from evalhub.campaigns.models import Assignment
from evalhub.common.errors import Conflict
from evalhub.judgments.body import PreferenceGiven, ReviseBody
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.extra import submit_extra
from tests.factories import AssignmentFactory, CampaignFactory, TaskFactory
from tests.races.test_claims import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_extra_judgment_sent_twice_at_once_is_one_and_both_are_told_so() -> None:
    campaign = CampaignFactory.create(allows_extra=True)
    told: list[UUID] = []
    for turn in range(1, 9):
        task = TaskFactory.create(campaign=campaign, overlap=1, open_places=0, judged=1)
        lost = AssignmentFactory.create(task=task, campaign=campaign, state="expired")
        body = ReviseBody(submission_id=uuid4(), preferences=[PreferenceGiven(choice="A")])

        together([partial(_send, lost, body, told)] * 4)
        assert Judgment.objects.count() == turn
        assert len(told) == 4 * turn
    assert set(told) == set(Judgment.objects.values_list("uid", flat=True))


def _send(lost: Assignment, body: ReviseBody, told: list[UUID]) -> None:
    told.append(submit_extra(assignment=lost, body=body).uid)


def test_other_answers_sent_at_once_are_refused() -> None:
    campaign = CampaignFactory.create(allows_extra=True)
    task = TaskFactory.create(campaign=campaign, overlap=1, open_places=0, judged=1)
    lost = AssignmentFactory.create(task=task, campaign=campaign, state="expired")
    refused: list[Conflict] = []

    def send(choice: str) -> None:
        answers = [PreferenceGiven(choice=choice)]
        try:
            submit_extra(
                assignment=lost, body=ReviseBody(submission_id=uuid4(), preferences=answers)
            )
        except Conflict as error:
            refused.append(error)

    together([partial(send, "A"), partial(send, "B")])
    assert (Judgment.objects.count(), len(refused)) == (1, 1)
