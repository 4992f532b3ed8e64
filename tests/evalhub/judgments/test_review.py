"""Reviewers look at a share of each person's judgments: which, who, and what comes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.errors import Conflict
from evalhub.jobs.jobs import deliver_waiting
from evalhub.jobs.models import News
from evalhub.judgments.body import PreferenceGiven, ReviseBody
from evalhub.judgments.errors import InvalidJudgment, UnfitReturn
from evalhub.judgments.models import Judgment, Review
from evalhub.judgments.reviewing import found_in
from evalhub.judgments.services.returns import return_judgment
from evalhub.judgments.services.review import (
    accept_judgment,
    draw_for_review,
    fix_judgment,
    is_drawn,
    lend_review,
    return_reviewed,
    take_review,
)
from evalhub.judgments.services.revise import revise_judgment
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests.factories import (
    AssignmentFactory,
    JudgmentFactory,
    MemberFactory,
    PreferenceFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(bob: Member) -> Member:
    return MemberFactory.create(workspace=bob.workspace, pseudonym="rita", roles=["reviewer"])


@pytest.fixture
def campaign(campaign: Campaign) -> Campaign:
    campaign.review_share = 100
    campaign.save()
    return campaign


def judged(campaign: Campaign, member: Member, **more: Any) -> Judgment:
    """Past the undo; A, the task's first completion, is better."""
    task = TaskFactory.create(campaign=campaign, judged=1, open_places=0, **more)
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    judgment = JudgmentFactory.create(
        task=task, member=member, assignment=held, created_at=timezone.now() - timedelta(minutes=5)
    )
    first, second = task.completions.order_by("placed__place")
    PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=2)
    return judgment


def drawn(campaign: Campaign, member: Member) -> Review:
    review = draw_for_review(judgment=judged(campaign, member).uid)
    assert review is not None
    return review


def held(campaign: Campaign, author: Member, reviewer: Member) -> Review:
    return take_review(review=drawn(campaign, author), by=reviewer)


def saying(choice: str) -> ReviseBody:
    return ReviseBody(
        submission_id=uuid4(),
        preferences=[PreferenceGiven(choice=choice, strength=1)],  # type: ignore[arg-type]
    )


def test_about_the_asked_share_is_drawn_and_a_smaller_one_is_part_of_it() -> None:
    uids = [uuid4() for _ in range(2000)]
    tenth = {uid for uid in uids if is_drawn(uid, share=10)}
    fifth = {uid for uid in uids if is_drawn(uid, share=20)}
    assert tenth < fifth
    assert 130 < len(tenth) < 270  # 200, and five standard deviations of 13
    assert all(is_drawn(uid, share=100) for uid in uids)
    assert not any(is_drawn(uid, share=0) for uid in uids)


def test_another_secret_draws_others(settings: Any) -> None:
    uids = [uuid4() for _ in range(500)]
    before = [is_drawn(uid, share=50) for uid in uids]
    settings.SECRET_KEY = "another one"
    assert [is_drawn(uid, share=50) for uid in uids] != before


def test_a_submit_comes_to_review_once_it_can_be_withdrawn_no_more(
    campaign: Campaign, bob: Member
) -> None:
    judgment = judged(campaign, bob)
    News.objects.create(topic="judgment.counted", subject_uid=judgment.uid, body={})
    deliver_waiting()
    draw_for_review(judgment=judgment.uid)
    assert [row.judgment for row in Review.objects.all()] == [judgment]


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Campaign, {"review_share": 0}),
        (Task, {"kind": "gold"}),
        (Task, {"kind": "repeat"}),
        (Judgment, {"source": "simulated"}),
        (Judgment, {"withdrawn_at": timezone.now()}),
        (Judgment, {"created_at": timezone.now() + timedelta(hours=1)}),  # the undo still runs
        (Judgment, {"is_extra": True}),
        (Judgment, {"assignment": None}),
    ],
    ids=[  # no moments: the workers of one run must agree on the names
        "share",
        "gold",
        "repeat",
        "simulated",
        "withdrawn",
        "young",
        "extra",
        "imported",
    ],
)
def test_what_no_reviewer_sees(
    campaign: Campaign, bob: Member, model: Any, change: dict[str, Any]
) -> None:
    judgment = judged(campaign, bob)
    model.objects.update(**change)
    assert draw_for_review(judgment=judgment.uid) is None
    assert not Review.objects.exists()


def test_two_reviewers_get_different_judgments_and_the_oldest_first(
    campaign: Campaign, bob: Member, rita: Member, alice: Member
) -> None:
    first, second = drawn(campaign, bob), drawn(campaign, bob)
    assert lend_review(campaign=campaign, by=rita) == first
    assert lend_review(campaign=campaign, by=alice) == second
    assert lend_review(campaign=campaign, by=rita) == first  # which she has not settled
    with pytest.raises(Conflict, match="Somebody else"):
        take_review(review=second, by=rita)


def test_what_nobody_settles_comes_back_to_the_others(
    campaign: Campaign, bob: Member, rita: Member, alice: Member
) -> None:
    review = held(campaign, bob, rita)
    Review.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert lend_review(campaign=campaign, by=alice) == review
    with pytest.raises(Conflict, match="Somebody else"):
        accept_judgment(review=review, seen=review.judgment.uid, by=rita)


def test_nobody_reviews_their_own(campaign: Campaign, rita: Member) -> None:
    review = drawn(campaign, rita)
    assert lend_review(campaign=campaign, by=rita) is None
    with pytest.raises(Conflict, match="their own"):
        take_review(review=review, by=rita)


def test_the_first_verdict_counts(campaign: Campaign, bob: Member, rita: Member) -> None:
    review = held(campaign, bob, rita)
    seen = review.judgment.uid
    accept_judgment(review=review, seen=seen, by=rita)
    with pytest.raises(Conflict, match="first verdict"):
        return_reviewed(review=review, seen=seen, reason="Look again.", by=rita)
    review.refresh_from_db()
    assert (review.verdict, review.reviewer) == ("accepted", rita)
    entry = Entry.objects.get(verb="judgment.accepted")
    assert (entry.actor, entry.target) == ("rita", f"judgment {seen}")


def test_a_returned_judgment_counts_until_its_revision_comes_for_review_again(
    campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    judgment = review.judgment
    return_reviewed(review=review, seen=judgment.uid, reason="Read B to its end.", by=rita)
    assert judgment in Judgment.objects.counted()
    assert judgment.returned.reason == "Read B to its end."
    revised = revise_judgment(judgment=judgment, by=bob, body=saying("B"))
    again = draw_for_review(judgment=revised.uid)
    assert again is not None
    assert (again.judgment, again.verdict) == (revised, "")
    assert Review.objects.get(judgment=judgment).verdict == "returned"


def test_a_return_gives_its_reason_or_nothing_happens(
    campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    with pytest.raises(UnfitReturn):
        return_reviewed(review=review, seen=review.judgment.uid, reason=" ", by=rita)
    Campaign.objects.update(allows_revision=False)
    review.campaign.refresh_from_db()
    with pytest.raises(Conflict, match="no revisions"):
        return_reviewed(review=review, seen=review.judgment.uid, reason="Look.", by=rita)
    review.refresh_from_db()
    assert review.verdict == ""


def test_a_return_from_the_judgments_own_page_is_the_verdict(
    campaign: Campaign, bob: Member, alice: Member
) -> None:
    review = drawn(campaign, bob)
    return_judgment(judgment=review.judgment, reason="Look again.", by=alice)
    review.refresh_from_db()
    assert (review.verdict, review.reviewer) == ("returned", alice)


def test_a_revision_takes_the_place_of_what_waits_and_an_old_page_is_told(
    campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    old = review.judgment
    revised = revise_judgment(judgment=old, by=bob, body=saying("B"))
    with pytest.raises(Conflict, match="revised it meanwhile"):
        accept_judgment(review=review, seen=old.uid, by=rita)
    assert lend_review(campaign=campaign, by=rita) is None  # until the news has come
    assert draw_for_review(judgment=revised.uid) == review
    take_review(review=review, by=rita)
    with pytest.raises(Conflict, match="revised it meanwhile"):
        accept_judgment(review=review, seen=old.uid, by=rita)
    accept_judgment(review=review, seen=revised.uid, by=rita)


def test_a_fix_is_counted_in_the_place_of_what_its_author_said(
    campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    judgment, body = review.judgment, saying("B")
    fix = fix_judgment(review=review, seen=judgment.uid, body=body, by=rita)
    assert fix_judgment(review=review, seen=judgment.uid, body=body, by=rita) == fix  # a retry
    assert (fix.supersedes, fix.member, fix.assignment) == (judgment, rita, judgment.assignment)
    assert fix.preferences.get().margin == -1
    assert list(Judgment.objects.counted()) == [fix]
    snapshot = take_snapshot(campaign.workspace)
    assert list(Scope(snapshot, sources=("human",)).judgments()) == [fix]  # type: ignore[arg-type]
    assert list(Judgment.objects.own_words()) == [judgment]
    assert judgment.preferences.get().margin == 2
    assert News.objects.filter(topic="judgment.counted", subject_uid=fix.uid).exists()
    assert Entry.objects.get(verb="judgment.fixed").details["fix"] == str(fix.uid)
    assert draw_for_review(judgment=fix.uid) is None


def test_what_each_said_last_themselves(campaign: Campaign, bob: Member, rita: Member) -> None:
    judgment = judged(campaign, bob)
    revised = revise_judgment(judgment=judgment, by=bob, body=saying("B"))
    assert list(Judgment.objects.own_words()) == [revised]
    review = draw_for_review(judgment=revised.uid)
    assert review is not None
    take_review(review=review, by=rita)
    fix = fix_judgment(review=review, seen=revised.uid, body=saying("A"), by=rita)
    assert list(Judgment.objects.own_words()) == [revised]
    for who in (bob, rita):
        with pytest.raises(Conflict):
            revise_judgment(judgment=fix, by=who, body=saying("tie"))
    with pytest.raises(Conflict, match="revised already"):
        revise_judgment(judgment=revised, by=bob, body=saying("tie"))


def test_an_unfit_fix_leaves_the_review_waiting(
    campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    body = ReviseBody(submission_id=uuid4())
    with pytest.raises(InvalidJudgment):
        fix_judgment(review=review, seen=review.judgment.uid, body=body, by=rita)
    review.refresh_from_db()
    assert review.verdict == ""


def test_figures_by_person(campaign: Campaign, bob: Member, rita: Member) -> None:
    for _ in range(2):
        review = held(campaign, bob, rita)
        accept_judgment(review=review, seen=review.judgment.uid, by=rita)
    review = held(campaign, bob, rita)
    fix_judgment(review=review, seen=review.judgment.uid, body=saying("tie"), by=rita)
    drawn(campaign, bob)
    (row,) = found_in(campaign)
    assert (row.author, row.accepted, row.fixed, row.returned, row.waiting) == ("bob", 2, 1, 0, 1)
    assert row.n == 3
    assert row.acceptance.value == pytest.approx(2 / 3)
    assert row.acceptance.low == pytest.approx(0.2077, abs=1e-4)


# The pages


def signed_in(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def test_a_reviewer_goes_from_one_to_the_next(
    client: Client, campaign: Campaign, bob: Member, rita: Member
) -> None:
    reviews = [drawn(campaign, bob) for _ in range(3)]
    page = signed_in(client, rita)
    assert "3" in page.get("/w/acme/reviews/").content.decode()
    start = page.post(f"/w/acme/campaigns/{campaign.uid}/reviews/next/")
    at = f"/w/acme/reviews/{reviews[0].uid}/"
    assert start.url == at  # type: ignore[attr-defined]
    html = page.get(at).content.decode()
    assert "bob" not in html.replace("bob@", "")
    seen = {"seen": str(reviews[0].judgment.uid)}
    answer = page.post(f"{at}accept/", seen)
    at = f"/w/acme/reviews/{reviews[1].uid}/"
    assert answer.url == at  # type: ignore[attr-defined]
    seen = {"seen": str(reviews[1].judgment.uid)}
    assert page.post(f"{at}return/", seen).status_code == 422
    answer = page.post(f"{at}return/", seen | {"reason": "Read on."})
    at = f"/w/acme/reviews/{reviews[2].uid}/"
    assert answer.url == at  # type: ignore[attr-defined]
    fields = {"seen": str(reviews[2].judgment.uid), "submission_id": str(uuid4())}
    assert page.post(f"{at}fix/", fields).status_code == 422
    answer = page.post(f"{at}fix/", fields | {"preference": "B1"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/w/acme/campaigns/{campaign.uid}/reviews/"
    html = answer.content.decode()
    assert "33 %" in html
    assert "Nothing waits" in html
    fix = Judgment.objects.get(is_fix=True)
    assert fix.preferences.get().margin == -1


def test_the_author_reads_the_fix_and_reopens_neither(
    client: Client, campaign: Campaign, bob: Member, rita: Member
) -> None:
    review = held(campaign, bob, rita)
    judgment = review.judgment
    fix = fix_judgment(review=review, seen=judgment.uid, body=saying("B"), by=rita)
    page = signed_in(client, bob)
    html = page.get(f"/w/acme/judgments/{judgment.uid}/").content.decode()
    assert f"/w/acme/judgments/{fix.uid}/" in html
    assert "revise/" not in html
    html = page.get(f"/w/acme/judgments/{fix.uid}/").content.decode()
    assert "What rita said" in html
    assert "fixed by a reviewer" in page.get("/w/acme/my-work/submitted/").content.decode()
    other = MemberFactory.create(workspace=bob.workspace)
    assert signed_in(client, other).get(f"/w/acme/judgments/{fix.uid}/").status_code == 404
    rita.roles = ["reviewer", "annotator"]
    rita.save()
    html = signed_in(client, rita).get("/w/acme/my-work/submitted/").content.decode()
    assert "your fix" in html
    assert "Reopen" not in html


def test_what_is_settled_or_held_by_another_says_so(
    client: Client, campaign: Campaign, bob: Member, rita: Member, alice: Member
) -> None:
    review = held(campaign, bob, alice)
    page = signed_in(client, rita)
    answer = page.get(f"/w/acme/reviews/{review.uid}/", follow=True)
    assert "Somebody else is looking at it now." in answer.content.decode()
    accept_judgment(review=review, seen=review.judgment.uid, by=alice)
    answer = page.get(f"/w/acme/reviews/{review.uid}/")
    assert answer.url == f"/w/acme/judgments/{review.judgment.uid}/"  # type: ignore[attr-defined]
    answer = page.post(
        f"/w/acme/reviews/{review.uid}/accept/", {"seen": review.judgment.uid}, follow=True
    )
    assert "first verdict" in answer.content.decode()
    assert page.post(f"/w/acme/reviews/{review.uid}/accept/", {}).status_code == 404


def test_another_workspaces_review_is_absent(
    client: Client, campaign: Campaign, bob: Member, charlie: Member
) -> None:
    review = drawn(campaign, bob)
    page = signed_in(client, charlie)
    for path in (f"acme/reviews/{review.uid}/", f"elsewhere/reviews/{review.uid}/"):
        assert page.get(f"/w/{path}").status_code == 404
