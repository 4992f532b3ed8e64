from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.jobs.choices import Queue
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import ModelKind
from evalhub.registry.services import add_adapter, external_model
from evalhub.runs.errors import BadSpec
from evalhub.runs.folder import lay_out, run_dir
from evalhub.runs.models import Run
from evalhub.runs.queries import settings_of
from evalhub.runs.services import start_run, start_training
from tests.evalhub.runs.scenes import base_model, built, without_torch
from training.contract import OPTIONS, RunSpec


def test_a_run_and_its_job_are_written_together(erin: Member) -> None:
    run = start_run(workspace=erin.workspace, recipe="noop", options={"steps": 2}, by=erin)
    assert run.job.queue == Queue.GPU
    assert run.job.subject_uid == run.uid
    assert run.spec == {"recipe": "noop", "seed": 0, "options": {"steps": 2}, "inputs": {}}
    assert Entry.objects.filter(verb="run.started").exists()


def test_an_unknown_option_is_named_beside_the_known_ones(erin: Member) -> None:
    with pytest.raises(BadSpec, match="Unknown field lr; known are accumulation") as refused:
        start_run(workspace=erin.workspace, recipe="sft", options={"lr": 1e-4}, by=erin)
    assert "learning_rate" in str(refused.value)
    assert not Run.objects.exists()


def test_a_value_of_the_wrong_type_is_named(erin: Member) -> None:
    with pytest.raises(BadSpec, match="Epochs cannot be 'three'"):
        start_run(workspace=erin.workspace, recipe="sft", options={"epochs": "three"}, by=erin)


def test_an_unknown_recipe_is_refused_with_the_known_ones(erin: Member) -> None:
    with pytest.raises(BadSpec, match="is none of check_served, dpo, evaluate"):
        start_run(workspace=erin.workspace, recipe="magic", by=erin)


def test_a_model_that_is_only_a_name_cannot_run(erin: Member) -> None:
    name = external_model(workspace=erin.workspace, name="gpt-x")
    with pytest.raises(CannotRun, match="only a name"):
        start_run(workspace=erin.workspace, recipe="generate", model=name, by=erin)


def test_dpo_needs_pairs(erin: Member, tmp_path: Path) -> None:
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, "sft")
    with pytest.raises(BadSpec, match="dpo needs a preference build"):
        start_training(workspace=erin.workspace, recipe="dpo", model=base, build=build, by=erin)


@pytest.mark.parametrize(
    "recipe, kind, made",
    [("kto", "unpaired", "adapter"), ("reward", "reward", "reward"), ("reward", "preference", "reward")],
)  # fmt: skip
def test_each_method_learns_from_its_own_kind_of_build(
    erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], recipe: str, kind: str, made: str,
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, kind)
    spec = {"recipe": recipe, "model": "tiny", "builds": {"train": str(build.uid)}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    call_command("train", tmp_path / "spec.json", json=True)
    told = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in told["findings"]] == ["read_plainly"]
    model = Run.objects.get(uid=told["run"]).adapter
    assert (model.kind, model.parent) == (made, base)
    with pytest.raises(BadSpec, match=f"{recipe} needs a"):
        start_training(workspace=erin.workspace, recipe=recipe, model=base, build=built(erin.workspace, "sft"), by=erin)  # fmt: skip


def test_models_that_score_and_models_that_write_are_told_apart(
    erin: Member, tmp_path: Path
) -> None:
    base = base_model(erin.workspace, tmp_path)
    files = {"adapter_config.json": {"key": "k", "sha256": "0" * 64}}
    writer = add_adapter(workspace=erin.workspace, name="w", parent=base, files=files)
    scorer = add_adapter(workspace=erin.workspace, name="s", parent=base, files=files, kind=ModelKind.REWARD)  # fmt: skip
    for recipe, model, why in (
        ("generate", scorer, "scores answers and writes none"),
        ("score", writer, "writes answers; score needs a reward model"),
        ("reward", writer, "writes answers; reward needs a reward model, or to train one a base"),
        ("score", base, "is a base; score needs a reward model"),
    ):
        with pytest.raises(CannotRun, match=why):
            start_run(workspace=erin.workspace, recipe=recipe, model=model, by=erin)
    for recipe in ("score", "evaluate"):
        run = start_run(workspace=erin.workspace, recipe=recipe, model=scorer, by=erin)
        assert run.spec["recipe"] == recipe


def test_a_build_without_training_rows_is_refused(erin: Member, tmp_path: Path) -> None:
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, "sft", train=0)
    with pytest.raises(BadSpec, match="no training rows"):
        start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, by=erin)


def test_the_spec_is_written_once_and_the_trainer_accepts_it(erin: Member, tmp_path: Path) -> None:
    base, build = base_model(erin.workspace, tmp_path), built(erin.workspace, "sft")
    run = start_training(
        workspace=erin.workspace, recipe="sft", model=base, build=build, seed=3, by=erin
    )
    lay_out(run, lambda: None)
    spec = RunSpec.read(run_dir(run))
    assert (spec.recipe, spec.model, spec.seed) == ("sft", str(tmp_path / "tiny"), 3)
    assert spec.inputs == {"train": "inputs/train.jsonl"}
    assert spec.digests["train"] == build.files["train.jsonl"]["sha256"]

    before = (run_dir(run) / "spec.json").stat().st_mtime_ns
    lay_out(run, lambda: None)
    assert (run_dir(run) / "spec.json").stat().st_mtime_ns == before


def test_settings_that_differ_from_the_default_are_told_apart(erin: Member) -> None:
    run = start_run(workspace=erin.workspace, recipe="sft", options={"epochs": 5.0}, by=erin)
    changed = [setting.name for setting in settings_of(run) if setting.is_changed]
    assert changed == ["epochs"]


def test_all_weights_learn_at_a_tenth_of_an_adapters_rate(erin: Member) -> None:
    """By the API and the command too, where nobody names a rate."""
    for recipe, options, rate in (
        ("sft", {"trains": "all"}, 1e-5),
        ("dpo", {"trains": "all"}, 5e-7),
        ("sft", {"trains": "all", "learning_rate": 3e-5}, 3e-5),
        ("sft", {}, 1e-4),
    ):
        assert OPTIONS[recipe].of(options).learning_rate == rate
        run = start_run(workspace=erin.workspace, recipe=recipe, options=options, by=erin)
        (told,) = [each for each in settings_of(run) if each.name == "learning_rate"]
        assert (told.value, told.is_changed) == (rate, rate == 3e-5)


@pytest.mark.parametrize("named", [{"workspace": "acme"}, {}])
def test_the_command_trains_and_ends_with_one_object(
    erin: Member, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str],
) -> None:  # fmt: skip
    """Without --workspace the build says whose run it is."""
    without_torch(monkeypatch)
    base_model(erin.workspace, tmp_path)
    build = built(erin.workspace, "preference")
    spec = {"recipe": "dpo", "model": "tiny", "builds": {"train": str(build.uid)}, "seed": 1}
    (tmp_path / "spec.json").write_text(json.dumps(spec))

    call_command("train", tmp_path / "spec.json", json=True, **named)

    told = json.loads(capsys.readouterr().out)
    assert (told["recipe"], told["state"]) == ("dpo", "succeeded")
    assert told["model"].startswith("tiny-dpo-")


@pytest.mark.parametrize(
    "spec, sentence",
    [
        ({"recipe": "dpo"}, "missing required field `model`"),
        ({"recipe": "dpo", "model": "x", "builds": {}}, "There is no model “x”"),
        ({"recipe": "dpo", "model": "x", "builds": {}, "speed": 9}, "unknown field `speed`"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_spec(
    erin: Member, tmp_path: Path, spec: dict[str, object], sentence: str
) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(CommandError) as refused:
        call_command("train", tmp_path / "spec.json", workspace="acme")
    assert sentence in str(refused.value)
