"""For other trainers: runs on several devices, and runs against a reward model."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import CannotExportRun
from evalhub.runs.exporting.services import TARGETS, export_run
from evalhub.runs.outside import register_adapter
from tests.evalhub.runs.test_exporting import (
    HOSTILE,
    base,
    keywords_of,
    run_script,
    trained,
    yaml_of,
)

__all__ = ["base"]  # a fixture


def test_several_devices_share_a_batch_and_a_split_base_there_too(
    erin: Member, base: LanguageModel
) -> None:
    run = trained(erin, base, batch_size=4, devices=2, sharding="fsdp")
    script = export_run(run=run, target="trl").text
    assert "accelerate launch --num_processes 2 train.py" in script
    assert "fsdp=on_gpu" in script
    assert keywords_of(script, "DPOConfig")["per_device_train_batch_size"] == 2
    theirs = yaml_of(run, "axolotl")
    assert (theirs["micro_batch_size"], theirs["fsdp_version"]) == (2, 2)
    assert theirs["fsdp_config"]["auto_wrap_policy"] == "TRANSFORMER_BASED_WRAP"
    theirs = yaml_of(run, "llamafactory")
    assert (theirs["per_device_train_batch_size"], theirs["fsdp"]) == (2, "full_shard auto_wrap")
    for target in ("axolotl", "llamafactory"):
        assert "CUDA_VISIBLE_DEVICES=0,1 " in export_run(run=run, target=target).text

    uneven = trained(erin, base, batch_size=5, devices=2)
    assert "fsdp" not in yaml_of(uneven, "axolotl")
    for target in TARGETS:
        told = export_run(run=uneven, target=target).unheld
        assert "batch_size: 5 rows do not divide among 2 devices; here each reads 2." in told


def test_rloo_goes_out_as_a_script_with_its_reward_model_and_as_nothing_else(
    erin: Member, base: LanguageModel, client: Client
) -> None:
    judge = add_adapter(
        workspace=erin.workspace, name=HOSTILE + "!", parent=base, files={}, kind=ModelKind.REWARD
    )
    run = trained(erin, base, "rloo", judge=judge, batch_size=3, n=4, max_new_tokens=9, beta=0.1, cut_penalty=0.5)  # fmt: skip
    script = export_run(run=run, target="trl").text
    compile(script, "train.py", "exec")
    assert "\nimport os" not in script
    assert "into reward/." in script
    assert "reward-base" not in script, "it stands on the base that is trained"
    assert "CUT = 0.5" in script
    values = keywords_of(script, "RLOOConfig")
    assert (values["per_device_train_batch_size"], values["num_generations"]) == (12, 4)
    assert (values["max_completion_length"], values["beta"]) == (9, 0.1)
    for target in ("axolotl", "llamafactory"):
        with pytest.raises(CannotExportRun, match="export it as trl"):
            export_run(run=run, target=target)
    client.force_login(erin.user)
    page = client.get(reverse("runs:detail", args=["acme", run.uid])).content.decode()
    assert "TRL script" in page
    assert "axolotl YAML" not in page


@pytest.mark.long
def test_the_trl_script_runs_on_two_devices_as_its_first_lines_say(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    """Here on CPUs, which accelerate has to be told."""
    run = trained(erin, base, "sft", max_steps=2, batch_size=4, devices=2, sharding="fsdp")
    launched = ("-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2")
    assert "'loss'" in run_script(run, tmp_path / "out", *launched)


@pytest.mark.long
def test_the_trl_script_of_rloo_learns_from_the_reward_model_that_a_script_made(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    run_script(trained(erin, base, "reward", max_steps=2, batch_size=4), tmp_path / "first")
    folder = tmp_path / "first" / "out" / "adapter"
    judge = register_adapter(workspace=erin.workspace, folder=folder, base=base).model
    run = trained(erin, base, "rloo", judge=judge, max_steps=2, batch_size=2, n=2, max_new_tokens=8)
    assert "'reward'" in run_script(run, tmp_path / "second")


@pytest.mark.parametrize("recipe", ["sft", "text"])
def test_what_goes_out_says_that_rows_do_not_count_by_their_weight_there(
    erin: Member, base: LanguageModel, recipe: str
) -> None:
    told = "weights: evalhub counts a row by its weight; here every row counts the same."
    for target in TARGETS:
        assert told in export_run(run=trained(erin, base, recipe), target=target).unheld
        plain = trained(erin, base, recipe, weights="none")
        assert told not in export_run(run=plain, target=target).unheld
