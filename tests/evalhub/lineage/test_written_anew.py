"""What a model wrote anew goes with its parent, and comes back with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Task
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of
from evalhub.datasets.spill import REPLAY
from evalhub.lineage.queries import touched_by
from evalhub.lineage.services import take_back, withdraw
from evalhub.prompts.models import Prompt, PromptGroup
from evalhub.prompts.services.archive import archive_prompt, restore_prompt
from tests.evalhub.lineage.conftest import Build, said_on
from tests.factories import (
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


def written_anew(parent: Prompt, **fields: Any) -> Prompt:
    made: Prompt = PromptFactory.create(
        collection=parent.collection, group=parent.group, parent=parent, **fields
    )
    return made


def compared_on(prompt: Prompt, like: Task) -> Task:
    task: Task = TaskFactory.create(campaign=like.campaign, prompt=prompt)
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=2)
    return task


@pytest.fixture
def chain(compared: list[Task]) -> list[Prompt]:
    """A prompt, what was written anew from it, and what was from that; all compared."""
    parent = compared[0].prompt
    child = written_anew(parent)
    grandchild = written_anew(child)
    for prompt in (child, grandchild):
        compared_on(prompt, compared[0])
    return [parent, child, grandchild]


def prompts_of(build: DatasetBuild) -> set[str]:
    return {line["prompt"] for line in lines_of(build, "lineage.jsonl")}


def replayed_in(build: DatasetBuild) -> int:
    return sum(line["from"].startswith(REPLAY) for line in lines_of(build, "lineage.jsonl"))


def named(prompts: list[Prompt]) -> set[str]:
    return {str(each.uid) for each in prompts}


def test_an_archived_parent_takes_along_what_was_written_anew(
    chain: list[Prompt], build: Build, alice: Member
) -> None:
    parent, child, grandchild = chain
    assert named(chain) <= prompts_of(build())

    archive_prompt(prompt=parent, by=alice)

    made = build()
    assert not named(chain) & prompts_of(made)
    assert made.manifest["left_out"]["archived"]["count"] == 3
    assert not Prompt.objects.in_use().filter(pk__in=[each.pk for each in chain]).exists()
    assert Prompt.objects.in_use().count() == 9

    restore_prompt(prompt=parent, by=alice)
    archive_prompt(prompt=child, by=alice)  # the middle one takes along what is below it
    assert prompts_of(build()) & named(chain) == {str(parent.uid)}
    assert Prompt.objects.in_use().filter(pk=grandchild.pk).count() == 0


def test_one_whose_parent_is_archived_can_be_archived_itself(
    chain: list[Prompt], alice: Member
) -> None:
    parent, child, _ = chain
    archive_prompt(prompt=parent, by=alice)

    assert archive_prompt(prompt=child, by=alice)
    restore_prompt(prompt=parent, by=alice)

    child.refresh_from_db()
    assert child.archived_at is not None


def test_a_withdrawn_parent_takes_them_along_and_they_come_back(
    chain: list[Prompt], build: Build, alice: Member
) -> None:
    made = withdraw(subject=chain[0], reason="Not ours.", builds_again=False, by=alice)
    assert not named(chain) & prompts_of(build())

    Prompt.objects.update(archived_at=None)  # restored in Browse, while the withdrawal stands
    assert not named(chain) & prompts_of(build())

    take_back(withdrawal=made, reason="It is ours.", by=alice)
    assert named(chain) <= prompts_of(build())


def test_the_effect_of_a_withdrawal_counts_their_rows(chain: list[Prompt], build: Build) -> None:
    before = build()

    touched = touched_by(chain[0])

    [found] = touched.builds
    assert found.build == before
    assert found.found.resting == 3


def test_unjudged_rows_of_them_go_too(chain: list[Prompt], build: Build, alice: Member) -> None:
    other = written_anew(chain[0], reference="Because.")
    asked: dict[str, Any] = {"evidence": ["references"]}
    assert str(other.uid) in prompts_of(build("sft", **asked))

    archive_prompt(prompt=chain[0], by=alice)

    assert str(other.uid) not in prompts_of(build("sft", **asked))


def test_a_replayed_row_goes_when_its_prompt_or_a_judgment_behind_it_is_withdrawn(
    compared: list[Task], chain: list[Prompt], build: Build, alice: Member
) -> None:
    """The earlier build keeps them; a new one that replays it does not bring them back."""
    earlier = build()
    for _ in range(12):
        task = TaskFactory.create(campaign=compared[0].campaign)
        PromptGroup.objects.filter(prompts=task.prompt).update(split="train")
        said = JudgmentFactory.create(task=task, judged_at=datetime(2000, 1, 1, tzinfo=UTC))
        PreferenceFactory.create(judgment=said, margin=2)
    replay = {
        "judged_before": "2001-01-01T00:00:00Z",
        "replay": [{"build": str(earlier.uid), "share": 0.5}],
    }
    assert replayed_in(build(**replay)) == earlier.rows["train"]

    withdraw(subject=chain[0], reason="Not ours.", builds_again=False, by=alice)
    withdraw(subject=said_on(compared[1]), reason="A bot.", builds_again=False, by=alice)

    made = build(**replay)
    assert replayed_in(made) == earlier.rows["train"] - 4
    counts = {name: each["count"] for name, each in made.manifest["left_out"].items()}
    assert (counts["archived"], counts["withdrawn"]) == (3, 1)
    assert not (named(chain) | {str(compared[1].prompt.uid)}) & prompts_of(made)
