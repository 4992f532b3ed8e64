"""Models that were trained whole, in Rounds: the base that they came from is their baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.models import Comparison, Evaluation, Promotion
from evalhub.jobs import jobs
from evalhub.loops.deciding import decide_on
from evalhub.loops.errors import BadPolicy, CannotDecide
from evalhub.loops.models import Loop
from evalhub.loops.rolling_back import earlier_models, roll_back
from evalhub.loops.services import create_loop, edit_loop, start_round
from evalhub.loops.story import headline
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.services import start_training
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import without_torch

ALL = {"trains": "all"}


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path / "machine"
    without_torch(monkeypatch)


def whole(erin: Member, base: LanguageModel) -> LanguageModel:
    """Trained on the newest pairs."""
    build = DatasetBuild.objects.filter(dataset__kind="preference").latest("pk")
    run = start_training(
        workspace=erin.workspace, recipe="dpo", model=base, build=build, options=ALL, by=erin
    )
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    return run.output_model


def test_a_loop_that_trains_whole_promotes_beside_its_base_and_then_its_incumbent(
    erin: Member, tmp_path: Path
) -> None:
    loop = a_loop(erin, tmp_path, dpo=ALL)
    for number in (1, 2):
        round_ = turned(start_round(loop=loop, by=erin))
        assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
        loop.refresh_from_db()
        if number == 1:
            first = loop.incumbent
    assert first is not None
    assert (first.kind, first.parent, first.baseline) == (
        ModelKind.BASE,
        loop.base_model,
        loop.base_model,
    )

    assert headline(round_).startswith("Done: the new model was ")
    promotion = Promotion.objects.order_by("pk")[0]
    assert (promotion.model, promotion.decision) == (first, "promote")
    comparison = Comparison.objects.get(uid=promotion.evidence["baseline"])
    assert comparison.baseline.model == loop.base_model
    assert comparison.metrics["preference_accuracy"]["difference"] == 0.5
    assert "incumbent" in Promotion.objects.latest("pk").evidence
    assert Evaluation.objects.filter(model=loop.base_model).count() == 1


def test_one_trained_by_hand_is_decided_on_and_can_be_rolled_back_to(
    erin: Member, tmp_path: Path, client: Client
) -> None:
    loop = a_loop(erin, tmp_path)
    turned(start_round(loop=loop, by=erin))
    model = whole(erin, loop.base_model)
    client.force_login(erin.user)
    page = client.get(reverse("registry:detail", args=["acme", model.uid])).content.decode()
    assert reverse("loops:decide", args=["acme", model.uid]) in page
    assert "Main" in client.get(reverse("loops:decide", args=["acme", model.uid])).content.decode()

    round_ = turned(decide_on(loop=loop, model=model, by=erin))

    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    loop.refresh_from_db()
    assert loop.incumbent == model
    assert set(Promotion.objects.get(model=model).evidence) == {"baseline", "incumbent"}
    assert turned(start_round(loop=loop, by=erin)).steps.get(kind="evaluate").result["incumbent"]
    loop.refresh_from_db()
    assert model in earlier_models(loop)
    assert roll_back(loop=loop, to=model, reason="It reads better.", by=erin).incumbent == model


def test_an_adapter_on_one_has_that_for_its_baseline_and_is_for_a_loop_of_its_own(
    erin: Member, tmp_path: Path
) -> None:
    """There what it came from is measured first, then it, then the adapter beside it."""
    loop = a_loop(erin, tmp_path)
    turned(start_round(loop=loop, by=erin))
    base = whole(erin, loop.base_model)
    own = create_loop(
        workspace=erin.workspace, slug="own", name="Own", base_model=base, collection=loop.collection,
        rubric_version=loop.rubric_version, policy={"gate": {"must_beat": [{"metric": "preference_accuracy", "margin": 0.5}]}}, by=erin,
    )  # fmt: skip
    round_ = turned(start_round(loop=own, by=erin))

    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    result = round_.steps.get(kind="baseline").result
    uids = [result["origin"], result["evaluation"]]
    evaluations = [Evaluation.objects.get(uid=uid) for uid in uids]
    assert {each.run for each in evaluations} <= set(round_.runs.all())
    models = [each.model for each in evaluations]
    assert models == [loop.base_model, base]
    promotion = Promotion.objects.latest("pk")
    adapter = promotion.model
    assert (adapter.kind, adapter.baseline) == (ModelKind.ADAPTER, base)
    assert promotion.decision == "refuse"  # it is no better than what it stands on
    with pytest.raises(CannotDecide, match="was not trained from “tiny”"):
        decide_on(loop=loop, model=adapter, by=erin)


def test_a_chain_trains_whole_throughout_or_not_at_all(erin: Member, tmp_path: Path) -> None:
    loop: Loop = a_loop(erin, tmp_path, chain="sft,dpo", sft=ALL, dpo=ALL)
    for policy in ({"sft": ALL}, {"dpo": ALL}):
        with pytest.raises(BadPolicy, match="only one of its recipes trains all weights"):
            edit_loop(loop=loop, by=erin, policy={"chain": "sft,dpo", **policy})
    round_ = turned(start_round(loop=loop, by=erin))
    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    made = Promotion.objects.get().model
    assert made.parent is not None
    assert (made.parent.parent, made.baseline) == (loop.base_model, loop.base_model)
