from __future__ import annotations

import hashlib
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.common.canonical import canonical_json, digest_of
from evalhub.common.files import file_store
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.errors import BadDefinition, DatasetNameTaken, NotBuilt
from evalhub.datasets.models import Dataset, DatasetBuild
from evalhub.datasets.queries import builds_with_groups, diff, lines_of, rows_of
from evalhub.datasets.services import create_dataset, ensure_dataset, start_build, start_grouping
from evalhub.datasets.spill import SortedRows, entry_of
from evalhub.imports.models import ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job, News
from evalhub.judgments.models import Correction, Demonstration, JudgedStep, Rating
from evalhub.prompts.grouping import merge
from evalhub.prompts.models import Prompt
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CampaignFactory,
    CriterionFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

SPLITS = ("train", "validation", "test")


def rows(build: DatasetBuild) -> list[dict[str, Any]]:
    return [row for split in SPLITS for row in rows_of(build, split)]


def test_a_build_splits_by_group_and_says_what_it_holds(compared: list[Task], build: Build) -> None:
    made = build(near_duplicates=False)

    assert made.rows == {"train": 8, "validation": 1, "test": 1}
    [row] = rows_of(made, "test")
    assert row["group"] == str(compared[-1].prompt.group.uid)
    assert row["prompt"] == compared[-1].prompt.messages
    assert row["chosen"][0]["content"] == compared[-1].completions.get(placed__place=0).content
    assert made.manifest["from"] == {"preferences": 10}
    assert made.manifest["judgments"]["used"]["human"] == {"judgments": 10, "annotators": 10}
    assert "licence" in made.manifest
    assert News.objects.filter(topic="build.ended", subject_uid=made.uid).exists()


def test_the_files_are_canonical_sorted_and_what_the_digest_says(
    compared: list[Task], build: Build
) -> None:
    made = build()

    assert set(made.files) == {
        *(f"{split}.jsonl" for split in SPLITS),
        "lineage.jsonl",
        "left_out.jsonl",
        "findings.jsonl",
        "manifest.json",
        "card.md",
        "judgments.bin",
        "prompts.bin",
    }
    digests = {}
    for split in SPLITS:
        with file_store().open(made.files[f"{split}.jsonl"]["key"]) as stream:
            raw = stream.read()
        digests[split] = hashlib.sha256(raw).hexdigest()
        lines = raw.decode().splitlines()
        assert lines == [canonical_json(json.loads(line)) for line in lines]
        assert lines == sorted(lines, key=lambda line: json.loads(line)["id"])
    assert made.digest == digest_of(digests)
    lineage = {line["id"]: line for line in lines_of(made, "lineage.jsonl")}
    assert lineage.keys() == {row["id"] for row in rows(made)}
    assert all(line["judgments"] and line["reason"] for line in lineage.values())


def test_the_same_judgments_give_the_same_digest_and_new_ones_another(
    compared: list[Task], build: Build
) -> None:
    first, second = build(), build()
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=-1)
    third = build(ties="leave_out")

    assert first.digest == second.digest != third.digest
    assert first.files["train.jsonl"]["key"] == second.files["train.jsonl"]["key"]
    assert third.rows["train"] == 7  # one against one is a tie now


def test_a_build_reads_its_own_snapshot_when_it_is_tried_again(
    compared: list[Task], build: Build, acme: Workspace
) -> None:
    made = build()
    digest = made.digest
    JudgmentFactory.create(task=compared[0])
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=-3)
    DatasetBuild.objects.update(digest="")
    Job.objects.update(state="queued", ended_at=None)

    execute(made.job.uid)

    made.refresh_from_db()
    assert made.digest == digest


def test_simulated_judgments_count_only_when_asked_for(compared: list[Task], build: Build) -> None:
    for task in compared:
        judgment = JudgmentFactory.create(task=task, source="simulated")
        PreferenceFactory.create(judgment=judgment, margin=-3)

    made = build()
    both = build(sources=["human", "simulated"], ties="leave_out")

    assert made.rows["train"] == 8
    assert made.manifest["judgments"]["left_out"] == {
        "simulated": {"judgments": 10, "annotators": 10}
    }
    assert both.rows["train"] == 0
    assert both.manifest["left_out"]["tie"]["count"] == both.manifest["ties_at_one_half"] == 10


def test_what_was_left_out_is_listed_with_its_prompt(compared: list[Task], build: Build) -> None:
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=-2)

    made = build(ties="leave_out")

    [line] = lines_of(made, "left_out.jsonl")
    assert (line["reason"], line["prompt"]) == ("tie", str(compared[0].prompt.uid))
    assert made.manifest["left_out"]["tie"]["examples"] == [line]
    with file_store().open(made.files["card.md"]["key"]) as stream:
        assert "as many votes" in stream.read().decode()


def test_sft_brings_the_test_prompts_with_their_references(
    compared: list[Task], build: Build
) -> None:
    Prompt.objects.filter(pk=compared[-1].prompt.pk).update(reference="Because.")

    made = build("sft")

    assert made.rows == {"train": 8, "validation": 1, "test": 1}
    [line] = lines_of(made, "prompts.jsonl")
    assert line["reference"] == "Because."
    assert line["group"] == str(compared[-1].prompt.group.uid)


def test_a_prompt_that_leaves_no_room_for_an_answer_is_not_among_the_test_prompts(
    compared: list[Task], build: Build
) -> None:
    LanguageModelFactory.create(
        workspace=compared[0].campaign.workspace, name="demo", source=settings.EVALHUB_BASE_MODEL
    )
    long = [{"role": "user", "content": "word " * 5000}]
    Prompt.objects.filter(pk=compared[-1].prompt.pk).update(messages=long)

    made = build("sft", model="demo", near_duplicates=False)

    assert list(lines_of(made, "prompts.jsonl")) == []
    assert made.manifest["test_prompts"] == {"written": 0, "too_long": 1}


def test_what_was_superseded_is_counted_in_the_scope_of_the_build_alone(
    compared: list[Task], build: Build
) -> None:
    elsewhere = TaskFactory.create(
        campaign=CampaignFactory.create(workspace=compared[0].campaign.workspace)
    )
    for task in (compared[0], elsewhere, elsewhere):
        first = JudgmentFactory.create(task=task)
        JudgmentFactory.create(task=task, supersedes=first)

    assert build(collections=["faq"]).manifest["judgments"]["superseded"] == 1
    assert build().manifest["judgments"]["superseded"] == 3


def test_a_correction_becomes_a_row_of_each_kind(compared: list[Task], build: Build) -> None:
    judgment = JudgmentFactory.create(task=compared[0])
    original = compared[0].completions.get(placed__place=0)
    Correction.objects.create(judgment=judgment, completion=original, content="Better.")

    assert build().manifest["from"] == {"corrections": 1, "preferences": 10}
    texts = [row["completion"][0]["content"] for row in rows(build("sft"))]
    assert texts.count("Better.") == 1


def test_labels_and_written_answers_become_rows(acme: Workspace, build: Build) -> None:
    """Two label tasks and a demonstration, through their own campaigns; choices stay words."""
    labelling = CampaignFactory.create(workspace=acme, type="label")
    topic = CriterionFactory.create(
        version=labelling.rubric_version,
        slug="topic",
        kind="choice",
        anchors={"1": "billing", "2": "tech"},
        high=2,
    )
    for value in (2, 2):
        judgment = JudgmentFactory.create(task=TaskFactory.create(campaign=labelling))
        Rating.objects.create(judgment=judgment, criterion=topic, value=value)
    writing = CampaignFactory.create(workspace=acme, type="demonstration")
    judgment = JudgmentFactory.create(task=TaskFactory.create(campaign=writing))
    Demonstration.objects.create(judgment=judgment, content="Dear all.")

    found = [
        (row["criterion"], row["label"], row["share"]) for row in rows(build("classification"))
    ]

    assert found == [("topic", "tech", 1.0)] * 2
    assert [row["completion"][0]["content"] for row in rows(build("sft"))] == ["Dear all."]


def test_judged_steps_imply_a_pair(acme: Workspace, build: Build) -> None:
    """Right to the end, and right for one of four steps: three points of five lie between them."""
    campaign = CampaignFactory.create(workspace=acme, asks=["steps"])
    task = TaskFactory.create(campaign=campaign)
    judgment = JudgmentFactory.create(task=task)
    one, two = task.completions.order_by("placed__place")
    verdicts = {one: ["right", "unsupported", "right", "wrong"], two: ["right"] * 3}
    for completion, said in verdicts.items():
        for step, verdict in enumerate(said):
            JudgedStep.objects.create(
                judgment=judgment, completion=completion, step=step, start=0, end=1, verdict=verdict
            )

    [row] = rows(build())

    assert row["chosen"][0]["content"] == two.content
    assert row["rejected"][0]["content"] == one.content
    assert build("reward").rows["train"] == 1


def test_calls_of_tools_are_kept_with_the_tools_that_were_declared(
    compared: list[Task], build: Build
) -> None:
    """An answer may be nothing but a call; two that call differently are two answers."""
    chosen, rejected = compared[0].completions.order_by("placed__place")
    for nth, each in enumerate((chosen, rejected)):
        each.tool_calls, each.content = [{"name": "look_up", "arguments": {"nth": nth}}], ""
        each.save()
    declared = [{"name": "look_up", "parameters": {}}]
    Prompt.objects.filter(pk=compared[0].prompt_id).update(
        documents=[{"title": "Tools", "text": json.dumps(declared)}]
    )

    [called] = [row for row in rows(build()) if "tools" in row]

    assert json.loads(called["tools"]) == declared
    assert called["chosen"] == [
        {"role": "assistant", "content": "", "tool_calls": chosen.tool_calls}
    ]
    assert called["rejected"][0]["tool_calls"] == rejected.tool_calls
    made = build(form="string")
    assert made.manifest["left_out"]["calls_tools"]["count"] == 1
    assert len(rows(made)) == 9


def test_prompts_without_a_split_are_left_out(compared: list[Task], build: Build) -> None:
    merge(compared[0].prompt.group, compared[-1].prompt.group)  # train and test

    made = build(near_duplicates=False)

    assert made.rows == {"train": 8, "validation": 1, "test": 0}
    assert made.manifest["left_out"]["no_split"]["count"] == 1


def test_near_duplicates_are_merged_first_and_older_builds_named(
    compared: list[Task], build: Build
) -> None:
    text = "please tell me in simple words why the sky is blue by day but red in the evening"
    for task, more in ((compared[0], ""), (compared[-1], " thanks")):
        messages = [{"role": "user", "content": text + more}]
        Prompt.objects.filter(pk=task.prompt.pk).update(messages=messages)
    old = build(near_duplicates=False)

    made = build()

    assert old.rows["test"] == 1
    assert made.rows["test"] == 0
    assert made.manifest["grouping"]["merged"] == 1
    assert made.manifest["grouping"]["affected_builds"] == [str(old.uid)]
    [lost] = made.manifest["grouping"]["lost_their_split"]
    assert lost["was"] == "test"


def test_looking_for_near_duplicates_is_a_job_of_its_own(
    compared: list[Task], acme: Workspace
) -> None:
    job = start_grouping(workspace=acme)

    execute(job.uid)

    job.refresh_from_db()
    assert (job.state, job.result["looked"]) == ("succeeded", 10)


def test_rows_with_the_same_text_become_one_and_are_counted(
    compared: list[Task], build: Build
) -> None:
    first, second = compared[:2]
    Prompt.objects.filter(pk=second.prompt.pk).update(messages=first.prompt.messages)
    second.prompt.group.prompts.update(group=first.prompt.group)
    for place in (0, 1):
        twin = first.completions.get(placed__place=place)
        second.completions.filter(placed__place=place).update(content=twin.content)

    made = build(near_duplicates=False)

    assert made.rows["train"] == 7
    assert made.manifest["identical_merged"] == 1
    assert max(row["weight"] for row in rows(made)) == 2


def model_folder(folder: Path, positions: int) -> Path:
    """A tokenizer that cuts at white space, and a config: all that the length check reads."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": positions}))
    return folder


def test_rows_too_long_for_the_named_model_are_left_out_and_counted(
    compared: list[Task], build: Build, acme: Workspace, tmp_path: Path
) -> None:
    """Prompt and answers have under 10 words each, plus 8 for each of two messages."""
    LanguageModelFactory.create(
        workspace=acme, name="small", source=str(model_folder(tmp_path, 40))
    )
    compared[0].completions.update(content="word " * 60)
    compared[0].completions.filter(placed__place=1).update(content="short")

    made = build(model="small")

    assert made.rows["train"] == 7
    length = made.manifest["length"]
    assert (length["checked"], length["limit"], length["too_long"]) == (True, 40, 1)
    assert made.manifest["left_out"]["too_long"]["examples"][0]["prompt"] == str(
        compared[0].prompt.uid
    )


def test_a_length_that_cannot_be_checked_says_why(
    compared: list[Task], build: Build, acme: Workspace
) -> None:
    LanguageModelFactory.create(workspace=acme, name="hub", source="someone/model")

    assert build().manifest["length"]["why"] == "the definition names no model"
    assert "not lie on this machine" in build(model="hub").manifest["length"]["why"]


def test_a_model_that_is_not_there_fails_the_build_with_a_sentence(
    compared: list[Task], build: Build
) -> None:
    made = build(model="nobody")

    assert made.job.state == "failed"
    assert "no model" in made.job.error
    with pytest.raises(NotBuilt):
        list(rows_of(made, "train"))


def test_no_judgments_give_an_empty_build_not_an_error(acme: Workspace, build: Build) -> None:
    made = build()

    assert made.rows == {"train": 0, "validation": 0, "test": 0}
    assert made.is_built


def test_a_diff_says_which_rows_changed_and_why(compared: list[Task], build: Build) -> None:
    old = build(ties="leave_out")
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=2)
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[1]), margin=-2)
    new = build(ties="leave_out")

    forwards, backwards = diff(old, new), diff(new, old)

    assert (forwards.added, forwards.removed, forwards.changed) == (0, 1, 1)
    assert (backwards.added, backwards.removed, backwards.changed) == (1, 0, 1)
    changed = next(each for each in forwards.examples if each["change"] == "changed")
    assert (changed["was"], changed["reason"]) == (
        "preferred by 1 of 1",
        "preferred by 2 of 2",
    )


def test_builds_that_hold_a_group_are_found(
    compared: list[Task], build: Build, acme: Workspace, elsewhere: Workspace
) -> None:
    made = build()
    group = str(compared[0].prompt.group.uid)

    assert builds_with_groups(acme, {group}) == [str(made.uid)]
    assert builds_with_groups(acme, {"none"}) == []
    assert builds_with_groups(elsewhere, {group}) == []


def test_a_definition_keeps_its_defaults_and_an_old_build_its_definition(
    compared: list[Task], build: Build, acme: Workspace
) -> None:
    old = build(min_consensus=0.9)
    new = build(min_consensus=0.8)

    assert old.dataset == new.dataset
    assert (old.definition["min_consensus"], new.definition["min_consensus"]) == (0.9, 0.8)
    assert old.definition["margin"] == 1.0


def test_names_kinds_and_collections_are_checked(acme: Workspace, elsewhere: Workspace) -> None:
    made = create_dataset(workspace=acme, name="d", kind=BuildKind.SFT, definition={})
    with pytest.raises(DatasetNameTaken):
        create_dataset(workspace=acme, name="d", kind=BuildKind.SFT, definition={})
    with pytest.raises(BadDefinition, match="another name"):
        ensure_dataset(workspace=acme, name="d", kind=BuildKind.PREFERENCE, definition={})
    with pytest.raises(BadDefinition, match="no collection"):
        ensure_dataset(
            workspace=acme, name="e", kind=BuildKind.SFT, definition={"collections": ["nope"]}
        )
    assert Dataset.objects.get() == made
    start_build(dataset=made)


def test_the_same_file_gives_the_same_digest_in_any_workspace_of_that_name(
    acme: Workspace, build: Build
) -> None:
    """Groups, and with them splits, are named by what they hold."""
    pairs = [
        {
            "conversations": [{"from": "human", "value": f"Question number {n} of many?"}],
            "chosen": {"from": "gpt", "value": f"Good {n}"},
            "rejected": {"from": "gpt", "value": f"Bad {n}"},
        }
        for n in range(30)
    ]
    source = start_import(
        workspace=acme,
        collection="c",
        kind=ImportKind.JUDGMENTS,
        filename="f",
        stream=io.BytesIO(json.dumps(pairs).encode()),
    )
    execute(source.job.uid)

    assert build().digest == GOLDEN


GOLDEN = "5989d1c3105bc720ae1cfab4e430496a644272b72b5d9826ee049deb407882fe"


def test_sorting_on_disk_gives_every_row_once_in_order(tmp_path: Path) -> None:
    numbers = list(range(1000)) * 2
    random.Random(1).shuffle(numbers)
    spill = SortedRows(tmp_path / "runs", held=64)
    for place, n in enumerate(numbers):
        row = {"id": f"{n % 256:02x}{n:030x}", "group": "", "n": n, "place": place}
        spill.add(entry_of(row, {"from": "", "judgments": []}, split="train"))

    found = [[entry.read()[0] for entry in same] for same in spill]

    assert [each[0]["n"] for each in found] == sorted(range(1000), key=lambda n: (n % 256, n))
    assert all(len(each) == 2 for each in found)
    assert all(each[0]["place"] < each[1]["place"] for each in found)
