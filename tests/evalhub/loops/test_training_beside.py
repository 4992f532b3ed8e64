"""What a Round's training reads besides its own builds, and who takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.evaluation.errors import BadGate, NothingToMeasure
from evalhub.loops.errors import BadPolicy
from evalhub.loops.services import edit_loop, start_round
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import Run
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.factories import CriterionFactory, RubricVersionFactory


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


def test_what_a_probe_or_a_teacher_cannot_do_is_said_when_the_policy_is_saved(
    erin: Member, tmp_path: Path
) -> None:
    unpaired = built(erin.workspace, "unpaired", validation=4)
    without = built(erin.workspace, "sft")
    base = base_model(erin.workspace, tmp_path / "teacher", name="teacher")
    judge = add_adapter(workspace=erin.workspace, name="judge", parent=base, files={}, kind=ModelKind.REWARD)  # fmt: skip
    loop = a_loop(erin, tmp_path)
    before = loop.policy
    for changes, refusal, told in (
        ({"train": {"probe": str(unpaired.uid)}}, BadSpec, "a unpaired build"),
        ({"train": {"probe": str(without.uid)}}, BadSpec, "build it with a validation split"),
        ({"sft": {"distil": 0.5}, "train": {"teacher": str(judge.uid)}}, CannotRun, "writes none"),
    ):
        with pytest.raises(refusal, match=told):
            edit_loop(loop=loop, by=erin, policy=before | changes)
    loop.refresh_from_db()
    assert loop.policy == before


def test_what_a_gate_names_and_is_not_there_is_said_when_it_is_saved(
    erin: Member, charlie: Member, tmp_path: Path
) -> None:
    """A veto on a criterion of another rubric; probes that are nowhere, a stranger's, or without test rows."""
    loop = a_loop(erin, tmp_path)
    CriterionFactory.create(version=loop.rubric_version, slug="safety")
    veto = {"trial": {}, "vetoes": [{"criterion": "safety", "least": 3}]}
    kept = edit_loop(loop=loop, by=erin, policy={"gate": veto}).policy

    def probe(uid: object) -> dict[str, Any]:
        return {"not_worse": [{"metric": "loss", "margin": 0.1, "probe": str(uid)}]}

    strange, empty = built(charlie.workspace, "sft"), built(erin.workspace, "sft", test=0)
    pairs = built(erin.workspace, "preference")
    for gate, refusal, told in (
        (veto | {"vetoes": [{"criterion": "saftey", "least": 3}]}, BadGate, "vetoes name saftey"),
        (probe("00000000-0000-4000-8000-00000000000a"), BadGate, "no such build"),
        (probe(strange.uid), BadGate, "no such build"),
        (probe(empty.uid), NothingToMeasure, "no row in the test split"),
        (
            probe(pairs.uid),
            BadGate,
            r"not_worse\[0\] asks for loss on the probe .* they give preference_accuracy,",
        ),
        ({"not_worse": [{"metric": "macro_f1"}]}, BadGate, "only rows of a benchmark say"),
        ({"must_beat": [{"metric": "reward"}]}, BadGate, "without a reward model"),
        (
            {"must_beat": [{"metric": "harness/arc_easy/acc"}]},
            BadGate,
            "name its task in the policy’s evaluate.harness",
        ),
    ):
        with pytest.raises(refusal, match=told):
            edit_loop(loop=loop, by=erin, policy={"gate": gate})
    other = RubricVersionFactory.create(rubric__workspace=erin.workspace)
    with pytest.raises(BadGate, match="change the veto, or the Loop’s rubric"):
        edit_loop(loop=loop, by=erin, rubric_version=other)
    loop.refresh_from_db()
    assert loop.policy == kept
    assert loop.rubric_version != other


TEACHER = {"train": {"teacher": "00000000-0000-4000-8000-00000000000a"}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sft": {"distil": 0.5}}, "train.teacher and sft.distil go together"),
        (TEACHER, "go together"),
        ({"sft": {"ewc": 0.5}}, "sft.ewc holds an adapter that is trained further"),
    ],
)
def test_what_would_do_nothing_is_not_saved_but_a_policy_of_before_is_followed(
    changes: dict[str, Any], told: str, erin: Member, tmp_path: Path
) -> None:
    """An option that the chain never reads stops no Round that is under way."""
    loop = a_loop(erin, tmp_path, chain="dpo")
    with pytest.raises(BadPolicy, match=told):
        edit_loop(loop=loop, by=erin, policy=loop.policy | changes)
    loop.policy = loop.policy | changes  # as an earlier version kept it
    loop.save(update_fields=["policy"])
    assert turned(start_round(loop=loop, by=erin)).state == "succeeded"
