"""What is found, by which way, and nothing of anybody else’s."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.browse import finding
from evalhub.browse.choices import Kind
from evalhub.browse.finding import found
from evalhub.browse.forms import FilterForm
from evalhub.browse.rows import NARROWING, PARTS, asked_for
from evalhub.campaigns.models import Campaign, Reservation
from evalhub.campaigns.queries import progress_of
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt
from tests import factories as make
from tests.evalhub.browse.scenes import judged, signed_in, task

pytestmark = pytest.mark.django_db


def rows(kind: Kind, workspace: Workspace, before: str = "", **criteria: str) -> list[Any]:
    return found(asked_for(kind, workspace, criteria), parts=PARTS[kind], before=before).rows


def test_words_of_a_conversation_are_found_whatever_their_case(
    acme: Workspace, campaign: Campaign
) -> None:
    wanted = task(campaign, "Where is my PARCEL, please?")
    other = task(campaign, "Where is my shoe? user content role")
    judgment = judged(wanted)
    judged(other)
    assert rows(Kind.PROMPTS, acme, text="parcel please") == [wanted.prompt]
    assert rows(Kind.PROMPTS, acme, text='"my shoe" -parcel') == [other.prompt]
    assert rows(Kind.PROMPTS, acme, text="assistant") == []  # a role is none of the words
    assert rows(Kind.TASKS, acme, campaign=str(campaign.uid), text="parcel") == [wanted]
    assert rows(Kind.JUDGMENTS, acme, text="parcel") == [judgment]
    first = wanted.completions.order_by("pk").first()
    assert first is not None
    type(first).objects.filter(pk=first.pk).update(content="Ask the neighbours.")
    assert rows(Kind.COMPLETIONS, acme, text="NEIGHBOURS") == [first]


def test_what_nothing_can_match_is_an_empty_page(acme: Workspace) -> None:
    model = make.LanguageModelFactory.create(workspace=acme)
    assert rows(Kind.COMPLETIONS, acme, model=str(model.uid)) == []
    assert rows(Kind.TASKS, acme) == []


def test_a_very_long_text_is_stored_and_found_by_its_beginning(acme: Workspace) -> None:
    collection = make.CollectionFactory.create(workspace=acme)
    text = "harbour " + " ".join(f"w{n}x" for n in range(400_000))
    prompt = make.PromptFactory.create(
        collection=collection, messages=[{"role": "user", "content": text}]
    )
    assert rows(Kind.PROMPTS, acme, text="harbour") == [prompt]


@pytest.mark.parametrize("cheap", [0.0, 1e9], ids=["walked", "sorted"])
def test_each_criterion_finds_its_own_by_either_way(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, cheap: float
) -> None:
    monkeypatch.setattr(finding, "CHEAP", cheap)
    plain, gold = task(campaign), task(campaign, kind="gold", open_places=0)
    urgent = task(campaign, priority=9, open_places=0)
    reserved = task(campaign, is_reserved=True)
    bob = make.MemberFactory.create(workspace=acme)
    Reservation.objects.create(campaign=campaign, task=reserved, member=bob)
    make.FlagFactory.create(task=urgent)
    german = make.PromptFactory.create(collection__workspace=acme, slices={"language": "de"})
    archived = make.PromptFactory.create(collection__workspace=acme, archived_at=plain.created_at)
    ours = {"campaign": str(campaign.uid)}
    assert rows(Kind.TASKS, acme, task_kind="gold", **ours) == [gold]
    assert rows(Kind.TASKS, acme, priority="9", **ours) == [urgent]
    assert rows(Kind.TASKS, acme, state="open", **ours) == [plain]
    assert rows(Kind.TASKS, acme, state="reserved", **ours) == [reserved]
    waiting = rows(Kind.TASKS, acme, state="waiting", **ours)
    assert sum(each.open_places for each in waiting) == progress_of(campaign).waiting
    assert {plain, reserved} <= set(waiting)
    assert rows(Kind.TASKS, acme, state="flagged", **ours) == [urgent]
    assert rows(Kind.PROMPTS, acme, slice="language=de") == [german]
    assert rows(Kind.PROMPTS, acme, archived="yes") == [archived]
    assert archived not in rows(Kind.PROMPTS, acme, archived="no")
    assert rows(Kind.PROMPTS, acme, collection=german.collection.slug) == [german]
    first = plain.completions.order_by("pk").first()
    assert first is not None
    model = first.generation.model
    made = rows(Kind.COMPLETIONS, acme, model=str(model.uid))
    assert {each.generation.model for each in made} == {model}
    assert rows(Kind.TASKS, acme, model=str(model.uid), **ours) == [plain]
    plain.prompt.slices = {"language": "fr"}
    plain.prompt.save()
    assert rows(Kind.TASKS, acme, slice="language=fr", **ours) == [plain]
    said = judged(plain, member=bob)
    extra = judged(gold, is_extra=True)
    fix = judged(urgent, is_fix=True)
    gone = judged(reserved, withdrawn_at=plain.created_at)
    back = make.ReturnedJudgmentFactory.create(judgment=said)
    assert rows(Kind.JUDGMENTS, acme, member=str(bob.uid)) == [said]
    assert rows(Kind.JUDGMENTS, acme, model=str(model.uid), **ours) == [said]
    assert rows(Kind.JUDGMENTS, acme, slice="language=fr") == [said]
    for mark, judgment in {"extra": extra, "fix": fix, "withdrawn": gone}.items():
        assert rows(Kind.JUDGMENTS, acme, mark=mark) == [judgment]
    assert rows(Kind.JUDGMENTS, acme, mark="returned", **ours) == [back.judgment]


def test_days_and_whoever_judged_it_too(acme: Workspace, campaign: Campaign) -> None:
    shared, alone = task(campaign), task(campaign)
    days = [datetime(2026, 11, day, 23, 59, tzinfo=UTC) for day in (1, 2, 3)]
    first, second = (judged(shared, judged_at=day) for day in days[:2])
    third = judged(alone, judged_at=days[2])
    assert rows(Kind.JUDGMENTS, acme, since="2026-11-02", until="2026-11-02") == [second]
    assert rows(Kind.JUDGMENTS, acme, until="2026-11-02") == [second, first]
    assert rows(Kind.JUDGMENTS, acme, since="2026-11-03", until="9999-12-31") == [third]
    assert rows(Kind.JUDGMENTS, acme, beside="anybody") == [second, first]
    uid = str(first.member.uid)
    assert rows(Kind.JUDGMENTS, acme, beside=uid) == [second, first]
    hers = str(second.member.uid)
    assert rows(Kind.JUDGMENTS, acme, member=hers, beside=uid, counts="own") == [second]
    Judgment.objects.filter(pk=first.pk).update(is_extra=True)  # whoever is beside must count, too
    assert rows(Kind.JUDGMENTS, acme, member=hers, beside=uid, counts="own") == []


def test_the_form_offers_the_questions_of_the_campaign_s_rubric(
    acme: Workspace, campaign: Campaign
) -> None:
    make.CriterionFactory.create(version=campaign.rubric_version, slug="clarity")
    make.CriterionFactory.create(version__rubric__workspace=acme, slug="elsewhere")
    for asked, offered in (
        ({"campaign": str(campaign.uid)}, False),
        ({}, True),
        ({"campaign": "x"}, True),
    ):
        form = FilterForm(asked, kind=Kind.JUDGMENTS, workspace=acme)
        names = {name for name, _ in form.fields["question"].choices}  # type: ignore[attr-defined]
        assert {"compared:overall", "rated:clarity"} <= names
        assert ("rated:elsewhere" in names) is offered


def test_a_page_of_a_frequent_filter_looks_through_a_stretch_and_goes_on(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "CHEAP", 0.0)
    monkeypatch.setattr(finding, "STRETCH", 3)
    wanted = [task(campaign, kind="gold"), *(task(campaign) for _ in range(4))][0]
    asked = asked_for(Kind.TASKS, acme, {"campaign": str(campaign.uid), "task_kind": "gold"})
    first = found(asked, parts=())
    assert (first.rows, first.is_stretch, first.count) == ([], True, None)
    assert first.older is not None
    second = found(asked, parts=(), before=str(first.older))
    assert (second.rows, second.older, second.is_stretch) == ([wanted], None, False)


@pytest.mark.parametrize("cheap", [0.0, 1e9], ids=["walked", "sorted"])
def test_pages_hold_each_row_once(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, cheap: float
) -> None:
    monkeypatch.setattr(finding, "CHEAP", cheap)
    tasks = [task(campaign, priority=7) for _ in range(5)]
    asked = asked_for(Kind.TASKS, acme, {"campaign": str(campaign.uid), "priority": "7"})
    seen, before = [], ""
    for _ in range(3):
        page = found(asked, parts=(), before=before, size=2)
        seen += page.rows
        before = str(page.older or "")
    assert seen == tasks[::-1]
    assert before == ""


def test_rows_of_another_workspace_are_never_there(
    client: Client, alice: Member, elsewhere: Workspace
) -> None:
    theirs = task(make.CampaignFactory.create(workspace=elsewhere), "Their secret question")
    judgment = judged(theirs)
    page = signed_in(client, alice)
    campaign = {"campaign": str(theirs.campaign.uid)}
    for kind in Kind:
        html = page.get(f"/w/acme/browse/{kind}/", campaign | {"text": "secret"}).content.decode()
        assert "Their secret question" not in html
        assert theirs.campaign.title not in html
    for kind, act, uid in (
        ("prompts", "archive", theirs.prompt.uid),
        ("tasks", "priority", theirs.uid),
        ("judgments", "return", judgment.uid),
    ):
        fields = {"act": act, "rows": str(uid), "priority-priority": "9", "return-reason": "x"}
        assert page.post(f"/w/acme/browse/{kind}/act/", fields).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.priority, theirs.prompt.archived_at) == (5, None)


def test_an_index_serves_words_and_slices(acme: Workspace) -> None:
    """That the question is written as the index is, which only the planner can tell."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, value, index in (
            ("text", "sky", "prompt_by_words"),
            ("slice", "language=de", "prompt_by_slice"),
        ):
            condition = NARROWING[Kind.PROMPTS][name](acme, value)
            assert index in Prompt.objects.filter(condition).explain()
