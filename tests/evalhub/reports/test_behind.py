"""Each figure leads to exactly the judgments that it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.browse.choices import Kind
from evalhub.browse.forms import FilterForm
from evalhub.browse.rows import asked_for
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment, RankedCompletion, Span
from evalhub.quality.models import Exclusion
from evalhub.reports.choices import ReportKind
from evalhub.reports.making import REPORTS
from evalhub.reports.progress import progress_report
from evalhub.reports.read import Read
from evalhub.reports.services import start_report
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.reports.test_consistency import again
from tests.evalhub.reports.test_consistency import judged as judged_before
from tests.evalhub.reports.test_report import say
from tests.evalhub.reports.test_report_pages import computed, signed_in

pytestmark = pytest.mark.django_db
Node = dict[str, Any]


@pytest.fixture
def people(acme: Workspace) -> list[Member]:
    names = ("auk", "bee", "cod", "dab")
    return [make.MemberFactory.create(workspace=acme, pseudonym=name) for name in names]


@pytest.fixture
def judged(campaign: Campaign, task: Task, people: list[Member], alice: Member) -> Campaign:
    """Pairs of three models in two slices, one of a model with itself; ratings, some of them missing; and
    beside it all that a figure may not count.
    """
    llama, gemma = (each.completion.generation.model for each in task.placed.order_by("place"))
    falcon = make.LanguageModelFactory.create(workspace=campaign.workspace, name="falcon")
    pairs = [(llama, gemma), (llama, falcon), (gemma, falcon), (llama, llama), (llama, gemma)]
    tasks = [task]
    for nth, models in enumerate(pairs):
        prompt = make.PromptFactory.create(
            collection=task.prompt.collection,
            external_id=f"p{nth}",
            slices={"language": "de" if nth % 2 else "en"},
        )
        answers = [
            make.CompletionFactory.create(prompt=prompt, generation__model=model)
            for model in models
        ]
        tasks.append(make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers))
    for nth, one in enumerate(tasks):
        for at, person in enumerate(people[: 2 + nth % 2]):
            say(one, person, margin=1 - (nth + at) % 3, value=(nth + at) % 5)  # 0: cannot tell
    _beside(campaign, tasks, people, alice)
    return campaign


def _beside(campaign: Campaign, tasks: list[Task], people: list[Member], lead: Member) -> None:
    auk, bee, _, dab = people
    first = Judgment.objects.filter(task=tasks[0], member=auk).get()
    make.JudgmentFactory.create(
        task=tasks[0], member=auk, assignment=first.assignment, supersedes=first
    )
    Judgment.objects.filter(task=tasks[1], member=bee).update(saw_proposal=True)
    Judgment.objects.filter(task=tasks[2], member=bee).update(withdrawn_at=timezone.now())
    Judgment.objects.filter(task=tasks[3], member=bee).update(
        rubric_version=make.RubricVersionFactory.create(
            rubric=campaign.rubric_version.rubric, number=2
        )
    )
    copy = [each.completion for each in tasks[1].placed.all()]
    say(make.TaskFactory.create(campaign=campaign, kind="repeat", completions=copy), auk, 1, 2)
    say(tasks[1], dab, 1, 2)
    Exclusion.objects.create(campaign=campaign, member=dab, reason="By lot.", excluded_by=lead)
    say(make.TaskFactory.create(campaign__workspace=campaign.workspace), auk, 1)


def figures_in(node: Any) -> Iterator[Node]:
    """Every part of a report that says what is behind it."""
    if isinstance(node, list):
        for each in node:
            yield from figures_in(each)
    if isinstance(node, dict):
        if "judgments" in node and "behind" in node:
            yield node
        for each in node.values():
            yield from figures_in(each)


def rows_behind(campaign: Campaign, asked: dict[str, str]) -> list[Judgment]:
    """What Browse finds, by its form."""
    form = FilterForm(asked, kind=Kind.JUDGMENTS, workspace=campaign.workspace)
    assert form.is_valid(), (asked, form.errors)
    return list(asked_for(Kind.JUDGMENTS, campaign.workspace, form.criteria()).rows)


@pytest.mark.parametrize("kind", ["agreement", "reliability", "leaderboard", "bias", "consistency"])
def test_as_many_rows_as_the_figure_says(judged: Campaign, kind: str) -> None:
    made = REPORTS[kind](Read(judged))
    found = list(figures_in(made))
    assert len(found) >= 3
    for node in found:
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert len(rows) == node["judgments"], node
    assert {node["judgments"] for node in found} != {0}


def test_what_could_not_be_told_is_found_as_well(judged: Campaign) -> None:
    made = REPORTS[ReportKind.AGREEMENT](Read(judged))
    clarity = next(each for each in made["questions"] if each["question"] == "clarity")
    parts = [clarity, *clarity["rows"]]
    assert clarity["missing"] > 0
    for node in parts:
        asked = made["behind"] | node["behind"] | {"answer": "cannot_tell"}
        assert len(rows_behind(judged, asked)) == node["missing"]


def test_a_ranking_is_one_judgment_of_many_comparisons(
    campaign: Campaign, task: Task, people: list[Member]
) -> None:
    models = [each.completion.generation.model for each in task.placed.order_by("place")]
    for person in people[:3]:
        shown = [
            make.CompletionFactory.create(prompt=task.prompt, generation__model=model)
            for model in (*models, models[0])
        ]
        judgment = make.JudgmentFactory.create(
            task=make.TaskFactory.create(campaign=campaign, prompt=task.prompt, completions=shown),
            member=person,
        )
        for tier, completion in enumerate(shown):
            RankedCompletion.objects.create(judgment=judgment, completion=completion, tier=tier)
    made = REPORTS[ReportKind.LEADERBOARD](Read(campaign))
    [board] = made["boards"]
    assert (board["comparisons"], board["judgments"]) == (6, 3)  # of one with itself: none
    for node in figures_in(made):
        assert len(rows_behind(campaign, made["behind"] | node["behind"])) == node["judgments"]
    assert {(each["n"], each["judgments"]) for each in board["matrix"]} == {(6, 3)}


def test_the_longer_and_the_first_lead_to_where_they_were_preferred(
    judged: Campaign, people: list[Member]
) -> None:
    said_of = Judgment.objects.filter(campaign=judged, preferences__isnull=False)
    for nth, judgment in enumerate(said_of.order_by("pk")):
        said = judgment.preferences.get()
        said.first.content = "word " * (2 + nth % 3)
        said.second.content = "word " * 3
        said.first.save()
        said.second.save()
        judgment.assignment.permutation = [1, 0] if nth % 2 else [0, 1]
        judgment.assignment.save()
    made = REPORTS[ReportKind.BIAS](Read(judged))
    [pairs], [places] = made["length"]["pairs"], made["position"]
    parts = {name: pairs["longer_wins"][name] for name in ("longer", "shorter")}
    parts |= {name: places["first_wins"][name] for name in ("first", "second")}
    [board] = REPORTS[ReportKind.LEADERBOARD](Read(judged))["boards"]
    for name in ("first", "second"):
        node = board["position"][name]
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert 0 < len(rows) == node["judgments"] <= parts[name]["judgments"]
        assert all(row.task.completions.values("generation__model").distinct()[1:] for row in rows)
    for node in pairs["models"]:  # strengths at equal length
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert 0 < len(rows) == node["judgments"] < pairs["judgments"]
    assert (pairs["effect"]["missing"], len(pairs["models"])) == (0, 3)
    assert board["position"]["n"] + board["position"]["missing"] == board["comparisons"]
    for name, node in parts.items():
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert 0 < len(rows) == node["judgments"] < pairs["judgments"], name
        for row in rows:
            said = row.preferences.get()
            won, lost = (said.first, said.second) if said.margin > 0 else (said.second, said.first)
            first = row.task.placed.get(place=row.assignment.permutation[0]).completion
            is_so = {
                "longer": len(won.content) > len(lost.content),
                "shorter": len(won.content) < len(lost.content),
                "first": won == first,
                "second": lost == first,
            }
            assert said.margin
            assert is_so[name]


def test_each_figure_says_how_many_values_are_missing(judged: Campaign) -> None:
    [board] = REPORTS[ReportKind.LEADERBOARD](Read(judged))["boards"]
    all_of_them = Judgment.objects.filter(campaign=judged, task__kind="normal")
    of_one = {row.pk for row in all_of_them if len(set(_models(row))) == 1}
    assert board["missing"] == len(of_one & _said(judged)) > 0
    assert board["comparisons"] + board["missing"] == len(_said(judged))
    assert len(board["slices"]) == 2
    for part in board["slices"]:
        asked = {"campaign": str(judged.uid), "counts": "said", "question": "compared:overall"}
        there = {row.pk for row in rows_behind(judged, asked | {"slice": part["slice"]})}
        assert part["missing"] == len(there & of_one)
        assert part["comparisons"] + part["missing"] == len(there)
    assert sum(part["missing"] for part in board["slices"]) == board["missing"]
    [places] = REPORTS[ReportKind.BIAS](Read(judged))["position"]
    assert places["effect"]["missing"] == places["first_wins"]["missing"]


def _models(judgment: Judgment) -> list[int]:
    return list(judgment.task.completions.values_list("generation__model", flat=True))


def _said(campaign: Campaign) -> set[int]:
    asked = {"campaign": str(campaign.uid), "counts": "said", "question": "compared:overall"}
    return {row.pk for row in rows_behind(campaign, asked)}


def test_of_a_ranking_what_stands_above_something_shorter(
    campaign: Campaign, task: Task, people: list[Member]
) -> None:
    """Lengths from the best to the worst: falling, rising, and both."""
    for person, lengths in zip(people, ([3, 2, 1], [1, 2, 3], [2, 3, 1]), strict=False):
        shown = [
            make.CompletionFactory.create(prompt=task.prompt, content="x" * length)
            for length in lengths
        ]
        judgment = make.JudgmentFactory.create(
            task=make.TaskFactory.create(campaign=campaign, prompt=task.prompt, completions=shown),
            member=person,
        )
        for tier, completion in enumerate(shown):
            RankedCompletion.objects.create(judgment=judgment, completion=completion, tier=tier)
    made = REPORTS[ReportKind.BIAS](Read(campaign))
    [pairs] = made["length"]["pairs"]
    for name in ("longer", "shorter"):
        node = pairs["longer_wins"][name]
        assert len(rows_behind(campaign, made["behind"] | node["behind"])) == 2 == node["judgments"]
    nobody = made["behind"] | pairs["behind"] | {"preferred": "first"}
    assert rows_behind(campaign, nobody) == []


def test_of_hallucinations_all_who_judged_the_model_s_answers(judged: Campaign) -> None:
    for judgment in Judgment.objects.filter(campaign=judged, task__kind="normal")[:3]:
        Span.objects.create(
            judgment=judgment,
            completion=judgment.task.completions.first(),
            start=0,
            end=3,
            error_type="false-statement",
        )
    made = REPORTS[ReportKind.BIAS](Read(judged))
    found = list(figures_in(made["hallucination"]))
    assert len(found) == 3  # models
    for node in found:
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert len(rows) == node["judgments"] > 0


def test_a_slice_leads_to_the_campaign_s_prompts(judged: Campaign) -> None:
    made = REPORTS[ReportKind.BIAS](Read(judged))
    assert {row["n"] for row in made["representation"]} == {2, 3}
    for row in made["representation"]:
        asked = {"campaign": str(judged.uid), "slice": row["slice"]}
        form = FilterForm(asked, kind=Kind.PROMPTS, workspace=judged.workspace)
        assert form.is_valid()
        found = asked_for(Kind.PROMPTS, judged.workspace, form.criteria()).rows
        assert found.count() == row["n"]


def test_gold_leads_to_what_it_measured(judged: Campaign, people: list[Member]) -> None:
    for nth, judgment in enumerate(Judgment.objects.filter(campaign=judged, member=people[0])[:3]):
        make.GoldVerdictFactory.create(judgment=judgment, passed=nth > 0)
    made = REPORTS[ReportKind.CONSISTENCY](Read(judged))
    auk = next(each for each in made["people"] if each["annotator"] == "auk")
    about = {"campaign": str(judged.uid)} | auk["behind"]
    assert len(rows_behind(judged, about | {"mark": "gold"})) == auk["gold"]["n"] == 3
    failed = rows_behind(judged, about | {"mark": "gold_failed"})
    assert [str(each.uid) for each in failed] == auk["gold"]["behind"]


def test_a_second_word_and_haste_lead_to_all_of_them(
    campaign: Campaign, task: Task, people: list[Member], client: Any, acme: Workspace
) -> None:
    """More than the twenty that a report names, and only those; of one person and not of the other."""
    one, other = people[:2]
    for nth in range(25):
        words = make.TaskFactory.create(campaign=campaign)
        words.completions.update(content="one\ttwo\nthree  four\r\nfive " * 4)  # 20 a side: 4 s
        first = judged_before(words, one, 1, clarity=4, active_ms=3_999 if nth < 22 else 4_000)
        before = {"order": (1, 0)} if nth == 24 else {}
        again_ = judged_before(
            again(first), one, 1 if nth in (23, 24) else -1, clarity=4 if nth else 5, **before
        )
        if nth == 24:
            again_.preferences.update(margin=-1)  # the other response: what stood first
    still = judged_before(make.TaskFactory.create(campaign=campaign), other, 1, active_ms=1)
    judged_before(again(still), other, 1)
    revised = make.JudgmentFactory.create(
        task=first.task, member=one, assignment=first.assignment, supersedes=first, active_ms=1,
        created_at=timezone.now() - timedelta(minutes=30),
    )  # fmt: skip
    made = REPORTS[ReportKind.CONSISTENCY](Read(campaign))
    mine, theirs = (
        next(each for each in made["people"] if each["annotator"] == person.pseudonym)
        for person in (one, other)
    )
    assert (mine["hasty"]["part"], theirs["hasty"]["part"]) == (22, 1)
    assert (mine["repeats"]["changed"], theirs["repeats"]["changed"]) == (23, 0)
    found = {}
    for mark, part in (("hasty", "hasty"), ("changed", "repeats"), ("moved", "swapped")):
        for person in (mine, theirs):
            rows = rows_behind(campaign, made["behind"] | person["behind"] | {"mark": mark})
            named = (person[part] or {"behind": []})["behind"]
            newest = sorted(rows, key=lambda row: -row.pk)[:20]
            assert [str(row.uid) for row in newest] == named, (mark, person["annotator"])
            found[mark, person["annotator"]] = len(rows)
    assert revised not in rows_behind(campaign, made["behind"] | {"mark": "hasty"})
    assert (found["hasty", one.pseudonym], found["changed", one.pseudonym]) == (22, 23)
    computed(start_report(campaign=campaign, kind=ReportKind.CONSISTENCY,
                          by=cast_member("lead", acme, "lead")))  # fmt: skip
    shown = signed_in(cast_member("second", acme, "lead")).get(
        f"/w/acme/campaigns/{campaign.uid}/consistency/"
    ).text  # fmt: skip
    assert shown.count("All of them in Browse") == 4 - (mine["swapped"] is None)
    assert "mark=changed" in shown
    assert '<span class="badge">23</span>' in shown
    second = rows_behind(campaign, {"mark": "changed"})
    hasty = rows_behind(campaign, {"mark": "hasty"})
    assert (len(second), len(hasty)) == (23, 23)  # by the mark alone
    gone = [next(iter(second)).pk, still.pk]
    Judgment.objects.filter(pk__in=gone).update(withdrawn_at=timezone.now())
    assert len(rows_behind(campaign, {"mark": "changed"})) == 22
    assert len(rows_behind(campaign, {"mark": "hasty"})) == 22


def test_what_moved_with_the_place_is_marked_as_it_stands_now_and_extras_are_not(
    campaign: Campaign, people: list[Member]
) -> None:
    """A first word towards one response, the second, the other way round, towards the other one or the same."""
    firsts = [
        judged_before(make.TaskFactory.create(campaign=campaign), people[0], 1) for _ in range(5)
    ]
    seconds = [
        judged_before(again(first), people[0], after, order=(1, 0))
        for first, after in zip(firsts, (-1, 1, -1, -1, -1), strict=True)
    ]
    moved, stayed, extra, taken_back, _ = seconds
    Judgment.objects.filter(pk=extra.pk).update(is_extra=True)
    revised(taken_back, 1)
    now_moved = revised(stayed, -1)
    revised(firsts[4], -1)  # so that the second word agrees with it
    made = REPORTS[ReportKind.CONSISTENCY](Read(campaign))
    [mine] = [each for each in made["people"] if each["annotator"] == people[0].pseudonym]
    rows = rows_behind(campaign, made["behind"] | mine["behind"] | {"mark": "moved"})
    assert {row.pk for row in rows} == {moved.pk, now_moved.pk}
    assert {str(row.uid) for row in rows} == set(mine["swapped"]["behind"])


def revised(judgment: Judgment, margin: int) -> Judgment:
    word = make.JudgmentFactory.create(
        task=judgment.task, member=judgment.member, assignment=judgment.assignment,
        supersedes=judgment, active_ms=60_000,
    )  # fmt: skip
    was = judgment.preferences.get()
    make.PreferenceFactory.create(judgment=word, first=was.first, second=was.second, margin=margin)
    return word


def test_progress_counts_what_fills_a_place(judged: Campaign) -> None:
    made = progress_report(judged)
    people = [each for each in figures_in(made) if "annotator" in each]
    assert people
    for node in people:
        rows = rows_behind(judged, made["behind"] | node["behind"])
        assert len(rows) == node["judgments"]


@pytest.mark.parametrize("kind", ["agreement", "leaderboard", "bias"])
def test_the_page_has_the_links(judged: Campaign, kind: str, client: Any, acme: Workspace) -> None:
    lead = cast_member("lead", acme, "lead")
    report = computed(start_report(campaign=judged, kind=ReportKind(kind), by=lead))
    page = signed_in(lead)
    shown = page.get(f"/w/acme/campaigns/{judged.uid}/{kind}/").content.decode()
    links = {
        part.split('"')[0].replace("&amp;", "&")
        for part in shown.split('href="')
        if "counts=" in part.split('"')[0]
    }
    assert len(links) >= 5
    some = sorted(links)[0]
    assert "Nothing found" not in page.get(some).content.decode()
    assert report.body["behind"]["campaign"] == str(judged.uid)
