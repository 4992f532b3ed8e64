"""The files of a build go into `datasets` and TRL's trainers as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.accounts.models import Workspace
from evalhub.common.files import file_store
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    PromptGroupFactory,
    TaskFactory,
)

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"

TRAIN = """
import json, sys, tempfile
import datasets
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

kind, folder, model = sys.argv[1:]
files = {split: f"{folder}/{split}.jsonl" for split in ("train", "validation")}
rows = datasets.load_dataset("json", data_files=files)
config, trainer = (SFTConfig, SFTTrainer) if kind == "sft" else (DPOConfig, DPOTrainer)
with tempfile.TemporaryDirectory() as out:
    options = config(
        output_dir=out, max_steps=2, per_device_train_batch_size=2, use_cpu=True, bf16=False,
        report_to="none", save_strategy="no", gradient_checkpointing=False, logging_steps=1,
        eval_strategy="steps", eval_steps=2, max_length=512,
    )
    made = trainer(
        model=model, args=options, train_dataset=rows["train"], eval_dataset=rows["validation"]
    )
    made.train()
    losses = [each["loss"] for each in made.state.log_history if "loss" in each]
print(json.dumps({"rows": len(rows["train"]), "columns": rows["train"].column_names, "losses": losses}))
"""


_SFT = ("sft", {"prompt", "completion"})
_PAIRS = ("preference", {"prompt", "chosen", "rejected", "p_chosen"})


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "columns", "form"),
    [
        (*_SFT, "conversational"),
        (*_PAIRS, "string"),
        pytest.param(*_SFT, "string", marks=pytest.mark.long),
        pytest.param(*_PAIRS, "conversational", marks=pytest.mark.long),
    ],
)
def test_trl_trains_on_the_files_as_they_are(
    acme: Workspace, tmp_path: Path, kind: str, columns: set[str], form: str
) -> None:
    judge_some_pairs(acme)
    dataset = ensure_dataset(
        workspace=acme, name="d", kind=BuildKind(kind), definition={"form": form}
    )
    build = start_build(dataset=dataset)
    execute(build.job.uid)
    build.refresh_from_db()
    for name in ("train.jsonl", "validation.jsonl"):
        file_store().fetch(build.files[name]["key"], tmp_path / name)

    done = subprocess.run(
        [sys.executable, "-c", TRAIN, kind, str(tmp_path), str(MODEL)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path)}
        | {"HF_HUB_DISABLE_TELEMETRY": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rows"] == 6
    assert set(said["columns"]) == columns | {"id", "group", "weight"}
    assert all(0 < loss < 100 for loss in said["losses"])
    assert len(said["losses"]) == 2


def judge_some_pairs(workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    for n in range(8):
        split = "train" if n < 6 else "validation"
        prompt = PromptFactory.create(
            collection__workspace=workspace,
            group=PromptGroupFactory.create(workspace=workspace, split=split),
            messages=[
                {"role": "user", "content": f"What is {n}?"},
                {"role": "assistant", "content": "A number."},
                {"role": "user", "content": "Say more."},
            ],
        )
        answers = [
            CompletionFactory.create(prompt=prompt, content=text)
            for text in (f"With pleasure: {n} is a number.", "No.")
        ]
        task = TaskFactory.create(campaign=campaign, prompt=prompt, completions=answers)
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=2)
