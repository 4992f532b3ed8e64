"""A run for other trainers: what they read, what they cannot hold, and that the script runs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.files import file_store
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from evalhub.runs.beside import Beside
from evalhub.runs.errors import CannotExportRun
from evalhub.runs.exporting import axolotl, llamafactory, trl
from evalhub.runs.exporting.services import TARGETS, export_run
from evalhub.runs.models import TRAINING, Run
from evalhub.runs.outside import register_adapter
from evalhub.runs.services import start_run, start_training
from tests.evalhub.runs.adapters import adapter_folder
from tests.evalhub.runs.scenes import built, row_list, stored
from training.contract import OPTIONS

KINDS = {"sft": "sft", "text": "text", "dpo": "preference", "kto": "unpaired", "reward": "reward"}
HOSTILE = 'Tom\'s "base"\nimport os'

# https://docs.axolotl.ai/docs/config-reference.html. Those of adapters and training were read in the
# source (src/axolotl/utils/schemas, of mid-2025); those of models and datasets are not held by a source
AXOLOTL = {
    "base_model", "trust_remote_code", "adapter", "lora_model_dir", "lora_r", "lora_alpha",
    "lora_dropout", "lora_target_linear", "lora_target_modules", "peft_use_rslora", "peft_use_dora",
    "loraplus_lr_ratio", "chat_template", "sequence_len", "max_prompt_len", "sample_packing",
    "pad_to_sequence_len", "train_on_inputs", "num_epochs", "max_steps", "micro_batch_size",
    "gradient_accumulation_steps", "learning_rate", "lr_scheduler", "warmup_ratio", "weight_decay",
    "optimizer", "rl_beta", "bf16", "gradient_checkpointing", "logging_steps", "save_steps", "seed",
    "output_dir", "val_set_size", "eval_steps", "early_stopping_patience", "load_best_model_at_end",
    "metric_for_best_model", "greater_is_better", "rl", "reward_model", "remove_unused_columns",
    "datasets", "test_datasets", "fsdp_version", "fsdp_config",
}  # fmt: skip
# https://github.com/hiyouga/LLaMA-Factory, src/llamafactory/hparams: data_args and finetuning_args were
# read; those of models, and the TrainingArguments of transformers 4 taken as they are, were not
LLAMAFACTORY = {
    "model_name_or_path", "trust_remote_code", "adapter_name_or_path", "stage", "do_train",
    "finetuning_type", "lora_rank", "lora_alpha", "lora_dropout", "lora_target", "use_rslora",
    "use_dora", "loraplus_lr_ratio", "dataset_dir", "dataset", "eval_dataset", "cutoff_len",
    "mask_history", "packing", "num_train_epochs", "max_steps", "per_device_train_batch_size",
    "per_device_eval_batch_size", "gradient_accumulation_steps", "learning_rate",
    "lr_scheduler_type", "warmup_ratio", "weight_decay", "bf16", "disable_gradient_checkpointing",
    "logging_steps", "save_steps", "report_to", "seed", "output_dir", "pref_beta", "pref_loss",
    "pref_ftx", "ref_model", "ref_model_adapters", "eval_strategy", "eval_steps",
    "early_stopping_steps", "load_best_model_at_end", "metric_for_best_model", "fsdp",
}  # fmt: skip


@pytest.fixture
def base(erin: Member) -> LanguageModel:
    source = "training/assets/demo-model"
    return add_base_model(workspace=erin.workspace, name=HOSTILE, source=source)


def trained(
    erin: Member, model: LanguageModel, recipe: str = "dpo", *, judge: LanguageModel | None = None, **options: Any
) -> Run:  # fmt: skip
    build = built(erin.workspace, KINDS.get(recipe, "preference"))
    build.files["validation.jsonl"] = stored(row_list(KINDS.get(recipe, "preference"), 4, "v"))
    build.files["card.md"] = store_text("# A build\n")
    build.rows["validation"], build.manifest = 4, {"licence": "cc-by-4.0"}
    build.save()
    return start_training(
        workspace=erin.workspace,
        recipe=recipe,
        model=model,
        build=build,
        options=options,
        seed=7,
        by=erin,
        despite="a test",
        beside=Beside(teacher=judge),
    )


def store_text(text: str) -> dict[str, Any]:
    with NamedTemporaryFile("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        stored_file = file_store().put(Path(stream.name))
    return {"key": stored_file.key, "sha256": stored_file.sha256}


def yaml_of(run: Run, target: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(export_run(run=run, target=target).text)
    return read


@pytest.mark.parametrize("recipe", KINDS)
def test_each_recipe_goes_out_to_each_trainer_in_its_own_words(
    recipe: str, erin: Member, base: LanguageModel
) -> None:
    many = {"lora_variant": "dora", "lora_plus": 16.0, "patience": 2, "evaluate_every": 1}
    run = trained(erin, base, recipe, **many, target_modules="q_proj, v_proj", batch_size=4)

    compile(export_run(run=run, target="trl").text, "train.py", "exec")
    assert set(yaml_of(run, "axolotl")) <= AXOLOTL
    assert set(yaml_of(run, "llamafactory")) <= LLAMAFACTORY


@pytest.mark.parametrize("target", TARGETS)
def test_no_path_of_this_machine_and_no_line_of_a_name_gets_in(
    target: str, erin: Member, base: LanguageModel
) -> None:
    text = export_run(run=trained(erin, base), target=target).text
    assert "./base" in text
    assert str(settings.BASE_DIR) not in text
    assert "training/assets" not in text
    assert "\nimport os" not in text


def test_settings_arrive_with_their_values(erin: Member, base: LanguageModel) -> None:
    run = trained(erin, base, "dpo", learning_rate=3e-6, batch_size=2, beta=0.3, warmup=0.2)
    theirs = yaml_of(run, "axolotl")
    assert (theirs["learning_rate"], theirs["micro_batch_size"], theirs["rl"]) == (3e-6, 2, "dpo")
    assert (theirs["rl_beta"], theirs["seed"], theirs["sequence_len"]) == (0.3, 7, 4096)
    assert theirs["datasets"][0]["path"] == "./data/train.jsonl"

    theirs = yaml_of(run, "llamafactory")
    assert (theirs["learning_rate"], theirs["pref_beta"], theirs["pref_ftx"]) == (3e-6, 0.3, 0.1)
    assert (theirs["stage"], theirs["lora_target"], theirs["warmup_ratio"]) == ("dpo", "all", 0.2)

    values = keywords_of(export_run(run=run, target="trl").text, "DPOConfig")
    assert (values["learning_rate"], values["beta"], values["seed"]) == (3e-6, 0.3, 7)
    assert (values["loss_type"], values["loss_weights"]) == (["sigmoid", "sft"], [1.0, 0.1])


def keywords_of(script: str, name: str) -> dict[str, Any]:
    calls = (each for each in ast.walk(ast.parse(script)) if isinstance(each, ast.Call))
    call = next(each for each in calls if isinstance(each.func, ast.Name) and each.func.id == name)
    constant = (ast.Constant, ast.List)
    return {
        str(each.arg): ast.literal_eval(each.value)
        for each in call.keywords
        if isinstance(each.value, constant)
    }


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("trl", "labels:"),
        ("trl", "weights:"),
        ("axolotl", "loss: no place for 0.1 × sft"),
        ("llamafactory", "template:"),
    ],
)
def test_what_it_cannot_hold_is_said(
    target: str, word: str, erin: Member, base: LanguageModel
) -> None:
    made = export_run(run=trained(erin, base), target=target)
    assert any(sentence.startswith(word) for sentence in made.unheld)
    assert all(f"# - {sentence}" in made.text for sentence in made.unheld)


def test_what_the_run_did_not_use_is_not_missed(erin: Member, base: LanguageModel) -> None:
    run = trained(erin, base, "dpo", labels="hard", weights="none", loss=["sigmoid"], loss_weights=[1.0])  # fmt: skip
    told = " ".join(export_run(run=run, target="axolotl").unheld)
    assert "p_chosen" not in told
    assert "loss:" not in told


def test_no_setting_of_a_recipe_is_dropped_in_silence(erin: Member, base: LanguageModel) -> None:
    run = trained(erin, base, "sft", allow_dropped="all are long", threads=2)
    for target in ("axolotl", "llamafactory"):
        told = export_run(run=run, target=target).unheld
        assert "allow_dropped: 'all are long' has no counterpart here." in told
        assert "threads: 2 has no counterpart here." in told


def test_what_a_target_says_it_holds_is_a_setting() -> None:
    known = {name for recipe in TRAINING for name in OPTIONS[recipe].__dataclass_fields__}
    for target in (trl, axolotl, llamafactory):
        assert known >= target.HELD


def test_an_adapter_trained_further_is_named_beside_the_file(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    first = register_adapter(workspace=erin.workspace, folder=adapter_folder(tmp_path), base=base)
    run = trained(erin, first.model)
    assert yaml_of(run, "axolotl")["lora_model_dir"] == "adapter"
    theirs = yaml_of(run, "llamafactory")
    assert theirs["adapter_name_or_path"] == theirs["ref_model_adapters"] == "adapter"
    assert "PeftModel.from_pretrained" in export_run(run=run, target="trl").text


def test_what_trains_nothing_or_has_no_form_is_refused(erin: Member, base: LanguageModel) -> None:
    with pytest.raises(CannotExportRun, match="trains nothing"):
        export_run(run=start_run(workspace=erin.workspace, recipe="noop"), target="trl")
    with pytest.raises(CannotExportRun, match="is exported as one of trl"):
        export_run(run=trained(erin, base), target="unsloth")
    build = built(erin.workspace, "preference")
    run = start_training(workspace=erin.workspace, recipe="reward", model=base, build=build)
    with pytest.raises(CannotExportRun, match="export it as trl or llamafactory"):
        export_run(run=run, target="axolotl")


def test_a_folder_holds_the_file_and_its_data(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    run = trained(erin, base)
    out = StringIO()
    asked = {"run": str(run.uid), "target": "llamafactory", "output": tmp_path / "new"}
    call_command("export_run", **asked, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["data"]["rows"]["train"] == 8
    assert any("labels" in sentence for sentence in told["unheld"])
    written = {each.relative_to(tmp_path / "new").as_posix() for each in tmp_path.rglob("*.*")}
    assert {"llamafactory.yaml", "data/train.jsonl", "data/dataset_info.json"} <= written
    assert "data/test.jsonl" not in written
    info = json.loads((tmp_path / "new/data/dataset_info.json").read_text())
    assert "evalhub_train" in info
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_run", **asked)


def test_the_page_and_the_api_hand_it_out(
    client: Client, erin: Member, base: LanguageModel
) -> None:
    run = trained(erin, base)
    client.force_login(erin.user)
    page = client.get(reverse("runs:detail", args=["acme", run.uid])).content.decode()
    assert "With another trainer" in page
    answer = client.post(reverse("runs:export", args=["acme", run.uid]), {"target": "trl"})
    assert answer["Content-Disposition"] == 'attachment; filename="train.py"'
    assert Entry.objects.get(verb="run.exported").details == {"exported_as": "trl"}

    api = APIClient()
    api.force_login(erin.user)
    told = api.get(f"/api/v1/runs/{run.uid}/export", {"as": "axolotl"}).json()
    assert (told["filename"], told["shape"]) == ("axolotl.yaml", "axolotl")
    refused = api.get(f"/api/v1/runs/{run.uid}/export", {"as": "x"}).json()
    assert refused["code"] == "cannot_export_run"


def run_script(run: Run, place: Path, *launched: str) -> str:
    """The exported folder with the base beside it, as somebody else would start it.

    Args:
        launched: what Python is told before the script's name.
    """
    call_command("export_run", run=str(run.uid), target="trl", output=place, stdout=StringIO())
    (place / "base").symlink_to(settings.BASE_DIR / "training/assets/demo-model")
    sealed = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *launched, "train.py"],
        cwd=place, env=os.environ | sealed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    whole = place / "out" / "model" / "model.safetensors"
    assert whole.is_file() or (place / "out" / "adapter" / "adapter_model.safetensors").is_file()
    assert whole.is_file() == run.trains_all
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("sft", {"lora_plus": 16.0}),
        ("text", {"patience": 1, "evaluate_every": 1}),
        ("dpo", {"trains": "all"}),
        ("dpo", {}),
        ("dpo", {"lora_plus": 4.0, "lora_variant": "rslora", "loss": ["robust"], "loss_weights": [1.0], "label_smoothing": 0.1}),
        ("kto", {}),
        ("reward", {}),
    ],
)  # fmt: skip
def test_the_trl_script_runs(
    recipe: str, options: dict[str, Any], erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    run = trained(erin, base, recipe, max_steps=2, batch_size=4, **options)
    assert "'loss'" in run_script(run, tmp_path / "out")


@pytest.mark.long
def test_the_trl_script_takes_the_adapter_that_a_script_made(
    erin: Member, base: LanguageModel, tmp_path: Path
) -> None:
    run_script(trained(erin, base, "sft", max_steps=1, batch_size=4), tmp_path / "first")
    folder = tmp_path / "first" / "out" / "adapter"
    made = register_adapter(workspace=erin.workspace, folder=folder, base=base)
    run_script(trained(erin, made.model, max_steps=1, batch_size=4), tmp_path / "second")
