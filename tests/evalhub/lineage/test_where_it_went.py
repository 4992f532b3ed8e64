"""From a judgment, a prompt or a person to everything that it touched."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import create_token
from evalhub.campaigns.models import Task
from evalhub.common.files import file_store
from evalhub.datasets.behind import behind_of, key_of
from evalhub.datasets.models import DatasetBuild
from evalhub.lineage.queries import touched_by
from evalhub.registry.models import LanguageModel
from tests.evalhub.lineage.conftest import Build, run_of, said_on, second_word
from tests.factories import (
    EvaluationFactory,
    LanguageModelFactory,
    PromotionFactory,
)

pytestmark = pytest.mark.django_db


def test_a_build_stores_what_stands_behind_its_rows_in_order(
    build: Build, compared: list[Task]
) -> None:
    twice = second_word(compared[0])

    made = build()

    with file_store().open(made.files["judgments.bin"]["key"]) as stream:
        keys, places = np.frombuffer(stream.read(), "<i8").reshape(2, -1)
    assert len(keys) == 11
    assert list(keys) == sorted(keys)
    assert key_of(twice.uid) in keys
    assert sorted({int(place) & 3 for place in places}) == [0, 1, 2]
    assert made.digest == build().digest  # it changes nothing in what the digest covers


def test_from_a_judgment_to_everything_made_of_it(
    trained: LanguageModel, compared: list[Task], acme: Workspace
) -> None:
    made = DatasetBuild.objects.get()
    further = LanguageModelFactory.create(workspace=acme, kind="adapter", parent=trained)
    served = LanguageModelFactory.create(workspace=acme, kind="endpoint", parent=further)
    measured = EvaluationFactory.create(workspace=acme, model=further)
    decided = PromotionFactory.create(workspace=acme, model=trained)

    touched = touched_by(said_on(compared[0]))

    assert [each.build for each in touched.builds] == [made]
    assert touched.builds[0].found.files == {"train.jsonl": 1}
    assert (touched.builds[0].found.resting, touched.builds[0].found.shared) == (1, 0)
    assert [run.output_model for run in touched.runs] == [trained]
    assert [each.model for each in touched.models] == [trained, further, served]
    assert touched.evaluations == [measured]
    assert touched.promotions == [decided]


def test_a_row_for_training_touches_no_test_and_the_other_way_round(
    trained: LanguageModel, compared: list[Task], acme: Workspace
) -> None:
    made = DatasetBuild.objects.get()
    test = made.files["test.jsonl"]
    run = run_of(made, acme, {"pairs": {"key": test["key"], "sha256": test["sha256"]}})
    measured = EvaluationFactory.create(workspace=acme, run=run)

    assert touched_by(said_on(compared[0])).tested == []
    of_the_test = touched_by(said_on(compared[-1]))
    assert of_the_test.tested == [measured]
    assert of_the_test.models == []


def test_a_row_that_rests_on_two_is_told_apart(build: Build, compared: list[Task]) -> None:
    one, two = said_on(compared[0]), second_word(compared[0])
    build()

    assert (touched_by(one).builds[0].found.resting, touched_by(one).builds[0].found.shared) == (
        0,
        1,
    )
    assert touched_by(compared[0].prompt).builds[0].found.resting == 1
    assert touched_by(two.member).builds[0].found.shared == 1


def test_a_build_from_before_is_read_by_its_lineage(
    build: Build, compared: list[Task], acme: Workspace
) -> None:
    made = build()
    new = {kind: behind_of(made, kind) for kind in ("judgments", "prompts")}
    made.files = {name: file for name, file in made.files.items() if not name.endswith(".bin")}
    made.save(update_fields=["files"])

    for kind, (keys, places) in new.items():
        old = behind_of(made, kind)
        assert (old.key_E == keys).all()
        assert (old.place_E == places).all()
    assert touched_by(said_on(compared[0])).builds[0].found.uids == 1


def test_a_prompt_that_was_only_asked_is_found_too(build: Build, compared: list[Task]) -> None:
    build("sft")

    asked = touched_by(compared[-1].prompt).builds[0]

    assert asked.found.files == {"test.jsonl": 1, "prompts.jsonl": 1}


def test_the_page_the_api_and_the_command_say_the_same(
    client: Client, erin: Member, trained: LanguageModel, compared: list[Task]
) -> None:
    judgment = said_on(compared[0])
    client.force_login(erin.user)
    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})
    out = io.StringIO()

    page = client.get(f"/w/acme/judgments/{judgment.uid}/lineage/").text
    answer = api.get(f"/api/v1/lineage?judgment={judgment.uid}")
    call_command("lineage", judgment=str(judgment.uid), json=True, stdout=out)

    assert trained.name in page
    assert "Withdraw this judgment" not in page  # an engineer may look
    assert [each["name"] for each in answer.json()["models"]] == [trained.name]
    assert json.loads(out.getvalue()) == answer.json()
    assert api.get("/api/v1/lineage").json()["code"] == "name_one_subject"
    assert api.get(f"/api/v1/lineage?member={judgment.member.uid}").status_code == 200
    with pytest.raises(CommandError, match="no prompt"):
        call_command("lineage", prompt=str(judgment.uid))


def test_another_workspace_is_as_absent(
    client: Client, charlie: Member, trained: LanguageModel, compared: list[Task]
) -> None:
    client.force_login(charlie.user)
    uid = said_on(compared[0]).uid

    assert client.get(f"/w/elsewhere/judgments/{uid}/lineage/").status_code == 404
    assert client.get(f"/w/acme/judgments/{uid}/lineage/").status_code == 404
