"""The other kinds of datasets, and what a definition may choose: filters, mixtures, replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import definition_of
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.mixing import quotas
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of, rows_of
from evalhub.datasets.services import create_dataset
from evalhub.judgments.models import Correction, Judgment
from evalhub.prompts.models import Prompt, PromptGroup, Split
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CriterionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


def rows(build: DatasetBuild) -> list[dict[str, Any]]:
    return [row for split in ("train", "validation", "test") for row in rows_of(build, split)]


def left_out(build: DatasetBuild) -> dict[str, int]:
    return {reason: each["count"] for reason, each in build.manifest["left_out"].items()}


def rate(task: Task, place: int, *values: int, slug: str = "truth") -> None:
    version = task.campaign.rubric_version
    assert version is not None
    criterion = version.criteria.filter(slug=slug).first()
    criterion = criterion or CriterionFactory.create(version=version, slug=slug)
    answer = task.completions.get(placed__place=place)
    for value in values:
        RatingFactory.create(
            judgment=JudgmentFactory.create(task=task),
            completion=answer,
            criterion=criterion,
            value=value,
        )


def test_unpaired_rows_are_good_and_bad_answers(compared: list[Task], build: Build) -> None:
    rate(compared[0], 0, 5, 4)
    rate(compared[0], 1, 3)
    made = build("unpaired")

    found = {row["completion"][0]["content"]: row["label"] for row in rows(made)}
    texts = {place: compared[0].completions.get(placed__place=place).content for place in (0, 1)}
    assert found[texts[0]] is True
    assert texts[1] not in found, "a 3 is neither good nor bad"
    assert left_out(made) == {"undecided": 1}
    assert sorted(found.values()) == [False] * 9 + [True] * 10, "the others won or lost their pair"


def test_what_was_corrected_is_bad_and_the_correction_good(
    compared: list[Task], build: Build
) -> None:
    answer = compared[0].completions.get(placed__place=0)
    judgment = JudgmentFactory.create(task=compared[0])
    Correction.objects.create(judgment=judgment, completion=answer, content="Mended.")

    found = {row["completion"][0]["content"]: row["label"] for row in rows(build("unpaired"))}

    assert found["Mended."] is True
    assert found[answer.content] is False, "though it won its pair"


def test_reward_rows_say_how_much_better(compared: list[Task], build: Build) -> None:
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=3)
    margins = sorted(row["margin"] for row in rows(build("reward")))
    assert margins == [2.0] * 9 + [2.5]


def test_ties_are_rows_with_one_half_unless_they_are_left_out(
    compared: list[Task], build: Build
) -> None:
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[0]), margin=-2)
    assert left_out(build(ties="leave_out")) == {"tie": 1}
    made = build()
    assert left_out(made) == {}
    assert sorted(row["p_chosen"] for row in rows(made)) == [0.5] + [1.0] * 9
    assert made.manifest["ties_at_one_half"] == 1


def test_texts_are_documents_each_once_and_none_that_splits_share(
    acme: Workspace, build: Build, compared: list[Task]
) -> None:
    documents = [["Twice."], ["Twice.", {"title": "t", "text": "Once."}], ["Shared."]]
    for task, given in zip(compared, documents, strict=False):
        Prompt.objects.filter(pk=task.prompt_id).update(documents=given)
    declared = {"title": "Tools", "text": '[{"name": "weather"}]'}
    Prompt.objects.filter(pk=compared[-1].prompt_id).update(
        documents=["Shared.", "Held out.", declared]
    )

    made = build("text")

    assert sorted(row["text"] for row in rows_of(made, "train")) == ["Once.", "Twice."]
    assert [row["text"] for row in rows_of(made, "test")] == ["Held out."]
    assert left_out(made) == {"crosses_splits": 2}


def test_an_evaluation_set_holds_test_prompts_with_references_and_scores(
    acme: Workspace, build: Build, compared: list[Task]
) -> None:
    judged = compared[-1]
    Prompt.objects.filter(pk=judged.prompt_id).update(reference="The judged one's.")
    rate(judged, 0, 5, 4)
    collection = judged.prompt.collection
    group = PromptGroupFactory.create(workspace=acme, split="test")
    PromptFactory.create(collection=collection, group=group, reference="Nobody judged me.")
    PromptFactory.create(collection=collection, group=compared[0].prompt.group, reference="Train.")

    made = build("evaluation")

    assert made.rows == {"train": 0, "validation": 0, "test": 2}
    by_reference = {row["reference"]: row["completions"] for row in rows(made)}
    best = {each["content"]: each["scores"] for each in by_reference["The judged one's."]}
    scores = best[judged.completions.get(placed__place=0).content]
    assert scores == {"truth": {"mean": 4.5, "n": 2}, "win_rate": {"mean": 1.0, "n": 1}}
    assert by_reference["Nobody judged me."] == []
    assert left_out(made) == {"not_test": 9}


def test_references_are_answers_where_they_are_asked_for(
    compared: list[Task], build: Build
) -> None:
    prompt = PromptFactory.create(
        collection=compared[0].prompt.collection,
        group=PromptGroupFactory.create(workspace=compared[0].campaign.workspace, split="train"),
        reference="As it should be.",
    )
    Prompt.objects.filter(pk=compared[0].prompt_id).update(reference="Its winner is better.")
    made = build("sft", evidence=["preferences", "references"])
    assert made.rows["train"] == 9
    [row] = [row for row in rows(made) if row["completion"][0]["content"] == prompt.reference]
    [line] = [each for each in lines_of(made, "lineage.jsonl") if each["id"] == row["id"]]
    assert (line["from"], line["judgments"]) == ("references", [])
    assert build("sft").rows["train"] == 8


def test_filters_by_slice_time_and_group(compared: list[Task], build: Build) -> None:
    Prompt.objects.filter(pk__in=[each.prompt_id for each in compared[:3]]).update(
        slices={"language": "de"}
    )
    first = Judgment.objects.get(task=compared[0])
    long_ago = datetime(2020, 5, 1, tzinfo=UTC)
    Judgment.objects.filter(pk=first.pk).update(judged_at=long_ago)
    first.member.groups = ["law"]
    first.member.save()

    assert build(slices={"language": ["de", "fr"]}).rows["train"] == 3
    since = (long_ago + timedelta(days=1)).isoformat()
    assert build(judged_from=since).rows["train"] == 7
    assert build(judged_before=since).rows["train"] == 1
    assert build(groups=["law"]).rows["train"] == 1
    assert build(min_judgments=2).rows["train"] == 0
    version = compared[0].campaign.rubric_version
    assert version is not None
    assert build(rubric_versions=[str(version.uid)]).rows["train"] == 8


def test_the_best_answer_is_the_best_of_those_that_are_sure_enough(
    compared: list[Task], build: Build
) -> None:
    """One rating of 5 does not push aside three of 4.7, nor a quarrel over 5, 5 and 2."""
    rate(compared[0], 0, 5)
    rate(compared[0], 1, 5, 5, 4)
    only = {"evidence": ["ratings"]}
    assert rows(build("sft", **only))[0]["completion"] == answer_of(compared[0], 0)
    [row] = rows(build("sft", min_judgments=2, **only))
    assert row["completion"] == answer_of(compared[0], 1)
    rate(compared[0], 0, 5, 2)
    [row] = rows(build("sft", min_judgments=2, max_spread=0.5, min_rating=3.9, **only))
    assert row["completion"] == answer_of(compared[0], 1)
    assert left_out(build("sft", min_judgments=9, **only))["too_few"] == 1


def answer_of(task: Task, place: int) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": task.completions.get(placed__place=place).content}]


def test_the_margin_of_a_reward_row_is_of_the_one_that_is_chosen(
    compared: list[Task], build: Build
) -> None:
    """Two a little for one, one strongly for the other: the first is chosen, by nothing in sum."""
    task = compared[0]
    for margin in (1, 1, -3):
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=margin)
    Judgment.objects.filter(task=task).order_by("pk").first().preferences.update(margin=0)
    by_margin = {row["margin"] for row in rows(build("reward")) if row["weight"] == 4}
    assert by_margin == {0.0}


def test_whoever_cannot_be_relied_on_is_left_out_where_that_is_asked(
    acme: Workspace, build: Build, compared: list[Task]
) -> None:
    from tests.factories import MemberFactory

    people = MemberFactory.create_batch(4, workspace=acme)
    campaign = compared[0].campaign
    tasks = [*compared, *(TaskFactory.create(campaign=campaign) for _ in range(20))]
    for nth, task in enumerate(tasks):
        for member in people[:3]:
            judgment = JudgmentFactory.create(task=task, member=member)
            PreferenceFactory.create(judgment=judgment, margin=2)
        contrary = JudgmentFactory.create(task=task, member=people[3])
        PreferenceFactory.create(judgment=contrary, margin=-2 if nth % 2 else 2)
    everybody = build().manifest["judgments"]["annotators"]
    chosen = build(min_reliability=0.5).manifest["judgments"]["annotators"]
    gone = {each["member"] for each in everybody} - {each["member"] for each in chosen}
    assert str(people[3].uid) in gone
    assert not gone & {str(each.uid) for each in people[:3]}


def test_a_weighted_sum_of_criteria_decides(compared: list[Task], build: Build) -> None:
    task = compared[0]
    rate(task, 0, 5)
    rate(task, 1, 1)
    rate(task, 0, 1, slug="tone")
    rate(task, 1, 5, slug="tone")
    winner = {}
    for name, weights in {
        "truth": {"truth": 3, "tone": 1},
        "tone": {"truth": 1, "tone": 3},
    }.items():
        made = build(weights=weights, evidence=["ratings"], min_consensus=0.5)
        [row] = rows(made)
        winner[name] = row["chosen"][0]["content"]
        assert made.manifest["judged_by"] == {"weighted_sum": weights}
    assert winner["truth"] == task.completions.get(placed__place=0).content
    assert winner["tone"] == task.completions.get(placed__place=1).content


@pytest.mark.parametrize(
    ("given", "there", "taken"),
    [
        ({}, [5], [5]),
        ({"parts": [{"name": "a", "share": 0.51}]}, [1000, 102], [98, 102]),
        ({"parts": [{"name": "a", "cap": 3}]}, [5, 7], [5, 3]),
        ({"parts": [{"name": "a"}], "temperature": 2}, [100, 25], [50, 25]),
        ({"parts": [{"name": "a", "share": 1}]}, [9, 4], [0, 4]),
    ],
)
def test_quotas(given: dict[str, Any], there: list[int], taken: list[int]) -> None:
    """[100, 25] to the power of 1/2 is 10 to 5, so 25 of the one go with 50 of the other."""
    assert quotas(there, definition_of(given)) == taken


def test_a_share_of_nothing_else_is_no_share() -> None:
    """51 % of a whole without the other 49 %; several parts may be the whole."""
    law, talk = ({"name": name, "share": share} for name, share in (("law", 0.51), ("talk", 0.49)))
    with pytest.raises(
        BadDefinition, match="make up 51 %, and there is no training row for the rest"
    ):
        quotas([0, 100], definition_of({"parts": [law]}))
    assert quotas([0, 102, 98], definition_of({"parts": [law, talk]})) == [0, 102, 98]


def test_a_mixture_thins_the_training_split_alone(compared: list[Task], build: Build) -> None:
    Prompt.objects.filter(pk__in=[each.prompt_id for each in compared[:2]]).update(
        slices={"domain": "law"}
    )
    law = {"name": "law", "slices": {"domain": ["law"]}, "share": 0.5}
    made = build(parts=[law])
    assert made.rows == {"train": 4, "validation": 1, "test": 1}
    assert left_out(made) == {"not_drawn": 4}
    told = {each["name"]: each for each in made.manifest["report"]["findings"]}
    assert told["not_drawn"]["told"] == "4 of 8 training rows (50%)"
    assert made.manifest["mixture"] == [
        {"part": "the rest", "found": 6, "taken": 2, "share": 0.5},
        {"part": "law", "found": 2, "taken": 2, "share": 0.5},
    ]
    assert build(parts=[law]).digest == made.digest
    nothing = build(parts=[{"name": "none", "slices": {"domain": ["art"]}, "share": 0.5}])
    assert "no training row for none" in nothing.job.error


def test_a_balanced_set_gives_each_value_the_same_weight(
    compared: list[Task], build: Build
) -> None:
    Prompt.objects.filter(pk__in=[each.prompt_id for each in compared[:2]]).update(
        slices={"language": "de"}
    )
    made = build(balance="language")
    train = list(rows_of(made, "train"))
    assert sorted(row["weight"] for row in train) == [0.667] * 6 + [2.0] * 2
    assert made.manifest["balance"]["de"] == {"rows": 2, "factor": 2.0}
    assert [row["weight"] for row in rows_of(made, "test")] == [1.0]


def test_sft_and_text_rows_are_balanced_too(compared: list[Task], build: Build) -> None:
    for nth, task in enumerate(compared):
        documents = [{"title": "", "text": f"document {nth}"}]
        slices = {"language": "de"} if nth < 2 else {}
        Prompt.objects.filter(pk=task.prompt_id).update(documents=documents, slices=slices)
        rate(task, 0, 5, 5, 4)
    for kind in ("sft", "text"):
        train = list(rows_of(build(kind, balance="language"), "train"))
        assert sorted(row["weight"] for row in train) == [0.667] * 6 + [2.0] * 2


def test_an_sft_row_weighs_one_however_many_people_rated_it(
    compared: list[Task], build: Build
) -> None:
    rate(compared[0], 0, 5, 5, 4)
    assert {row["weight"] for row in rows(build("sft"))} == {1.0}


def test_an_earlier_build_is_replayed_but_for_what_left_the_training_split(
    compared: list[Task], build: Build
) -> None:
    early = build()
    PromptGroup.objects.filter(pk=compared[0].prompt.group_id).update(split=Split.NONE)
    campaign = compared[0].campaign
    tasks = [TaskFactory.create(campaign=campaign) for _ in range(6)]
    PromptGroup.objects.filter(prompts__in=[each.prompt_id for each in tasks]).update(split="train")
    for task in tasks:
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=1)
    Prompt.objects.filter(pk__in=[each.prompt_id for each in tasks]).update(slices={"round": "two"})

    made = build(
        slices={"round": ["two"]},
        replay=[{"build": str(early.uid), "share": 0.4}],
        near_duplicates=False,
    )

    assert made.rows["train"] == 10
    origins = [each["from"] for each in lines_of(made, "lineage.jsonl")]
    assert origins.count("replay of preferences") == 4
    assert left_out(made) == {"no_split": 1, "not_drawn": 3}
    rest, replayed = made.manifest["mixture"]
    assert (rest["taken"], replayed["found"], replayed["taken"]) == (6, 7, 4)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"criterion": "a", "weights": {"a": 1}}, "exclude each other"),
        ({"weights": {"a": 1}, "consensus": "reliability"}, "need consensus votes"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, "same name"),
        ({"parts": [{"name": "a", "share": 0.7}, {"name": "b", "share": 0.7}]}, "more than 1"),
        ({"min_rating": 2, "max_rating": 2}, "less than min_rating"),
        ({"parts": [{"name": "a", "shares": 1}]}, "unknown field shares"),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadDefinition, match=told):
        definition_of(given)


def test_what_a_definition_names_is_in_the_workspace(
    acme: Workspace, elsewhere: Workspace, build: Build, compared: list[Task]
) -> None:
    uid = "00000000-0000-4000-8000-000000000000"
    for wrong in (
        {"replay": [{"build": uid, "share": 0.1}]},
        {"rubric_versions": [uid]},
        {"parts": [{"name": "a", "collections": ["nope"]}]},
    ):
        with pytest.raises(Exception, match="in this workspace"):
            create_dataset(workspace=acme, name="x", kind=BuildKind.SFT, definition=wrong)
    other = build()
    with pytest.raises(BadDefinition, match="not of kind sft"):
        create_dataset(
            workspace=acme,
            name="x",
            kind=BuildKind.SFT,
            definition={"replay": [{"build": str(other.uid), "share": 0.1}]},
        )
