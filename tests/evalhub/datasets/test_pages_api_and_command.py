from __future__ import annotations

import html
import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, Task
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.definition import definition_of
from evalhub.datasets.definition_form import FIRST, GROUPS, DatasetForm
from evalhub.datasets.errors import BadDefinition
from evalhub.datasets.models import Dataset, DatasetBuild, SpellingProposal
from evalhub.datasets.services import create_dataset
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Completion
from tests.evalhub.datasets.conftest import Build
from tests.factories import (
    CampaignFactory,
    CriterionFactory,
    LanguageModelFactory,
    MemberFactory,
    PromptFactory,
    RubricVersionFactory,
)

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Pairs",
    "kind": "preference",
    "sources": ["human", "imported"],
    "margin": "1.0",
    "min_rating": "4.0",
    "max_rating": "2.0",
    "min_judgments": "1",
    "ties": "leave_out",
    "rankings": "all",
    "consensus": "votes",
    "verdicts": "prefer",
    "form": "conversational",
}


def test_an_engineer_defines_builds_reads_and_downloads(
    client: Client, erin: Member, compared: list[Task]
) -> None:
    Completion.objects.update(content="<script>alert(1)</script> **bold**")
    first = compared[0].completions.get(placed__place=0)
    Completion.objects.filter(pk=first.pk).update(content="<img src=x onerror=alert(1)> other")
    client.force_login(erin.user)

    more = {"slices": "language=de, language=fr", "parts": "law", "judged_from": "2020-01-31"}
    page = client.post("/w/acme/datasets/new/", FORM | more).text
    assert "“law” begins with no name and a colon" in page
    answer = client.post("/w/acme/datasets/new/", FORM | {"collections": ["faq"]})
    dataset = Dataset.objects.get()
    assert answer.headers["Location"] == f"/w/acme/datasets/{dataset.uid}/"
    assert dataset.definition["collections"] == ["faq"]
    answer = client.post(f"/w/acme/datasets/{dataset.uid}/build/")
    build = DatasetBuild.objects.get()
    page = client.get(answer.headers["Location"]).text
    assert "every 2s" in page
    assert "Cancel the build" in page
    execute(build.job.uid)

    page = client.get(f"/w/acme/builds/{build.uid}/", headers={"HX-Request": "true"}).text

    assert "every 2s" not in page
    assert "both answers have the same text" in page.lower()
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page
    whole = client.get(f"/w/acme/builds/{build.uid}/").text
    assert f"/w/acme/runs/new/?build={build.uid}" in whole
    assert client.get(f"/w/acme/datasets/{dataset.uid}/").status_code == 200
    assert client.get("/w/acme/datasets/").status_code == 200
    file = client.get(f"/w/acme/builds/{build.uid}/files/train.jsonl")
    assert "attachment" in file.headers["Content-Disposition"]
    assert len(file.getvalue().splitlines()) == build_rows(build)
    assert client.get(f"/w/acme/builds/{build.uid}/files/nope").status_code == 409


def build_rows(build: DatasetBuild) -> int:
    build.refresh_from_db()
    return build.rows["train"]


def test_a_wrong_definition_is_said_at_the_form(client: Client, erin: Member) -> None:
    client.force_login(erin.user)

    answer = client.post("/w/acme/datasets/new/", FORM | {"margin": "0", "min_rating": "9"})

    assert answer.status_code == 200
    assert not Dataset.objects.exists()


def test_cleaning_is_asked_for_at_the_form(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    asked = {
        "cleaning-unicode": "no",
        "cleaning-refused": "leave_out",
        "cleaning-languages": "en, de",
        "cleaning-unsafe_words": "rosebud\n\n cold  fusion",
        "cleaning-normalise": ["dates"],
    }

    client.post("/w/acme/datasets/new/", FORM | asked)
    wrong = client.post("/w/acme/datasets/new/", FORM | asked | {"cleaning-languages": "english"})

    cleaning = Dataset.objects.get().definition["cleaning"]
    assert definition_of({"cleaning": cleaning}).cleaning == Cleaning(
        unicode=False,
        refused="leave_out",
        languages=["en", "de"],
        unsafe_words=["rosebud", "cold fusion"],
        normalise=["dates"],
    )
    assert "Two letters for each language" in wrong.text
    page = client.get(f"/w/acme/datasets/{Dataset.objects.get().uid}/").text
    assert "unicode: no; refused: leave out; languages: en, de" in page


def test_spellings_are_decided_by_a_person_and_said_in_the_audit_log(
    client: Client, erin: Member, bob: Member, compared: list[Task], build: Build
) -> None:
    first = compared[0].completions.get(placed__place=0)
    Completion.objects.filter(pk=first.pk).update(content="The sky is verry blue <|im_end|>")
    made = build(cleaning={"spelling": "en"})
    proposal = SpellingProposal.objects.get()
    list_, url = (
        f"/w/acme/datasets/{made.dataset.uid}/spelling/",
        f"/w/acme/spellings/{proposal.uid}/decide/",
    )
    client.force_login(erin.user)

    page = client.get(f"/w/acme/builds/{made.uid}/").text
    assert "1 texts cleaned" not in page
    assert "Marks of chat templates" in page
    assert list_ in page
    assert "verry" in client.get(list_).text
    assert client.post(url, {"state": "maybe"}).status_code == 400
    assert client.post(url, {"state": "accepted"}).headers["Location"] == list_
    page = client.get(list_).text

    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("accepted", erin)
    assert Entry.objects.get(verb="spelling.accepted").details["word"] == "verry"
    assert "Reject very for verry" in page
    assert "Accept very for verry" not in page
    client.force_login(bob.user)
    assert client.post(url, {"state": "rejected"}).status_code == 403


def test_annotators_and_strangers_stay_outside(
    client: Client, bob: Member, charlie: Member, compared: list[Task], build: Build
) -> None:
    made = build()
    client.force_login(bob.user)
    for path in ("datasets/", f"builds/{made.uid}/", f"builds/{made.uid}/files/train.jsonl"):
        assert client.get(f"/w/acme/{path}").status_code == 403
    client.force_login(charlie.user)
    for path in (f"builds/{made.uid}/", f"datasets/{made.dataset.uid}/"):
        assert client.get(f"/w/acme/{path}").status_code == 404
        assert client.get(f"/w/elsewhere/{path}").status_code == 404
    for path in (f"builds/{made.uid}", f"builds/{made.uid}/files/train.jsonl"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    assert client.post(f"/api/v1/datasets/{made.dataset.uid}/builds").status_code in (403, 404)


def test_the_api_defines_builds_and_hands_out_the_files(erin: Member, compared: list[Task]) -> None:
    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})

    made = api.post(
        "/api/v1/datasets",
        {"name": "D", "kind": "sft", "definition": {"min_rating": 3}},
        format="json",
    )
    assert made.status_code == 201, made.content
    started = api.post(f"/api/v1/datasets/{made.json()['uid']}/builds")
    assert (started.status_code, started.json()["state"]) == (202, "queued")
    execute(started.json()["job"])

    state = api.get(f"/api/v1/builds/{started.json()['uid']}").json()
    assert (state["state"], state["rows"]["train"]) == ("succeeded", 8)
    assert "key" not in state["files"]["train.jsonl"]
    file = api.get(f"/api/v1/builds/{state['uid']}/files/train.jsonl")
    assert len(b"".join(file.streaming_content).splitlines()) == 8
    assert len(api.get("/api/v1/datasets").json()["results"]) == 1
    assert len(api.get(f"/api/v1/datasets/{made.json()['uid']}/builds").json()) == 1


def test_the_api_refuses_a_wrong_definition_with_a_code(erin: Member) -> None:
    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})

    answer = api.post(
        "/api/v1/datasets",
        {"name": "D", "kind": "sft", "definition": {"colour": "red"}},
        format="json",
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_definition")


def test_the_command_builds_copies_the_files_and_ends_with_one_object(
    compared: list[Task], tmp_path: Path
) -> None:
    definition = tmp_path / "pairs.json"
    definition.write_text(json.dumps({"kind": "preference", "collections": ["faq"]}))
    out = io.StringIO()

    call_command(
        "build_dataset",
        *("--workspace", "acme", "--definition", str(definition)),
        *("--output", str(tmp_path / "out"), "--json"),
        stdout=out,
    )

    summary = json.loads(out.getvalue().splitlines()[-1])
    assert summary["kind"] == "preference"
    assert summary["rows"] == {"train": 8, "validation": 1, "test": 1}
    assert summary["left_out"] == {}
    assert len(summary["digest"]) == 64
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 8
    assert Dataset.objects.get().name == "pairs"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"kind": "sft", "colour": 1}'])
def test_a_wrong_definition_file_is_an_error_with_a_sentence(
    compared: list[Task], tmp_path: Path, text: str
) -> None:
    definition = tmp_path / "d.json"
    definition.write_text(text)

    with pytest.raises(CommandError, match=r"JSON|kind|colour"):
        call_command("build_dataset", "--workspace", "acme", "--definition", str(definition))


def test_the_form_gives_what_a_definition_may_say(
    client: Client, erin: Member, compared: list[Task], build: Build
) -> None:
    client.force_login(erin.user)
    sliced(erin)
    campaign = Campaign.objects.get()
    version = RubricVersionFactory.create(
        rubric__workspace=erin.workspace, published_at=timezone.now()
    )
    CriterionFactory.create(version=version, slug="tone")
    MemberFactory.create(workspace=erin.workspace, groups=["night"])
    earlier = build()
    base = LanguageModelFactory.create(workspace=erin.workspace)
    reward = LanguageModelFactory.create(workspace=erin.workspace, kind="reward", parent=base)
    more = {
        "campaigns": [str(campaign.uid)],
        "rubric_versions": [str(version.uid)],
        "groups": ["night"],
        "evidence": ["ratings", "references"],
        "slices": "language=de, language=fr, domain=law",
        "judged_from": "2020-01-31T12:30:15",
        "weights": "tone = 2\noverall = 0.5",
        "parts": "law: domain=law, language=de; in faq; share 0.25; cap 1000\nall the others:",
        "temperature": "2",
        "balance": "language",
        "replay": f"{earlier.uid} = 0.2",
        "max_tokens": "512",
        "near_duplicates": "no",
    }
    assert client.post("/w/acme/datasets/new/", FORM | more).status_code == 302
    found = Dataset.objects.get(name="Pairs").definition
    assert found["campaigns"] == [str(campaign.uid)]
    assert found["rubric_versions"] == [str(version.uid)]
    assert (found["groups"], found["evidence"]) == (["night"], ["ratings", "references"])
    assert found["slices"] == {"language": ["de", "fr"], "domain": ["law"]}
    assert found["judged_from"] == "2020-01-31T12:30:15Z"
    assert found["weights"] == {"tone": 2.0, "overall": 0.5}
    law, others = found["parts"]
    assert law == {
        "name": "law",
        "collections": ["faq"],
        "slices": {"domain": ["law"], "language": ["de"]},
        "share": 0.25,
        "cap": 1000,
    }
    assert (others["name"], others["share"], others["cap"]) == ("all the others", None, None)
    assert (found["temperature"], found["balance"]) == (2.0, "language")
    assert found["replay"] == [{"build": str(earlier.uid), "share": 0.2}]
    assert (found["max_tokens"], found["near_duplicates"]) == (512, False)
    best = {"name": "Best", "kind": "sft", "best_of": str(reward.uid), "best_of_answers": "4"}
    assert client.post("/w/acme/datasets/new/", FORM | best).status_code == 302
    found = Dataset.objects.get(name="Best").definition
    assert found["best_of"] == {"model": str(reward.uid), "answers": 4}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"weights": "tone"}, "“tone” is not of the form name = number."),
        ({"weights": "tone = high"}, "high is no number, as 0.5."),
        ({"parts": "law"}, "“law” begins with no name and a colon"),
        ({"parts": "law: share half"}, "half is no number"),
        ({"parts": "law: cap 1.5"}, "cap takes a whole number"),
        ({"parts": "law: domain"}, "“domain” is not of the form key=value."),
        ({"replay": "yesterday's"}, "is not of the form name = number."),
        ({"replay": "yesterday = 0.2"}, "The definition is wrong"),
        ({"best_of_answers": "1"}, "greater than or equal to 2"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_how_to_write_it(
    client: Client, erin: Member, compared: list[Task], sent: dict[str, str], told: str
) -> None:
    client.force_login(erin.user)
    answer = client.post("/w/acme/datasets/new/", FORM | sent)
    assert told in html.unescape(answer.text)
    assert not Dataset.objects.exists()


def test_every_field_of_the_form_stands_in_one_group() -> None:
    fields = [*FIRST, *(name for names in GROUPS.values() for name in names)]
    assert sorted(fields) == sorted(DatasetForm.base_fields)


def sliced(member: Member) -> None:
    """A prompt with the slices that definitions here name."""
    PromptFactory.create(workspace=member.workspace, slices={"language": "de", "domain": "law"})


WHOLE = {
    "collections": ["faq"],
    "sources": ["human", "simulated"],
    "evidence": ["corrections", "ratings", "references"],
    "slices": {"language": ["de", "fr"], "domain": ["law"]},
    "red_team": "keep",
    "judged_from": "2026-01-31T12:30:15+00:00",
    "groups": ["night"],
    "min_judgments": 2,
    "max_spread": 0.5,
    "min_reliability": 0.25,
    "criterion": "tone",
    "min_consensus": 0.75,
    "margin": 0.005,
    "ties": "leave_out",
    "rankings": "adjacent",
    "licence": "CC0",
    "parts": [
        {"name": "own", "collections": ["faq"], "share": 0.51},
        {"name": "law", "slices": {"domain": ["law"]}, "cap": 1_000_000},
        {"name": "all others"},
    ],
    "balance": "language",
    "max_tokens": 300,
    "near_duplicates": False,
    "temperature": 2.0,
    "cleaning": {
        "unicode": False, "refused": "leave_out", "languages": ["en", "de"], "unsafe_words": ["rose bud", "cold"],
        "entities": ["PERSON"], "entity_models": {"en": "en_core_web_sm"}, "normalise": ["dates"],
        "spelling": "en",
    },
    "augment": [
        {"by": "word_replacement", "share": 0.2, "seed": 7, "words": {"big": ["large", "huge"], "sky": ["heaven"]}},
        {"by": "counterfactual_swap", "share": 0.1, "seed": -1, "pairs": [["Berlin", "Lagos"]], "lists": ["gender_en"]},
    ],
    "augment_never": {"slices": {"domain": ["law"]}, "collections": ["faq"]},
}  # fmt: skip


@pytest.mark.parametrize("definition", [{}, WHOLE], ids=["defaults", "whole"])
def test_a_new_one_like_this_says_the_same(
    client: Client, erin: Member, compared: list[Task], definition: dict[str, Any]
) -> None:
    """The form as it is shown, sent back as a browser does, makes the same definition."""
    client.force_login(erin.user)
    sliced(erin)
    MemberFactory.create(workspace=erin.workspace, groups=["night"])
    CriterionFactory.create(version__rubric__workspace=erin.workspace, slug="tone")
    dataset = create_dataset(
        workspace=erin.workspace, name="First", kind=BuildKind.SFT, definition=definition, by=erin
    )
    assert f"?like={dataset.uid}" in client.get(f"/w/acme/datasets/{dataset.uid}/").text
    page = client.get(f"/w/acme/datasets/new/?like={dataset.uid}")
    assert "cannot say all" not in page.text
    form = page.context["form"]
    sent = {"name": "Second"}
    for part in (form, form.cleaning, form.augmenting):
        for field in part:
            value = field.value()
            if field.name != "name" and value not in (None, False, [], ""):
                sent[field.html_name] = value
    assert client.post("/w/acme/datasets/new/", sent).status_code == 302
    second = Dataset.objects.get(name="Second")
    dataset.refresh_from_db()
    assert second.kind == "sft"
    assert second.definition == dataset.definition


def test_what_the_form_cannot_say_of_another_is_named(
    client: Client, erin: Member, compared: list[Task]
) -> None:
    client.force_login(erin.user)
    definition = {
        "judged_before": "2026-01-31T12:30:00.25+00:00",
        "augment": [{"by": "sentence_shuffle", "share": share} for share in (0.1, 0.2)],
        "parts": [{"name": "own: law", "share": 0.5}],
        "evidence": [],
    }
    dataset = create_dataset(
        workspace=erin.workspace, name="First", kind=BuildKind.SFT, definition=definition, by=erin
    )
    page = client.get(f"/w/acme/datasets/new/?like={dataset.uid}").text
    assert "<code>parts, evidence, judged_before, augment</code>" in page
    for strange in ("x", str(uuid4())):
        assert client.get(f"/w/acme/datasets/new/?like={strange}").status_code == 404


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"criterion": "tonne"}, "no criterion tonne in this workspace; there is tone"),
        ({"weights": {"overall": 1, "tonne": 2}}, "no criterion tonne"),
        ({"cleaning": {"safety_criterion": "safe"}}, "no criterion safe"),
        ({"groups": ["nihgt"]}, "no group of people nihgt in this workspace; there is night"),
        (
            {"slices": {"lang": ["de"]}},
            "no slice lang in this workspace; there is domain, language",
        ),
        ({"balance": "lang"}, "no slice lang"),
        ({"parts": [{"name": "own", "slices": {"lang": ["de"]}}]}, "no slice lang"),
        ({"augment_never": {"slices": {"domian": ["law"]}}}, "no slice domian"),
    ],
)
def test_a_name_that_nothing_here_has_is_refused(
    erin: Member, compared: list[Task], definition: dict[str, Any], told: str
) -> None:
    """It would leave out, weigh or protect nothing, and say nothing."""
    sliced(erin)
    MemberFactory.create(workspace=erin.workspace, groups=["night"])
    CriterionFactory.create(version__rubric__workspace=erin.workspace, slug="tone")
    with pytest.raises(BadDefinition, match=told):
        create_dataset(
            workspace=erin.workspace, name="a", kind=BuildKind.SFT, definition=definition, by=erin
        )


def test_a_balance_that_no_training_reads_is_refused(erin: Member, compared: list[Task]) -> None:
    sliced(erin)
    with pytest.raises(BadDefinition, match="classification rows does not read them: give each"):
        create_dataset(
            workspace=erin.workspace,
            name="a",
            kind=BuildKind.CLASSIFICATION,
            definition={"balance": "language"},
            by=erin,
        )


def test_rows_of_another_form_are_not_replayed(
    erin: Member, compared: list[Task], build: Build
) -> None:
    """Prompts would be texts in some rows of a file and lists in others."""
    earlier = build(form="string")
    with pytest.raises(BadDefinition, match="rows of form string, this one conversational"):
        create_dataset(
            workspace=erin.workspace,
            name="again",
            kind=BuildKind.PREFERENCE,
            definition={"replay": [{"build": str(earlier.uid), "share": 0.1}]},
            by=erin,
        )


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ({"groups": ["left-company"]}, "groups"),
        ({"collections": ["gone"]}, "collections"),
        ({"slices": {"topic": ["law, tax"]}}, "slices"),
        ({"campaigns": [str(uuid4())]}, "campaigns"),
        ({"rubric_versions": [str(uuid4())]}, "rubric_versions"),
        ({"best_of": {"model": str(uuid4()), "answers": 3}}, "best_of"),
        ({"sources": []}, "sources"),
        ({"augment_never": {"collections": ["gone"]}}, "augment_never"),
        ({"judged_from": "2026-01-31T12:30:00.5+00:00"}, "judged_from"),
    ],
)
def test_what_a_new_one_would_lose_is_named(
    erin: Member, definition: dict[str, Any], name: str
) -> None:
    """None of the choices any more: the form sends nothing for it, and nothing is everybody."""
    like = Dataset(workspace=erin.workspace, kind=BuildKind.SFT.value, definition=definition)
    assert DatasetForm(workspace=erin.workspace, like=like).unsaid == [name]


def test_a_model_that_is_named_by_its_uid_stays(erin: Member) -> None:
    model = LanguageModelFactory.create(workspace=erin.workspace)
    like = Dataset(
        workspace=erin.workspace, kind=BuildKind.SFT.value, definition={"model": str(model.uid)}
    )
    form = DatasetForm(workspace=erin.workspace, like=like)
    assert (form.unsaid, form["model"].value()) == ([], model.name)


def test_the_best_of_a_reward_model_and_its_campaign_and_rubric_stay(erin: Member) -> None:
    """All that is still a choice is begun with, and nothing is named as lost."""
    base = LanguageModelFactory.create(workspace=erin.workspace)
    reward = LanguageModelFactory.create(workspace=erin.workspace, kind="reward", parent=base)
    campaign = CampaignFactory.create(workspace=erin.workspace)
    version = campaign.rubric_version
    assert version is not None
    definition = {
        "campaigns": [str(campaign.uid)],
        "rubric_versions": [str(version.uid)],
        "best_of": {"model": str(reward.uid), "answers": 3},
    }
    like = Dataset(workspace=erin.workspace, kind=BuildKind.SFT.value, definition=definition)
    form = DatasetForm(workspace=erin.workspace, like=like)
    assert form.unsaid == []
    assert form["campaigns"].value() == [str(campaign.uid)]
    assert form["rubric_versions"].value() == [str(version.uid)]
    assert (form["best_of"].value(), form["best_of_answers"].value()) == (str(reward.uid), 3)
