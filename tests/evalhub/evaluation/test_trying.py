"""Trying a gate on a comparison: by page and by API, with slices and other confidences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.evaluation.models import Comparison, Promotion
from evalhub.evaluation.services import evaluate_model
from evalhub.jobs import jobs
from evalhub.prompts.models import Prompt, PromptGroup
from evalhub.runs.services import start_training
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.factories import PromptFactory, PromptGroupFactory

LOOSE = {"metric": "preference_accuracy", "than": "baseline", "margin": 0.6}


@pytest.fixture
def comparison(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """An adapter beside its base: preference accuracy 50 to 100 % on 20 pairs of 20 groups."""
    without_torch(monkeypatch)
    base = base_model(erin.workspace, tmp_path)
    builds = [built(erin.workspace, "sft"), built(erin.workspace, "preference")]
    run = start_training(workspace=erin.workspace, recipe="dpo", model=base, build=builds[1], by=erin)  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    for model in (base, run.output_model):
        evaluation = evaluate_model(workspace=erin.workspace, model=model, builds=builds, by=erin)
        jobs.execute(evaluation.run.job.uid)
    return Comparison.objects.get()


def tried(client: Client, comparison: Comparison, gate: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/v1/comparisons/{comparison.uid}/gate"
    asked = client.post(path, {"gate": gate}, content_type="application/json")
    assert asked.status_code == 202, asked.content
    work_off()
    found: dict[str, Any] = client.get(path).json()
    assert found["state"] == "succeeded", found
    result: dict[str, Any] = found["result"]
    return result


def test_a_gate_is_tried_and_nothing_is_decided(
    comparison: Comparison, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    result = tried(client, comparison, {"not_worse": [LOOSE]})
    assert result["promote"]
    assert [each["met"] for each in result["outcomes"]] == [True, True]
    assert not Promotion.objects.exists()


def test_a_narrow_one_is_refused_on_the_page_with_the_figures(
    comparison: Comparison, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    address = reverse("evaluation:gate", args=["acme", comparison.uid])
    assert "The smallest difference this set can show" in client.get(address).content.decode()
    gate = '{"must_beat": [{"metric": "preference_accuracy", "margin": 0.05}], "not_worse": []}'
    assert client.post(address, {"gate": gate}).status_code == 302
    work_off()
    page = client.get(address).content.decode()
    assert "too narrow" in page
    assert "ask for a margin of at least" in page


def test_one_that_is_met_and_too_narrow_is_not_told_as_a_promotion(
    comparison: Comparison, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    gain = {"metric": "preference_accuracy", "margin": 0.05}
    result = tried(client, comparison, {"must_beat": [gain], "not_worse": []})
    assert [each["met"] for each in result["outcomes"]] == [True]
    assert not result["promote"]
    assert result["reason"].startswith("Refused: On preference accuracy this set shows")


def test_a_gate_with_a_fault_names_it(comparison: Comparison, erin: Member, client: Client) -> None:
    client.force_login(erin.user)
    address = reverse("evaluation:gate", args=["acme", comparison.uid])
    answer = client.post(address, {"gate": '{"must_beat": [{"metric": "charm"}]}'})
    assert answer.status_code == 422
    assert "metric is “charm”" in answer.content.decode()
    path = f"/api/v1/comparisons/{comparison.uid}/gate"
    refused = client.post(path, {"gate": {"x": 1}}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_gate")


def test_annotators_try_nothing(comparison: Comparison, bob: Member, client: Client) -> None:
    headers = {"authorization": f"Bearer {create_token(member=bob, name='api').text}"}
    path = f"/api/v1/comparisons/{comparison.uid}/gate"
    answer = client.post(path, {}, content_type="application/json", headers=headers)
    assert answer.status_code == 403


def test_less_confidence_is_a_narrower_interval(
    comparison: Comparison, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    spans = []
    for confidence in (0.8, 0.95, 0.99):
        gain = {"metric": "preference_accuracy", "confidence": confidence}
        (outcome,) = tried(client, comparison, {"must_beat": [gain], "not_worse": []})["outcomes"]
        spans.append(outcome["high"] - outcome["low"])
    assert spans == sorted(spans)
    assert spans[0] < 0.8 * spans[1]


def test_a_slice_is_its_prompt_groups_alone(
    comparison: Comparison, erin: Member, client: Client
) -> None:
    """The base prefers every second chosen answer; of the groups ge0, ge2… it prefers none."""
    client.force_login(erin.user)
    groups = _groups_named(erin, [f"ge{place}" for place in range(0, 12, 2)])
    for group in groups:
        PromptFactory.create(collection__workspace=erin.workspace, group=group, slices={"language": "de"})  # fmt: skip
    gain = {"metric": "preference_accuracy", "slice": "language=de"}
    (outcome,) = tried(client, comparison, {"must_beat": [gain], "not_worse": []})["outcomes"]
    assert outcome["told"].startswith(
        "preference accuracy on language=de is 100.0 % beside the baseline’s 0.0 %"
    )
    assert "n = 6" in outcome["told"]
    assert Prompt.objects.filter(slices={"language": "de"}).count() == 6


def _groups_named(erin: Member, names: list[str]) -> list[PromptGroup]:
    """Groups with the names that the made-up rows have are none, so the rows get theirs."""
    from evalhub.runs.inputs import read_rows, store_rows
    from evalhub.runs.models import Run

    made = {name: PromptGroupFactory.create(workspace=erin.workspace) for name in names}
    for run in Run.objects.filter(recipe="evaluate"):
        kept = [
            row | {"group": str(made[row["group"]].uid) if row["group"] in made else row["group"]}
            for row in read_rows(run.artifacts["pairs.jsonl"]["key"])
        ]
        key, sha256 = store_rows(kept)
        run.artifacts["pairs.jsonl"] = {"key": key, "sha256": sha256}
        run.save(update_fields=["artifacts"])
    return list(made.values())
