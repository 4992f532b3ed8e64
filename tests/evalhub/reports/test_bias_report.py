"""What was planted into a campaign's judgments is in its report on bias."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Span
from evalhub.reports.bias import bias_report
from evalhub.reports.read import Read
from evalhub.rubrics.models import Criterion
from tests import factories as make

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)  # of 2026-W48
WORDS = {"gemma": 10, "llama": 20, "qwen": 40}


@pytest.fixture
def people(campaign: Campaign) -> list[Member]:
    return [
        make.MemberFactory.create(workspace=campaign.workspace, pseudonym=name)
        for name in ("auk", "bee", "cod", "doe", "elk", "fox")
    ]


@pytest.fixture
def tasks(campaign: Campaign) -> list[Task]:
    """18 prompts, a third of them German, on each two of three models, the longest of which is `qwen`."""
    collection = make.CollectionFactory.create(workspace=campaign.workspace, slug="faq")
    gemma, llama, qwen = (
        make.LanguageModelFactory.create(workspace=campaign.workspace, name=name) for name in WORDS
    )
    qwen.kind, qwen.parent = "adapter", gemma
    qwen.save()
    pairs = [(gemma, llama), (llama, qwen), (qwen, gemma)]
    made = []
    for nth in range(18):
        slices = {"language": "de" if nth % 3 == 0 else "en"}
        prompt = make.PromptFactory.create(collection=collection, slices=slices)
        answers = [
            make.CompletionFactory.create(
                prompt=prompt, generation__model=model, content="word " * WORDS[model.name]
            )
            for model in pairs[nth // 3 % 3]
        ]
        made.append(make.TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers))
    for _ in range(12):
        make.PromptFactory.create(collection=collection, slices={"topic": "law"})
    return made


@pytest.fixture
def report(campaign: Campaign, tasks: list[Task], people: list[Member]) -> dict[str, Any]:
    """The longer one wins mostly, and the first a little; German answers are worth two points less, and
    from the second week on everything half a point more.
    """
    chance = np.random.default_rng(1)
    clarity = Criterion.objects.get(version=campaign.rubric_version, slug="clarity")
    for nth, task in enumerate(tasks):
        shown = [each.completion for each in task.placed.order_by("place")]
        longer = np.diff([len(each.content) for each in shown])[0] > 0
        for at, person in enumerate(np.array(people, dtype=object)[chance.permutation(6)[:3]]):
            order = [0, 1] if chance.random() < 0.5 else [1, 0]
            held = make.AssignmentFactory.create(
                task=task, member=person, state="submitted", permutation=order
            )
            judgment = make.JudgmentFactory.create(
                task=task, member=person, assignment=held, judged_at=MONDAY + timedelta(days=nth)
            )
            logit = (1.2 if longer else -1.2) + (-0.8 if order == [0, 1] else 0.8)
            second = chance.random() < 1 / (1 + np.exp(-logit))
            make.PreferenceFactory.create(
                judgment=judgment, first=shown[0], second=shown[1], margin=-1 if second else 1
            )
            for completion in shown:
                value = (2 if nth % 3 == 0 else 4) + int(chance.random() < 0.5)
                is_missing = nth == 1 and at == 0
                make.RatingFactory.create(
                    judgment=judgment,
                    criterion=clarity,
                    completion=completion,
                    value=None if is_missing else value,
                    reason="unclear" if is_missing else "",
                )
            if shown[0].generation.model.name == "llama" and at < 2:
                Span.objects.create(
                    judgment=judgment,
                    completion=shown[0],
                    start=0,
                    end=4,
                    error_type="false-statement",
                )
            Span.objects.create(
                judgment=judgment, completion=shown[1], start=0, end=4, error_type="off-topic"
            )
    return bias_report(Read(campaign))


def rows(report: dict[str, Any], question: str, **wanted: object) -> list[dict[str, Any]]:
    asked = next(each for each in report["questions"] if each["question"] == question)
    return [
        row for row in asked["rows"] if all(row[name] == value for name, value in wanted.items())
    ]


def test_everything_that_was_planted(report: dict[str, Any]) -> None:
    scores, wins = report["questions"]
    assert (scores["measure"], scores["answers"], scores["missing"]) == ("score", 106, 2)
    assert (wins["measure"], wins["answers"], wins["missing"]) == ("win_rate", 108, 0)

    (german,) = rows(report, "clarity", by="slice", split="language=de", model=None)
    gap = german["difference"]
    assert german["n"] == 36
    assert gap["against"] == "rest"
    assert gap["low"] < -2 < gap["high"]
    assert gap["corrected"] < 0.05
    (english,) = rows(report, "clarity", by="slice", split="language=en", model=None)
    assert english["missing"] == 2
    assert english["difference"]["value"] == pytest.approx(-gap["value"])
    assert not rows(report, "clarity", split="topic=law")

    models = rows(report, "overall", by="model")
    assert [row["model"] for row in models] == ["gemma", "llama", "qwen"]
    assert sum(row["value"] for row in models) == pytest.approx(1.5)
    assert [row["difference"] and row["difference"]["against"] for row in models] == [
        None,
        "gemma",
        "gemma",
    ]
    weeks = rows(report, "clarity", by="week", model=None)
    assert [row["split"] for row in weeks] == ["2026-W48", "2026-W49", "2026-W50"]
    assert sum(row["n"] for row in weeks) == 106

    (pairs,) = report["length"]["pairs"]
    assert pairs["longer_wins"]["low"] > 0.5
    assert pairs["longer_wins"]["missing"] == 0
    assert {each["model"] for each in pairs["models"]} == set(WORDS)
    (scored,) = report["length"]["scores"]
    assert scored["low"] < 0 < scored["high"]  # no length was planted there
    (place,) = report["position"]
    assert place["first_wins"]["value"] > 0.5
    assert place["effect"]["low"] < 0.8 < place["effect"]["high"]

    found = report["hallucination"]
    assert (found["counted"], found["not_counted"]) == (["false-statement"], ["off-topic"])
    rates = {row["model"]: (row["value"], row["n"], row["judgments"]) for row in found["models"]}
    assert rates == {"gemma": (0, 12, 36), "llama": (0.5, 12, 36), "qwen": (0, 12, 36)}

    shares = {row["slice"]: row for row in report["representation"]}
    assert {name: row["finding"] for name, row in shares.items()} == {
        "language=de": "as_expected",
        "language=en": "over",
        "topic=law": "missing",
    }
    assert shares["topic=law"]["expected"] == pytest.approx(12 / 30)
    assert report["slices_left_out"] == 0


def test_a_campaign_without_judgments_has_a_report(campaign: Campaign) -> None:
    made = bias_report(Read(campaign))
    assert made["questions"] == made["representation"] == made["position"] == []
    assert made["hallucination"] is None


def test_a_label_task_is_about_no_model(campaign: Campaign) -> None:
    clarity = Criterion.objects.get(version=campaign.rubric_version, slug="clarity")
    for value in (1, 3):
        task = make.TaskFactory.create(campaign=campaign, completions=[])
        judgment = make.JudgmentFactory.create(
            task=task, assignment=make.AssignmentFactory.create(task=task, state="submitted")
        )
        make.RatingFactory.create(
            judgment=judgment, criterion=clarity, completion=None, value=value
        )
    (row,) = rows(bias_report(Read(campaign)), "clarity", by="model")
    assert (row["model"], row["value"], row["n"]) == (None, 2, 2)
