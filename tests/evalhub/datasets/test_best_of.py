"""Best of n: of prompts that nobody judged, the answer that a reward model scores highest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS, lines_of, rows_of
from evalhub.datasets.services import ensure_dataset
from evalhub.prompts.models import Prompt, Score
from evalhub.registry.models import LanguageModel
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CollectionFactory,
    CompletionFactory,
    LanguageModelFactory,
    PromptFactory,
    PromptGroupFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def judge(acme: Workspace) -> LanguageModel:
    base = LanguageModelFactory.create(workspace=acme)
    return LanguageModelFactory.create(workspace=acme, name="judge", kind="reward", parent=base)


def answered(judge: LanguageModel, *scores: float, **fields: Any) -> Prompt:
    """A prompt for training with an answer for each score, named by it."""
    group = PromptGroupFactory.create(workspace=judge.workspace, split="train")
    collection = CollectionFactory.create(workspace=judge.workspace)
    prompt = PromptFactory.create(collection=collection, group=group, **fields)
    for value in scores:
        completion = CompletionFactory.create(prompt=prompt, content=f"It is {value} of ten.")
        score(judge, completion.pk, value)
    return prompt


def score(judge: LanguageModel, completion: int, value: float) -> None:
    Score.objects.create(completion_id=completion, model=judge, value=value, run_uid=uuid4())


def best_of(judge: LanguageModel, **more: Any) -> dict[str, Any]:
    return {"best_of": {"model": str(judge.uid)} | more}


def said_to(build: DatasetBuild, prompt: Prompt) -> str | None:
    """What the row of that prompt teaches."""
    lineage = {line["id"]: line["prompt"] for line in lines_of(build, "lineage.jsonl")}
    rows = (row for split in SPLITS for row in rows_of(build, split))
    found = [row for row in rows if lineage[row["id"]] == str(prompt.uid)]
    return found[0]["completion"][0]["content"] if found else None


def test_the_highest_of_several_is_taken_and_the_row_says_why(
    judge: LanguageModel, build: Build
) -> None:
    several, alone = answered(judge, 1.5, 2.25, -1.0), answered(judge, 9.0)

    made = build("sft", **best_of(judge))

    [line] = lines_of(made, "lineage.jsonl")
    assert said_to(made, several) == "It is 2.25 of ten."
    assert said_to(made, alone) is None
    assert line["reason"] == "“judge” scores it highest of 3 answers: 2.25, 0.75 above the next"
    assert (line["from"], line["judgments"]) == ("scores", [])
    assert made.manifest["from"] == {"scores": 1}


def test_as_many_scored_answers_as_asked_for(judge: LanguageModel, build: Build) -> None:
    two, three = answered(judge, 1.0, 2.0), answered(judge, 1.0, 2.0, 3.0)

    made = build("sft", **best_of(judge, answers=3))

    assert (said_to(made, two), said_to(made, three)) == (None, "It is 3.0 of ten.")


def test_what_people_said_is_never_outvoted_by_a_score(
    compared: list[Task], judge: LanguageModel, build: Build
) -> None:
    """One pair was decided; of the other people said that neither will do."""
    preferred, refused = compared[0], compared[1]
    for task in (preferred, refused):
        for nth, each in enumerate(task.completions.order_by("placed__place")):
            score(judge, each.pk, float(nth))
    refused.judgments.get().preferences.update(both_bad=True, margin=0)

    made = build("sft", **best_of(judge))

    first = preferred.completions.get(placed__place=0)
    assert said_to(made, preferred.prompt) == first.content
    assert said_to(made, refused.prompt) is None


def test_a_reference_comes_first_where_it_is_asked_for(judge: LanguageModel, build: Build) -> None:
    prompt = answered(judge, 1.0, 2.0, reference="Ten of ten.")

    without = build("sft", **best_of(judge))
    with_it = build("sft", evidence=["references"], **best_of(judge))

    assert said_to(without, prompt) == "It is 2.0 of ten."
    assert said_to(with_it, prompt) == "Ten of ten."


def test_scores_of_later_than_the_snapshot_do_not_count(judge: LanguageModel, build: Build) -> None:
    prompt = answered(judge, 1.0, 2.0)
    Score.objects.filter(value=2.0).update(created_at=timezone.now() + timedelta(hours=1))

    assert said_to(build("sft", **best_of(judge)), prompt) is None


def test_only_a_reward_model_of_the_workspace_and_only_for_sft(
    acme: Workspace, judge: LanguageModel
) -> None:
    stranger = LanguageModelFactory.create(kind="reward", parent=LanguageModelFactory.create())
    for kind, model, why in (
        ("preference", judge, "SFT row"),
        ("sft", stranger, "no reward model"),
        ("sft", judge.base, "no reward model"),
    ):
        with pytest.raises(BadDefinition, match=why):
            ensure_dataset(
                workspace=acme, name="x", kind=BuildKind(kind), definition=best_of(model)
            )
