"""Augmented rows in a build: counted, traceable, never where they must not be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition_form import DatasetForm
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of, rows_of
from evalhub.datasets.reading import opened
from evalhub.datasets.services import create_dataset
from evalhub.datasets.verifying import verify_build
from evalhub.lineage.copies import Words, files_with
from evalhub.prompts.grouping import fingerprint_of
from evalhub.prompts.models import Prompt
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.datasets.test_pages_api_and_command import FORM
from tests.factories import PromptFactory, PromptGroupFactory

pytestmark = pytest.mark.django_db

WORDS = {"by": "word_replacement", "share": 0.5, "words": {"sky": ["heaven"]}}
SWAP = {
    "by": "counterfactual_swap",
    "share": 0.25,
    "pairs": [["blue", "red"], ["waves", "beams"]],
}


def made_rows(build: DatasetBuild) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Augmented rows, each with its line of the lineage."""
    rows = {row["id"]: row for split in ("train", "validation", "test") for row in rows_of(build, split)}  # fmt: skip
    lines = lines_of(build, "lineage.jsonl")
    return [(rows[line["id"]], line) for line in lines if "augmented" in line]


def says(row: dict[str, Any], name: str = "prompt") -> str:
    return str(row[name][-1]["content"])


def test_nothing_is_augmented_by_default(compared: list[Task], build: Build) -> None:
    made = build()

    assert made.manifest["augmentation"] == {}
    assert not made_rows(made)


def test_augmented_rows_stand_beside_their_parents_and_name_them(
    compared: list[Task], build: Build
) -> None:
    made = build(augment=[WORDS])

    assert made.rows == {"train": 8 + 4, "validation": 1, "test": 1}
    lineage = {line["id"]: line for line in lines_of(made, "lineage.jsonl")}
    train = {row["id"]: row for row in rows_of(made, "train")}
    for row, line in made_rows(made):
        parent = train[line["augmented"]["parent"]]
        assert says(row) == says(parent).replace("sky", "heaven")
        apart = ("id", "prompt")
        assert {name: value for name, value in row.items() if name not in apart} == {
            name: value for name, value in parent.items() if name not in apart
        }
        assert line["split"] == "train"
        assert line["judgments"] == lineage[parent["id"]]["judgments"]
        assert line["prompt"] == lineage[parent["id"]]["prompt"]
        assert line["reason"].startswith(
            "made by word replacement of a row that is here: preferred"
        )


def test_they_are_counted_in_the_manifest_the_report_and_the_card(
    compared: list[Task], build: Build
) -> None:
    made = build(augment=[WORDS, SWAP], augment_cap=0.75)

    told = made.manifest["augmentation"]
    assert (told["rows"], told["of"], told["share"]) == (6, 8, 0.75)
    assert [
        (each["by"], each["at_most"], each["possible"], each["made"]) for each in told["ways"]
    ] == [
        ("word_replacement", 4, 8, 4),
        ("counterfactual_swap", 2, 8, 2),
    ]
    assert told["dropped"] == {"beyond the share asked for": 10}
    assert made.manifest["from"] == {
        "preferences": 10,
        "augmented by word replacement": 4,
        "augmented by counterfactual swap": 2,
    }
    assert made.manifest["identical_merged"] == 0
    [finding] = [
        each for each in made.manifest["report"]["findings"] if each["name"] == "augmented"
    ]
    assert (finding["level"], finding["rows"]) == ("caution", 6)
    assert "nothing_to_learn" in made.manifest["report"]["blocks"]  # 8 rows by people, not 14
    with opened(made, "card.md") as stream:
        assert "Augmentation made 6 of the training rows from 8 others" in stream.read().decode()


def test_the_same_definition_gives_the_same_rows_and_another_seed_others(
    compared: list[Task], build: Build
) -> None:
    words = {
        "by": "word_replacement",
        "share": 0.5,
        "words": {"sky": ["heaven", "air", "firmament"]},
    }

    first, again = build(augment=[words]), build(augment=[words])
    other = build(augment=[words | {"seed": 1}])

    assert first.digest == again.digest != other.digest
    checks = verify_build(first, rebuild=True)
    assert [(each.name, each.wrong) for each in checks] == [(each.name, 0) for each in checks]
    assert checks[-1].name == "rebuilt"


def test_both_answers_are_swapped_with_the_prompt(compared: list[Task], build: Build) -> None:
    made = build(augment=[SWAP])

    for row, _line in made_rows(made):
        assert "sky red" in says(row)
        assert "beams" in says(row, "chosen")
        assert "beams" in says(row, "rejected")


def test_prompts_of_named_slices_and_collections_are_spared(
    compared: list[Task], build: Build
) -> None:
    Prompt.objects.filter(pk__in=[task.prompt_id for task in compared[:6]]).update(
        slices={"domain": "medicine"}
    )

    made = build(augment=[WORDS], augment_never={"slices": {"domain": ["medicine", "law"]}})
    none = build(augment=[WORDS], augment_never={"collections": ["faq"]})

    assert made.manifest["augmentation"]["never"] == 6
    assert made.manifest["augmentation"]["ways"][0]["made"] == 2
    assert made.rows["train"] == 10
    assert none.rows["train"] == 8


def test_no_row_comes_to_ask_what_is_held_out(
    compared: list[Task], build: Build, acme: Workspace
) -> None:
    held = PromptGroupFactory.create(workspace=acme, split="test")
    messages = compared[0].prompt.messages
    same = [{"role": "user", "content": messages[0]["content"].replace("sky", "Heaven")}]
    PromptFactory.create(
        collection=compared[0].prompt.collection,
        group=held,
        messages=same,
        fingerprint=fingerprint_of(same),
    )

    made = build(near_duplicates=False, augment=[WORDS | {"share": 1}], augment_cap=1)

    assert made.manifest["augmentation"]["dropped"] == {"would ask what a held-out prompt asks": 1}
    assert made.rows["train"] == 15


def test_an_augmented_row_stands_only_where_its_parent_does(
    compared: list[Task], build: Build
) -> None:
    part = {"name": "some", "collections": ["faq"], "cap": 3}

    made = build(augment=[WORDS | {"share": 1}], augment_cap=1, parts=[part])

    train = {row["id"] for row in rows_of(made, "train")}
    assert len(train) == 6
    assert {line["augmented"]["parent"] for _, line in made_rows(made)} < train


def test_their_words_are_found_where_somebody_is_erased(compared: list[Task], build: Build) -> None:
    made = build(augment=[SWAP | {"share": 1}], augment_cap=1)
    words = Words()
    _, line = made_rows(made)[0]
    parent = next(
        each for each in rows_of(made, "train") if each["id"] == line["augmented"]["parent"]
    )
    for name in line["judgments"]:
        words.by_judgment[UUID(name)].add(says(parent, "chosen"))

    assert files_with(made, words, lambda: None) == ["train.jsonl"]


def test_what_a_replayed_build_made_is_not_replayed(compared: list[Task], build: Build) -> None:
    first = build(augment=[WORDS])
    fresh = [task.prompt_id for task in compared[:4]]
    Prompt.objects.filter(pk__in=fresh).update(slices={"new": "yes"})

    second = build(slices={"new": ["yes"]}, replay=[{"build": str(first.uid), "share": 0.5}])

    assert second.manifest["left_out"]["augmented"]["count"] == 4
    assert not made_rows(second)


def test_an_evaluation_set_and_a_strange_collection_are_refused(acme: Workspace) -> None:
    with pytest.raises(BadDefinition, match="augment nothing"):
        create_dataset(
            workspace=acme, name="e", kind=BuildKind.EVALUATION, definition={"augment": [WORDS]}
        )
    with pytest.raises(BadDefinition, match="no collection nowhere"):
        create_dataset(
            workspace=acme,
            name="s",
            kind=BuildKind.SFT,
            definition={"augment_never": {"collections": ["nowhere"]}},
        )


@pytest.mark.parametrize("kind", ["sft", "unpaired", "reward"])
def test_other_kinds_with_prompts_are_augmented_too(
    compared: list[Task], build: Build, kind: str
) -> None:
    made = build(kind, augment=[WORDS], form="string")

    assert made_rows(made)
    assert all("heaven" in row["prompt"] for row, _ in made_rows(made))


def test_documents_are_augmented_as_texts(
    acme: Workspace, compared: list[Task], build: Build
) -> None:
    Prompt.objects.filter(pk=compared[0].prompt_id).update(
        documents=["Cats sleep. Dogs bark. Birds sing. Fish swim."]
    )

    made = build("text", augment=[{"by": "sentence_shuffle", "share": 1}], augment_cap=1)

    [(row, _)] = made_rows(made)
    assert row["text"].endswith("Fish swim.")
    assert row["text"] != "Cats sleep. Dogs bark. Birds sing. Fish swim."


AUGMENT = {
    "augment-word_share": "0.2",
    "augment-words": "big = large, huge\n\nsky = heaven",
    "augment-swap_share": "0.1",
    "augment-swap_lists": ["names_en"],
    "augment-swap_pairs": "Berlin = Lagos",
    "augment-never": "domain=law, domain=medicine",
}


def sent(given: dict[str, Any]) -> QueryDict:
    told = QueryDict(mutable=True)
    for name, value in (FORM | given).items():
        told.setlist(name, value if isinstance(value, list) else [value])
    return told


def test_the_form_says_the_same_as_a_definition(acme: Workspace) -> None:
    form = DatasetForm(sent(AUGMENT | {"augment-word_seed": "3"}), workspace=acme)

    assert form.is_valid(), (form.errors, form.augmenting.errors)
    definition = form.definition()
    assert definition["augment"] == [
        {
            "by": "word_replacement",
            "share": 0.2,
            "seed": 3,
            "words": {"big": ["large", "huge"], "sky": ["heaven"]},
        },
        {
            "by": "counterfactual_swap",
            "share": 0.1,
            "seed": 0,
            "pairs": [("Berlin", "Lagos")],
            "lists": ["names_en"],
        },
    ]
    assert definition["augment_never"] == {"slices": {"domain": ["law", "medicine"]}}
    PromptFactory.create(workspace=acme, slices={"domain": "law"})
    create_dataset(workspace=acme, name="a", kind=BuildKind.SFT, definition=definition)


def test_what_the_form_cannot_read_is_said_at_its_field(acme: Workspace) -> None:
    wrong = AUGMENT | {
        "augment-words": "big, large",
        "augment-never": "law",
    }

    form = DatasetForm(sent(wrong), workspace=acme)

    assert not form.is_valid()
    assert set(form.augmenting.errors) == {"words", "never"}


def test_pages_show_what_was_made_and_from_what(
    compared: list[Task], build: Build, client: Client, erin: Member
) -> None:
    made = build(augment=[WORDS])
    [(row, line), *_] = made_rows(made)
    client.force_login(erin.user)

    page = client.get(f"/w/acme/builds/{made.uid}/").text
    one = client.get(f"/w/acme/builds/{made.uid}/rows/{row['id']}/").text

    assert "4 of the training rows were made from 8 others" in page
    assert f"/rows/{line['augmented']['parent']}/" in one


def test_rows_on_prompts_that_a_model_wrote_anew_are_counted(
    compared: list[Task], build: Build
) -> None:
    first, second = (task.prompt for task in compared[:2])
    Prompt.objects.filter(pk=second.pk).update(parent=first, group=first.group)

    made = build()

    assert made.manifest["rewritten_rows"] == 1
    with opened(made, "card.md") as stream:
        assert "1 rows are on prompts that a model wrote anew" in stream.read().decode()
