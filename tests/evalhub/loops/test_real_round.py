"""One Round with the demo model and real training: slow, and the proof that the seam holds."""

from __future__ import annotations

import pytest
from django.conf import settings

from evalhub.accounts.models import Member
from evalhub.common.files import file_store
from evalhub.loops.models import Round
from evalhub.loops.report import round_report
from evalhub.loops.services import create_loop, start_round
from evalhub.prompts.models import Completion
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from tests.evalhub.loops.scenes import judged_collection, turned
from tests.factories import RubricVersionFactory

pytestmark = pytest.mark.slow


def real_round(erin: Member, **training: object) -> Round:
    base = add_base_model(
        workspace=erin.workspace, name="demo", source=settings.EVALHUB_BASE_MODEL, by=erin
    )
    loop = create_loop(
        workspace=erin.workspace,
        slug="real",
        name="Real",
        base_model=base,
        collection=judged_collection(erin.workspace),
        rubric_version=RubricVersionFactory.create(rubric__workspace=erin.workspace),
        policy=training
        | {
            "evaluate": {"max_new_tokens": 24},
            "generate": {"prompts": 6, "max_new_tokens": 24},
        },
        by=erin,
    )
    round_ = turned(start_round(loop=loop, by=erin))
    steps = {step.kind: step.error or step.state for step in round_.steps.all()}
    assert set(steps.values()) == {"succeeded"}, steps
    return round_


@pytest.mark.long  # the circle in the browser makes one as well
def test_a_round_with_the_demo_model_trains_measures_and_answers(erin: Member) -> None:
    round_ = real_round(erin, dpo={"learning_rate": 1e-3, "epochs": 4.0})

    report = round_report(round_)
    before, after = report["evaluation"]["baseline"], report["evaluation"]["adapter"]
    assert after["preference_accuracy"]["n"] == before["preference_accuracy"]["n"] == 10
    assert after["preference_accuracy"]["value"] >= before["preference_accuracy"]["value"]
    assert after["implicit_reward_accuracy"]["value"] > 0.5
    assert (
        before["perplexity"]["low"] < before["perplexity"]["value"] < before["perplexity"]["high"]
    )
    assert before["rouge1"]["n"] == 10
    assert report["promotion"]["decision"] in ("promote", "refuse")
    assert report["campaign"]["tasks"] > 0
    assert Completion.objects.filter(generation__run_uid__isnull=False).exists()


@pytest.mark.long
def test_a_real_chain_leaves_both_adapters_whole(erin: Member) -> None:
    """TRL's checkpoints of a continued adapter hold that adapter's bytes; they go, it stays."""
    short = {"max_steps": 2, "checkpoint_every": 1}
    real_round(erin, chain="sft,dpo", sft=short, dpo=short)

    sft, dpo = LanguageModel.objects.filter(kind="adapter").order_by("pk")
    assert dpo.parent == sft
    files = [file for each in (sft, dpo) for file in each.facts["files"].values()]
    assert [file["key"] for file in files if not file_store().exists(file["key"])] == []
