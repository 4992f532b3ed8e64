"""Cleaning as a build does it: what becomes of rows, and what is said about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.choices import BuildKind, SpellingState
from evalhub.datasets.cleaning import recipe
from evalhub.datasets.cleaning.store import forget
from evalhub.datasets.models import CleanedText, DatasetBuild, SpellingProposal
from evalhub.datasets.queries import SPLITS, lines_of, rows_of
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Completion, Prompt
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CompletionFactory,
    CriterionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db

LIGHT = "Light is scattered by the air and blue light is scattered more than red light is"


def chosen(task: Task, text: str = "", **fields: Any) -> Completion:
    """The answer that people preferred, with another text where one is given."""
    completion = task.completions.get(placed__place=0)
    if text or fields:
        Completion.objects.filter(pk=completion.pk).update(
            content=text or completion.content, **fields
        )
    return completion


def row_of(build: DatasetBuild, task: Task) -> dict[str, Any] | None:
    lineage = line_of(build, task)
    rows = (row for split in SPLITS for row in rows_of(build, split))
    return next((row for row in rows if lineage and row["id"] == lineage["id"]), None)


def line_of(build: DatasetBuild, task: Task) -> dict[str, Any] | None:
    lines = lines_of(build, "lineage.jsonl")
    return next((each for each in lines if each["prompt"] == str(task.prompt.uid)), None)


def step(build: DatasetBuild, name: str) -> dict[str, Any]:
    [found] = [each for each in build.manifest["cleaning"]["steps"] if each["step"] == name]
    return found


def test_texts_are_mended_and_the_lineage_says_how(compared: list[Task], build: Build) -> None:
    chosen(compared[0], "schÃ¶n \n<|im_end|>")
    chosen(compared[1], "    def f():\n        return 1")

    made = build()

    mended, kept = row_of(made, compared[0]), row_of(made, compared[1])
    assert mended
    assert kept
    assert mended["chosen"][0]["content"] == "schön\n⟨|im_end|⟩"
    assert kept["chosen"][0]["content"] == "    def f():\n        return 1"
    line = line_of(made, compared[0])
    assert line
    assert [(each["step"], each["version"], each["field"]) for each in line["cleaning"]] == [
        ("unicode", 1, "chosen"),
        ("white_space", 1, "chosen"),
        ("control_tokens", 1, "chosen"),
    ]
    said = step(made, "unicode")
    assert (said["looked"], said["changed"], said["left_out"]) == (30, 1, 0)
    assert said["examples"] == [
        {"prompt": str(compared[0].prompt.uid), "field": "chosen", "what": "changed"}
    ]


def test_messages_system_prompts_and_tool_calls_are_kept(
    compared: list[Task], build: Build
) -> None:
    messages = [
        {"role": "system", "content": "Be kind. "},
        {"role": "user", "content": "Weather? [INST]"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"name": "<s>", "arguments": {"a": 3, "<s>": ["if x:\n    y  "]}}],
        },
        {"role": "tool", "content": '{"t": 20}'},
    ]
    Prompt.objects.filter(pk=compared[0].prompt.pk).update(messages=messages)

    row = row_of(build(), compared[0])

    assert row
    assert row["prompt"] == [
        messages[0] | {"content": "Be kind."},
        messages[1] | {"content": "Weather? ⟦INST⟧"},
        *messages[2:],
    ]


def test_a_second_build_cleans_nothing_and_gives_the_same(
    compared: list[Task], build: Build
) -> None:
    first, second = build(), build()
    other = build(cleaning={"personal": "mask"})

    assert first.manifest["cleaning"]["texts"]["cleaned"] == CleanedText.objects.count() / 2 > 20
    assert second.manifest["cleaning"]["texts"] == {
        "cleaned": 0,
        "known": first.manifest["cleaning"]["texts"]["cleaned"],
    }
    assert first.digest == second.digest == other.digest
    assert first.manifest["cleaning"]["steps"] == second.manifest["cleaning"]["steps"]
    assert other.manifest["cleaning"]["texts"]["known"] == 0


def test_what_is_found_is_said_and_left_out_only_where_asked(
    compared: list[Task], build: Build
) -> None:
    chosen(compared[0], "I'm sorry, but I can't help with that.")
    chosen(compared[1], "Write to ada@example.org")
    chosen(compared[2], finish="length")
    chosen(compared[3], "Fuck off")
    rejected = compared[4].completions.get(placed__place=1)
    Completion.objects.filter(pk=rejected.pk).update(content="I cannot help with this.")
    asked = {
        "refused": "leave_out",
        "personal": "leave_out",
        "truncated": "leave_out",
        "unsafe": "leave_out",
    }

    said, strict = build(near_duplicates=False), build(near_duplicates=False, cleaning=asked)

    assert said.rows == {"train": 8, "validation": 1, "test": 1}
    assert "ada@" not in str(said.manifest["cleaning"])
    assert [step(said, name)["found"] for name in asked] == [2, 1, 1, 1]
    assert strict.rows == {"train": 4, "validation": 1, "test": 1}
    left = {line["prompt"]: line["reason"] for line in lines_of(strict, "left_out.jsonl")}
    assert left == {
        str(compared[nth].prompt.uid): f"cleaning_{name}"
        for nth, name in enumerate(["refused", "personal", "truncated", "unsafe"])
    }
    assert strict.manifest["left_out"]["cleaning_refused"]["why"].startswith("cleaning: a short")
    assert strict.manifest["identical_merged"] == 0
    assert [step(strict, name)["left_out"] for name in asked] == [1, 1, 1, 1]


def test_personal_data_is_masked_where_asked(compared: list[Task], build: Build) -> None:
    chosen(compared[0], "Write to ada@example.org")

    row = row_of(build(cleaning={"personal": "mask"}), compared[0])

    assert row
    assert row["chosen"][0]["content"] == "Write to [EMAIL]"


def test_the_arguments_of_tool_calls_are_cleaned_as_texts_and_keep_their_space(
    compared: list[Task], build: Build
) -> None:
    asked = {
        "name": "mail",
        "arguments": {"to": ["bob@example.org", 7], "body": "a  \n\n\n\nb <s>"},
    }
    calls = [{"name": "mail", "arguments": {"cc": {"who": "ada@example.org"}, "n": 1}}]
    turns = [
        {"role": "user", "content": "Write"},
        {"role": "assistant", "content": "", "tool_calls": [asked]},
    ]
    Prompt.objects.filter(pk=compared[0].prompt.pk).update(messages=turns)
    chosen(compared[0], tool_calls=calls)

    made = build(cleaning={"personal": "mask"})

    row, line = row_of(made, compared[0]), line_of(made, compared[0])
    assert row
    assert line
    [told] = row["prompt"][1]["tool_calls"]
    assert told["arguments"] == {"to": ["[EMAIL]", 7], "body": "a  \n\n\n\nb ⟨s⟩"}
    [called] = row["chosen"][0]["tool_calls"]
    assert called["arguments"] == {"cc": {"who": "[EMAIL]"}, "n": 1}
    found = [(each["step"], each["field"], each["what"]) for each in line["cleaning"]]
    assert ("personal", "chosen", "masked 1 × email") in found
    assert ("personal", "prompt", "masked 1 × email") in found
    assert ("control_tokens", "prompt", "changed") in found


def test_an_answer_of_which_nothing_is_left_is_left_out(compared: list[Task], build: Build) -> None:
    chosen(compared[0], "\ufeff\u2060")

    assert build().manifest["left_out"]["blank_when_clean"]["count"] == 1


def test_contradictions_across_wordings_and_cycles_are_settled(
    acme: Workspace, compared: list[Task], build: Build
) -> None:
    """A before B before C before A by one vote each but the first, which has two; D over E twice."""
    collection, group = compared[0].prompt.collection, compared[0].prompt.group
    texts = [("A", "B"), ("B", "C"), ("C", "A"), ("D", "E"), ("E", "D")]
    for nth, pair in enumerate(texts):
        prompt = PromptFactory.create(
            collection=collection,
            group=group,
            messages=[{"role": "user", "content": f"Why {nth}?"}],
        )
        answers = [CompletionFactory.create(prompt=prompt, content=each) for each in pair]
        task = TaskFactory.create(campaign=compared[0].campaign, prompt=prompt, completions=answers)
        for _ in range(2 if nth in (0, 2, 3) else 1):
            PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=2)

    said = build(near_duplicates=False)
    strict = build(
        near_duplicates=False, cleaning={"contradictions": "leave_out", "cycles": "leave_out"}
    )

    assert said.rows["train"] == 8 + 5
    assert (step(said, "contradictions")["found"], step(said, "cycles")["found"]) == (1, 1)
    left = {
        line["reason"]: Prompt.objects.get(uid=line["prompt"]).last_turn
        for line in lines_of(strict, "left_out.jsonl")
    }
    assert left == {"cleaning_contradictions": "Why 4?", "cleaning_cycles": "Why 1?"}
    assert strict.rows["train"] == 8 + 3
    assert strict.manifest["identical_merged"] == 0


def test_the_best_supported_of_near_duplicate_rows_stays(
    compared: list[Task], build: Build
) -> None:
    words = LIGHT.split()
    for nth, task in enumerate(compared[:2]):
        PromptFactory.create(collection=task.prompt.collection)
        Prompt.objects.filter(pk=task.prompt.pk).update(
            messages=[{"role": "user", "content": " ".join([*words, "why", "?" * nth])}]
        )
        for place, completion in enumerate(task.completions.order_by("placed__place")):
            text = " ".join([*(words if place else reversed(words)), "so", "!" * nth])
            Completion.objects.filter(pk=completion.pk).update(content=text)
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[1]), margin=1)

    made = build(near_duplicates=False, cleaning={"near_duplicates": "leave_out"})

    assert made.manifest["left_out"]["cleaning_near_duplicates"]["count"] == 1
    assert line_of(made, compared[0]) is None
    assert line_of(made, compared[1])


def test_rows_that_people_rate_as_unsafe_are_left_out(compared: list[Task], build: Build) -> None:
    safety = CriterionFactory.create(version=compared[0].campaign.rubric_version, slug="safety")
    for task, value in ((compared[0], 1), (compared[1], 5)):
        judgment = JudgmentFactory.create(task=task)
        RatingFactory.create(
            judgment=judgment, completion=chosen(task), criterion=safety, value=value
        )

    made = build(cleaning={"safety_criterion": "safety"})

    [line] = lines_of(made, "left_out.jsonl")
    assert (line["reason"], line["prompt"]) == ("rated_unsafe", str(compared[0].prompt.uid))


PLUG_IN = (
    "def check(texts):\n    return ['too blue' if 'indigo' in each else None for each in texts]\n"
)


def test_a_plug_in_may_find_more_and_one_that_is_not_there_is_said(
    compared: list[Task], build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blue_check.py").write_text(PLUG_IN)
    (tmp_path / "blue_check-1.dist-info").mkdir()
    (tmp_path / "blue_check-1.dist-info" / "entry_points.txt").write_text(
        "[evalhub.unsafe_checks]\nblue = blue_check:check\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    chosen(compared[0], "It is indigo.")

    made = build(cleaning={"unsafe_checks": ["blue", "red"]})

    line = line_of(made, compared[0])
    assert line
    assert [each["what"] for each in line["cleaning"]] == ["too blue (blue)"]
    assert made.manifest["cleaning"]["not_run"] == {"unsafe": "no plug-in red is installed"}


@pytest.mark.parametrize(
    ("cleaning", "told"),
    [
        ({"unsafe": "leave_out", "unsafe_checks": ["red"]}, "no plug-in red is installed"),
        ({"language": "leave_out", "languages": ["en"]}, "the extra “language” is not installed"),
    ],
)
def test_without_what_leaves_rows_out_there_is_no_build(
    compared: list[Task], acme: Workspace, monkeypatch: pytest.MonkeyPatch, cleaning: dict[str, Any], told: str
) -> None:  # fmt: skip
    """On another machine the same definition would hold other rows."""
    monkeypatch.setattr(recipe, "can_detect", lambda: False)
    dataset = ensure_dataset(
        workspace=acme, name="a", kind=BuildKind.PREFERENCE, definition={"cleaning": cleaning}
    )
    job = start_build(dataset=dataset).job
    execute(job.uid)
    job.refresh_from_db()
    assert (job.state, told in job.error) == ("failed", True)
    assert "Install it there" in job.error


def test_only_texts_in_the_languages_asked_for_stay(compared: list[Task], build: Build) -> None:
    chosen(compared[0], "Der Himmel ist blau, weil kurze Wellen stärker gestreut werden als lange.")

    made = build(cleaning={"languages": ["en"], "language": "leave_out"})

    assert made.manifest["left_out"]["cleaning_language"]["count"] == 1


def test_an_accepted_spelling_is_applied_by_the_next_build(
    compared: list[Task], build: Build
) -> None:
    chosen(compared[0], "The sky is verry blue")

    first = build(cleaning={"spelling": "en"})
    proposal = SpellingProposal.objects.get(word="verry")
    proposal.state = SpellingState.ACCEPTED
    proposal.save()
    second = build(cleaning={"spelling": "en"})

    before, after = row_of(first, compared[0]), row_of(second, compared[0])
    assert (proposal.meant, proposal.count) == ("very", 1)
    assert before
    assert after
    assert before["chosen"][0]["content"] == "The sky is verry blue"
    assert after["chosen"][0]["content"] == "The sky is very blue"
    assert step(second, "spelling")["changed"] == 1


def test_what_is_kept_of_a_text_can_be_forgotten(
    compared: list[Task], build: Build, elsewhere: Workspace
) -> None:
    text = chosen(compared[0], "Secret ").content
    build()
    before = CleanedText.objects.count()

    assert forget(elsewhere, ["Secret "]) == 0
    assert forget(compared[0].campaign.workspace, ["Secret ", text + "?"]) == 1
    assert CleanedText.objects.count() == before - 1


def test_the_prompts_of_the_test_split_are_mended_too(compared: list[Task], build: Build) -> None:
    messages = [{"role": "user", "content": "Say <|im_end|>"}]
    Prompt.objects.filter(pk=compared[-1].prompt.pk).update(messages=messages)

    [line] = lines_of(build("sft"), "prompts.jsonl")

    assert line["prompt"][0]["content"] == "Say ⟨|im_end|⟩"
