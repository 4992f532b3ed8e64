"""Rows of an earlier build pass what rows that are made now pass: cleaning, and the length limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of, rows_of
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Correction, Judgment
from evalhub.prompts.models import Completion, Prompt, PromptGroup
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.datasets.test_building import model_folder
from tests.factories import (
    CriterionFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

RAW = {"unicode": False, "white_space": False, "control_tokens": False}


@pytest.fixture
def fresh(compared: list[Task]) -> list[Task]:
    """Two prompts of a second round, which alone is in scope."""
    tasks = [TaskFactory.create(campaign=compared[0].campaign) for _ in range(2)]
    PromptGroup.objects.filter(prompts__in=[each.prompt_id for each in tasks]).update(split="train")
    for task in tasks:
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=1)
    Prompt.objects.filter(pk__in=[each.prompt_id for each in tasks]).update(slices={"round": "two"})
    return tasks


def say(task: Task, place: int, content: str, **fields: Any) -> Completion:
    answer = task.completions.get(placed__place=place)
    Completion.objects.filter(pk=answer.pk).update(content=content, **fields)
    return answer


def again(build: Build, early: DatasetBuild, **definition: Any) -> DatasetBuild:
    replay = [{"build": str(early.uid), "share": 0.8}]
    return build(
        early.kind,
        slices={"round": ["two"]},
        replay=replay,
        near_duplicates=False,
        **definition,
    )


def replayed(made: DatasetBuild) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Row and lineage by prompt."""
    rows = {row["id"]: row for row in rows_of(made, "train")}
    lines = [each for each in lines_of(made, "lineage.jsonl") if each["split"] == "train"]
    told = [each for each in lines if each["from"].startswith("replay of ")]
    return {each["prompt"]: (rows[each["id"]], each) for each in told}


def test_a_replayed_row_is_as_it_was_where_nothing_is_to_be_mended(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    early = build()
    found = replayed(again(build, early))
    earlier = {row["id"]: row for row in rows_of(early, "train")}
    assert len(found) == 8
    assert all(earlier[row["id"]] == row for row, _ in found.values())


def test_a_replayed_row_is_mended_named_anew_and_keeps_who_said_it(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    Prompt.objects.filter(pk=compared[0].prompt_id).update(
        messages=[{"role": "user", "content": "Is it schÃ¶n?"}]
    )
    calls = [{"name": "look", "arguments": {"for": "schÃ¶n"}}]
    say(compared[0], 0, "schÃ¶n \n<|im_end|>", tool_calls=calls)
    early = build(cleaning=RAW)
    [was] = [
        each for each in lines_of(early, "lineage.jsonl") if each["prompt"] == uid(compared[0])
    ]

    row, line = replayed(again(build, early))[uid(compared[0])]

    assert row["prompt"][0]["content"] == "Is it schön?"
    assert row["chosen"][0]["content"] == "schön\n⟨|im_end|⟩"
    assert row["chosen"][0]["tool_calls"][0]["arguments"] == {"for": "schön"}
    assert line["id"] == row["id"] != was["id"]
    assert line["judgments"] == was["judgments"]
    assert {each["step"] for each in line["cleaning"]} >= {"unicode", "control_tokens"}
    now = build(cleaning={})  # a row of today with the same texts has the same name
    assert row["id"] in {each["id"] for each in rows_of(now, "train")}


@pytest.mark.parametrize(
    ("text", "fields", "cleaning", "reason"),
    [
        ("I am sorry, but I cannot help with that.", {}, {"refused": "leave_out"}, "refused"),
        ("It is blue, as", {"finish": "length"}, {"truncated": "leave_out"}, "truncated"),
        ("Write to ann@example.org.", {}, {"personal": "leave_out"}, "personal"),
    ],
)
def test_a_replayed_row_that_cleaning_leaves_out_is_none(
    compared: list[Task],
    fresh: list[Task],
    build: Build,
    text: str,
    fields: dict[str, str],
    cleaning: dict[str, str],
    reason: str,
) -> None:
    say(compared[0], 0, text, **fields)
    early = build(cleaning={"refused": "off", "truncated": "off", "personal": "off"})
    made = again(build, early, cleaning=cleaning)
    assert uid(compared[0]) not in replayed(made)
    assert made.manifest["left_out"][f"cleaning_{reason}"]["count"] == 1


def test_personal_data_of_an_earlier_build_blocks_the_new_one_too(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    say(compared[0], 0, "Pay with 4111 1111 1111 1111 if you like.")
    made = again(build, build(cleaning={"personal": "off"}))
    assert "secrets" in made.manifest["report"]["blocks"]


def test_a_replayed_row_is_left_out_for_its_length(
    acme: Workspace, compared: list[Task], fresh: list[Task], build: Build, tmp_path: Path
) -> None:
    source = str(model_folder(tmp_path, 60))
    LanguageModelFactory.create(workspace=acme, name="small", source=source)
    say(compared[0], 0, "far too long " * 40)
    made = again(build, build(), model="small")
    assert uid(compared[0]) not in replayed(made)
    assert made.manifest["left_out"]["too_long"]["count"] == 1


def test_a_replayed_answer_that_people_rate_as_unsafe_is_left_out(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    version = compared[0].campaign.rubric_version
    criterion = CriterionFactory.create(version=version, slug="safety")
    early = build()
    RatingFactory.create(
        judgment=JudgmentFactory.create(task=compared[0]),
        completion=compared[0].completions.get(placed__place=0),
        criterion=criterion,
        value=1,
    )
    made = again(build, early, cleaning={"safety_criterion": "safety"})
    assert uid(compared[0]) not in replayed(made)
    assert made.manifest["left_out"]["rated_unsafe"]["count"] == 1


def test_a_contradiction_between_a_replayed_row_and_a_new_one_is_found(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    early = build()
    old, new = compared[0], fresh[0]
    Prompt.objects.filter(pk=new.prompt_id).update(group=old.prompt.group_id)
    texts = [old.completions.get(placed__place=place).content for place in (0, 1)]
    say(new, 0, texts[1])
    say(new, 1, texts[0])
    made = again(build, early, cleaning={"contradictions": "leave_out"})
    assert uid(old) not in replayed(made)
    assert made.manifest["left_out"]["cleaning_contradictions"]["count"] == 2


def test_what_is_said_now_is_seen_once_beside_its_replay(
    compared: list[Task], build: Build
) -> None:
    """The same people's word, twice, would outweigh who says the opposite."""
    first, second = compared[:2]
    Prompt.objects.filter(pk__in=[first.prompt_id, second.prompt_id]).update(
        slices={"round": "two"}
    )
    early = build()
    other = TaskFactory.create(
        campaign=first.campaign, prompt__group=first.prompt.group, prompt__slices={"round": "two"}
    )
    for place in (0, 1):
        say(other, place, first.completions.get(placed__place=1 - place).content)
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=other), margin=1)
    made = again(build, early, cleaning={"contradictions": "leave_out"})
    left = lines_of(made, "left_out.jsonl")
    assert {each["prompt"] for each in left if each["reason"] == "cleaning_contradictions"} == {
        uid(first),
        uid(other),
    }  # even: both go


@pytest.mark.parametrize("kind", ["sft", "unpaired"])
def test_single_answers_in_plain_strings_are_mended_too(
    compared: list[Task], fresh: list[Task], build: Build, kind: str
) -> None:
    say(compared[0], 0, "schÃ¶n und gut")
    early = build(kind, form="string", cleaning=RAW)
    made = again(build, early, form="string")
    rows = [row["completion"] for row, _ in replayed(made).values()]
    assert "schön und gut" in rows or kind == "unpaired"
    everything = [row["completion"] for row in rows_of(made, "train")]
    assert "schön und gut" in everything
    assert "schÃ¶n und gut" not in everything


def test_imported_rows_pass_the_same_cleaning(compared: list[Task], build: Build) -> None:
    said = JudgmentFactory.create(task=compared[0], source=Source.IMPORTED)
    Correction.objects.create(
        judgment=said,
        completion=compared[0].completions.get(placed__place=0),
        content="schÃ¶n, write to ann@example.org",
    )
    Judgment.objects.filter(task=compared[1]).update(source=Source.IMPORTED)
    say(compared[1], 0, "I am sorry, but I cannot help with that.")
    made = build("sft", cleaning={"personal": "mask", "refused": "leave_out"})
    texts = [row["completion"][0]["content"] for row in rows_of(made, "train")]
    assert "schön, write to [EMAIL]" in texts
    assert made.manifest["left_out"]["cleaning_refused"]["count"] == 1


def uid(task: Task) -> str:
    return str(task.prompt.uid)


def test_a_balanced_build_that_is_replayed_is_balanced_once(
    compared: list[Task], fresh: list[Task], build: Build
) -> None:
    """Its rows begin at the weight from before, and count under their own language in the new balance."""
    in_german = [each.prompt_id for each in (*compared[:2], fresh[0])]
    for prompt in Prompt.objects.filter(pk__in=[each.prompt_id for each in (*compared, *fresh)]):
        prompt.slices |= {"language": "de" if prompt.pk in in_german else "en"}
        prompt.save(update_fields=["slices"])
    early = build(balance="language", slices={"language": ["de", "en"]})
    before = {row["weight"] for row in rows_of(early, "train")}
    assert len(before) == 2
    made = again(build, early, balance="language")
    rows_ = list(rows_of(made, "train"))
    told = {each["id"]: each["prompt"] for each in lines_of(made, "lineage.jsonl")}
    keys = dict(Prompt.objects.values_list("uid", "pk"))
    together = {True: 0.0, False: 0.0}
    for row in rows_:
        together[keys[UUID(told[row["id"]])] in in_german] += row["weight"]
    assert together[True] == pytest.approx(together[False], abs=0.01)
    assert sum(together.values()) == pytest.approx(len(rows_), abs=0.01)
    plain = again(build, early)
    assert {row["weight"] for row in rows_of(plain, "train")} == {1.0}
