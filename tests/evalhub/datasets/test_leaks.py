"""A build in which anything stands on two sides of the split fails, whatever let it through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.campaigns.models import Task
from evalhub.datasets.errors import SplitLeaks
from evalhub.datasets.leaks import demand_no_leak
from evalhub.prompts.models import Prompt, PromptGroup
from tests.evalhub.datasets.conftest import Build


def rows(folder: Path, **files: list[dict[str, Any]]) -> Path:
    for name, lines in files.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    return folder


def row(**over: str) -> dict[str, Any]:
    return {"id": "a", "group": "g", "prompt": "Why?"} | over


@pytest.mark.parametrize("what", ["id", "group", "prompt"])
@pytest.mark.parametrize("other", ["validation", "test", "prompts"])
def test_one_thing_in_common_is_enough(what: str, other: str, tmp_path: Path) -> None:
    apart = {"id": "b", "group": "h", "prompt": "How?"}
    rows(tmp_path, train=[row()], **{other: [row(**apart)]})
    demand_no_leak(tmp_path)
    same = row(**{name: value for name, value in apart.items() if name != what})

    rows(tmp_path, **{other: [same]})

    with pytest.raises(SplitLeaks, match="row" if what == "id" else what):
        demand_no_leak(tmp_path)


def test_test_prompts_and_test_rows_are_one_side(tmp_path: Path) -> None:
    demand_no_leak(rows(tmp_path, train=[], test=[row()], prompts=[row(id="p")]))


@pytest.mark.django_db
def test_a_planted_twin_of_a_test_prompt_fails_the_build(
    build: Build, compared: list[Task]
) -> None:
    train, test = compared[0].prompt, compared[-1].prompt
    Prompt.objects.filter(pk=train.pk).update(messages=test.messages)

    made = build(near_duplicates=False)

    assert made.job.state == "failed"
    assert "stands in the test and in the train split" in made.job.error
    assert made.files == {}


@pytest.mark.django_db
def test_a_planted_group_on_two_sides_fails_the_build(build: Build, compared: list[Task]) -> None:
    train, test = compared[0].prompt.group, compared[-1].prompt.group
    PromptGroup.objects.filter(pk=test.pk).update(merged_into=train)

    made = build(near_duplicates=False)

    assert "group" in made.job.error


@pytest.mark.django_db
def test_a_row_of_two_splits_is_never_made_one(build: Build, compared: list[Task]) -> None:
    """The same conversation and answers under two groups: merging them would hide the leak."""
    one, other = compared[0], compared[-1]
    Prompt.objects.filter(pk=other.prompt.pk).update(messages=one.prompt.messages)
    for mine, theirs in zip(
        one.completions.order_by("pk"), other.completions.order_by("pk"), strict=True
    ):
        theirs.content = mine.content
        theirs.save(update_fields=["content"])

    assert "would stand in test and train" in build(near_duplicates=False).job.error
