"""One Round with the demo model and real training: slow, and the proof that the seam holds."""

from __future__ import annotations

import pytest
from django.conf import settings

from evalhub.accounts.models import Member
from evalhub.loops.report import round_report
from evalhub.loops.services import create_loop, start_round
from evalhub.prompts.models import Completion
from evalhub.registry.services import add_base_model
from tests.evalhub.loops.scenes import judged_collection, turned
from tests.factories import RubricVersionFactory

pytestmark = pytest.mark.slow


def test_a_round_with_the_demo_model_trains_measures_and_answers(erin: Member) -> None:
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
        policy={
            "dpo": {"learning_rate": 1e-3, "epochs": 4.0},
            "evaluate": {"max_new_tokens": 24},
            "generate": {"prompts": 6, "max_new_tokens": 24},
        },
        by=erin,
    )
    round_ = turned(start_round(loop=loop, by=erin))

    steps = {step.kind: step.error or step.state for step in round_.steps.all()}
    assert set(steps.values()) == {"succeeded"}, steps
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
