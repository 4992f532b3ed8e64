"""A Round on judgments of real people, to its end; docs/performance.md has the figures of one.

The demo model knows none of these words, so nothing is promised about its gain: the Round must end, measure, and
say why it refuses.
"""

from __future__ import annotations

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.loops.report import round_report
from evalhub.loops.services import create_loop, start_round
from evalhub.rubrics.services import default_rubric
from tests.evalhub.loops.scenes import turned
from tests.real.conftest import real_file
from tests.real.scenes import demo_model, imported
from tests.real.test_imports import DPO, OASST

pytestmark = pytest.mark.long

POLICY = {  # one long pair at a time: a batch is padded to its longest row, and attention grows with its square
    "dpo": {
        "max_steps": 4,
        "batch_size": 1,
        "accumulation": 8,
        "learning_rate": 1e-3,
        "loss_weights": [1.0, 1.0],
        "threads": 2,
        "evaluate_every": 4,
    },
    "evaluate": {"threads": 2, "batch_size": 2, "max_new_tokens": 16},
    "generate": {"n": 2, "prompts": 10, "max_new_tokens": 24},
}


@pytest.mark.parametrize(("name", "too_long"), [(DPO, 18), (OASST, 1)])
def test_a_round_on_real_judgments_ends_with_a_reasoned_decision(
    name: str, too_long: int, erin: Member
) -> None:
    source = imported(real_file(name), erin)
    loop = create_loop(
        workspace=erin.workspace,
        slug="real",
        name="Real",
        base_model=demo_model(erin),
        collection=source.collection,
        rubric_version=default_rubric(workspace=erin.workspace),
        policy=POLICY,
        by=erin,
    )
    round_ = turned(start_round(loop=loop, by=erin))

    steps = {step.kind: step.error or step.state for step in round_.steps.all()}
    assert set(steps.values()) == {"succeeded"}, steps
    report = round_report(round_)
    pairs = DatasetBuild.objects.get(kind="preference")
    assert pairs.manifest["left_out"]["too_long"]["count"] == too_long
    dpo = next(run for run in report["runs"] if run["recipe"] == "dpo")
    assert dpo["metrics"]["rows"] == pairs.rows["train"]
    assert dpo["metrics"]["rows_dropped"] == 0  # the build had left them out before
    for measured in report["evaluation"].values():
        assert measured["preference_accuracy"]["n"] == pairs.rows["test"]
        assert measured["rouge1"] == {"value": None, "low": None, "high": None, "n": 0}
    assert "preference accuracy is" in report["promotion"]["reason"]
    assert report["campaign"]["tasks"] > 0
