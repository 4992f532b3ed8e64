"""What a Round's training reads besides its own builds, and who takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.loops.services import start_round
from evalhub.runs.models import Run
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import base_model, built, without_torch


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def test_a_rounds_training_reads_the_probe_and_the_teacher_on_labelled_workers(
    erin: Member, tmp_path: Path
) -> None:
    probe = built(erin.workspace, "sft", validation=4)
    teacher = base_model(erin.workspace, tmp_path / "teacher", name="teacher")
    train = {"probe": str(probe.uid), "teacher": str(teacher.uid), "label": "a100"}
    loop = a_loop(erin, tmp_path, chain="sft,dpo", sft={"distil": 0.5}, train=train)
    turned(start_round(loop=loop, by=erin))
    sft, dpo = Run.objects.get(recipe="sft"), Run.objects.get(recipe="dpo")
    assert (sft.teacher, dpo.teacher) == (teacher, None)
    for run in (sft, dpo):
        assert (run.beside, run.job.label) == ({"probe": str(probe.uid)}, "a100")


def test_a_teacher_of_another_workspace_is_not_there(erin: Member, charlie: Member, tmp_path: Path) -> None:  # fmt: skip
    strange = base_model(charlie.workspace, tmp_path / "strange", name="strange")
    with pytest.raises(NotFound, match="teacher names no model of"):
        a_loop(erin, tmp_path, sft={"distil": 1.0}, train={"teacher": str(strange.uid)})
