"""What the tries of a sweep read besides their build, and who takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.errors import BadSweep
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import sweep_summary
from evalhub.sweeps.services import start_sweep, train_best
from evalhub.sweeps.turning import advance
from tests.evalhub.sweeps.scenes import a_base, a_build, turned
from tests.evalhub.sweeps.test_sweeps import RATE, asked


def test_every_try_and_the_last_run_read_the_probe_and_the_teacher_on_labelled_workers(erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path) -> None:  # fmt: skip
    """And how much the teacher counts can itself be searched."""
    probe, teacher = a_build(erin), a_base(erin, tmp_path / "teacher", name="teacher")
    beside = Beside(probe=probe, teacher=teacher)
    space = {"distil": {"choices": [0.5, 1.0]}}
    sweep = turned(asked(erin, base, build, space=space, beside=beside, label="a100"))
    assert sweep.state == SweepState.SUCCEEDED
    final = train_best(sweep=sweep, by=erin)
    for run in [*(try_.run for try_ in sweep.tries.all()), final]:
        assert (run.teacher, run.beside, run.job.label) == (teacher, {"probe": str(probe.uid)}, "a100")  # fmt: skip
    assert {try_.run.spec["options"]["distil"] for try_ in sweep.tries.all()} == {0.5, 1.0}
    assert sweep_summary(sweep)["beside"] == {"probe": str(probe.uid), "teacher": str(teacher.uid)}


@pytest.mark.parametrize(
    ("space", "options", "told"),
    [
        ({"distil": {"choices": [0.0, 1.0]}}, {}, "name both, a weight and the teacher"),
        (RATE, {}, "name both, a weight and the teacher"),
        ({"label_smoothing": {"choices": [0.1]}}, {"distil": 0.5}, "changes nothing here"),
        ({"ewc": {"choices": [0.1]}}, {"distil": 0.5}, "changes nothing here"),
    ],
)
def test_what_a_sweep_reads_besides_has_to_fit_every_try(
    space: dict[str, Any], options: dict[str, Any], told: str,
    erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path,
) -> None:  # fmt: skip
    teacher = a_base(erin, tmp_path / "teacher", name="teacher")
    with pytest.raises((BadSweep, BadSpec), match=told):
        asked(erin, base, build, space=space, options=options, beside=Beside(teacher=teacher))
    assert not Sweep.objects.exists()


def test_a_label_that_no_worker_could_offer_is_refused(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    with pytest.raises(BadSweep, match="label is 'A 100'"):
        asked(erin, base, build, label="A 100")


def test_rloo_is_swept_by_its_reward(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    judge = add_adapter(
        workspace=erin.workspace, name="judge", parent=base, files={}, kind=ModelKind.REWARD
    )
    wanted: dict[str, Any] = {
        "workspace": erin.workspace, "recipe": "rloo", "build": build, "models": [base], "sampler": "grid",
        "space": {"beta": {"choices": [0.01, 0.1]}, "n": {"choices": [2, 4]}}, "objective": "eval_reward",
    }  # fmt: skip
    with pytest.raises(BadSpec, match="name one as the teacher"):
        start_sweep(**wanted)
    with pytest.raises(CannotRun, match="gives no rewards"):
        start_sweep(**wanted, beside=Beside(teacher=base))
    with pytest.raises(BadSweep, match="compared by eval_reward, not by eval_loss"):
        start_sweep(**wanted | {"objective": "eval_loss"}, beside=Beside(teacher=judge))
    sweep = start_sweep(**wanted, beside=Beside(teacher=judge))
    advance(sweep.pk)
    assert [try_.run.teacher for try_ in sweep.tries.all()] == [judge, judge]
    assert sweep.goal.more_is_better
