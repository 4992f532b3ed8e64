"""The data card: sources with their licences, consent, rubrics, limits; nothing of it is markup."""

from __future__ import annotations

import json

import pytest
import yaml
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Guidelines, Task
from evalhub.common.files import file_store
from evalhub.datasets.card import licences_of
from evalhub.datasets.export.readme import readme_of
from evalhub.datasets.models import DatasetBuild
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Collection
from tests.evalhub.datasets.conftest import Build
from tests.factories import ImportFactory

pytestmark = pytest.mark.django_db


def card_of(build: DatasetBuild) -> str:
    with file_store().open(build.files["card.md"]["key"]) as stream:
        return stream.read().decode()


def test_the_card_names_each_source_with_its_licence_and_what_people_agreed_to(
    compared: list[Task], build: Build
) -> None:
    campaign = compared[0].campaign
    for _read_again in range(2):
        ImportFactory.create(
            collection=Collection.objects.get(), filename="faq|2.jsonl", licence="cc-by-4.0"
        )
    guidelines = Guidelines.objects.create(
        campaign=campaign, number=2, consent="I agree that my answers\nare published."
    )
    Judgment.objects.filter(task__in=compared[:4]).update(guidelines=guidelines)

    made = build()

    card, manifest = card_of(made), made.manifest
    (source,) = manifest["sources"]
    assert (source["collection"], source["rows"], source["licence"]) == ("faq", 10, "")
    assert card.count("faq\\|2.jsonl (cc-by-4.0") == 1
    assert licences_of(manifest) == ["cc-by-4.0"]
    assert {each["judgments"]: each["consent"] for each in manifest["consent"]} == {
        4: guidelines.consent, 6: "",
    }  # fmt: skip
    assert "  > I agree that my answers\n  > are published." in card
    assert "no words of consent were asked" in card
    (rubric,) = manifest["rubrics"]
    assert rubric["judgments"] == 10
    assert sum(manifest["answers_by"].values()) == 20
    assert made.digest in card.split("## How to cite")[1]


def test_the_card_says_what_the_columns_of_its_kind_mean(
    compared: list[Task], build: Build
) -> None:
    pairs = card_of(build())
    assert "the share of the votes for `chosen`" in pairs
    assert "`weight` is the number of judgments behind the row;" in pairs
    assert "the probability that `chosen` is the better one" in card_of(
        build(consensus="reliability")
    )
    answers = card_of(build("sft"))
    assert "`weight` is 1" in answers
    assert "p_chosen" not in answers


def test_a_collection_s_own_licence_is_its_word_and_what_nobody_states_is_a_limit(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    before = build()
    assert licences_of(before.manifest) == ["not stated"]
    assert "licence of a source is not stated" in card_of(before)
    client.force_login(erin.user)

    client.post("/w/acme/collections/faq/licence/", {"licence": " Apache-2.0  "})

    after = build()
    assert licences_of(after.manifest) == ["Apache-2.0"]
    assert licences_of(before.manifest) == ["not stated"]
    assert after.digest == before.digest
    assert "Licence: Apache-2.0" in client.get("/w/acme/collections/faq/").text
    assert Entry.objects.get(verb="collection.licence_set").details["licence"] == "Apache-2.0"


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        (
            "our own: #1\nlicense: mit",
            {"license": "other", "license_name": "our own: #1\nlicense: mit"},
        ),
        ("", {"license": "unknown"}),
    ],
)
def test_the_head_of_the_readme_is_yaml_whatever_people_wrote(
    compared: list[Task], build: Build, licence: str, told: dict[str, str]
) -> None:
    made = build(licence=licence)
    made.dataset.name = 'pairs: "x"\n--- # y'

    text = readme_of(made, {"train": "data/train-*.parquet"}, 8)

    head = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    assert {name: head[name] for name in told} == told
    assert head["pretty_name"] == made.dataset.name
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    assert json.dumps(head)


def test_what_people_wrote_is_no_markup_on_the_card(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    Collection.objects.update(name="[x](javascript:alert(1)) <img src=x onerror=alert(1)> | **b**")
    made = build()
    client.force_login(erin.user)

    page = client.get(f"/w/acme/builds/{made.uid}/card/").text

    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert "<strong>b</strong>" not in page
