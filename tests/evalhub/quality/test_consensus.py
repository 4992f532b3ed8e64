from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import connection

from evalhub.accounts.models import Workspace
from evalhub.judgments.choices import Source
from evalhub.judgments.models import RankedCompletion
from evalhub.quality.consensus import Marks, Votes, superiority
from evalhub.quality.evidence import Mark, Pair
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests.evalhub.quality.gathered import gathered
from tests.factories import (
    CriterionFactory,
    JudgmentFactory,
    PreferenceFactory,
    RatingFactory,
    TaskFactory,
)

HUMAN = (Source.HUMAN, Source.IMPORTED)


def test_a_tie_is_half_a_vote_for_each() -> None:
    """3 for the first and 1 for the second: 3/4. One tie more: 3.5/5 = 0.7."""
    votes = Votes()
    for margin in (1, 2, 3, -1):
        votes.add(uuid4(), margin=margin)
    assert votes.share_first == 0.75
    votes.add(uuid4(), margin=0)
    assert votes.share_first == pytest.approx(0.7)


def test_half_of_the_votes_against_both_is_both_bad() -> None:
    votes = Votes()
    votes.add(uuid4(), margin=0, both_bad=True)
    votes.add(uuid4(), margin=2)
    assert votes.is_both_bad
    votes.add(uuid4(), margin=2)
    assert not votes.is_both_bad
    assert votes.share_first == pytest.approx(2.5 / 3)


def test_votes_weigh_what_their_annotators_weigh() -> None:
    votes = Votes()
    votes.add(uuid4(), margin=1, weight=3)
    votes.add(uuid4(), margin=-1, weight=1)
    assert votes.share_first == 0.75


def test_a_missing_mark_is_not_zero() -> None:
    marks = Marks(values=[4, 5], missing=3)
    assert (marks.mean, marks.n, marks.missing) == (4.5, 2, 3)
    assert Marks(missing=1).mean is None


def test_superiority_is_the_chance_that_one_mark_is_above_the_other() -> None:
    """[5, 4] against [4]: 5 > 4 counts 1, 4 = 4 counts 1/2; 1.5 of 2 = 0.75."""
    assert superiority(Marks(values=[5, 4]), Marks(values=[4])) == 0.75
    assert superiority(Marks(values=[4]), Marks(values=[5, 4])) == 0.25


pytest_django = pytest.mark.django_db


@pytest_django
def test_evidence_is_gathered_per_prompt_with_what_was_left_open(acme: Workspace) -> None:
    task = TaskFactory.create(campaign__workspace=acme)
    first, second = task.completions.order_by("placed__place")
    safety = CriterionFactory.create(version=task.campaign.rubric_version, slug="safety")
    judgments = [JudgmentFactory.create(task=task) for _ in range(3)]
    PreferenceFactory.create(judgment=judgments[0], margin=2)
    PreferenceFactory.create(judgment=judgments[1], margin=-1)
    PreferenceFactory.create(judgment=judgments[1], criterion=safety, margin=0, both_bad=True)
    RatingFactory.create(judgment=judgments[0], completion=first, criterion=safety, value=2)
    RatingFactory.create(
        judgment=judgments[1], completion=first, criterion=safety, value=None, reason="x"
    )
    for tier, completion in enumerate([second, first]):
        RankedCompletion.objects.create(judgment=judgments[2], completion=completion, tier=tier)

    scope = Scope(take_snapshot(acme), HUMAN)
    evidence = gathered(scope)[task.prompt_id]

    pair = Pair(first.pk, second.pk, "")
    assert evidence.judgments == 3
    assert (evidence.votes[pair].for_first, evidence.votes[pair].for_second) == (1, 1)
    assert evidence.votes[Pair(first.pk, second.pk, "safety")].is_both_bad
    assert evidence.rankings[pair].for_second == 1
    marks = evidence.marks[Mark(first.pk, "safety")]
    assert (marks.mean, marks.n, marks.missing) == (2, 1, 1)


@pytest_django
def test_a_scale_of_its_own_is_stretched_onto_one_to_five(acme: Workspace) -> None:
    task = TaskFactory.create(campaign__workspace=acme, campaign__type="rating")
    yes_no = CriterionFactory.create(version=task.campaign.rubric_version, low=0, high=1)
    RatingFactory.create(judgment=JudgmentFactory.create(task=task), criterion=yes_no, value=1)

    scope = Scope(take_snapshot(acme), HUMAN)

    [marks] = gathered(scope)[task.prompt_id].marks.values()
    assert marks.mean == 5


@pytest_django
def test_a_snapshot_names_the_same_rows_for_ever(acme: Workspace, elsewhere: Workspace) -> None:
    task = TaskFactory.create(campaign__workspace=acme)
    old = JudgmentFactory.create(task=task)
    PreferenceFactory.create(judgment=old, margin=2)
    JudgmentFactory.create(task__campaign__workspace=elsewhere)
    before = take_snapshot(acme)

    changed = JudgmentFactory.create(task=task, member=old.member, supersedes=old)
    PreferenceFactory.create(judgment=changed, margin=-2)
    after = take_snapshot(acme)

    def uids(scope: Scope) -> list[UUID]:
        return list(scope.judgments().values_list("uid", flat=True))

    assert uids(Scope(before, HUMAN)) == [old.uid]
    assert uids(Scope(after, HUMAN)) == [changed.uid]
    assert before.judgments == after.judgments == 1
    assert before.digest != after.digest
    assert take_snapshot(acme).digest == after.digest


@pytest_django
def test_scope_is_narrowed_by_source_campaign_and_collection(acme: Workspace) -> None:
    kept = JudgmentFactory.create(task__campaign__workspace=acme)
    JudgmentFactory.create(task__campaign__workspace=acme, source="simulated")
    JudgmentFactory.create(task__campaign__workspace=acme)
    snapshot = take_snapshot(acme)

    by_campaign = Scope(snapshot, HUMAN, campaigns=(kept.campaign.uid,))
    by_collection = Scope(snapshot, HUMAN, collections=(kept.task.prompt.collection.slug,))

    assert Scope(snapshot, HUMAN).judgments().count() == 2
    assert Scope(snapshot, (Source.SIMULATED,)).judgments().count() == 1
    assert [each.pk for each in by_campaign.judgments()] == [kept.pk]
    assert [each.pk for each in by_collection.judgments()] == [kept.pk]


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_waits_for_a_judgment_that_is_being_written(acme: Workspace) -> None:
    """Another connection holds an uncommitted judgment with the lower key; the snapshot has it."""
    import threading

    from django.db import transaction

    task = TaskFactory.create(campaign__workspace=acme)
    written, waiting = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                JudgmentFactory.create(task=task)
                written.set()
                assert waiting.wait(10)
        finally:
            connection.close()

    def release_when_blocked() -> None:
        try:
            with connection.cursor() as cursor:
                while True:
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[0]:
                        return waiting.set()
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(10)
    watcher = threading.Thread(target=release_when_blocked)
    watcher.start()

    snapshot = take_snapshot(acme)

    writer.join()
    watcher.join()
    assert snapshot.judgments == 1
